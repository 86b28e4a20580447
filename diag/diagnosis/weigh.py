"""Weighs every cause against the evidence of one mount: texts seen, checks failed, checks passed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from diag.advice.platform import UNKNOWN, Platform
from diag.advice.runbook import fix_of, look_at
from diag.grammar.command import fill_sentence
from diag.grammar.regex import compiled
from diag.knowledge.cause import Cause, Severity, Stage, Weight, When, refines
from diag.model.diagnosis import CauseVerdict, Likelihood
from diag.model.finding import Finding
from diag.model.layer import Layer
from diag.model.symptom import Hit, Phase, Symptom
from diag.model.verdict import Verdict

_BY_WEIGHT = {
    Weight.DECISIVE.value: Likelihood.CONFIRMED,
    Weight.STRONG.value: Likelihood.LIKELY,
    Weight.WEAK.value: Likelihood.POSSIBLE,
}

NOT_REACHED = "not reached yet: "
"""Begins what speaks against a cause that could only stop a request after another one has stopped it."""

_WITHOUT_CREDENTIALS = (
    r"failed to (?:refresh cached|retrieve|load) credentials|get credentials: |WebIdentityErr|operation error STS: "
    r"|is not authorized to perform: sts:"
)
"""What the driver's SDK says of a request that it could not even sign. Source: aws-sdk-go and aws-sdk-go-v2."""

_ANSWERED = (
    r"(?i:status ?code): [1-9]|\bapi error |AccessDenied|InvalidIdentityToken|ExpiredToken|ValidationError"
    r"|is not authorized to perform"
)
"""What the driver's SDK says of a request that a service of AWS answered. Source: the same."""

_FEW_TEXTS = 20
_QUOTED = 240
_OBSERVATIONS = 3
"""How many single observations to name for an open cause."""


class Evidence(msgspec.Struct, frozen=True):
    """What is known about one mount, one claim or one pasted text."""

    symptoms: tuple[Symptom, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Findings on its path alone."""
    values: dict[str, str] = {}
    """Names and ids of this incident, for the commands."""
    phase: Phase | None = None
    """The operation that fails, None when not told: then every cause counts."""
    platform: Platform = UNKNOWN
    """Where the reader's machines are: advice must fit."""


class _Case(msgspec.Struct):
    cause: Cause
    likelihood: Likelihood
    for_: list[str]
    against: list[str]
    seen: bool
    """A text shows it, not a check alone."""
    found: bool = False
    """A check found it on this path."""
    strong: bool = False
    """A text mostly means it, and nothing in the texts themselves refutes it."""
    is_first: bool = False
    """It came before the loss of the connection that the texts show, and explains it."""
    after: str = ""
    """The id of a cause that stops the request before this one could; empty where none does."""


def weigh(evidence: Evidence, causes: Mapping[str, Cause]) -> tuple[CauseVerdict, ...]:
    """Every cause that the evidence speaks of, best first.

    Order: what stops the driver before it has credentials before what a check found and no request can reach yet;
    confirmed before likely before possible before ruled out; within one, what came before the loss of a connection,
    the specific before its broader one,
    what both a text and a check show, what a text shows, then the first broken layer of the mount path.
    """
    hits = _hits_by_cause(evidence.symptoms)
    fails = _by_cause(evidence.findings, Verdict.FAIL)
    warned = _by_cause(evidence.findings, Verdict.WARN)
    warns = {
        id: own
        for id, own in warned.items()
        if id in hits or any(id in causes and refines(causes[id], seen, causes) for seen in hits)
    }
    passes = _by_refuted(evidence.findings)
    cases = []
    for id in dict.fromkeys((*hits, *fails, *warns, *passes)):
        cause = causes.get(id)
        if cause is None or not _breaks(cause, evidence.phase):
            continue
        case = _judge(cause, hits.get(id, ()), fails.get(id, ()), warns.get(id, ()), passes.get(id, ()), evidence)
        if case is not None:
            cases.append(case)
    _put_first(cases, evidence, causes)
    _put_after_credentials(cases, evidence)
    _yield_to_confirmed(cases, causes)
    _leave_something_open(cases)
    _open_what_is_warned_of(cases, warned, evidence, causes)
    ordered = sorted(cases, key=lambda case: _order(case, cases, causes))
    return tuple(_tell(case, evidence, cases) for case in ordered)


def _judge(
    cause: Cause,
    hits: Sequence[Hit],
    fails: Sequence[Finding],
    warns: Sequence[Finding],
    passes: Sequence[Finding],
    evidence: Evidence,
) -> _Case | None:
    for_ = list(dict.fromkeys(_says(cause, hit) for hit in hits))
    passes = [finding for finding in passes if not _all_beyond(cause, hits, finding.check)]
    against = [f"{finding.message} (check {finding.check})" for finding in passes]
    against += _texts_against(cause, evidence.symptoms)
    seen = bool(hits)
    for_ = [f"{finding.message} (check {finding.check})" for finding in (*fails, *warns)] + for_
    if fails:
        return _Case(cause, Likelihood.CONFIRMED, for_, against, seen, found=True)
    likelihood = min(
        (_BY_WEIGHT[hit.weight] for hit in hits if hit.weight in _BY_WEIGHT), key=lambda x: x.rank, default=None
    )
    if warns and not against and likelihood is not Likelihood.CONFIRMED:
        # The text fits and something on the path may well do it, though not surely enough to fail.
        return _Case(cause, Likelihood.LIKELY, for_, against, seen, found=True)
    if likelihood is None:
        return _Case(cause, Likelihood.RULED_OUT, for_, against, seen=False) if passes and not hits else None
    mostly = likelihood in (Likelihood.CONFIRMED, Likelihood.LIKELY) and len(against) == len(passes)
    if against:
        # What a program itself said outlives a check that passes now (the text may be older than the mend).
        likelihood = Likelihood.POSSIBLE if likelihood is Likelihood.CONFIRMED else Likelihood.RULED_OUT
    return _Case(cause, likelihood, for_, against, seen, strong=mostly)


def _put_first(cases: list[_Case], evidence: Evidence, causes: Mapping[str, Cause]) -> None:
    """What came before a connection was lost explains the loss: what the lost connection alone shows is possible still.

    Where the node or the mount itself went, no server is at fault.
    """
    first = next((symptom for symptom in evidence.symptoms if symptom.precursor), None)
    if first is None:
        return
    from diag.knowledge.precursors import precursor, precursors_table

    kind = precursor(first.precursor)
    cause = causes.get(kind.cause)
    if cause is not None and _breaks(cause, evidence.phase):
        known = next((case for case in cases if case.cause is cause), None)
        case = known or _Case(cause, Likelihood.RULED_OUT, [], [], seen=True)
        if known is None:
            cases.append(case)
        case.is_first = True
        case.likelihood = min(case.likelihood, Likelihood(kind.verdict), key=lambda likelihood: likelihood.rank)
        case.for_.insert(0, f"before {kind.before}, {came_first(first)}: “{first.text[:_QUOTED]}”")
    is_loss = compiled(precursors_table().any_loss).search
    others = {hit.cause for s in evidence.symptoms if not is_loss(s.text) for hit in s.hits}
    for case in cases:
        if case.is_first or case.found or case.cause.id in others:
            continue
        if case.likelihood not in (Likelihood.LIKELY, Likelihood.POSSIBLE):
            continue
        of_server = kind.ends and case.cause.layer is Layer.FILE_SYSTEM
        case.likelihood = Likelihood.RULED_OUT if of_server else Likelihood.POSSIBLE
        case.against.append(f"{came_first(first)} before the connection was lost, and that explains it")


def came_first(symptom: Symptom) -> str:
    """What came before the loss of a connection, and where it was read."""
    from diag.knowledge.precursors import precursor

    return precursor(symptom.precursor).says + (f" ({symptom.origin})" if symptom.origin else "")


def _put_after_credentials(cases: Sequence[_Case], evidence: Evidence) -> None:
    """Where the driver gets no credentials, what AWS would refuse a request for is found by checks alone, and waits.

    So does what would leave it without an answer, where the texts say that AWS answered and gave no credentials.
    What keeps the driver from running, or the claim from being provisioned at all, comes earlier than either.
    """
    if evidence.phase not in (None, Phase.PROVISION):
        return
    unsigned = {
        hit.cause
        for symptom in evidence.symptoms
        if compiled(_WITHOUT_CREDENTIALS).search(symptom.text)
        for hit in symptom.hits
    }
    gates = [
        case
        for case in cases
        if (case.cause.stage is not None or case.cause.id in unsigned)
        and case.likelihood in (Likelihood.CONFIRMED, Likelihood.LIKELY)
    ]
    ids = {case.cause.id for case in gates}
    if any(compiled(_ANSWERED).search(s.text) and any(hit.cause in ids for hit in s.hits) for s in evidence.symptoms):
        gates = [case for case in gates if case.seen or case.cause.stage is not Stage.CONNECTION]
    if not gates:
        return
    gate = min(gates, key=lambda case: case.likelihood.rank)
    for case in cases:
        earlier = case.cause.layer is Layer.DRIVER or Phase.SCHEDULE in case.cause.phase
        if case not in gates and case.found and not case.seen and not earlier:
            case.after = gate.cause.id
            case.against.append(f"{NOT_REACHED}{gate.cause.id} stops the request before it")


def _yield_to_confirmed(cases: list[_Case], causes: Mapping[str, Cause]) -> None:
    """Once a cause is confirmed that the texts also show, the others that share its texts are no longer likely."""
    confirmed = [case for case in cases if case.likelihood is Likelihood.CONFIRMED and not case.after]
    best = next((case for case in confirmed if case.seen), confirmed[0] if confirmed else None)
    if best is None:
        return
    for case in cases:
        if (
            case.likelihood is Likelihood.LIKELY
            and not case.is_first
            and not refines(best.cause, case.cause.id, causes)
        ):
            case.likelihood = Likelihood.POSSIBLE
            case.against.append(f"{best.cause.id} is confirmed and shows the same text")


def _leave_something_open(cases: list[_Case]) -> None:
    """Where checks refute every cause that a text speaks for, what it mostly means stays possible.

    A text that somebody saw has a cause; the checks then looked from elsewhere, or at another time.
    """
    if any(case.likelihood is not Likelihood.RULED_OUT for case in cases):
        return
    for case in cases:
        if case.strong:
            case.likelihood = Likelihood.POSSIBLE


def _open_what_is_warned_of(
    cases: list[_Case], warned: Mapping[str, Sequence[Finding]], evidence: Evidence, causes: Mapping[str, Cause]
) -> None:
    """Where nothing that was seen or found is left, what a check warns of on this very path is possible."""
    if not cases or any(case.likelihood is not Likelihood.RULED_OUT for case in cases):
        return
    known = {case.cause.id for case in cases}
    for id, own in warned.items():
        cause = None if id in known else causes.get(id)
        if cause is not None and cause.severity is Severity.BLOCKS and _breaks(cause, evidence.phase):
            for_ = [f"{finding.message} (check {finding.check})" for finding in own]
            cases.append(_Case(cause, Likelihood.POSSIBLE, for_, [], seen=False, found=True))


def _order(case: _Case, cases: Sequence[_Case], causes: Mapping[str, Cause]) -> tuple[object, ...]:
    refined = any(
        other is not case and other.likelihood is case.likelihood and refines(other.cause, case.cause.id, causes)
        for other in cases
    )
    return (
        bool(case.after),
        case.likelihood.rank,
        not case.is_first,
        refined,
        not (case.seen and case.found),
        not case.seen,
        case.cause.layer.depth,
        case.cause.id,
    )


def _tell(case: _Case, evidence: Evidence, cases: Sequence[_Case]) -> CauseVerdict:
    cause = case.cause
    open_ = case.likelihood in (Likelihood.LIKELY, Likelihood.POSSIBLE)
    settled = any(other.likelihood is Likelihood.CONFIRMED and not other.after for other in cases)
    values, platform = evidence.values, evidence.platform
    next_: tuple[str, ...] = ()
    if open_ and not settled:
        next_ = tuple(look_at(observation, values, platform) for observation in cause.confirm[:_OBSERVATIONS])
    fixes = case.likelihood in (Likelihood.CONFIRMED, Likelihood.LIKELY)
    seen = {hit.signature for symptom in evidence.symptoms for hit in symptom.hits if hit.cause == cause.id}
    return CauseVerdict(
        id=cause.id,
        title=cause.title,
        verdict=case.likelihood,
        layer=cause.layer,
        broader=cause.broader,
        for_=tuple(case.for_),
        against=tuple(case.against),
        next=next_,
        fix=fix_of(cause, values, platform, _passed(evidence.findings), seen) if fixes else None,
        url=cause.url,
    )


def _passed(findings: Iterable[Finding]) -> frozenset[str]:
    """Checks that found nothing wrong anywhere on the path."""
    by_verdict: dict[bool, set[str]] = {True: set(), False: set()}
    for finding in findings:
        if finding.verdict is not Verdict.SKIP:
            by_verdict[finding.verdict is Verdict.PASS].add(finding.check)
    return frozenset(by_verdict[True] - by_verdict[False])


def _all_beyond(cause: Cause, hits: Sequence[Hit], check: str) -> bool:
    """Whether every text that shows the cause is about something that this check does not look at."""
    beyond = {signature.id for signature in cause.signatures if check in signature.beyond}
    return bool(hits) and all(hit.signature in beyond for hit in hits)


def _says(cause: Cause, hit: Hit) -> str:
    signature = next((s for s in cause.signatures if s.id == hit.signature), None)
    if signature is not None and signature.says:
        return fill_sentence(signature.says, dict(hit.groups))
    return f"“{hit.text}”"


def _texts_against(cause: Cause, symptoms: Iterable[Symptom]) -> list[str]:
    texts = [(symptom.text, any(hit.cause == cause.id for hit in symptom.hits)) for symptom in symptoms]
    first = next((number for number, (_, shows) in enumerate(texts) if shows), len(texts))
    return [
        refutation.says
        for refutation in cause.rule_out
        if refutation.pattern
        and _is_in_any(
            refutation.pattern,
            [text for text, _ in (texts[:first] if refutation.when is When.EARLIER else texts)],
        )
    ]


def _is_in_any(pattern: str, texts: Sequence[str]) -> bool:
    search = compiled(pattern).search
    if len(texts) > _FEW_TEXTS and not search("\n".join(texts)) and "^" not in pattern and "$" not in pattern:
        return False
    return any(search(text) for text in texts)


def _breaks(cause: Cause, phase: Phase | None) -> bool:
    return phase is None or phase in cause.phase


def _hits_by_cause(symptoms: Iterable[Symptom]) -> dict[str, list[Hit]]:
    found: dict[str, list[Hit]] = {}
    for symptom in symptoms:
        for hit in symptom.hits:
            found.setdefault(hit.cause, []).append(hit)
    return found


def _by_cause(findings: Iterable[Finding], verdict: Verdict) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.verdict is verdict and finding.cause:
            found.setdefault(finding.cause, []).append(finding)
    return found


def _by_refuted(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        for id in finding.rules_out:
            found.setdefault(id, []).append(finding)
    return found
