"""What a reader on a node asks of it: the names of the cluster's volumes, and what they resolve to there."""

from __future__ import annotations

import socket
import time

from diag.analysis.volumes import is_fsx_volume
from diag.model.unavailable import Reason, Unavailable
from diag.resources.kubernetes import PersistentVolume
from diag.resources.node_report import NodeReport
from diag.sources.dns import Resolver
from diag.sources.kubernetes.client import Kube
from diag.sources.kubernetes.facts import live_volumes
from diag.sources.nodes.ask import Bounds, NodeAsk, questions_of
from diag.sources.nodes.local import Local


def volume_names(kube: Kube) -> tuple[str, ...] | Unavailable:
    """The DNS names that the cluster's Lustre volumes carry."""
    listed: tuple[PersistentVolume, ...] | Unavailable = live_volumes(kube)
    if isinstance(listed, Unavailable):
        return listed
    return tuple(dict.fromkeys(v.dns_name for v in listed if is_fsx_volume(v) and v.dns_name))


def read_own(
    node: str, names: tuple[str, ...], servers: tuple[str, ...], port: int, until: float
) -> tuple[str, NodeReport | Unavailable]:
    """This node's name and answer, by the `time.monotonic()` instant.

    `node` is its name in the cluster, empty outside one; `servers` are DNS servers instead of this machine's own.
    """
    name = node or socket.gethostname()
    answers = (answer for host in names for answer in Resolver().ask(host, servers))
    addresses = tuple(dict.fromkeys(address for answer in answers for address in answer.addresses))
    found: list[NodeReport | Unavailable] = []
    bounds = Bounds(until, max(1.0, until - time.monotonic()))
    questions = questions_of(names, addresses, port)
    Local(node).read([NodeAsk(name)], questions, bounds, lambda _, answer: found.append(answer))
    return name, found[0] if found else Unavailable(f"node {name}", Reason.TIMEOUT, "the probe gave no answer")
