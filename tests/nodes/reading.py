"""Asks nodes through one way and collects what comes back."""

import time
from collections.abc import Sequence

from diag.model.unavailable import Unavailable
from diag.resources.node_report import NodeReport
from diag.sources.nodes.ask import Bounds, NodeAsk, Questions, Way
from tests.patience import PATIENCE_S

NOTHING = Questions()


def ask(
    way: Way,
    asks: Sequence[NodeAsk],
    questions: Questions = NOTHING,
    *,
    seconds: float = 2 * PATIENCE_S,
    node_s: float = PATIENCE_S,
    at_once: int = 8,
) -> dict[str, NodeReport | Unavailable]:
    """Every answer by node name; the first one of a node stands."""
    answers: dict[str, NodeReport | Unavailable] = {}
    bounds = Bounds(time.monotonic() + seconds, node_s, at_once)

    def keep(node: str, answer: NodeReport | Unavailable) -> None:
        answers.setdefault(node, answer)

    way.read(asks, questions, bounds, keep)
    return answers


def truth(answer: NodeReport | Unavailable) -> NodeReport:
    """The answer, which must be one."""
    assert isinstance(answer, NodeReport), str(answer)
    return answer


def refusal(answer: NodeReport | Unavailable) -> Unavailable:
    """The reason why there is no answer."""
    assert isinstance(answer, Unavailable)
    return answer
