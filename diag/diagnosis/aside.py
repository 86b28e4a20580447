"""Diagnoses of what no broken mount or claim carries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from diag.advice.platform import Platform
from diag.advice.runbook import fix_of
from diag.advice.steps import caution
from diag.advice.verify import values_of, with_verify
from diag.diagnosis.weigh import Evidence, weigh
from diag.knowledge.cause import Cause
from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood
from diag.model.finding import Finding
from diag.model.layer import Layer
from diag.model.subject import Subject
from diag.model.verdict import Verdict


def beside_the_mounts(
    findings: Sequence[Finding],
    explained: set[str],
    values: Mapping[str, str],
    causes: Mapping[str, Cause],
    platform: Platform,
) -> list[Diagnosis]:
    """One for each subject with failures that the mounts' diagnoses do not name: what breaks the next provisioning."""
    rest: dict[Subject, list[Finding]] = {}
    for finding in findings:
        if finding.verdict is Verdict.FAIL and finding.cause and finding.cause not in explained:
            rest.setdefault(finding.subject, []).append(finding)
    found = []
    for subject, own in rest.items():
        known = {**values, **values_of(subject)}
        evidence = Evidence((), tuple(own), known, platform=platform)
        weighed = tuple(with_own_fix(cause, own, known) for cause in weigh(evidence, causes))
        if weighed:
            found.append(Diagnosis(subject, f"{subject}: {own[0].message}", (), weighed, values=known))
    return found


def only_warned(
    findings: Sequence[Finding], values: Mapping[str, str], causes: Mapping[str, Cause], platform: Platform
) -> tuple[Diagnosis, ...]:
    """Where nothing fails: one for each cause that a warning names, the first layer first; none is confirmed."""
    warned: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda f: f.layer.depth):
        if finding.verdict is Verdict.WARN and finding.cause in causes:
            warned.setdefault(finding.cause, []).append(finding)
    return tuple(_warning(causes[id], own, values, platform) for id, own in warned.items())


def _warning(cause: Cause, own: Sequence[Finding], values: Mapping[str, str], platform: Platform) -> Diagnosis:
    first = own[0]
    known = {**values, **values_of(first.subject)}
    fix = first.fix or fix_of(cause, known, platform)
    told = CauseVerdict(
        id=cause.id,
        title=cause.title,
        verdict=Likelihood.POSSIBLE,
        layer=cause.layer,
        broader=cause.broader,
        for_=tuple(f"{finding.message} (check {finding.check})" for finding in own),
        fix=with_verify(fix, known) if fix else None,
        url=cause.url,
    )
    headline = f"{first.subject}: {first.message}"
    return Diagnosis(first.subject, headline, (), (told,), values=known, gravity=Verdict.WARN)


ELSEWHERE = (
    "the role is of account {role_account}, the cluster of {account}: role, trust policy and identity provider are"
    " changed there, with credentials of {role_account}"
)


def with_its_account(cause: CauseVerdict, values: Mapping[str, str]) -> CauseVerdict:
    """Where the controller's role is another account's, its fix begins with whose."""
    if cause.fix is None or cause.layer is not Layer.IDENTITY or not values.get("role_account"):
        return cause
    fix = msgspec.structs.replace(cause.fix, steps=(caution(ELSEWHERE, values), *cause.fix.steps))
    return msgspec.structs.replace(cause, fix=fix)


_TROUBLE = (Verdict.FAIL, Verdict.WARN)


def with_own_fix(cause: CauseVerdict, findings: Iterable[Finding], values: Mapping[str, str]) -> CauseVerdict:
    """The failing check's own commands before the runbook's: it knows this incident's values best."""
    own = [finding for finding in findings if finding.cause == cause.id and finding.fix and finding.verdict in _TROUBLE]
    fix = min(own, key=lambda finding: finding.verdict is Verdict.WARN).fix if own else cause.fix
    return msgspec.structs.replace(cause, fix=with_verify(fix, values)) if fix else cause
