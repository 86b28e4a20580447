"""Lets checks judge facts. A check that crashes or never returns costs only its own answer."""

from __future__ import annotations

import functools
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from diag.advice.verify import values_of, with_verify
from diag.decode import decode_json
from diag.engine.child import ChildFailed, Children
from diag.engine.locations import attach_locations
from diag.model.finding import Draft, Finding
from diag.model.subject import Kind, Subject
from diag.model.tool_error import ToolError
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.model.verdict import Verdict
from diag.registry import Check

OVERTAKE_S = 0.1
"""A check that takes longer does not keep the others waiting."""

JUDGE_S = 10.0
"""When no check has finished for so long, those that are left will not, and are left behind together."""

LATE_S = 0.6
"""The same once the run's deadline has passed."""

MOST_FINDINGS = 200_000
"""What one check may find: the largest clusters stay far below, a plugin that never stops does not."""


class Judged(msgspec.Struct, frozen=True):
    """What the checks found, and which of them broke."""

    findings: tuple[Finding, ...]
    errors: tuple[ToolError, ...] = ()


def judge(checks: Sequence[Check], facts: Mapping[str, Any], *, deadline: float) -> Judged:
    """Run the checks over the facts; `deadline` is the run's, a `time.monotonic()` instant.

    Checks run one after another in a thread, those of plugins each in a child process as well. While one is busy
    further threads go on with the rest; those that never return are left behind together, as errors.
    """
    waiting = iter(checks)
    progress: queue.SimpleQueue[tuple[Check, Judged | None]] = queue.SimpleQueue()
    children = Children()

    def work() -> None:
        for check in waiting:
            progress.put((check, None))
            progress.put((check, run_check(check, facts) if check.is_built_in else _run_apart(check, facts, children)))

    by_check: dict[str, Judged] = {}
    last, silent, threads, begun = time.monotonic(), 0.0, 0, 0
    while len(by_check) < len(checks):
        if begun < len(checks) and (silent >= OVERTAKE_S or not threads):
            for _ in range(max(1, threads)):
                threading.Thread(target=work, name="checks", daemon=True).start()
                threads += 1
        try:
            check, judged = progress.get(timeout=OVERTAKE_S)
        except queue.Empty:
            silent = time.monotonic() - last
            if silent > max(LATE_S, min(JUDGE_S, deadline - last)):
                break
            continue
        last, silent = time.monotonic(), 0.0
        if judged is None:
            begun += 1
        else:
            by_check[check.id] = judged
    children.kill()
    findings: list[Finding] = []
    errors: list[ToolError] = []
    for check in checks:
        answer = by_check.get(check.id) or _broken(check, f"did not return within {silent:.1f} s")
        findings += answer.findings
        errors += answer.errors
    return Judged(attach_locations(findings, facts), tuple(errors))


def _run_apart(check: Check, facts: Mapping[str, Any], children: Children) -> Judged:
    """A plugin's check in a child process: it may hold the interpreter, print, or end the process."""

    def answer() -> bytes:
        judged = run_check(check, facts)
        try:
            return msgspec.json.encode(judged)
        except (TypeError, ValueError) as error:
            return msgspec.json.encode(_broken(check, f"gave a malformed finding: {error}"))

    try:
        return decode_json(children.call(answer), Judged)
    except (ChildFailed, OSError) as error:
        return _broken(check, f"gave no answer: {error}")
    except msgspec.DecodeError as error:
        return _broken(check, f"gave a malformed finding: {error}")


def run_check(check: Check, facts: Mapping[str, Any]) -> Judged:
    """One check over the facts: its findings, an unknown where a needed fact is missing, an error where it broke."""
    missing = [
        facts[need.name] for need in check.needs if not need.tolerant and isinstance(facts.get(need.name), Unavailable)
    ]
    if missing:
        return Judged((_could_not_check(check, _whole_run(facts), tuple(dict.fromkeys(missing))),))
    findings: list[Finding] = []
    errors: list[ToolError] = []
    try:
        calls = list(_calls(check, facts))
    except Exception as bug:
        return _broken(check, f"cannot be called: {type(bug).__name__}: {bug}")
    for subject, call in calls:
        try:
            for draft in call():
                findings.append(_finish(check, draft))
                if len(findings) > MOST_FINDINGS:
                    raise OverflowError(f"more than {MOST_FINDINGS:,} findings")
        except Unreadable as unreadable:
            findings.append(_could_not_check(check, subject, (unreadable.unavailable,)))
        except (Exception, SystemExit) as bug:
            crash = f"crashed on {subject}: {type(bug).__name__}: {bug}"
            errors += _broken(check, crash, "".join(traceback.format_exception(bug))).errors
    return Judged(tuple(findings), tuple(errors))


def _calls(check: Check, facts: Mapping[str, Any]) -> Iterator[tuple[Subject, Callable[[], Iterable[Draft]]]]:
    """What to call, once for the whole run or once for each item, with the subject of what goes wrong in it."""
    if not check.each:
        needed = {need.name: facts[need.name] for need in check.needs}
        yield _whole_run(facts), functools.partial(check.function, **needed)
        return
    rest = {need.name: facts[need.name] for need in check.needs[1:]}
    for item in facts[check.each]:
        yield item if isinstance(item, Subject) else item.subject, functools.partial(check.function, item, **rest)


def _broken(check: Check, what: str, trace: str = "") -> Judged:
    return Judged((), (ToolError(check.id, f"check {check.id} ({check.origin}) {what}", trace),))


def _whole_run(facts: Mapping[str, Any]) -> Subject:
    identity = facts.get("cluster_identity")
    return getattr(identity, "subject", None) or Subject(Kind.CLUSTER, "(this run)")


def _finish(check: Check, draft: Draft) -> Finding:
    usual = check.speaks_for[:1]
    cause = draft.cause if draft.cause is not None else (usual[0] if usual else "")
    rules_out = check.speaks_for if draft.rules_out is None else draft.rules_out
    if draft.verdict is Verdict.UNKNOWN and draft.unavailable and _are_offline(draft.unavailable):
        return Finding(check.id, check.layer, draft.subject, Verdict.SKIP, draft.message, concerns=draft.concerns)
    return Finding(
        check=check.id,
        layer=check.layer,
        subject=draft.subject,
        verdict=draft.verdict,
        message=draft.message,
        evidence=draft.evidence,
        cause=cause if draft.verdict in (Verdict.FAIL, Verdict.WARN) else "",
        rules_out=rules_out if draft.verdict is Verdict.PASS else (),
        fix=with_verify(draft.fix, values_of(draft.subject)) if draft.fix else None,
        concerns=draft.concerns,
        unavailable=draft.unavailable,
        location=draft.location,
        correction=draft.correction,
        url=check.url if draft.verdict.rank > Verdict.SKIP.rank else "",
    )


def _could_not_check(check: Check, subject: Subject, reasons: tuple[Unavailable, ...]) -> Finding:
    first = reasons[0]
    if _are_offline(reasons):
        return Finding(check.id, check.layer, subject, Verdict.SKIP, first.detail)
    remedy = f" ({first.remedy})" if first.remedy and first.reason is not Reason.DENIED else ""
    message = f"could not check “{check.title}”: {first}{remedy}"
    return Finding(check.id, check.layer, subject, Verdict.UNKNOWN, message, unavailable=reasons, url=check.url)


def _are_offline(reasons: Iterable[Unavailable]) -> bool:
    """Offline the question does not arise, so that a gate over manifests alone can be green."""
    return all(reason.reason is Reason.OFFLINE for reason in reasons)
