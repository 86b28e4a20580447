"""The sentences of a diagnosis."""

from __future__ import annotations

from collections.abc import Iterable

from diag.model.diagnosis import CauseVerdict, Likelihood, best_of
from diag.model.subject import Kind, Subject
from diag.model.symptom import Phase, Symptom
from diag.sanitize import one_line

_WHAT_FAILS = {
    Phase.PROVISION: "provisioning of",
    Phase.SCHEDULE: "scheduling of a pod with",
    Phase.MOUNT: "the mount of",
    Phase.USE: "the use of",
    Phase.UNMOUNT: "the unmount of",
    None: "the mount of",
}
_CERTAINTY = {Likelihood.CONFIRMED: "fails", Likelihood.LIKELY: "fails, most likely"}

_NOT_KNOWN = "the reason is not recognised"

SHOWN = 1200
"""Characters of a symptom that a report quotes."""


def headline_of(
    subject: Subject,
    causes: tuple[CauseVerdict, ...],
    phase: Phase | None,
    where: str = "",
    reason: str = "",
    *,
    is_known: bool = False,
) -> str:
    """The first sentence a person reads. `reason` is the decisive finding's own words when there is one;
    `is_known` says that the texts are known messages."""
    is_unbound = phase is Phase.SCHEDULE and subject.kind is Kind.CLAIM
    operation = "the binding of" if is_unbound else _WHAT_FAILS[phase]
    what = f"{operation} {_name(subject)}{where}"
    if subject.kind is Kind.NODE:
        what = f"a mount{where}"
    if subject.kind is Kind.TEXT:
        what = "the mounted file system" if phase is Phase.USE else operation.removesuffix(" of")
    best = best_of(causes)
    if best is None and causes:
        return f"{what} fails, and every cause that its texts show is ruled out"
    if best is None:
        return f"{what} fails; its texts are known and name no cause" if is_known else f"{what} fails and {_NOT_KNOWN}"
    if best.verdict in _CERTAINTY:
        return f"{what} {_CERTAINTY[best.verdict]}: {reason or best.title}"
    tied = [cause for cause in causes if cause.verdict is Likelihood.POSSIBLE]
    return f"{what} fails; {len(tied)} possible cause{'s' if len(tied) > 1 else ''}: {best.title}" + (
        ", …" if len(tied) > 1 else ""
    )


def quoted(symptoms: Iterable[Symptom]) -> tuple[str, ...]:
    """The texts of the symptoms, each once, cut to a length that a person reads."""
    return tuple(dict.fromkeys(one_line(symptom.text, SHOWN) for symptom in symptoms))


def _name(subject: Subject) -> str:
    return subject.name if subject.kind in (Kind.VOLUME, Kind.MOUNT) else str(subject)
