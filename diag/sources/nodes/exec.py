"""The way in through the driver's own container: it is where mount.lustre runs, with its DNS and its tools.

Its image need not hold a shell. The first nodes that are asked show what an image has; the others use that.
Source: eks-distro-build-tooling eks-distro-minimal-base-csi-ebs (getent, mount, getconf; neither sh nor cat).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.resources.node_report import NodeReport, Vantage
from diag.resources.via import Via
from diag.sanitize import one_line
from diag.sources.kubernetes.client import Kube
from diag.sources.nodes.ask import (
    ANSWER_LIMIT,
    POD_ONLY,
    Bounds,
    Deliver,
    NodeAsk,
    Plugin,
    Questions,
    probe,
    report_from_probe,
)
from diag.sources.nodes.debug_container import open_debug_container
from diag.sources.nodes.exec_session import Connections, Ran, run
from diag.sources.nodes.parallel import quick_turns, run_in_parallel
from diag.sources.nodes.parsers.answers import NO_COMMAND, Answer, Answers
from diag.sources.nodes.parsers.lnet import read_lnet_interfaces
from diag.sources.nodes.parsers.report import Reading, report_of

if TYPE_CHECKING:
    from diag.sources.nodes.reader import NodeReader

COMMANDS: dict[str, tuple[str, ...]] = {
    "lctl": (
        "lctl", "get_param", "version",
        "mgc.*.import", "mdc.*.import", "osc.*.import", "mgc.*.state", "mdc.*.state", "osc.*.state",
    ),
    "lnet_interfaces": ("lnetctl", "net", "show"),
    "mount_helper": ("/sbin/mount.lustre", "-V"),
    "names": ("getent", "ahosts"),
    "nids": ("lctl", "list_nids"),
    "page_size": ("getconf", "PAGESIZE"),
    "tools_version": ("lctl", "--version"),
}  # fmt: skip
"""What can be asked without a shell, as plain argument vectors.

A node takes three sessions: `lctl` for all parameters, `lnetctl` for LNet (`lctl list_nids` only where that does not
say), `getent` for all names. What is true of an image or of a kernel is asked of one node of each.
"""


_OTHER_WAYS = "use --via ssm or ssh, or --debug-container IMAGE"

_ABOUT_THE_POD = {
    question: Unavailable("", Reason.NOT_ASKED, "the driver's container would answer for itself, not for the node")
    for question in POD_ONLY
}


LEARN_S = 1.0
"""How long a node waits for another of the same image to show what the image has, before it is asked itself."""


class _Image:
    """What is known of one image's programs, from the first node that was asked."""

    def __init__(self) -> None:
        self.first = threading.Lock()
        """Held while a node shows whether there is a shell, so that not each of the first wave is asked."""
        self.has_shell: bool | None = None
        self.lacks: set[str] = set()


def open_way(reader: NodeReader, region: str) -> Exec:
    """The driver's pods."""
    return Exec(reader.kube, reader.options.debug_container)


class Exec:
    """Asks through pods/exec, one probe a node where there is a shell, plain commands otherwise."""

    via = Via.EXEC

    def __init__(self, kube: Kube, debug_image: str = "") -> None:
        """`debug_image` is started beside the driver's container where that has no shell: a change to the pod."""
        self._kube = kube
        self._debug_image = debug_image
        self._images: dict[str, _Image] = {}
        self._shared: dict[tuple[str, str], Answer] = {}
        """Answers that hold for all nodes of one image or of one kernel, by that and the question."""
        self._connections = Connections(kube, 0)
        self.sessions = 0
        """Exec sessions opened so far."""

    def read(self, asks: Sequence[NodeAsk], questions: Questions, bounds: Bounds, deliver: Deliver) -> None:
        """Ask every node that has a driver pod; the others are unavailable at once."""
        try:
            self._kube.transport.headers()
        except Unreadable as missing:
            for ask in asks:
                deliver(ask.node, missing.unavailable)
            return
        reachable = []
        for ask in asks:
            if ask.plugin is None:
                detail = "no running pod of the driver's node plugin is on it"
                deliver(ask.node, Unavailable(f"node {ask.node}", Reason.ABSENT, detail))
            else:
                reachable.append(ask)
        self._connections = Connections(self._kube, len(reachable))
        with quick_turns():
            run_in_parallel(
                reachable,
                lambda ask, deadline: deliver(ask.node, self._ask(ask, questions, deadline)),
                lambda ask: deliver(ask.node, _late(ask)),
                at_once=bounds.at_once,
                item_s=bounds.node_s,
                until=bounds.until,
            )
        self._connections.close()

    def _ask(self, ask: NodeAsk, questions: Questions, until: float) -> NodeReport | Unavailable:
        plugin = ask.plugin
        assert plugin is not None  # noqa: S101
        image = self._images.setdefault(plugin.image, _Image())
        learns = image.has_shell is None and image.first.acquire(
            timeout=max(0.0, min(LEARN_S, until - time.monotonic()))
        )
        try:
            if image.has_shell is None and (failed := self._look_for_shell(ask, plugin, image, until)) is not None:
                return failed
        finally:
            if learns:
                image.first.release()
        if image.has_shell:
            return self._ask_probe(ask, plugin, questions, until)
        if self._debug_image:
            try:
                opened = open_debug_container(self._kube, plugin, self._debug_image, until, f"node {ask.node}")
            except Unreadable as missing:
                return msgspec.structs.replace(missing.unavailable, what=f"node {ask.node}")
            return opened if isinstance(opened, Unavailable) else self._ask_probe(ask, opened, questions, until)
        return self._ask_one_by_one(ask, plugin, image, questions, until)

    def _look_for_shell(self, ask: NodeAsk, plugin: Plugin, image: _Image, until: float) -> Unavailable | None:
        """Asked by itself: input sent to a command that cannot start is answered with a reset, not with the reason."""
        tried = self._run(ask, plugin, ("sh", "-c", ":"), until)
        if isinstance(tried, Unavailable):
            return tried
        if tried.ended is not None:
            return _ended(tried, ask) or _late(ask)
        image.has_shell = not tried.not_started
        return None

    def _ask_probe(self, ask: NodeAsk, plugin: Plugin, questions: Questions, until: float) -> NodeReport | Unavailable:
        started = time.time()
        argv = ("sh", "-s", "--", *questions.tokens(skip=POD_ONLY))
        ran = self._run(ask, plugin, argv, until, feed=probe())
        if isinstance(ran, Unavailable):
            return ran
        return report_from_probe(
            ask, self.via, ran.output, (started, time.time()), questions.port,
            vantage=Vantage.POD, image=plugin.image, ended=_ended(ran, ask),
        )  # fmt: skip

    def _ask_one_by_one(
        self, ask: NodeAsk, plugin: Plugin, image: _Image, questions: Questions, until: float
    ) -> NodeReport | Unavailable:
        started = time.time()
        answers: dict[str, Answer] = {}
        refused: dict[str, Unavailable] = {}
        ended: Unavailable | None = None
        asked = {
            "tools_version": plugin.image,
            "mount_helper": plugin.image,
            "lctl": "",
            "lnet_interfaces": "",
            "nids": "",
            "page_size": ask.kernel,
            **({"names": ""} if questions.names else {}),
        }
        for question, of in asked.items():
            if question == "nids" and (known := _nids_of(answers.get("lnet_interfaces"))) is not None:
                answers["nids"] = known
                continue
            shared = self._shared.get((of, question)) if of else None
            if question == "names":
                answered = self._resolve(ask, plugin, image, questions.names, until)
            else:
                answered = shared or self._answer(ask, plugin, image, COMMANDS[question], until)
            if isinstance(answered, Answer):
                answers |= _parts(answered) if question == "lctl" else {question: answered}
                if of and answered.status == 0:
                    self._shared[of, question] = answered
                continue
            refused |= dict.fromkeys(_PARAMETERS if question == "lctl" else (question,), answered)
            if answered.reason in (Reason.DENIED, Reason.UNREACHABLE, Reason.TIMEOUT):
                ended = answered
                break
        if ended is not None and not answers:
            return ended
        # That the image has no mount helper is an answer.
        lacking = [q for q, said in answers.items() if said.status == NO_COMMAND and q != "mount_helper"]
        # Where the image says something of Lustre, what it has no program for is no open question of this way in.
        reason = Reason.NOT_ASKED if answers.keys() - {"page_size", "mount_helper", *lacking} else Reason.UNREACHABLE
        for question in lacking if reason is Reason.NOT_ASKED else ():
            del answers[question]
            program = COMMANDS["lctl" if question in _PARAMETERS else question][0]
            refused[question] = Unavailable("", reason, f"the driver's image has no {program}", remedy=_OTHER_WAYS)
        needs_shell = Unavailable("", reason, "the driver's image has no shell to ask it with", remedy=_OTHER_WAYS)
        return report_of(
            Reading(
                node=ask.node,
                via=self.via,
                vantage=Vantage.POD,
                answers=Answers(answers),
                asked_at=started,
                answered_at=time.time(),
                port=questions.port,
                image=plugin.image,
                refused=refused | _ABOUT_THE_POD,
                ended=ended or needs_shell,
            )
        )

    def _resolve(
        self, ask: NodeAsk, plugin: Plugin, image: _Image, names: Sequence[str], until: float
    ) -> Answer | Unavailable:
        """What the names resolve to, as the probe prints it. An image without getent resolves none of them.

        All in one session. Where some have no address the answer does not say which; then each is asked by itself.
        """
        answered = self._answer(ask, plugin, image, (*COMMANDS["names"], *names), until)
        if isinstance(answered, Unavailable) or answered.status == NO_COMMAND:
            return answered
        found = _by_name(answered.text) if len(names) > 1 else [answered.text]
        if len(names) == 1 or (answered.status == 0 and len(found) == len(names)):
            return Answer(
                0, "\n".join(f"name {n} {answered.status}\n{text}" for n, text in zip(names, found, strict=True))
            )
        lines = []
        for name in names:
            answered = self._answer(ask, plugin, image, (*COMMANDS["names"], name), until)
            if isinstance(answered, Unavailable):
                return answered
            lines.append(f"name {name} {answered.status}\n{answered.text}")
        return Answer(0, "\n".join(lines))

    def _answer(
        self, ask: NodeAsk, plugin: Plugin, image: _Image, argv: tuple[str, ...], until: float
    ) -> Answer | Unavailable:
        if argv[0] in image.lacks:
            return Answer(NO_COMMAND)
        ran = self._run(ask, plugin, argv, until)
        if isinstance(ran, Unavailable):
            return ran
        if ran.not_started:
            image.lacks.add(argv[0])
            return Answer(NO_COMMAND, ran.not_started)
        if ran.exit_status is None:
            return _ended(ran, ask) or _late(ask)
        return Answer(ran.exit_status, (ran.output + ran.errors).decode("utf-8", "replace"))

    def _run(
        self, ask: NodeAsk, plugin: Plugin, argv: tuple[str, ...], until: float, *, feed: bytes = b""
    ) -> Ran | Unavailable:
        self.sessions += 1
        ran = run(self._connections, plugin, argv, feed=feed, until=until, cap=ANSWER_LIMIT, what=f"exec on {ask.node}")
        if isinstance(ran, Ran) and ran.not_started and not ran.lacks_command:
            return Unavailable(f"exec on {ask.node}", Reason.UNREACHABLE, ran.not_started[-200:])
        return ran


_PARAMETERS = ("client_version", "imports")
_VERSION = re.compile(r"(?:version=)?(?:lustre: )?(\d\S{2,60})", re.ASCII)
"""`version=2.15.6`; before 2.10 `version=lustre: 2.8.0`. Source: Lustre obdclass/linux/linux-module.c version_show."""


def _parts(answer: Answer) -> dict[str, Answer]:
    """The version and the connections out of one `lctl get_param`."""
    if answer.status == NO_COMMAND:
        return dict.fromkeys(_PARAMETERS, answer)
    version = next((match[1] for line in answer.lines if (match := _VERSION.fullmatch(line.strip()))), "")
    return {"client_version": Answer(0, version) if version else answer, "imports": answer}


def _nids_of(shown: Answer | None) -> Answer | None:
    """What `lctl list_nids` would say, where `lnetctl net show` has said it."""
    if shown is None or shown.status == NO_COMMAND:
        return None
    found = read_lnet_interfaces(shown)
    if isinstance(found, Unavailable):
        return shown if found.reason is Reason.ABSENT else None
    return Answer(0, "\n".join(ni.nid for ni in found if not ni.nid.endswith("@lo")))


def _by_name(text: str) -> list[str]:
    """The answers of `getent ahosts` for several names: the first line of each has its canonical name (glibc)."""
    found: list[str] = []
    for line in text.splitlines():
        if len(line.split()) > 2:
            found.append(line)
        elif found:
            found[-1] += f"\n{line}"
    return found


def _ended(ran: Ran, ask: NodeAsk) -> Unavailable | None:
    if ran.ended is not None:
        return msgspec.structs.replace(ran.ended, what=f"node {ask.node}")
    if ran.exit_status:
        last = one_line(ran.errors.decode("utf-8", "replace"))
        return Unavailable(f"node {ask.node}", Reason.GARBLED, f"the probe ended with {ran.exit_status} {last}".strip())
    return None


def _late(ask: NodeAsk) -> Unavailable:
    return Unavailable(
        f"node {ask.node}", Reason.TIMEOUT, "exec gave no answer in time", remedy="raise --node-deadline"
    )
