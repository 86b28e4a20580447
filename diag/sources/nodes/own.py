"""What a reader on a node asks of it: the names of the cluster's volumes, and what they resolve to there."""

from __future__ import annotations

import contextlib
import socket
import time

from diag.analysis.volumes import is_fsx_volume
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.resources.kubernetes import PersistentVolume
from diag.resources.node_report import NodeReport
from diag.sources.dns import Resolver
from diag.sources.kubernetes.client import Kube
from diag.sources.kubernetes.facts import live_volumes
from diag.sources.nodes.ask import Bounds, NodeAsk, questions_of
from diag.sources.nodes.local import Local
from diag.sources.time_limit import within


def volume_names(kube: Kube, until: float) -> tuple[str, ...]:
    """The DNS names that the cluster's Lustre volumes carry, listed before the instant. Raises Unreadable."""
    try:
        listed: tuple[PersistentVolume, ...] | Unavailable = within(lambda: live_volumes(kube), part_of(until))
    except TimeoutError:
        listed = Unavailable("list persistentvolumes", Reason.TIMEOUT, "no answer in time", remedy="raise --deadline")
    if isinstance(listed, Unavailable):
        raise Unreadable(listed)
    return tuple(dict.fromkeys(v.dns_name for v in listed if is_fsx_volume(v) and v.dns_name))


def addresses_of(names: tuple[str, ...], servers: tuple[str, ...], until: float) -> tuple[str, ...]:
    """The addresses that the names resolve to here, as far as they are known by the instant."""
    found: dict[str, None] = {}

    def resolve() -> None:
        for name in names:
            if time.monotonic() < until:
                found.update(dict.fromkeys(a for answer in Resolver().ask(name, servers) for a in answer.addresses))

    with contextlib.suppress(TimeoutError):
        within(resolve, until)
    return tuple(found)


def read_own(
    node: str, names: tuple[str, ...], servers: tuple[str, ...], port: int, until: float
) -> tuple[str, NodeReport | Unavailable]:
    """This node's name and answer, by the `time.monotonic()` instant.

    `node` is its name in the cluster, empty outside one; `servers` are DNS servers instead of this machine's own.
    """
    name = node or socket.gethostname()
    addresses = addresses_of(names, servers, part_of(until))
    found: list[NodeReport | Unavailable] = []
    bounds = Bounds(until, max(1.0, until - time.monotonic()))
    questions = questions_of(names, addresses, port)
    Local(node).read([NodeAsk(name)], questions, bounds, lambda _, answer: found.append(answer))
    return name, found[0] if found else Unavailable(f"node {name}", Reason.TIMEOUT, "the probe gave no answer")


def part_of(until: float) -> float:
    """The instant by which one step must end, so that the next ones have their time: a third of what is left."""
    now = time.monotonic()
    return now + max(0.0, until - now) / 3
