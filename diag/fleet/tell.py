"""Tells what many nodes answered as people think of it: equal answers in one row, with what sets them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from diag.facts.node_truth import NodeTruth
from diag.fleet.differential import compare
from diag.fleet.traits import Fleet
from diag.model.finding import Draft, skip, unknown
from diag.model.subject import Kind, Subject
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict

_WORDS = {
    "nids": "NIDs",
    "imports": "connections to the targets",
    "connects": "TCP connects to port 988",
    "translations": "connection tracking",
    "blocked": "blocked processes",
    "clock_skew_s": "its clock",
    "names": "DNS answers",
}

EXAMPLES = 3
"""Nodes whose evidence a row shows."""


def tell(fleet: Fleet, judge: Callable[[NodeTruth], Draft]) -> Iterator[Draft]:
    """Judge every node that answered, and put equal verdicts into one draft each.

    Where nobody was asked the drafts are one skip; nodes that gave no answer are one unknown for each reason.
    """
    if fleet.why_none is not None:
        yield _nobody(fleet, fleet.why_none)
        return
    yield from rows(fleet, [(truth.node, judge(truth)) for truth in fleet.truths])
    yield from silent(fleet)


def rows(fleet: Fleet, judged: Sequence[tuple[str, Draft]]) -> Iterator[Draft]:
    """One draft for each group of nodes with the same verdict, message and cause."""
    groups: dict[tuple[Verdict, str, str | None], list[tuple[str, Draft]]] = {}
    for name, draft in judged:
        groups.setdefault((draft.verdict, draft.message, draft.cause), []).append((name, draft))
    fine = {name for name, draft in judged if draft.verdict is Verdict.PASS}
    for (verdict, message, _), same in groups.items():
        names = {name for name, _ in same}
        bad = verdict in (Verdict.FAIL, Verdict.WARN)
        apart = str(compare(names, fine, fleet.traits)) if bad else ""
        first = same[0][1]
        count = f"{len(names)} nodes: " if len(names) > 1 else ""
        evidence = tuple(dict.fromkeys(line for _, draft in same[:EXAMPLES] for line in draft.evidence))
        others = (Subject(Kind.NODE, name) for name, _ in same)
        yield msgspec.structs.replace(
            first,
            message=f"{count}{message}" + (f" ({apart})" if apart else ""),
            evidence=evidence,
            concerns=tuple(dict.fromkeys((*first.concerns, *others))),
        )


def silent(fleet: Fleet) -> Iterator[Draft]:
    """Nodes that were asked and gave no answer, one row for each reason."""
    reasons: dict[tuple[Reason, str], list[str]] = {}
    for name, missing in fleet.truths.missing.items():
        reasons.setdefault((missing.reason, missing.detail), []).append(name)
    for names in reasons.values():
        missing = fleet.truths.missing[names[0]]
        count = f"{len(names)} nodes" if len(names) > 1 else names[0]
        subjects = [Subject(Kind.NODE, name) for name in names]
        told = skip if missing.reason is Reason.NOT_ASKED else None
        if told is not None:
            yield told(subjects[0], f"{count} not looked into: {missing.detail}", concerns=subjects)
        else:
            yield unknown(
                subjects[0], f"{count} gave no answer: {missing.detail}", because=(missing,), concerns=subjects
            )


def not_told(truth: NodeTruth, field: str) -> Draft:
    """The draft for a node that did not tell a field: not asked from there, or asked in vain."""
    missing = truth.why_missing(field)
    what = _WORDS.get(field, field.replace("_", " "))
    if missing.reason is Reason.NOT_ASKED:
        return skip(truth, f"{what} not asked through {truth.via.value}: {missing.detail}")
    return unknown(truth, f"{what} not known: {missing.detail}", because=(missing,))


def _nobody(fleet: Fleet, why: Unavailable) -> Draft:
    if why.reason is Reason.NOT_ASKED:
        return skip(fleet.subject, f"{why.detail}: {why.remedy}" if why.remedy else why.detail)
    return unknown(fleet.subject, "no node could be looked into", because=(why,))
