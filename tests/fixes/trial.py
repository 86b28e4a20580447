"""One trial: break, diagnose, execute the first fix as printed, diagnose again, and ask the lab whether it helped."""

from __future__ import annotations

import contextlib
import enum
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.faults.matrix import run
from tests.fixes.answers import ANSWERS
from tests.lab.faults.registry import Fault
from tests.lab.lab import Lab
from tests.lab.live import Live
from tests.programs import BIN, NAMES

Report = dict[str, Any]
_PLACEHOLDER = re.compile(r"<[A-Za-z][^<>|&;()]*>")
BASH = str(shutil.which("bash"))
PATIENCE = 200
"""Seconds after which a command counts as one that hangs: a busy machine needs a minute for some that need none."""
_AFTER = 10
"""Minutes that a person gives AWS and the kubelets before a second look."""


_HARMLESS = (
    "awk",
    "base64",
    "cat",
    "cp",
    "cut",
    "grep",
    "head",
    "mv",
    "rm",
    "sed",
    "seq",
    "sh",
    "sleep",
    "sort",
    "tail",
    "tee",
    "tr",
)
"""Programs of this machine that a fix may start; what installs or restarts something is none of them."""


class Outcome(enum.Enum):
    """What became of a fault."""

    FIXED = "fixed"
    WAITS = "waits"
    PERSON = "a person"
    NOT_FIXED = "not fixed"


@dataclass(frozen=True)
class Trial:
    """What a fix did."""

    fault: str
    outcome: Outcome
    why: str = ""
    commands: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    """Values that the fix leaves to a person, as it spells them; see `tests.fixes.answers`."""
    log: tuple[str, ...] = field(default=(), repr=False)
    """What the commands printed."""

    @property
    def verbatim(self) -> bool:
        """Whether the fix went through as printed."""
        return self.outcome is Outcome.FIXED and not self.placeholders


def trial(lab: Lab, fault: Fault, instead: dict[str, Any] | None = None) -> Trial:
    """Tries the fix of a fault, or another one in its place, in a world of its own.

    Where a guard refuses before anything has changed, the fix is not for this case: the alternative is tried.
    """
    lab.load(fault.world)
    lab.inject(fault.name)
    fix = instead or first_fix(run(lab), fault.cause) or {}
    live = lab.come_alive()
    owned = _belongings(lab)
    log: list[str] = []
    for way in (fix, *fix.get("alternatives", ())):
        done = _carry_out(lab, fault, way, log)
        refused = any(step["kind"] == "guard" for step in way.get("steps", ())) and not _changes(lab)
        if done.outcome is not Outcome.NOT_FIXED or not refused:
            break
    if done.outcome in (Outcome.PERSON, Outcome.NOT_FIXED):
        return done
    changed = _changes(lab)
    live.pass_time(_AFTER)
    if problem := _still_wrong(lab, live, fault, owned):
        note = way.get("note", "")
        text = problem if done.commands else f"no command; {note}" if note else "there is no fix"
        by_hand = _by_hand(way) if done.commands else []
        if by_hand:
            return replace(done, outcome=Outcome.PERSON, why=_whose(by_hand))
        return replace(done, outcome=Outcome.NOT_FIXED, why=text)
    return done if changed else replace(done, outcome=Outcome.WAITS)


def _carry_out(lab: Lab, fault: Fault, way: dict[str, Any], log: list[str]) -> Trial:
    """Executes one way as printed; fixed when every command went through."""
    commands = tuple(way.get("commands", ()))
    placeholders = tuple(found for command in commands for found in _PLACEHOLDER.findall(command))

    def ended(outcome: Outcome, why: str = "") -> Trial:
        return Trial(fault.name, outcome, why, commands, placeholders, tuple(log))

    by_hand = _by_hand(way)
    if by_hand and not any(step["argv"] for step in _changing(way)):
        if by_hand[0]["by"]:
            return ended(Outcome.PERSON, _whose(by_hand))
        if commands:
            return ended(Outcome.FIXED)  # Looks and waits change nothing: time shows whether somebody has to.
    answers = ANSWERS.get(fault.name, {})
    if unknown := [placeholder for placeholder in placeholders if placeholder not in answers]:
        return ended(Outcome.PERSON if by_hand else Outcome.NOT_FIXED, f"{unknown[0]} is not filled")
    with tempfile.TemporaryDirectory(prefix="fix-") as folder:
        for command in commands:
            filled = _PLACEHOLDER.sub(lambda found: answers[found[0]], command)
            problem = _execute(lab, filled, Path(folder), log)
            if problem:
                return ended(Outcome.NOT_FIXED, problem)
    return ended(Outcome.FIXED)


def _changing(way: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for step in way.get("steps", ()) if step["kind"] == "change"]


def _by_hand(way: dict[str, Any]) -> list[dict[str, Any]]:
    """What a person changes between the commands, which nobody does here: the commands alone need not help."""
    return [step for step in _changing(way) if not step["argv"]]


def _whose(by_hand: list[dict[str, Any]]) -> str:
    return f"{by_hand[0]['by']}: {by_hand[0]['text']}".removeprefix(": ")


def first_fix(report: Report, cause: str) -> dict[str, Any] | None:
    """The fix that a reader finds first: of the leading cause, else of the finding that names the cause."""
    for diagnosis in report["diagnoses"]:
        for found in diagnosis["causes"][:1]:
            if found["fix"]:
                return dict(found["fix"])
    for finding in report["findings"]:
        if finding["verdict"] in ("fail", "warn") and finding["cause"] == cause and finding["fix"]:
            return dict(finding["fix"])
    return None


def environment(lab: Lab) -> dict[str, str]:
    """A shell's environment in which the real programs talk to the lab."""
    programs = lab.folder / "programs"
    if not programs.exists():
        made = Path(tempfile.mkdtemp(dir=lab.folder))
        for name in (*NAMES, *_HARMLESS):
            (made / name).symlink_to(BIN / name if name in NAMES else str(shutil.which(name)))
        # Several threads may come here first: one folder takes the place.
        with contextlib.suppress(OSError):
            made.rename(programs)
    return lab.shell_env | {"PATH": str(programs)}


def _execute(lab: Lab, command: str, folder: Path, log: list[str]) -> str:
    """Runs a line in a shell; the reason why it did not go through."""
    shell = (BASH, "-c", command)
    try:
        ran = subprocess.run(shell, cwd=folder, env=environment(lab), capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        log.append(f"$ {command}\n(hangs)")
        return f"hangs: {command}"
    log.append(f"$ {command}\n{ran.stdout}{ran.stderr}")
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip().splitlines() or [""]
        return f"exit {ran.returncode}: {command}: {said[-1]}"
    return ""


def _still_wrong(lab: Lab, live: Live, fault: Fault, owned: set[str]) -> str:
    """What is wrong after the fix, by the lab and by the doctor; empty when nothing is."""
    if lost := owned - _belongings(lab):
        return f"lost: {', '.join(sorted(lost))}"
    if broken := live.broken():
        return f"the lab: {broken[0]}"
    if not fault.gone(lab):
        return "the lab: the fault is still there"
    report = run(lab, now=live.clock())
    if report["exit_code"]:
        failing = [f"{f['check']}: {f['message']}" for f in report["findings"] if f["verdict"] in ("fail", "unknown")]
        headline = [diagnosis["headline"] for diagnosis in report["diagnoses"]]
        return f"exit {report['exit_code']}: {'; '.join((*headline, *failing))}"
    return ""


def _belongings(lab: Lab) -> set[str]:
    """What must survive every fix: pods of nobody's, claims, classes, accounts, file systems, buckets and roles."""
    return set(_named(lab))


def _named(lab: Lab) -> Iterator[str]:
    for plural in ("persistentvolumeclaims", "storageclasses", "serviceaccounts", "deployments", "statefulsets"):
        for obj in lab.kube.all(plural):
            if obj["metadata"]["name"].startswith("fsx-csi-"):
                # The driver itself may be taken away where it is installed twice.
                continue
            yield f"{plural} {obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
    for pod in lab.kube.all("pods"):
        metadata = pod["metadata"]
        if not metadata.get("ownerReferences") and not metadata.get("deletionTimestamp"):
            yield f"pod {metadata['namespace']}/{metadata['name']}"
    given_up = {
        volume["spec"]["csi"]["volumeHandle"]
        for volume in lab.kube.all("persistentvolumes")
        if volume["status"].get("phase") == "Failed" and volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
    }
    for id_ in lab.aws.fsx.state.file_systems.get(lab.site.region, {}):
        if id_ not in given_up:
            yield f"file system {id_}"
    for bucket in lab.client("s3").list_buckets()["Buckets"]:
        yield f"bucket {bucket['Name']}"
    for role in lab.client("iam").list_roles()["Roles"]:
        yield f"role {role['RoleName']}"


def _changes(lab: Lab) -> bool:
    """Whether the fix changed anything: a write to Kubernetes, or a call of AWS that is no reading one."""
    calls = lab.calls()
    reading = ("Describe", "Get", "List", "Simulate", "Head", "Lookup")
    wrote = any(call.verb in ("create", "update", "patch", "delete") for call in calls.kubernetes if call.resource)
    return wrote or any(not call.operation.startswith(reading) for call in calls.aws)
