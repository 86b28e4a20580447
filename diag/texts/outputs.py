"""What commands printed, read beside the command or beside what another one printed.

An empty list says something only beside the command that printed it; two outputs may contradict each other: a security
group that opens other ports alone, a DaemonSet with fewer pods than there are nodes, another mount name than the one
that was mounted. Asked only of a short text, and every hit is a possible cause.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from diag.knowledge.cause import Weight
from diag.knowledge.command_outputs import CommandOutput, command_outputs
from diag.knowledge.runbooks import Knowledge
from diag.late import late
from diag.model.symptom import Hit
from diag.sanitize import one_line
from diag.texts.owner import mentions_lustre

_LUSTRE_PORT = 988
_PROMPT = late(
    r"^[ \t>|]*(?:\([\w.-]{1,40}\) ?)?(?:\[?[\w.-]{1,40}@[\w.-]{1,80}(?:[: ][^\n#$%]{0,80})?\]?[#$%]|sh-\d\.\d[#$]"
    r"|bash-\d\.\d[#$]|[#$%❯➜>])[ \t]+(?P<command>[a-z./][^\n]{1,400})$"
    r"|^[\w.-]{1,40}@[\w.-]{1,80}[: ][^\n#$%]{0,80}[#$%][ \t]*$|^\$[ \t]*$"
)
_PROMPTS = frozenset("#$%❯➜>")
"""One of these is in every prompt."""
_SUDO = late(r"^(?:sudo(?: -\w+)* |time )+")
_KUBECTL = late(r"^(?:k|oc|kubectl\.exe) ")
_DAEMONSET = late(r"(?m)^(?:\S+ +)?fsx-csi-node\s+(?P<desired>\d{1,5})\s+\d{1,5}\s+(?P<ready>\d{1,5})\s")
_NODE = late(r"(?m)^\S+\s+Ready(?:,SchedulingDisabled)?\s+\S+\s+\d+[smhdy]\S*\s+v1\.\d")
_COUNTED = late(r"\A\s*(\d{1,5})\s*\Z")
_OUTBOUND = late(
    r"(?ms)^[| ]*True[\s|][^\n]*$|\{[^{}]*\"IsEgress\": true[^{}]*\}|\"IpPermissionsEgress\": \[.*?\n {0,12}\]"
)
_PORTS = late(
    r'"FromPort": (?P<low>\d{1,5}),(?:[^{}]{0,200}?)"ToPort": (?P<high>\d{1,5})'
    r"|\b(?:tcp|udp|TCP|UDP)[\s|,]+(?P<from>\d{1,5})[\s|,-]+(?P<to>\d{1,5})\b"
)
_ALL_PORTS = late(r'(?m)"IpProtocol": "-1"|(?:^|[\s|"])-1(?:$|[\s|"])')
_MOUNT_NAME = late(r"(?m)\"?MountName\"?:? *[\"']?(?P<name>[a-z0-9]{3,8})\b|(?:^|\s)(?P<alone>[a-z0-9]{8})\s*$")
_MOUNTED_NAME = late(r"(?m)@tcp:/(?P<name>\w{1,40})(?=[\s/'\"]|$)|\bmountname: ?[\"']?(?P<given>\w{1,40})\b")
_SERVER_VERSION = late(
    r"(?i)\"?FileSystemTypeVersion\"?:? *\"?2\.10\b"
    r"|\b(?:servers?|fsx|fs|file ?systems?)(?: version)?(?: is| are| on| at| runs?| has|:| =)* (?:fsx |lustre )*"
    r"v?2\.10\b"
)
_CLIENT_VERSION = late(
    r"(?i)\b(?:clients?|lustre|lfs|nodes?|lustre-client\S*)(?: version)?(?: is| are| on| at| runs?| has|:| =|-)*\s+"
    r"(?:lustre )?v?2\.1[5-9]\b"
)
_REGION = late(r"\b(?:us|eu|ap|ca|sa|me|af|il|mx)-(?:gov-)?(?:north|south|east|west|central)(?:east|west)?-\d\b")
_REGISTRY = late(r"\S+\.dkr\.ecr\.\S+")
_NOT_FOUND = late(
    r"(?i)not ?found|does not exist|no such host|name or service not known|can'?t (?:find|resolve)|timed out|NXDOMAIN"
)


class Ran(NamedTuple):
    """A command, and what it printed."""

    command: str
    output: str
    is_last: bool


def hits_of_outputs(text: str, knowledge: Knowledge) -> tuple[Hit, ...]:
    """The cause that the outputs of a text speak for; none where they speak for two that have nothing in common."""
    if not mentions_lustre(text):
        return ()
    runs = tuple(_runs(text))
    found: dict[str, str] = {}
    for cause, says in (*_shown(text, runs), *_contradictions(text, runs)):
        if cause in knowledge.causes:
            found.setdefault(cause, says)
    return tuple(
        Hit(cause, "a command's output", Weight.WEAK.value, one_line(says)) for cause, says in list(found.items())[:1]
    )


def _shown(text: str, runs: tuple[Ran, ...]) -> Iterator[tuple[str, str]]:
    for rule in command_outputs().outputs:
        if rule.word not in text or (rule.command and not runs):
            continue
        command, shows, unless = _patterns(rule)
        outputs = [text] if command is None else [_said(run, rule) for run in runs if command.search(run.command)]
        for output in outputs:
            if output is not None and shows.search(output) and not (unless is not None and unless.search(output)):
                yield rule.cause, rule.says
                break


def _said(run: Ran, rule: CommandOutput) -> str | None:
    """What a command printed. The last one of a text without output may be where somebody stopped to copy."""
    said = run.output.strip()
    if not said and run.is_last:
        return None
    return "" if _nothing().fullmatch(said) else said


def _runs(text: str) -> Iterator[Ran]:
    """The commands of a text that stand behind a prompt."""
    command, output = "", list[str]()
    for line in text.splitlines():
        found = None if _PROMPTS.isdisjoint(line) else _PROMPT.search(line)
        if found is None:
            output.append(line)
            continue
        if command:
            yield Ran(command, "\n".join(output), is_last=False)
        command, output = _KUBECTL.sub("kubectl ", _SUDO.sub("", (found["command"] or "").strip())), []
    if command:
        yield Ran(command, "\n".join(output), is_last=True)


def _contradictions(text: str, runs: tuple[Ran, ...]) -> Iterator[tuple[str, str]]:
    readers: tuple[Callable[[str, tuple[Ran, ...]], tuple[str, str] | None], ...] = (
        _fewer_pods_than_nodes,
        _other_ports_alone,
        _other_mount_name,
        _other_versions,
        _other_regions,
    )
    for read in readers:
        if (found := read(text, runs)) is not None:
            yield found


def _fewer_pods_than_nodes(text: str, runs: tuple[Ran, ...]) -> tuple[str, str] | None:
    daemonset = _DAEMONSET.search(text) if "fsx-csi-node" in text else None
    if daemonset is None:
        return None
    nodes = len(_NODE.findall(text))
    for run in runs:
        if run.command.startswith("kubectl get no") and (counted := _COUNTED.search(run.output)):
            nodes = int(counted[1])
    if int(daemonset["desired"]) >= nodes:
        return None
    return "csi-node-not-scheduled", f"the DaemonSet wants {daemonset['desired']} pods, and there are {nodes} nodes"


def _other_ports_alone(text: str, runs: tuple[Ran, ...]) -> tuple[str, str] | None:
    for run in runs:
        inbound = _OUTBOUND.sub("", run.output)
        if "describe-security-group" not in run.command or _ALL_PORTS.search(inbound):
            continue
        ports = [
            (int(found["low"] or found["from"]), int(found["high"] or found["to"]))
            for found in _PORTS.finditer(inbound)
        ]
        if ports and not any(low <= _LUSTRE_PORT <= high for low, high in ports):
            return "sg-missing-988", "the security group's rules open other ports than 988"
    return None


def _other_mount_name(text: str, runs: tuple[Ran, ...]) -> tuple[str, str] | None:
    if "MountName" not in text:
        return None
    names = {
        found["name"] or found["alone"]
        for run in runs
        if "describe-file-systems" in run.command and "MountName" in run.command + run.output
        for found in _MOUNT_NAME.finditer(run.output)
    } or {found["name"] for found in _MOUNT_NAME.finditer(text) if found["name"]}
    mounted = {found["name"] or found["given"] for found in _MOUNTED_NAME.finditer(text)}
    if not names or not mounted or mounted & names:
        return None
    return "wrong-mountname", f"{', '.join(sorted(mounted))} was mounted, and the name is {', '.join(sorted(names))}"


def _other_versions(text: str, runs: tuple[Ran, ...]) -> tuple[str, str] | None:
    if "2.10" not in text or not _SERVER_VERSION.search(text) or not _CLIENT_VERSION.search(text):
        return None
    return "client-server-version-mismatch", "the file system is of Lustre 2.10, and the client of 2.15 or newer"


def _other_regions(text: str, runs: tuple[Ran, ...]) -> tuple[str, str] | None:
    if "fs-" not in text:
        return None
    regions = dict.fromkeys(_REGION.findall(_REGISTRY.sub("", text)))
    if len(regions) != len(("cluster", "file system")) or not _NOT_FOUND.search(text):
        return None
    return "region-mismatch", f"two Regions: {' and '.join(regions)}"


@cache
def _nothing() -> re.Pattern[str]:
    return re.compile(command_outputs().nothing)


@cache
def _patterns(rule: CommandOutput) -> tuple[re.Pattern[str] | None, re.Pattern[str], re.Pattern[str] | None]:
    command = re.compile(rule.command) if rule.command else None
    return command, re.compile(rule.shows), re.compile(rule.unless) if rule.unless else None
