"""The way in through Systems Manager Run Command, for fleets without SSH.

One SendCommand for up to 50 instances; results polled with ListCommandInvocations, a page of 50 at a time, never one
call a node. A plugin's output is cut there after 2,500 characters and in GetCommandInvocation after 24,000 (ssm
2014-11-06, CommandPlugin.Output and GetCommandInvocationResult), so the probe's output travels compressed.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import math
import shlex
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.resources.node_report import NodeReport
from diag.resources.via import Via
from diag.sanitize import one_line
from diag.sources.aws.session import Aws
from diag.sources.nodes.ask import ANSWER_LIMIT, Bounds, Deliver, NodeAsk, Questions, probe, report_from_probe
from diag.sources.nodes.parallel import run_in_parallel

if TYPE_CHECKING:
    from diag.sources.nodes.reader import NodeReader

Item = TypeVar("Item")

CALLS_AT_ONCE = 8
"""SendCommand and list calls under way at a time; the client slows down by itself when AWS throttles."""

INSTANCES = 50
"""InstanceIds of one SendCommand, and the largest page of ListCommandInvocations."""

LIST_CUT = 2_500
GET_CUT = 24_000

FIRST_POLL_S, LONGEST_POLL_S = 1.0, 4.0
DOCUMENT = "AWS-RunShellScript"
CANNOT_COME = frozenset({"Delivery Timed Out", "DeliveryTimedOut", "Undeliverable", "InvalidPlatform", "AccessDenied"})
ENDED = frozenset({"Success", "Failed", "TimedOut", "Cancelled", "Cancelling"})


def open_way(reader: NodeReader, region: str) -> Ssm:
    """The instances that Systems Manager manages."""
    return Ssm(reader.aws, region)


class Ssm:
    """Sends the probe as a shell script."""

    via = Via.SSM

    def __init__(self, aws: Aws, region: str = "") -> None:
        self._aws = aws
        self._region = region

    def read(self, asks: Sequence[NodeAsk], questions: Questions, bounds: Bounds, deliver: Deliver) -> None:
        """Send everything, then poll every command until all have ended or the deadline comes."""
        by_instance = {ask.instance_id: ask for ask in asks if ask.instance_id}
        for ask in asks:
            if not ask.instance_id:
                deliver(ask.node, Unavailable(f"node {ask.node}", Reason.NOT_ASKED, "its providerID names no instance"))
        ids = list(by_instance)
        batches = [ids[start : start + INSTANCES] for start in range(0, len(ids), INSTANCES)]
        running: dict[str, set[str]] = {}

        def send(batch: list[str], deadline: float) -> None:
            try:
                sent = self._send(batch, questions, bounds)
            except Unreadable as refused:
                sent = self._send_to_those_online(batch, questions, bounds, refused.unavailable, by_instance, deliver)
            running.update(sent)

        self._each(batches, send, bounds.until)
        self._collect(running, by_instance, questions, bounds, deliver)

    def _each(self, items: Sequence[Item], work: Callable[[Item, float], None], until: float) -> None:
        run_in_parallel(
            items,
            work,
            lambda item: None,
            at_once=CALLS_AT_ONCE,
            item_s=max(0.0, until - time.monotonic()),
            until=until,
        )

    def _send(self, ids: Sequence[str], questions: Questions, bounds: Bounds) -> dict[str, set[str]]:
        """The new command's id with its instances. Raises Unreadable."""
        answer = self._aws.one(
            "ssm",
            "SendCommand",
            region=self._region,
            DocumentName=DOCUMENT,
            InstanceIds=list(ids),
            Comment="lustre-doctor node probe (read-only)",
            TimeoutSeconds=30,
            MaxConcurrency="100%",
            MaxErrors="100%",
            Parameters={
                "commands": command_lines(questions),
                "executionTimeout": [str(math.ceil(bounds.node_s))],
                "workingDirectory": ["/"],
            },
        )
        return {str(answer["Command"]["CommandId"]): set(ids)}

    def _send_to_those_online(
        self,
        ids: Sequence[str],
        questions: Questions,
        bounds: Bounds,
        refusal: Unavailable,
        by_instance: dict[str, NodeAsk],
        deliver: Deliver,
    ) -> dict[str, set[str]]:
        """After a refusal: one instance that SSM does not manage refuses the whole batch, so ask which it does."""
        if "InvalidInstanceId" not in refusal.detail:
            _give_up(ids, by_instance, deliver, refusal)
            return {}
        try:
            known = self._aws.pages(
                "ssm",
                "DescribeInstanceInformation",
                "InstanceInformationList",
                region=self._region,
                Filters=[{"Key": "InstanceIds", "Values": list(ids)}],
            )
        except Unreadable as error:
            _give_up(ids, by_instance, deliver, error.unavailable)
            return {}
        online = {str(item["InstanceId"]) for item in known if item.get("PingStatus") == "Online"}
        offline = Unavailable(
            "SSM",
            Reason.UNREACHABLE,
            "its SSM agent is not online",
            remedy="give the node role AmazonSSMManagedInstanceCore and a way to the ssm endpoints",
        )
        _give_up((id for id in ids if id not in online), by_instance, deliver, offline)
        if not online:
            return {}
        try:
            return self._send(sorted(online), questions, bounds)
        except Unreadable as error:
            _give_up(online, by_instance, deliver, error.unavailable)
            return {}

    def _collect(
        self,
        running: dict[str, set[str]],
        by_instance: dict[str, NodeAsk],
        questions: Questions,
        bounds: Bounds,
        deliver: Deliver,
    ) -> None:
        started, pause = time.time(), FIRST_POLL_S

        def poll(command: str, deadline: float) -> None:
            waiting = running[command]
            try:
                found = self._aws.pages(
                    "ssm",
                    "ListCommandInvocations",
                    "CommandInvocations",
                    region=self._region,
                    CommandId=command,
                    Details=True,
                    MaxResults=INSTANCES,
                )
            except Unreadable as error:
                _give_up(waiting, by_instance, deliver, error.unavailable)
                waiting.clear()
                return
            for item in found:
                id, status = str(item.get("InstanceId", "")), str(item.get("StatusDetails") or item.get("Status"))
                if id in waiting and (status in ENDED or status in CANNOT_COME):
                    waiting.discard(id)
                    ask = by_instance[id]
                    deliver(ask.node, self._answer(ask, command, item, status, started, questions.port))

        while (left := [command for command, waiting in running.items() if waiting]) and (
            time.monotonic() + pause < bounds.until
        ):
            time.sleep(pause)
            pause = min(LONGEST_POLL_S, pause * 1.5)
            self._each(left, poll, bounds.until)
        late = Unavailable("SSM", Reason.TIMEOUT, "the command did not end in time", remedy="raise --node-deadline")
        for command, waiting in running.items():
            if waiting:
                ids = sorted(waiting)
                _give_up(ids, by_instance, deliver, late)
                with contextlib.suppress(Unreadable):
                    self._aws.one("ssm", "CancelCommand", region=self._region, CommandId=command, InstanceIds=ids)

    def _answer(
        self, ask: NodeAsk, command: str, item: dict[str, object], status: str, started: float, port: int
    ) -> NodeReport | Unavailable:
        what = f"node {ask.node}"
        if status in CANNOT_COME:
            return Unavailable(what, Reason.UNREACHABLE, f"SSM: {status}")
        plugins = item.get("CommandPlugins")
        printed = str(plugins[0].get("Output", "")) if isinstance(plugins, list) and plugins else ""
        if len(printed) >= LIST_CUT:
            with contextlib.suppress(Unreadable):
                whole = self._aws.one(
                    "ssm", "GetCommandInvocation", region=self._region, CommandId=command, InstanceId=ask.instance_id
                )
                printed = str(whole.get("StandardOutputContent", ""))
        output, is_whole = unpacked(printed)
        ended: Unavailable | None = None
        if status == "TimedOut":
            ended = Unavailable(what, Reason.TIMEOUT, "the probe took too long", remedy="raise --node-deadline")
        elif not output:
            ended = Unavailable(what, Reason.GARBLED, f"SSM: {status}: {one_line(printed) or 'it printed nothing'}")
        elif not is_whole:
            said = f"the answer was cut, SSM keeps {GET_CUT} characters"
            ended = Unavailable(what, Reason.GARBLED, said, remedy="use --via exec or ssh for this node")
        return report_from_probe(ask, self.via, output, (started, time.time()), port, ended=ended)


def command_lines(questions: Questions) -> list[str]:
    """The script that Run Command writes to a file on the node and runs: the probe, its arguments, output compressed.

    The tokens have passed their grammar and are quoted all the same. Without gzip or base64 the output comes as it is.
    """
    return [
        "probe() (",
        *probe().decode().splitlines(),
        ")",
        f"set -- {' '.join(shlex.quote(token) for token in questions.tokens())}",
        'if [ -n "$(command -v gzip)" ] && [ -n "$(command -v base64)" ]; then',
        '    probe "$@" | gzip -9 -c | base64 -w 0',
        "else",
        '    probe "$@"',
        "fi",
    ]


def unpacked(printed: str) -> tuple[bytes, bool]:
    """The probe's output out of what SSM kept of it, and whether it is whole.

    Compressed output that was cut gives everything up to the cut. At most 1 MiB, whatever it claims to unpack to.
    """
    if printed.startswith("#lustre-doctor"):
        data = printed.encode()[:ANSWER_LIMIT]
        return data, b"\n#done" in data
    text = "".join(printed.split())
    text = text[: len(text) - len(text) % 4]
    try:
        packed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b"", False
    stream = zlib.decompressobj(wbits=31)
    try:
        data = stream.decompress(packed, ANSWER_LIMIT)
    except zlib.error:
        return b"", False
    return data, stream.eof


def _give_up(ids: Iterable[str], by_instance: dict[str, NodeAsk], deliver: Deliver, why: Unavailable) -> None:
    for id in ids:
        deliver(by_instance[id].node, why)
