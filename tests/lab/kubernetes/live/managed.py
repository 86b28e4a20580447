"""What EKS itself does in a cluster: the objects of add-ons, and nodes of a node group that is updated."""

import copy
from collections.abc import Callable
from typing import Any

from tests.lab.kubernetes.live.desk import Desk
from tests.lab.kubernetes.world import Object

DRIVER_ADDON, AGENT_ADDON = "aws-fsx-csi-driver", "eks-pod-identity-agent"
_NAMESPACE = "kube-system"
_OWN_LABELS = {"app.kubernetes.io/name": DRIVER_ADDON, "app.kubernetes.io/managed-by": "EKS"}


class Managed:
    """Keeps the cluster in step with what EKS says of it.

    Args:
        desk: the cluster.
        state: EKS's state of the cluster.
        recorded: objects of a kind as they were recorded, for what is made again.
    """

    def __init__(self, desk: Desk, state: Any, recorded: Callable[[str], list[Object]]) -> None:
        self._desk = desk
        self._state = state
        self._recorded = recorded
        self._addons = {name: self._mark(name) for name in state.addons}
        self._releases = {name: group["releaseVersion"] for name, group in state.nodegroups.items()}

    def settle(self) -> None:
        """One pass over add-ons and node groups."""
        for name in list(self._addons):
            if name not in self._state.addons:
                del self._addons[name]
                self._take_away(name)
        for name, addon in self._state.addons.items():
            if self._addons.get(name) != self._mark(name):
                self._addons[name] = self._mark(name)
                self._install(name, addon)
        for name, group in self._state.nodegroups.items():
            if self._releases.get(name) != group["releaseVersion"]:
                self._releases[name] = group["releaseVersion"]
                self._renew_nodes(name)

    def _mark(self, name: str) -> tuple[Any, ...]:
        addon = self._state.addons[name]
        return addon["modifiedAt"], addon["addonVersion"]

    def _install(self, name: str, addon: Object) -> None:
        addon["status"], addon["health"]["issues"] = "ACTIVE", []
        if name == AGENT_ADDON:
            self._run_agent()
        elif name == DRIVER_ADDON:
            self._run_driver(addon)

    def _run_agent(self) -> None:
        count = len(self._desk.all("nodes"))
        numbers = ("currentNumberScheduled", "desiredNumberScheduled", "numberAvailable", "numberReady")
        status = dict.fromkeys((*numbers, "updatedNumberScheduled"), count) | {"numberMisscheduled": 0}
        agent = self._desk.find("daemonsets", AGENT_ADDON, _NAMESPACE)
        if agent is not None:
            self._desk.set(agent, "status", status | {"observedGeneration": agent["metadata"].get("generation", 1)})
            return
        labels = {"app.kubernetes.io/name": AGENT_ADDON}
        self._desk.add(
            {
                "apiVersion": "apps/v1",
                "kind": "DaemonSet",
                "metadata": {"name": AGENT_ADDON, "namespace": _NAMESPACE, "labels": labels, "generation": 1},
                "spec": {
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": {"containers": [], "hostNetwork": True}},
                },
                "status": status | {"observedGeneration": 1},
            }
        )

    def _run_driver(self, addon: Object) -> None:
        """Makes what is missing of the driver; what Helm made elsewhere is left alone."""
        namespace = self._home()
        for plural, wanted in (("daemonsets", "fsx-csi-node"), ("deployments", "fsx-csi-controller")):
            if not any(obj["metadata"]["name"] == wanted for obj in self._desk.all(plural)):
                (made,) = (obj for obj in self._recorded(plural) if obj["metadata"]["name"] == wanted)
                self._desk.add(_as_addon(made, namespace))
        for plural in ("csidrivers", "clusterroles", "clusterrolebindings"):
            for made in self._recorded(plural):
                if self._desk.find(plural, made["metadata"]["name"]) is None:
                    self._desk.add(_for_accounts_of(_as_addon(made, ""), namespace))
        for name in ("fsx-csi-controller-sa", "fsx-csi-node-sa", "fsx-csi-driver-controller-sa"):
            if self._desk.find("serviceaccounts", name, namespace) is None:
                role = addon.get("serviceAccountRoleArn")
                annotations = {"eks.amazonaws.com/role-arn": role} if role and "controller" in name else {}
                metadata = {"name": name, "namespace": namespace, "annotations": annotations}
                self._desk.add({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})

    def _home(self) -> str:
        """Where the driver is, or kube-system."""
        found = [obj for obj in self._desk.all("deployments") if obj["metadata"]["name"] == "fsx-csi-controller"]
        return str(found[0]["metadata"]["namespace"]) if found else _NAMESPACE

    def _take_away(self, name: str) -> None:
        """Deletes an add-on's objects; they carry no mark of Helm."""
        wanted = {DRIVER_ADDON: ("fsx-csi-node", "fsx-csi-controller"), AGENT_ADDON: (AGENT_ADDON,)}.get(name, ())
        for plural in ("daemonsets", "deployments"):
            for obj in self._desk.all(plural, _NAMESPACE):
                helm = "meta.helm.sh/release-name" in (obj["metadata"].get("annotations") or {})
                if obj["metadata"]["name"] in wanted and not helm:
                    self._desk.remove(obj)

    def _renew_nodes(self, group: str) -> None:
        """Nodes of the newest image in the place of the old ones, which are emptied first."""
        fresh = {node["metadata"]["name"]: node for node in self._recorded("nodes")}
        for node in self._desk.all("nodes"):
            name = node["metadata"]["name"]
            if node["metadata"]["labels"].get("eks.amazonaws.com/nodegroup") != group or name not in fresh:
                continue
            node["status"]["nodeInfo"] = copy.deepcopy(fresh[name]["status"]["nodeInfo"])
            node["spec"].pop("unschedulable", None)
            node["metadata"]["creationTimestamp"] = self._desk.now()
            self._desk.touch(node)
            for pod in self._desk.all("pods"):
                if pod["spec"].get("nodeName") == name:
                    self._desk.remove(pod)


def _for_accounts_of(obj: Object, namespace: str) -> Object:
    """A binding names the driver's accounts where the driver is."""
    for subject in obj.get("subjects", ()):
        subject["namespace"] = namespace
    return obj


def _as_addon(obj: Object, namespace: str) -> Object:
    obj = copy.deepcopy(obj)
    metadata = obj["metadata"]
    kept = {"name": metadata["name"], "labels": _OWN_LABELS | {"app": metadata["name"]}, "generation": 1}
    obj["metadata"] = kept | ({"namespace": namespace} if namespace else {})
    obj.pop("status", None)
    if namespace:
        obj["status"] = {}
    return obj
