"""Which nodes a pod may run on, and the choice of one."""

from typing import Any

from tests.lab.kubernetes.live.desk import Desk
from tests.lab.kubernetes.live.volumes import any_term, claims_of
from tests.lab.kubernetes.world import Object

# What the DaemonSet controller lets its pods tolerate by itself (pkg/controller/daemon/util).
_DAEMON_TOLERATED = {
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/unschedulable",
}
# A node that is about to go is emptied of every pod, whatever the pod tolerates.
_EMPTIED = {"ToBeDeletedByClusterAutoscaler"}
_COMPONENT = "default-scheduler"
_ZONE = "topology.kubernetes.io/zone"
_SELECTED = "volume.kubernetes.io/selected-node"
_NO_PROVISIONER = "kubernetes.io/no-provisioner"


class Scheduler:
    """Gives pods a node once their claims are bound."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def settle(self) -> None:
        """One pass over the pods without a node."""
        for pod in self._desk.all("pods"):
            waits = not pod["spec"].get("nodeName") and not pod["metadata"].get("deletionTimestamp")
            if waits and pod["spec"].get("schedulerName", _COMPONENT) == _COMPONENT:
                self._schedule(pod)

    def _schedule(self, pod: Object) -> None:
        nodes = self._desk.all("nodes")
        problem = self._unready_claim(pod)
        fitting = [node for node in nodes if eligible(pod["spec"], node) and roomy(pod["spec"], node)]
        if not problem and not fitting:
            problem = f"{len(nodes)} node(s) didn't match Pod's node affinity/selector."
        if not problem:
            problem, fitting = self._with_volumes(pod, fitting)
        if problem:
            self._wait(pod, f"0/{len(nodes)} nodes are available: {problem}")
            return
        load = {node["metadata"]["name"]: 0 for node in fitting}
        for other in self._desk.all("pods"):
            if other["spec"].get("nodeName") in load:
                load[other["spec"]["nodeName"]] += 1
        chosen = min(load, key=lambda name: (load[name], name))
        pod["spec"]["nodeName"] = chosen
        conditions = [{"type": "PodScheduled", "status": "True", "lastTransitionTime": self._desk.now()}]
        pod["status"] = {"phase": "Pending", "conditions": conditions, "qosClass": "BestEffort"}
        self._desk.touch(pod)
        name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        text = f"Successfully assigned {name} to {chosen}"
        self._desk.event(pod, "Scheduled", text, _COMPONENT, kind="Normal")

    def _unready_claim(self, pod: Object) -> str:
        for name in claims_of(pod):
            claim = self._desk.find("persistentvolumeclaims", name, pod["metadata"]["namespace"])
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found.'
            if claim["metadata"].get("deletionTimestamp"):
                return f'persistentvolumeclaim "{name}" is being deleted.'
            if (claim.get("status") or {}).get("phase") == "Lost":
                return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume'
            if (claim.get("status") or {}).get("phase") != "Bound" and not self._is_delayed(claim):
                return "pod has unbound immediate PersistentVolumeClaims."
        return ""

    def _is_delayed(self, claim: Object) -> bool:
        """Whether the claim is bound when its first pod is scheduled."""
        storage_class = self._desk.find("storageclasses", claim["spec"].get("storageClassName") or "")
        return bool(storage_class) and (storage_class or {}).get("volumeBindingMode") == "WaitForFirstConsumer"

    def _with_volumes(self, pod: Object, nodes: list[Object]) -> tuple[str, list[Object]]:
        """Why the pod's volumes leave no node, and those that they leave; has the binder provision (volumebinding)."""
        for name in claims_of(pod):
            claim = self._desk.find("persistentvolumeclaims", name, pod["metadata"]["namespace"]) or {}
            if (claim.get("status") or {}).get("phase") == "Bound":
                volume = self._desk.find("persistentvolumes", claim["spec"]["volumeName"]) or {"spec": {}}
                terms = ((volume["spec"].get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms")
                nodes = [node for node in nodes if terms is None or any_term(terms, node)]
                if not nodes:
                    return "3 node(s) didn't match PersistentVolume's node affinity.", []
                zone = (volume.get("metadata", {}).get("labels") or {}).get(_ZONE)
                nodes = [node for node in nodes if zone in (None, (node["metadata"].get("labels") or {}).get(_ZONE))]
                if not nodes:
                    return "3 node(s) had no available volume zone.", []
                continue
            storage_class = self._desk.find("storageclasses", claim["spec"].get("storageClassName") or "") or {}
            allowed = [
                {"matchExpressions": [need | {"operator": "In"} for need in topology["matchLabelExpressions"]]}
                for topology in storage_class.get("allowedTopologies") or ()
            ]
            nodes = [node for node in nodes if not allowed or any_term(allowed, node)]
            annotations = claim["metadata"].setdefault("annotations", {})
            if not nodes or storage_class.get("provisioner") == _NO_PROVISIONER:
                return "3 node(s) didn't find available persistent volumes to bind.", []
            if _SELECTED not in annotations:
                annotations[_SELECTED] = nodes[0]["metadata"]["name"]
                self._desk.touch(claim)
            return "binding volumes", []
        return "", nodes

    def _wait(self, pod: Object, text: str) -> None:
        self._desk.event(pod, "FailedScheduling", text, _COMPONENT)
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": text}
        present = (pod.get("status") or {}).get("conditions") or [{}]
        if present[0].get("message") != text:
            condition["lastTransitionTime"] = self._desk.now()
            pod["status"] = {"phase": "Pending", "qosClass": "BestEffort", "conditions": [condition]}
            self._desk.touch(pod)


def eligible(spec: Object, node: Object, daemon: bool = False) -> bool:
    """Whether a pod of this spec may run on a node."""
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    if not _affinity(spec, node):
        return False
    tolerations = spec.get("tolerations") or []
    taints = list(node["spec"].get("taints") or ())
    if node["spec"].get("unschedulable"):
        taints.append({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"})
    for taint in taints:
        if daemon and taint["key"] in _EMPTIED:
            return False
        if taint["effect"] == "PreferNoSchedule" or (daemon and taint["key"] in _DAEMON_TOLERATED):
            continue
        if not any(_tolerates(toleration, taint) for toleration in tolerations):
            return False
    return True


def _affinity(spec: Object, node: Object) -> bool:
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if not affinity:
        return True
    return any_term(affinity["nodeSelectorTerms"], node)


def roomy(spec: Object, node: Object) -> bool:
    """Whether the node has as many processors as the pod asks for."""
    asked = sum(_processors((c.get("resources") or {}).get("requests", {}).get("cpu", 0)) for c in spec["containers"])
    return asked <= _processors(node["status"].get("capacity", {}).get("cpu", 1000))


def _processors(quantity: Any) -> float:
    text = str(quantity)
    return int(text.removesuffix("m")) / 1000 if text.endswith("m") else float(text)


def _tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if not toleration.get("key"):
        return toleration.get("operator") == "Exists"
    if toleration["key"] != taint["key"]:
        return False
    return toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get("value", "")
