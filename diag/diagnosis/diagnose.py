"""The diagnosis of a run: one for each broken mount, claim or volume, equal ones told once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from diag.advice.platform import Platform
from diag.analysis.binding import class_of
from diag.analysis.claims import ClaimCase
from diag.analysis.nodes.attempts import Attempt, failed_attempt
from diag.analysis.pod_events import events_by_pod, phase_of
from diag.analysis.volumes import Mount
from diag.diagnosis import values as values_of
from diag.diagnosis.aside import beside_the_mounts, only_warned, with_its_account, with_own_fix
from diag.diagnosis.complaints import MatchText, of_attempt, of_claim, of_kernel, of_mount
from diag.diagnosis.path import PathFindings
from diag.diagnosis.references import causes_without_runbook
from diag.diagnosis.told import of_symptoms
from diag.diagnosis.weigh import NOT_REACHED, Evidence, weigh
from diag.diagnosis.wording import headline_of, quoted
from diag.knowledge.cause import Cause, refines
from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood
from diag.model.finding import Finding
from diag.model.subject import Kind, Subject
from diag.model.symptom import Phase, Symptom
from diag.model.unavailable import Unavailable
from diag.model.verdict import Verdict
from diag.resources.kubernetes import Event, PersistentVolume
from diag.resources.node_report import NodeReport

_TROUBLE = (Verdict.FAIL, Verdict.WARN)


class Trouble(msgspec.Struct, frozen=True):
    """One broken thing before it is weighed: what it is, what was said of it, what lies on its path."""

    subject: Subject
    path: frozenset[Subject]
    phase: Phase
    symptoms: tuple[Symptom, ...]
    find_values: Callable[[], dict[str, str]]
    """The names and ids for its runbook: sought among all nodes and pods, so only for what is told."""
    node: str = ""


def diagnose(
    findings: Sequence[Finding], facts: Mapping[str, Any], causes: Mapping[str, Cause], match: MatchText
) -> tuple[Diagnosis, ...]:
    """Every diagnosis of a run, the best supported first."""
    causes = {**causes, **causes_without_runbook(findings, causes)}
    platform = values_of.platform_of_nodes(facts)
    told = [_tell(group, causes, platform) for group in _alike(_troubles(findings, facts, causes, match), findings)]
    diagnoses = [diagnosis for diagnosis in told if diagnosis is not None]
    explained = {id for d in diagnoses for id in _confirmed(d)}
    shared = values_of.of_cluster(facts)
    diagnoses += beside_the_mounts(findings, explained, shared, causes, platform)
    return tuple(sorted(diagnoses, key=_order)) or only_warned(findings, shared, causes, platform)


def _troubles(
    findings: Sequence[Finding], facts: Mapping[str, Any], causes: Mapping[str, Cause], match: MatchText
) -> Iterable[Trouble]:
    shared = values_of.of_cluster(facts)
    mounts: Sequence[Mount] = _known(facts.get("mounts"))
    events = events_by_pod(_known(facts.get("warning_events")))
    cases: Sequence[ClaimCase] = _known(facts.get("lustre_claims"))
    unbound = {case.claim.key for case in cases if not case.is_bound}
    truths: Sequence[NodeReport] = tuple(_known(facts.get("node_truths")))
    kernel_logs = {truth.node: truth.kernel_messages or () for truth in truths}
    mounted: set[str] = set()
    heard: set[str] = set()
    for mount in mounts:
        if mount.claim.key in unbound:
            # Nothing of it was tried: the claim's own diagnosis says why.
            continue
        key = (mount.pod.metadata.namespace, mount.pod.metadata.name)
        complaints = of_mount(mount, events.get(key, ()), match)
        mounted.add(mount.volume.name)
        phase = complaints.phase if complaints else phase_of(mount.pod)
        # What would keep a pod that runs from being mounted again breaks its next start.
        phase = Phase.MOUNT if phase is Phase.USE and not complaints else phase
        symptoms = complaints.symptoms if complaints else ()
        if complaints and phase is Phase.MOUNT:
            symptoms += of_kernel(mount, kernel_logs.get(mount.node_name, ()), match)
            heard.add(mount.node_name)
        values = partial(_of_mount, mount, symptoms, shared, facts)
        yield Trouble(mount.volume.subject, frozenset(mount.path), phase, symptoms, values, mount.node_name)
    volumes: Sequence[PersistentVolume] = _known(facts.get("volumes"))
    for volume in volumes:
        if volume.name not in mounted:
            path = {volume.subject, Subject(Kind.FILE_SYSTEM, volume.handle)}
            if (ref := volume.spec.claim_ref) is not None:
                path.add(Subject(Kind.CLAIM, ref.name, ref.namespace))
            values = partial(_of_volume, volume, shared, facts)
            yield Trouble(volume.subject, frozenset(path), Phase.MOUNT, (), values)
    yield from _pending_claims(findings, facts, shared, match)
    for truth in truths:
        if truth.node not in heard and (attempt := failed_attempt(truth)) is not None:
            yield _of_attempt(truth, attempt, shared, match)


def _of_mount(
    mount: Mount, symptoms: Iterable[Symptom], shared: Mapping[str, str], facts: Mapping[str, Any]
) -> dict[str, str]:
    beneath = values_of.of_volume(mount.volume, facts)
    return {**of_symptoms(symptoms), **shared, **beneath, **values_of.of_mount(mount, facts)}


def _of_volume(volume: PersistentVolume, shared: Mapping[str, str], facts: Mapping[str, Any]) -> dict[str, str]:
    return {**shared, **values_of.of_volume(volume, facts)}


def _of_claim(
    case: ClaimCase, symptoms: Iterable[Symptom], shared: Mapping[str, str], facts: Mapping[str, Any]
) -> dict[str, str]:
    return {**of_symptoms(symptoms), **shared, **values_of.of_claim(case, facts)}


def _of_attempt(truth: NodeReport, attempt: Attempt, shared: Mapping[str, str], match: MatchText) -> Trouble:
    """A mount that failed on a node where no pod speaks of it: of a pod that is gone, or of a plain host."""
    symptoms = of_attempt(truth.node, attempt, match)
    named = {"mount_name": attempt.mount_name} if attempt.mount_name else {}
    values = {**of_symptoms(symptoms), **shared, "node": truth.node, **named}
    return Trouble(truth.subject, frozenset({truth.subject}), Phase.MOUNT, symptoms, lambda: values, truth.node)


def _pending_claims(
    findings: Sequence[Finding], facts: Mapping[str, Any], shared: Mapping[str, str], match: MatchText
) -> Iterable[Trouble]:
    cases: Sequence[ClaimCase] = _known(facts.get("lustre_claims"))
    waiting = [case for case in cases if not case.is_bound]
    about: dict[str, list[Event]] = {}
    for event in (*_known(facts.get("claim_events")), *_known(facts.get("warning_events"))) if waiting else ():
        about.setdefault(event.involved_object.name, []).append(event)
    in_vain = {finding.subject for finding in findings if finding.verdict is Verdict.FAIL}
    for case in waiting:
        complaints = of_claim(case, about.get(case.claim.metadata.name, ()), match)
        volume = case.volume or next(iter(case.kept), None)
        named = {**shared, "volume": volume.name} if volume else shared
        values = partial(_of_claim, case, complaints.symptoms, named, facts)
        path = {case.subject, Subject(Kind.STORAGE_CLASS, class_of(case.claim))}
        # A claim whose file system is being made has an event that says so, and nothing is wrong.
        symptoms = complaints.symptoms if case.complaint or case.subject in in_vain else ()
        yield Trouble(case.subject, frozenset(path), complaints.phase, symptoms, values)


def _alike(troubles: Iterable[Trouble], findings: Sequence[Finding]) -> list[list[tuple[Trouble, tuple[Finding, ...]]]]:
    """Troubles of one volume with the same failures and the same kinds of symptoms, told together."""
    groups: dict[tuple[Any, ...], list[tuple[Trouble, tuple[Finding, ...]]]] = {}
    failures = PathFindings(finding for finding in findings if finding.verdict is Verdict.FAIL)
    everything = PathFindings(findings)
    for trouble in troubles:
        failed = failures.on(trouble.path)
        if not failed and not trouble.symptoms:
            continue
        fails = tuple((f.check, f.cause, f.message) for f in failed)
        shown = tuple(sorted({(hit.cause, hit.signature) for s in trouble.symptoms for hit in s.hits}))
        key = (trouble.subject, trouble.phase, fails, shown, bool(trouble.symptoms))
        alike = groups.setdefault(key, [])
        alike.append((trouble, everything.on(trouble.path) if not alike else ()))
    return list(groups.values())


def _tell(
    group: Sequence[tuple[Trouble, tuple[Finding, ...]]], causes: Mapping[str, Cause], platform: Platform
) -> Diagnosis | None:
    trouble, on_path = group[0]
    values = trouble.find_values()
    weighed = weigh(Evidence(trouble.symptoms, on_path, values, trouble.phase, platform), causes)
    weighed = tuple(with_own_fix(cause, on_path, values) for cause in weighed)
    weighed = tuple(with_its_account(cause, values) for cause in weighed)
    if not trouble.symptoms and not any(c.verdict is Likelihood.CONFIRMED for c in weighed):
        return None
    nodes = tuple(dict.fromkeys(t.node for t, _ in group if t.node))
    best = weighed[0] if weighed else None
    decisive = next((f for f in on_path if best and f.verdict in _TROUBLE and f.cause == best.id), None)
    return Diagnosis(
        subject=trouble.subject,
        headline=headline_of(
            trouble.subject, weighed, trouble.phase, _where(nodes), decisive.message if decisive else ""
        ),
        symptoms=quoted(trouble.symptoms),
        causes=weighed,
        concerns=tuple(sorted({s for t, _ in group for s in t.path})),
        values={name: value for name, value in sorted(values.items()) if value},
        consequences=_consequences(weighed, on_path, causes),
    )


def _consequences(
    weighed: Sequence[CauseVerdict], on_path: Iterable[Finding], causes: Mapping[str, Cause]
) -> tuple[str, ...]:
    """Failures that the first broken layer explains: further along the path, the same fault seen less closely, or
    what no request has reached yet."""
    unreached = {cause.id for cause in weighed if any(text.startswith(NOT_REACHED) for text in cause.against)}
    root = next(
        (cause for cause in weighed if cause.verdict is Likelihood.CONFIRMED and cause.id not in unreached), None
    )
    later = (f for f in on_path if f.verdict is Verdict.FAIL and f.cause not in ("", root.id if root else ""))
    told = (
        f"{f.layer.value}: {NOT_REACHED if f.cause in unreached else ''}{f.message}"
        for f in later
        if f.cause in unreached
        or (root and (f.layer.depth > root.layer.depth or refines(causes[root.id], f.cause, causes)))
    )
    return tuple(dict.fromkeys(told))


def _where(nodes: Sequence[str]) -> str:
    if not nodes:
        return ""
    return f" on {nodes[0]}" if len(nodes) == 1 else f" on {len(nodes)} nodes ({nodes[0]}, …)"


def _confirmed(diagnosis: Diagnosis) -> set[str]:
    return {cause.id for cause in diagnosis.causes if cause.verdict is Likelihood.CONFIRMED}


def _order(diagnosis: Diagnosis) -> tuple[object, ...]:
    best = diagnosis.causes[0] if diagnosis.causes else None
    return (
        not diagnosis.symptoms,
        best.verdict.rank if best else 9,
        best.layer.depth if best else 99,
        diagnosis.subject.kind.value,
        diagnosis.subject,
    )


def _known(value: Any) -> Any:
    return () if value is None or isinstance(value, Unavailable) else value
