"""Lets checks judge facts. A check that crashes or never returns costs only its own answer."""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from diag.engine.locate import located
from diag.model.finding import Draft, Finding, subject_of
from diag.model.subject import Kind, Subject
from diag.model.tool_error import ToolError
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.model.verdict import Verdict
from diag.registry import Check


class Judged(msgspec.Struct, frozen=True):
    """What the checks found, and which of them broke."""

    findings: tuple[Finding, ...]
    errors: tuple[ToolError, ...] = ()


def judge(checks: Sequence[Check], facts: Mapping[str, Any], *, patience: float = 10.0) -> Judged:
    """Run the checks over the facts.

    Checks run one after another in a thread of their own. One that is silent for `patience` seconds is left behind
    as an error and the rest go on in a new thread.
    """
    findings: list[Finding] = []
    errors: list[ToolError] = []
    waiting = list(checks)
    while waiting:
        results: queue.SimpleQueue[tuple[Check, Judged]] = queue.SimpleQueue()
        batch = tuple(waiting)
        threading.Thread(target=_judge_all, args=(batch, facts, results), name="checks", daemon=True).start()
        while waiting:
            try:
                check, judged = results.get(timeout=patience)
            except queue.Empty:
                stuck = waiting.pop(0)
                errors.append(
                    ToolError(stuck.id, f"check {stuck.id} ({stuck.origin}) did not return within {patience:g} s")
                )
                break
            waiting.remove(check)
            findings.extend(judged.findings)
            errors.extend(judged.errors)
    return Judged(located(tuple(findings), facts), tuple(errors))


def _judge_all(
    checks: Sequence[Check], facts: Mapping[str, Any], results: queue.SimpleQueue[tuple[Check, Judged]]
) -> None:
    for check in checks:
        results.put((check, run_check(check, facts)))


def run_check(check: Check, facts: Mapping[str, Any]) -> Judged:
    """One check over the facts: its findings, an unknown where a needed fact is missing, an error where it broke."""
    missing = [
        facts[need.name] for need in check.needs if not need.tolerant and isinstance(facts.get(need.name), Unavailable)
    ]
    if missing:
        return Judged((_cannot_decide(check, _whole_run(facts), tuple(dict.fromkeys(missing))),))
    findings: list[Finding] = []
    errors: list[ToolError] = []
    for subject, call in _calls(check, facts):
        try:
            findings.extend(_finish(check, draft) for draft in call())
        except Unreadable as unreadable:
            findings.append(_cannot_decide(check, subject, (unreadable.unavailable,)))
        except Exception as bug:
            message = f"check {check.id} ({check.origin}) crashed on {subject}: {type(bug).__name__}: {bug}"
            errors.append(ToolError(check.id, message, "".join(traceback.format_exception(bug))))
    return Judged(tuple(findings), tuple(errors))


def _calls(check: Check, facts: Mapping[str, Any]) -> Iterator[tuple[Subject, Callable[[], Iterable[Draft]]]]:
    if not check.each:
        arguments = {need.name: facts[need.name] for need in check.needs}
        yield _whole_run(facts), lambda: check.function(**arguments)
        return
    rest = {need.name: facts[need.name] for need in check.needs[1:]}
    for item in facts[check.each]:
        yield subject_of(item), lambda item=item: check.function(item, **rest)  # type: ignore[misc]


def _whole_run(facts: Mapping[str, Any]) -> Subject:
    identity = facts.get("cluster_identity")
    return getattr(identity, "subject", None) or Subject(Kind.CLUSTER, "(this run)")


def _finish(check: Check, draft: Draft) -> Finding:
    usual = check.speaks_for[:1]
    cause = draft.cause if draft.cause is not None else (usual[0] if usual else "")
    rules_out = check.speaks_for if draft.rules_out is None else draft.rules_out
    if draft.verdict is Verdict.UNKNOWN and draft.unavailable and _was_not_to_be_asked(draft.unavailable):
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
        fix=draft.fix,
        concerns=draft.concerns,
        unavailable=draft.unavailable,
        location=draft.location,
    )


def _cannot_decide(check: Check, subject: Subject, reasons: tuple[Unavailable, ...]) -> Finding:
    first = reasons[0]
    if _was_not_to_be_asked(reasons):
        return Finding(check.id, check.layer, subject, Verdict.SKIP, first.detail)
    remedy = f" ({first.remedy})" if first.remedy and first.reason is not Reason.DENIED else ""
    message = f"cannot decide “{check.title}”: {first}{remedy}"
    return Finding(check.id, check.layer, subject, Verdict.UNKNOWN, message, unavailable=reasons)


def _was_not_to_be_asked(reasons: Iterable[Unavailable]) -> bool:
    """Offline the question does not arise, so that a gate over manifests alone can be green."""
    return all(reason.reason is Reason.OFFLINE for reason in reasons)
