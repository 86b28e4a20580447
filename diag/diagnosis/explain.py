"""The diagnosis of texts alone, without a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from diag.advice.platform import platform_of
from diag.diagnosis.aside import with_own_fix
from diag.diagnosis.told import of_symptoms
from diag.diagnosis.weigh import Evidence, came_first, weigh
from diag.diagnosis.wording import headline_of, quoted
from diag.knowledge.cause import Cause
from diag.knowledge.precursors import precursor
from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood, best_of
from diag.model.subject import Kind, Subject
from diag.model.symptom import MountRef, Phase, Symptom
from diag.model.verdict import Verdict
from diag.texts.line import normalise, read_prefix
from diag.texts.owner import Owner, mentions_lustre

COLLECT = (
    "the kubelet's newest FailedMount event: kubectl describe pod <pod> -n <namespace>",
    "the node's kernel log: dmesg -T | grep -iE 'lustre|lnet'",
    "the driver's log on that node: kubectl logs -n kube-system -l app=fsx-csi-node -c fsx-plugin --tail=200",
)
"""What to collect when a text is not recognised."""

DRIVER_NAMESPACE = "kube-system"
"""Where chart, kustomization and add-on put the driver. Source: aws-fsx-csi-driver v1.9.0, docs/install.md."""

_TELLING = ("cause", "consequence", "server", "context", "harmless")
_MOST_READ = 50
_MOST_READINGS = 4
_MOST_ORIGINS = 50

WHOLE_TEXT = Subject(Kind.TEXT, "the given text")
OF_OTHERS = {
    Owner.ANOTHER: "not recognised: the given text is about another file system or storage driver, and names nothing "
    "of Lustre",
    Owner.SERVER: "no client's fault: the given text is of a Lustre server, about its own targets or modules",
}
NOTHING_FOUND = (
    "not recognised: nothing in the given text is known to show why a Lustre mount fails "
    "(kubelet's “timed out waiting for the condition” only sums up an earlier event)"
)

NO_CAUSE_NAMED = "the given text names no cause of a failing Lustre mount, though who prints it is known"


def explain(
    groups: Iterable[tuple[MountRef, tuple[Symptom, ...]]],
    causes: Mapping[str, Cause],
    mounted: Sequence[str] = (),
    *,
    owner: Owner = Owner.OPEN,
    unknown: str = "",
) -> tuple[Diagnosis, ...]:
    """One diagnosis for each group of symptoms, best supported first.

    A group whose texts show no known cause gets a diagnosis without causes that says so: nothing is guessed. Where
    there is no group, `mounted` are the file systems that the texts show mounted; `owner` says whose failure the
    texts are about. `unknown` is the one text that was given, where nothing in it shows a
    cause: what its messages are and the known texts that it resembles are added.
    """
    found = [_explain_one(mount, symptoms, causes) for mount, symptoms in groups]
    if not found and mounted:
        headline = f"the mount succeeded: {', '.join(mounted)} is mounted, and nothing in the given text fails"
        return (Diagnosis(WHOLE_TEXT, headline, gravity=Verdict.PASS),)
    if not found and owner in OF_OTHERS:
        return (Diagnosis(WHOLE_TEXT, OF_OTHERS[owner]),)
    if not found:
        reads = _readings_of_lines(unknown)
        found = [Diagnosis(WHOLE_TEXT, NO_CAUSE_NAMED if reads else NOTHING_FOUND, reads=reads)]
    if unknown:
        from diag.texts.resembles import resembling

        alike = resembling(unknown, causes.values(), messages=not found[0].reads)
        found[0] = msgspec.structs.replace(found[0], resembles=alike)
    return tuple(sorted(found, key=lambda d: (not d.causes, d.causes[0].verdict.rank if d.causes else 0)))


def _readings_of_lines(text: str) -> tuple[str, ...]:
    """What the lines of a text that speaks of Lustre are."""
    if not mentions_lustre(text):
        return ()
    return _readings_of(normalise(line[read_prefix(line).length :]) for line in text.splitlines()[:_MOST_READ])


def _readings_of(texts: Iterable[str]) -> tuple[str, ...]:
    """What normalised texts without a known cause are, the most telling first; an event is read part by part."""
    from diag.texts.recognise import recognise_parts

    known = [found for _, found in recognise_parts(texts)]
    known.sort(key=lambda found: (not found.id, _TELLING.index(found.role.value)))
    return tuple(dict.fromkeys(str(found) for found in known))[:_MOST_READINGS]


def _origins_of(symptoms: tuple[Symptom, ...]) -> tuple[str, ...]:
    """`messages.log:812 (7 times)`; texts without a name are not worth a place."""
    named = (symptom for symptom in symptoms if symptom.origin and not symptom.origin.startswith("line "))
    places = (place for symptom in named for place in symptom.places or ((symptom.origin, symptom.count),))
    said = tuple(dict.fromkeys(f"{origin} ({times} times)" if times > 1 else origin for origin, times in places))
    more = (f"and {len(said) - _MOST_ORIGINS} more places",) if len(said) > _MOST_ORIGINS else ()
    return (*said[:_MOST_ORIGINS], *more)


def _explain_one(mount: MountRef, symptoms: tuple[Symptom, ...], causes: Mapping[str, Cause]) -> Diagnosis:
    phases = {symptom.phase for symptom in symptoms if not symptom.precursor}
    phase: Phase | None = phases.pop() if len(phases) == 1 else None
    values = {"driver_namespace": DRIVER_NAMESPACE, **of_symptoms(symptoms)}
    platform = platform_of(symptom.text for symptom in symptoms)
    weighed = weigh(Evidence(symptoms, (), values, phase, platform), causes)
    weighed = tuple(with_own_fix(cause, (), values) for cause in weighed)
    if phase is None and weighed and len(causes[weighed[0].id].phase) == 1:
        (phase,) = causes[weighed[0].id].phase
    subject = _subject(mount)
    reads = () if best_of(weighed) else _readings_of(symptom.text for symptom in symptoms[:_MOST_READ])
    headline = headline_of(subject, weighed, phase, is_known=bool(reads))
    if (first := next((symptom for symptom in symptoms if symptom.precursor), None)) is not None:
        headline = _with_first(headline, subject, first, weighed)
    return Diagnosis(
        subject, headline, quoted(symptoms), weighed, values=values, reads=reads, origins=_origins_of(symptoms)
    )


def _with_first(headline: str, subject: Subject, first: Symptom, causes: Sequence[CauseVerdict]) -> str:
    """The headline with what came before the failure; alone where no cause of ours is known by it."""
    best = best_of(causes)
    if best is not None and (best.verdict is Likelihood.CONFIRMED or precursor(first.precursor).cause):
        return f"{headline}; before it, {came_first(first)}"
    what = subject.name if subject.kind in (Kind.VOLUME, Kind.MOUNT) else "the mounted file system"
    return f"{what} lost its connection after {came_first(first)}; no fault of its configuration is shown"


def _subject(mount: MountRef) -> Subject:
    if mount.volume:
        return Subject(Kind.VOLUME, mount.volume)
    if mount.source:
        return Subject(Kind.MOUNT, mount.source)
    if mount.pod:
        namespace, _, name = mount.pod.rpartition("/")
        return Subject(Kind.POD, name, namespace)
    return Subject(Kind.NODE, mount.node) if mount.node else WHOLE_TEXT
