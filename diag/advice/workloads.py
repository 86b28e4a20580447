"""Stopping what runs pods, so that none of them holds a claim, and starting it again; and replacing its pods.

A pod that is deleted comes back at once when something owns it, and a claim stays until the last pod that uses it is
gone. Source: Kubernetes documentation, storage object in use protection.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from diag.advice.steps import (
    Values,
    caution,
    change,
    guard,
    note,
    person,
    save_object,
    undo,
    wait,
    write_copy,
)
from diag.grammar.command import Value
from diag.model.fix import Danger, Step, StepKind

if TYPE_CHECKING:
    from diag.resources.kubernetes import Pod

_PAUSED = "lustre-doctor.paused"
PODS_ARE_REPLACED = "Replace the pods. The new ones mount their volumes again."
PODS_ARE_CHANGED = "Change the template of the pods. New pods with the change replace the old ones."


class Owner(NamedTuple):
    """What runs pods: a controller, or a pod by itself."""

    namespace: str
    kind: str
    name: str
    replicas: int
    pod: str = ""
    """One of its pods, best one that has not started."""


class Pause(NamedTuple):
    """The steps before and after whatever must not be disturbed by pods."""

    stop: tuple[Step, ...]
    start: tuple[Step, ...]


def owners_of(pods: Iterable[Pod]) -> tuple[Owner, ...]:
    """Who owns the pods, with the number of its pods; a ReplicaSet counts as its Deployment."""
    found: dict[tuple[str, str, str], list[Pod]] = {}
    for pod in pods:
        owner = next(iter(pod.metadata.owner_references or ()), None)
        kind, name = (owner.kind, owner.name) if owner else ("Pod", pod.metadata.name)
        template = pod.metadata.label("pod-template-hash")
        if kind == "ReplicaSet" and template and name.endswith(f"-{template}"):
            kind, name = "Deployment", name.removesuffix(f"-{template}")
        key = (pod.metadata.namespace, kind, name)
        found.setdefault(key, []).append(pod)
    return tuple(Owner(*key, len(of_it), _hanging(of_it)) for key, of_it in found.items())


def _hanging(pods: Sequence[Pod]) -> str:
    return next((pod for pod in pods if pod.status.phase == "Pending"), pods[0]).metadata.name


def pause(owners: Iterable[Owner]) -> Pause:
    """Stop every owner's pods, and start as many again."""
    pauses = [_pause(owner) for owner in owners]
    return Pause(tuple(s for one in pauses for s in one.stop), tuple(s for one in pauses for s in one.start))


def _names(owner: Owner) -> dict[str, Value]:
    return {
        "namespace": owner.namespace,
        "name": owner.name,
        "workload": f"{owner.kind.lower()}/{owner.name}",
        "replicas": str(owner.replicas),
        "pod": owner.pod,
    }


def _pause(owner: Owner) -> Pause:
    names = _names(owner)
    match owner.kind:
        case "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController":
            scale = "kubectl -n {namespace} scale {workload}"
            stop, start = f"{scale} --replicas=0", f"{scale} --replicas={{replicas}}"
        case "Job" | "CronJob":
            patch = "kubectl -n {namespace} patch {workload} --type=merge -p"
            stop, start = (
                f"""{patch} '{{"spec":{{"suspend":true}}}}'""",
                f"""{patch} '{{"spec":{{"suspend":false}}}}'""",
            )
        case "DaemonSet":
            selector = {"spec": {"template": {"spec": {"nodeSelector": {_PAUSED: "true"}}}}}
            undone = {"spec": {"template": {"spec": {"nodeSelector": {_PAUSED: None}}}}}
            patch = "kubectl -n {namespace} patch {workload} --type=merge -p {patch}"
            return Pause((_stops(patch, {**names, "patch": selector}),), (change(patch, {**names, "patch": undone}),))
        case "Pod":
            return _replace_pod(names, {})
        case _:
            request = (
                "Stop {workload} in namespace {namespace}, which owns pods of this claim. Start it again at the end."
            )
            return Pause((caution(request, names, danger=Danger.INTERRUPTS),), ())
    return Pause((_stops(stop, names),), (change(start, names, changes="Start the pods again."),))


def _stops(command: str, names: Values) -> Step:
    return change(command, names, changes="Stop the pods that use the claim.", danger=Danger.INTERRUPTS)


def renew(owners: Iterable[Owner], pod: Mapping[str, Any] | None = None) -> tuple[Step, ...]:
    """Replace the pods of every owner; with `pod`, by pods whose metadata or spec differ in that."""
    return tuple(step for owner in owners for step in _renew(owner, pod or {}))


NOT_READY = (
    "A StatefulSet replaces no pod while one of its pods is not Ready. Then delete the pod that hangs:"
    " `kubectl -n {namespace} delete pod {pod}`"
)
"""With podManagementPolicy OrderedReady, which is the default.

Source: kubernetes issue 67250; Kubernetes documentation, StatefulSets, forced rollback; stateful_set_control.go,
processReplica.
"""


def _renew(owner: Owner, pod: Mapping[str, Any]) -> tuple[Step, ...]:
    names = _names(owner)
    if owner.kind == "Pod":
        stopped = _replace_pod(names, pod)
        return (*stopped.stop, *stopped.start)
    if owner.kind == "Job" and pod:
        return _replace_job(names, pod)
    if owner.kind in ("Job", "ReplicaSet", "ReplicationController") and not pod:
        paused = _pause(owner)
        return (*paused.stop, *paused.start)
    if owner.kind not in ("Deployment", "StatefulSet", "DaemonSet"):
        request = "Replace the pods of {workload} in namespace {namespace}"
        return (person(f"{request} by pods with {shlex.quote(json.dumps(pod))}." if pod else f"{request}.", names),)
    if not pod:
        again = "kubectl -n {namespace} rollout restart {workload}"
        return (*_not_ready(names), change(again, names, changes=PODS_ARE_REPLACED, danger=Danger.INTERRUPTS))
    return renew_by_name(names, pod)


def renew_by_name(values: Values, pod: Mapping[str, Any]) -> tuple[Step, ...]:
    """Replace the pods of a Deployment, StatefulSet or DaemonSet by pods that differ in that; its name may be open."""
    names = {**values, "patch": {"spec": {"template": pod}}}
    patch = "kubectl -n {namespace} patch {workload} --type=merge -p {patch}"
    back = undo("kubectl -n {namespace} rollout undo {workload}", names)
    replaced = change(patch, names, changes=PODS_ARE_CHANGED, danger=Danger.INTERRUPTS)
    if values.get("workload"):
        return (*_not_ready(values), replaced, back)
    rolled = wait("kubectl -n {namespace} rollout status {workload} --timeout=10m", values)
    return (note(_TAKES_NO_PATCH), note(_TAKEN_BACK), *_not_ready(values), replaced, rolled, back)


def _not_ready(values: Values) -> tuple[Step, ...]:
    """What a rollout does not do, for an owner that is a StatefulSet or may be one."""
    kind = str(values.get("workload", "")).partition("/")[0]
    return (note(NOT_READY, values),) if kind in ("", "statefulset") else ()


_TAKEN_BACK = "Make the same change in the workload's manifest or chart, or its next run takes it back."

_TAKES_NO_PATCH = (
    "This is for a Deployment, StatefulSet or DaemonSet. A Job, or a pod that nothing owns, cannot be changed: save it,"
    " write what stands under template into the copy, delete it and apply the copy. In a CronJob change its"
    " jobTemplate."
)


def _replace_job(names: dict[str, Value], pod: Mapping[str, Any]) -> tuple[Step, ...]:
    """A Job whose pods differ in that. Its template cannot be edited, and names the old Job's uid.

    Source: Kubernetes API validation, spec.template of a Job; pkg/registry/batch/job/strategy.go, generateSelector.
    """
    template = {**pod, "metadata": {**pod.get("metadata", {}), "labels": dict.fromkeys(_UID_LABELS)}}
    spec = {"selector": None, "template": template}
    patch = {"spec": spec}
    again = "Delete the Job and create its changed copy, which begins again from its start."
    return (
        save_object("kubectl -n {namespace} get job {name}", "job-{name}", names),
        write_copy("job-{name}", patch, names),
        guard("test -s job-{name}.after.yaml", names),
        change("kubectl -n {namespace} delete job {name} --cascade=foreground", names, danger=Danger.INTERRUPTS),
        change("kubectl create -f job-{name}.after.yaml", names, changes=again),
    )


_UID_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")


def _replace_pod(names: dict[str, Value], pod: Mapping[str, Any]) -> Pause:
    """A pod that nothing owns is saved, deleted, and made again from the saved file."""
    spec = {**pod.get("spec", {}), "nodeName": None}
    patch = {**pod, "spec": spec}
    return Pause(
        (
            save_object("kubectl -n {namespace} get pod {name}", "pod-{name}", names),
            write_copy("pod-{name}", patch, names),
            guard("test -s pod-{name}.after.yaml", names),
            change("kubectl -n {namespace} delete pod {name} --wait=false", names, danger=Danger.INTERRUPTS),
        ),
        (
            guard("kubectl -n {namespace} wait --for=delete pod/{name} --timeout=5m", names),
            change("kubectl create -f pod-{name}.after.yaml", names, changes="Start the pod again."),
        ),
    )


def ask_to_stop(values: Values, kind: StepKind = StepKind.CAUTION) -> Pause:
    """Stop the pods where what owns them is not known: the usual owner by commands, the others by what is said."""
    described, patched = "kubectl -n {namespace} describe pvc {claim}", "kubectl -n {namespace} patch job/NAME -p"
    scale = "kubectl -n {namespace} scale {workload}"
    pods = person(
        f"Find what owns pods of the claim: `{described}` lists the pods under Used By. Pause what scales the owners"
        " back (a GitOps tool, KEDA). If start-pods-of-{claim}.before.sh is there from an earlier day, remove it.",
        values,
        kind=kind,
    )
    others = (
        f"""A Job or CronJob: suspend it instead, `{patched} '{{"spec":{{"suspend":true}}}}'`. A Job's pods end, and"""
        " start anew later. Suspend the Jobs of a CronJob too.",
        "A DaemonSet, or a pod that nothing owns: save it and delete it instead.",
    )
    again = (
        "The file has a line for each that you stopped. What you stopped in another way: use the same patch with false,"
        " or apply what you saved."
    )
    return Pause(
        (
            pods,
            *(note(one, values) for one in others),
            guard(KEEP_REPLICAS, values),
            change(
                f"{scale} --replicas=0",
                values,
                changes="Stop the Deployments and StatefulSets that own pods of the claim, once for each. A file gets"
                " the commands that start them again. Go on after an error only if that one has no pods any more.",
                danger=Danger.INTERRUPTS,
            ),
        ),
        (note(again), change(START_AGAIN, values, changes="Start as many pods as before.")),
    )


KEEP_REPLICAS = (
    "sh -c 'kubectl -n {namespace} get {workload} -o jsonpath=\"kubectl -n {namespace} scale {workload}"
    ' --replicas={.spec.replicas}{\\"\\n\\"}" | grep "=[1-9]" >> start-pods-of-{claim}.before.sh\''
)
"""Each of several owners has its line. For one that is at 0 it ends with an error, and the file keeps what it has."""
START_AGAIN = "sh start-pods-of-{claim}.before.sh"
