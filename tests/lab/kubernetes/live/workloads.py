"""Owners and their pods: Deployment, ReplicaSet, DaemonSet, StatefulSet, Job; and the collector of orphans.

Simpler than the real ones where that shows nothing of a mount: a rollout makes all new pods before it takes the old
ones away (Deployment) or replaces one after another (DaemonSet, StatefulSet), and a Job's pods run on.
"""

import copy
import hashlib
import json
from typing import Any

from tests.lab.kubernetes.live.desk import Desk
from tests.lab.kubernetes.live.scheduler import eligible
from tests.lab.kubernetes.world import Object

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"

_RESTARTED = "kubectl.kubernetes.io/restartedAt"
"""The annotation of a template whose pods kubectl rollout restart has made anew."""


class Workloads:
    """Keeps the pods of every owner as its spec asks; the pods that are there at first are taken for current."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known = {obj["metadata"]["uid"] for obj in desk.cluster.everything()}
        self._made = 0
        self._revisions: dict[str, str] = {}
        for plural in ("deployments", "daemonsets", "statefulsets", "replicasets", "jobs"):
            for owner in desk.all(plural):
                for dependent in (*self._of(owner, "pods"), *self._of(owner, "replicasets")):
                    self._revisions[dependent["metadata"]["uid"]] = _revision(owner)
        # An owner whose pods nobody recorded has them all the same: only its status is kept up.
        self._phantoms = {
            owner["metadata"]["uid"]
            for plural in ("deployments", "daemonsets")
            for owner in desk.all(plural)
            if not self._pods(owner) and _claims_pods(owner)
        }

    def settle(self) -> None:
        """One pass over owners."""
        self._collect()
        for deployment in self._desk.all("deployments"):
            self._deployment(deployment)
        for replica_set in self._desk.all("replicasets"):
            self._replica_set(replica_set)
        for daemon_set in self._desk.all("daemonsets"):
            self._daemon_set(daemon_set)
        for stateful_set in self._desk.all("statefulsets"):
            self._stateful_set(stateful_set)
        for job in self._desk.all("jobs"):
            self._job(job)

    def _collect(self) -> None:
        """Deletes what lost the owner that it once had."""
        everything = self._desk.cluster.everything()
        present = {obj["metadata"]["uid"] for obj in everything}
        for obj in everything:
            owners = {owner["uid"] for owner in obj["metadata"].get("ownerReferences", ())}
            if owners and not owners & present and owners & self._known:
                self._delete(obj)
        self._known |= present

    def _delete(self, obj: Object) -> None:
        metadata = obj["metadata"]
        if obj["kind"] == "Pod" and obj["spec"].get("nodeName"):
            if not metadata.get("deletionTimestamp"):
                metadata |= {"deletionTimestamp": self._desk.now(), "deletionGracePeriodSeconds": 30}
                self._desk.touch(obj)
        else:
            self._desk.remove(obj)

    def _deployment(self, deployment: Object) -> None:
        wanted, revision = deployment["spec"].get("replicas", 1), _revision(deployment)
        sets = self._of(deployment, "replicasets")
        uid = deployment["metadata"]["uid"]
        if uid in self._phantoms and not sets:
            self._status(deployment, {"observedGeneration": deployment["metadata"].get("generation", 1)})
            return
        current = next((rs for rs in sets if self._revisions.get(rs["metadata"]["uid"]) == revision), None)
        old = [rs for rs in sets if rs is not current]
        if current is None:
            current = self._new_replica_set(deployment, revision)
        recreate = (deployment["spec"].get("strategy") or {}).get("type") == "Recreate"
        ready = sum(map(is_ready, self._pods(current)))
        leftovers = [pod for rs in old for pod in self._pods(rs)]
        if recreate and leftovers:
            self._resize(current, 0)
        else:
            self._resize(current, wanted)
        if recreate or ready >= wanted:
            for rs in old:
                self._resize(rs, 0)
        pods = [*self._pods(current), *leftovers]
        available = sum(map(is_ready, pods))
        status = {
            "observedGeneration": deployment["metadata"].get("generation", 1),
            "replicas": len(pods),
            "updatedReplicas": len(self._pods(current)),
            "readyReplicas": available,
            "availableReplicas": available,
            "unavailableReplicas": max(wanted - available, 0),
            "conditions": _deployment_conditions(deployment, wanted, available, ready, self._desk.now()),
        }
        zero = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")
        self._desk.set(deployment, "status", {k: v for k, v in status.items() if v or k not in zero})

    def _new_replica_set(self, deployment: Object, revision: str) -> Object:
        metadata, spec = deployment["metadata"], deployment["spec"]
        template = copy.deepcopy(spec["template"])
        template["metadata"].setdefault("labels", {})["pod-template-hash"] = revision
        selector = copy.deepcopy(spec["selector"])
        selector.setdefault("matchLabels", {})["pod-template-hash"] = revision
        made = self._desk.add(
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {
                    "name": f"{metadata['name']}-{revision}",
                    "namespace": metadata["namespace"],
                    "labels": dict(template["metadata"]["labels"]),
                    "ownerReferences": [_reference(deployment)],
                    "generation": 1,
                },
                "spec": {"replicas": 0, "selector": selector, "template": template},
                "status": {"replicas": 0},
            }
        )
        self._revisions[made["metadata"]["uid"]] = revision
        return made

    def _resize(self, replica_set: Object, replicas: int) -> None:
        if replica_set["spec"].get("replicas") != replicas:
            replica_set["spec"]["replicas"] = replicas
            self._desk.touch(replica_set)

    def _replica_set(self, replica_set: Object) -> None:
        wanted, pods = replica_set["spec"].get("replicas", 1), self._pods(replica_set)
        for pod in pods[wanted:] if len(pods) > wanted else ():
            self._delete(pod)
        for _ in range(wanted - len(pods)):
            self._new_pod(replica_set, replica_set["spec"]["template"])
        pods = self._pods(replica_set)
        ready = sum(map(is_ready, pods))
        status = {"replicas": len(pods), "readyReplicas": ready, "availableReplicas": ready}
        self._status(replica_set, status | {"observedGeneration": replica_set["metadata"].get("generation", 1)})

    def _daemon_set(self, daemon_set: Object) -> None:
        metadata, template = daemon_set["metadata"], daemon_set["spec"]["template"]
        if metadata["uid"] in self._phantoms:
            count = daemon_set["status"].get("desiredNumberScheduled", 0)
            counts = {"observedGeneration": metadata.get("generation", 1), "updatedNumberScheduled": count}
            if _RESTARTED in (template["metadata"].get("annotations") or {}):
                counts |= {"numberReady": count, "numberAvailable": count, "numberUnavailable": 0}
            self._status(daemon_set, counts)
            return
        revision = _revision(daemon_set)
        nodes = [node["metadata"]["name"] for node in self._desk.all("nodes") if eligible(template["spec"], node, True)]
        pods = {_node_of(pod): pod for pod in self._pods(daemon_set)}
        for name, pod in pods.items():
            if name not in nodes:
                self._delete(pod)
        outdated = [
            pod
            for name, pod in sorted(pods.items())
            if name in nodes and self._revisions.get(pod["metadata"]["uid"]) != revision
        ]
        # One at a time, those first that do not run anyway.
        on_delete = (daemon_set["spec"].get("updateStrategy") or {}).get("type") == "OnDelete"
        if outdated and not on_delete:
            self._delete(min(outdated, key=is_ready))
        for name in nodes:
            if name not in pods and not self._leaving(daemon_set, name):
                made = self._new_pod(daemon_set, template, node=name)
                made["metadata"]["labels"]["controller-revision-hash"] = revision
        pods = {_node_of(pod): pod for pod in self._pods(daemon_set)}
        current = [pod for pod in pods.values() if self._revisions.get(pod["metadata"]["uid"]) == revision]
        ready = sum(map(is_ready, pods.values()))
        status = {
            "observedGeneration": metadata.get("generation", 1),
            "currentNumberScheduled": len(pods),
            "desiredNumberScheduled": len(nodes),
            "updatedNumberScheduled": len(current),
            "numberMisscheduled": 0,
            "numberAvailable": ready,
            "numberReady": ready,
            "numberUnavailable": len(nodes) - ready,
        }
        self._status(daemon_set, status)

    def _leaving(self, owner: Object, node: str) -> bool:
        return any(
            pod["spec"].get("nodeName") == node and pod["metadata"].get("deletionTimestamp")
            for pod in self._of(owner, "pods")
        )

    def _stateful_set(self, stateful_set: Object) -> None:
        metadata, spec = stateful_set["metadata"], stateful_set["spec"]
        wanted, revision = spec.get("replicas", 1), _revision(stateful_set)
        pods = {pod["metadata"]["name"]: pod for pod in self._of(stateful_set, "pods")}
        names = [f"{metadata['name']}-{number}" for number in range(wanted)]
        for name, pod in pods.items():
            if name not in names:
                self._delete(pod)
        parallel = spec.get("podManagementPolicy") == "Parallel"
        for number, name in enumerate(names):
            if (name not in pods or not is_ready(pods[name])) and not self._claims_for(stateful_set, number):
                break
            if name not in pods:
                made = self._new_pod(stateful_set, spec["template"], name=name)
                made["metadata"]["labels"] |= {
                    "statefulset.kubernetes.io/pod-name": name,
                    "apps.kubernetes.io/pod-index": str(number),
                    "controller-revision-hash": f"{metadata['name']}-{revision}",
                }
                for template in spec.get("volumeClaimTemplates", ()):
                    claim = f"{template['metadata']['name']}-{name}"
                    volume = {"name": template["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim}}
                    made["spec"].setdefault("volumes", []).append(volume)
                pods[name] = made
            if not parallel and not is_ready(pods[name]):
                break
        outdated = [
            pods[name]
            for name in reversed(names)
            if name in pods and self._revisions.get(pods[name]["metadata"]["uid"]) != revision
        ]
        waits = [pod for pod in pods.values() if not is_ready(pod)]
        # A broken pod of an old revision is not replaced by the controller (kubernetes issue 67250).
        if outdated and not waits:
            self._delete(outdated[0])
        ready = sum(is_ready(pod) for pod in pods.values())
        current = sum(self._revisions.get(pod["metadata"]["uid"]) == revision for pod in pods.values())
        status = {
            "observedGeneration": metadata.get("generation", 1),
            "replicas": len(pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "updatedReplicas": current,
            "currentReplicas": current,
            "currentRevision": f"{metadata['name']}-{revision}",
            "updateRevision": f"{metadata['name']}-{revision}",
        }
        self._status(stateful_set, status)

    def _claims_for(self, stateful_set: Object, number: int) -> bool:
        """Makes the claims that a pod lacks; False while one of them is still being deleted."""
        metadata = stateful_set["metadata"]
        for template in stateful_set["spec"].get("volumeClaimTemplates", ()):
            name = f"{template['metadata']['name']}-{metadata['name']}-{number}"
            present = self._desk.find("persistentvolumeclaims", name, metadata["namespace"])
            if present is not None and present["metadata"].get("deletionTimestamp"):
                return False
            if present is None:
                labels = stateful_set["spec"]["selector"].get("matchLabels", {})
                self._desk.add(
                    {
                        "apiVersion": "v1",
                        "kind": "PersistentVolumeClaim",
                        "metadata": {"name": name, "namespace": metadata["namespace"], "labels": dict(labels)},
                        "spec": copy.deepcopy(template["spec"]),
                        "status": {"phase": "Pending"},
                    }
                )
        return True

    def _job(self, job: Object) -> None:
        wanted, pods = job["spec"].get("parallelism", 1), self._pods(job)
        if job["spec"].get("suspend"):
            wanted = 0
        for pod in pods[wanted:]:
            self._delete(pod)
        for _ in range(wanted - len(pods)):
            made = self._new_pod(job, job["spec"]["template"])
            made["metadata"]["labels"]["job-name"] = job["metadata"]["name"]
        pods = self._pods(job)
        status = {
            "active": len(pods),
            "ready": sum(map(is_ready, pods)),
            "startTime": job["metadata"].get("creationTimestamp"),
        }
        self._status(job, status)

    def _new_pod(self, owner: Object, template: Object, *, name: str = "", node: str = "") -> Object:
        metadata = owner["metadata"]
        self._made += 1
        pod: Object = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": copy.deepcopy(template.get("metadata") or {})
            | {
                "name": name or f"{metadata['name']}-{_suffix(metadata['uid'], self._made)}",
                "namespace": metadata["namespace"],
                "ownerReferences": [_reference(owner)],
            },
            "spec": copy.deepcopy(template["spec"]) | ({"nodeName": node} if node else {}),
            "status": {"phase": "Pending"},
        }
        pod["metadata"].setdefault("labels", {})
        pod["metadata"].pop("creationTimestamp", None)
        made = self._desk.add(pod)
        self._revisions[made["metadata"]["uid"]] = _revision(owner)
        return made

    def _of(self, owner: Object, plural: str) -> list[Object]:
        """The dependents of an owner."""
        uid, namespace = owner["metadata"]["uid"], owner["metadata"]["namespace"]
        return [
            obj
            for obj in self._desk.all(plural, namespace)
            if any(reference["uid"] == uid for reference in obj["metadata"].get("ownerReferences", ()))
        ]

    def _pods(self, owner: Object) -> list[Object]:
        """An owner's pods that are not on their way out; a Deployment's are those of its ReplicaSets."""
        if owner["kind"] == "Deployment":
            return [pod for rs in self._of(owner, "replicasets") for pod in self._pods(rs)]
        return [pod for pod in self._of(owner, "pods") if not pod["metadata"].get("deletionTimestamp")]

    def _status(self, owner: Object, status: dict[str, Any]) -> None:
        self._desk.set(owner, "status", (owner.get("status") or {}) | status)


def is_ready(pod: Object) -> bool:
    """Whether the pod's Ready condition is true and it is there to stay."""
    conditions = (pod.get("status") or {}).get("conditions", ())
    ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


def _claims_pods(owner: Object) -> bool:
    status = owner.get("status") or {}
    scheduled = status.get("currentNumberScheduled", status.get("desiredNumberScheduled"))
    return bool(scheduled or status.get("replicas"))


def _revision(owner: Object) -> str:
    spec = owner["spec"]
    text = json.dumps([spec["template"], spec.get("volumeClaimTemplates")], sort_keys=True)
    number = int(hashlib.sha256(text.encode()).hexdigest(), 16)
    return _letters(number, 9)


def _suffix(uid: str, number: int) -> str:
    return _letters(int(hashlib.sha256(f"{uid} {number}".encode()).hexdigest(), 16), 5)


def _letters(number: int, count: int) -> str:
    return "".join(_ALPHABET[number // len(_ALPHABET) ** place % len(_ALPHABET)] for place in range(count))


def _reference(owner: Object) -> Object:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _deployment_conditions(deployment: Object, wanted: int, available: int, ready: int, now: str) -> list[Object]:
    enough = available >= wanted
    reasons = ("MinimumReplicasAvailable", "MinimumReplicasUnavailable")
    present = [
        (
            "Available",
            enough,
            reasons[not enough],
            f"Deployment {'has' if enough else 'does not have'} minimum availability.",
        ),
        ("Progressing", True, "NewReplicaSetAvailable" if ready >= wanted else "ReplicaSetUpdated", ""),
    ]
    before = {c["type"]: c for c in (deployment.get("status") or {}).get("conditions", ())}
    conditions = []
    for kind, holds, reason, text in present:
        status = "True" if holds else "False"
        if before.get(kind, {}).get("status") == status:
            conditions.append(before[kind] | {"reason": reason})
            continue
        made = {"type": kind, "status": status, "reason": reason, "lastTransitionTime": now, "lastUpdateTime": now}
        conditions.append(made | ({"message": text} if text else {}))
    return conditions


def _node_of(pod: Object) -> str:
    """The node of a DaemonSet's pod: before it is scheduled its affinity names it."""
    affinity = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).values()
    terms = [term for part in affinity if isinstance(part, dict) for term in part.get("nodeSelectorTerms", ())]
    named = [field["values"][0] for term in terms for field in term.get("matchFields", ())]
    return str(pod["spec"].get("nodeName") or next(iter(named), ""))
