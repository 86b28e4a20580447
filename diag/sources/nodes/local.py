"""The way into the node that lustre-doctor itself runs on."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import NodeReport
from diag.resources.via import Via
from diag.sources.nodes.ask import ANSWER_LIMIT, Bounds, Deliver, NodeAsk, Questions, probe, report_from_probe
from diag.sources.supervised import still_stuck, supervise

if TYPE_CHECKING:
    from diag.sources.nodes.reader import NodeReader

KEY = "node probe"


def open_way(reader: NodeReader, region: str) -> Local | None:
    """This machine; unasked, only where it is a node of the cluster."""
    return Local(reader.here) if reader.options.via == "local" or reader.here else None


class Local:
    """Runs the probe as a child process that may be left behind."""

    via = Via.LOCAL

    def __init__(self, pod_of: str = "") -> None:
        """`pod_of` is the node when this process runs in a pod there: then /etc is the image's, not the node's."""
        self.node = pod_of or socket.gethostname()
        self._skip = ("os_release",) if pod_of else ()

    def read(self, asks: Sequence[NodeAsk], questions: Questions, bounds: Bounds, deliver: Deliver) -> None:
        """Ask this machine on behalf of the ask that means it; the others cannot be reached this way."""
        here = [ask for ask in asks if self.is_here(ask)]
        detail = f"--via local reads {self.node} alone, the machine that lustre-doctor runs on"
        if not here:
            detail += ", and it is none of the nodes to inspect"
        remedy = "run lustre-doctor on the node itself, or use --via exec, ssm or ssh"
        for ask in asks:
            if ask in here:
                deliver(ask.node, self._probe(ask, questions, bounds))
            else:
                deliver(ask.node, Unavailable(f"node {ask.node}", Reason.NOT_ASKED, detail, remedy=remedy))

    def is_here(self, ask: NodeAsk) -> bool:
        """Whether an ask means this machine: by name, or by an address that this machine can bind."""
        return ask.node in (self.node, self.node.partition(".")[0]) or (bool(ask.address) and _is_own(ask.address))

    def _probe(self, ask: NodeAsk, questions: Questions, bounds: Bounds) -> NodeReport | Unavailable:
        what = f"node {ask.node}"
        if (stuck := still_stuck(KEY)) is not None:
            return Unavailable(
                what, Reason.TIMEOUT, f"an earlier probe still hangs: {stuck}", remedy="only a reboot frees it"
            )
        started = time.time()
        until = min(bounds.until, time.monotonic() + bounds.node_s)
        argv = ("/bin/sh", "-s", "--", *questions.tokens(skip=self._skip))
        try:
            ran = supervise(argv, key=KEY, feed=probe(), until=until, cap=ANSWER_LIMIT)
        except OSError as error:
            return Unavailable(what, Reason.ABSENT, f"the probe cannot be started: {error.strerror or error}")
        ended = None
        if ran.stuck is not None:
            ended = Unavailable(what, Reason.TIMEOUT, f"the probe hangs: {ran.stuck}", remedy="only a reboot frees it")
        elif ran.exit_status is None:
            ended = Unavailable(what, Reason.TIMEOUT, "the probe took too long", remedy="raise --node-deadline")
        elif ran.exit_status:
            ended = Unavailable(what, Reason.GARBLED, f"the probe ended with {ran.exit_status}")
        return report_from_probe(ask, self.via, ran.stdout, (started, time.time()), questions.port, ended=ended)


def _is_own(address: str) -> bool:
    if ipaddress.ip_address(address).is_loopback:
        return False
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((address, 0))
        except OSError:
            return False
    return True
