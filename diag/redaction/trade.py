"""The texts that judgement depends on, in which no name is looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from diag.knowledge.cause import Cause
from diag.redaction.public import LITERALS


def words_of_the_trade(causes: Iterable[Cause]) -> str:
    """The patterns of all runbooks, and the literals of checks."""
    return "\n".join((LITERALS, *(pattern for cause in causes for pattern in _patterns(cause))))


def _patterns(cause: Cause) -> Iterator[str]:
    for signature in cause.signatures:
        yield from (signature.pattern, *signature.all, *signature.unless)
    yield from (refutation.pattern for refutation in cause.rule_out)
