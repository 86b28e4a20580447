"""Stopping what runs pods, so that none of them holds a claim, and starting it again.

A pod that is deleted comes back at once when something owns it, and a claim stays until the last pod that uses it is
gone. Source: Kubernetes documentation, storage object in use protection.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from diag.advice.steps import caution, change, guard, save
from diag.grammar.command import Value
from diag.model.fix import Danger, Step
from diag.resources.kubernetes import Pod

_PAUSED = "lustre-doctor.paused"
_OF_THE_OLD_POD = {
    "metadata": {"uid": None, "resourceVersion": None},
    "spec": {"nodeName": None},
    "status": None,
}


class Owner(NamedTuple):
    """What runs pods: a controller, or a pod by itself."""

    namespace: str
    kind: str
    name: str
    replicas: int


class Pause(NamedTuple):
    """The steps before and after whatever must not be disturbed by pods."""

    stop: tuple[Step, ...]
    start: tuple[Step, ...]


def owners_of(pods: Iterable[Pod]) -> tuple[Owner, ...]:
    """Who owns the pods, with the number of its pods; a ReplicaSet counts as its Deployment."""
    found: dict[tuple[str, str, str], int] = {}
    for pod in pods:
        owner = next(iter(pod.metadata.owner_references or ()), None)
        kind, name = (owner.kind, owner.name) if owner else ("Pod", pod.metadata.name)
        template = pod.metadata.label("pod-template-hash")
        if kind == "ReplicaSet" and template and name.endswith(f"-{template}"):
            kind, name = "Deployment", name.removesuffix(f"-{template}")
        key = (pod.metadata.namespace, kind, name)
        found[key] = found.get(key, 0) + 1
    return tuple(Owner(*key, count) for key, count in found.items())


def pause(owners: Iterable[Owner]) -> Pause:
    """Stop every owner's pods, and start as many again."""
    pauses = [_pause(owner) for owner in owners]
    return Pause(tuple(s for one in pauses for s in one.stop), tuple(s for one in pauses for s in one.start))


def _pause(owner: Owner) -> Pause:
    names: dict[str, Value] = {
        "namespace": owner.namespace, "name": owner.name, "workload": f"{owner.kind.lower()}/{owner.name}",
        "replicas": str(owner.replicas),
    }  # fmt: skip
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
            return _replace_pod(names)
        case _:
            told = "stop {workload} in namespace {namespace}, which owns pods of this claim; start it again at the end"
            return Pause((caution(told, names, danger=Danger.INTERRUPTS),), ())
    return Pause((_stops(stop, names),), (change(start, names, changes="starts the pods again"),))


def _stops(command: str, names: dict[str, Value]) -> Step:
    return change(command, names, changes="stops the pods that use the claim", danger=Danger.INTERRUPTS)


def _replace_pod(names: dict[str, Value]) -> Pause:
    """A pod that nothing owns is saved, deleted, and made again from the saved file."""
    names = {**names, "patch": _OF_THE_OLD_POD}
    before, after = "pod-{name}.before.yaml", "pod-{name}.after.yaml"
    return Pause(
        (
            guard(f"test ! -e {before}", names),
            save(f"kubectl -n {{namespace}} get pod {{name}} -o yaml > {before}", names),
            save(f"kubectl patch --local -f {before} --type=merge -p {{patch}} -o yaml > {after}", names),
            guard(f"test -s {after}", names),
            change("kubectl -n {namespace} delete pod {name} --wait=false", names, danger=Danger.INTERRUPTS),
        ),
        (change(f"kubectl apply -f {after}", names, changes="starts the pod again"),),
    )


def told_to_stop() -> tuple[Step, ...]:
    """What to say where the pods are not known."""
    return (caution("stop what runs the pods of the claim (kubectl describe pvc lists them under Used By)"),)
