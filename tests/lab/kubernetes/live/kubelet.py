"""The kubelets: pods that start when nothing prevents it, drivers that register, pods that end."""

import uuid
from collections.abc import Callable
from typing import Any

from tests.lab.kubernetes.live.desk import Desk
from tests.lab.kubernetes.live.volumes import claims_of
from tests.lab.kubernetes.live.workloads import is_ready
from tests.lab.kubernetes.world import Object
from tests.lab.physics.mounts import DRIVER, Failure

_NODE_PLUGIN = "fsx-csi-node"
_START_TAINT = f"{DRIVER}/agent-not-ready"
_ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
_TOKEN_VOLUME = "aws-iam-token"
_TOKEN_FOLDER = "/var/run/secrets/eks.amazonaws.com/serviceaccount"


class Kubelet:
    """All nodes' kubelets.

    Args:
        desk: the cluster.
        region: of the nodes.
        mount: why a volume cannot be mounted for a pod on a node.
        pull: the waiting reason and the words of an image that cannot be pulled.
        crash: why a container does not stay up.
        unmounts: whether a pod's volumes come off when it ends.
        keeps_taint: whether the node plugin may not take its startup taint away.
        associated: whether EKS associates a role with a service account.
    """

    def __init__(
        self,
        desk: Desk,
        region: str,
        *,
        mount: Callable[[Object, Object, Object], Failure | None],
        pull: Callable[[str], tuple[str, str]],
        crash: Callable[[Object, Object], str],
        unmounts: Callable[[Object], bool],
        keeps_taint: Callable[[], bool],
        associated: Callable[[str, str], bool],
    ) -> None:
        self._desk = desk
        self._region = region
        self._mount, self._pull, self._crash = mount, pull, crash
        self._unmounts, self._keeps_taint, self._associated = unmounts, keeps_taint, associated
        # The plugin takes its startup taint away when it starts, not while it runs.
        self._registered = self._running()

    def settle(self) -> None:
        """One pass over pods and nodes."""
        for pod in self._desk.all("pods"):
            if not pod["spec"].get("nodeName"):
                if pod["metadata"].get("deletionTimestamp"):
                    self._desk.remove(pod)
                continue
            if pod["metadata"].get("deletionTimestamp"):
                if self._unmounts(pod):
                    self._desk.remove(pod)
            elif (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed") and not is_ready(pod):
                self._start(pod)
        self._register()

    def _start(self, pod: Object) -> None:
        self._inject_role(pod)
        if pod["metadata"].get("labels", {}).get("app") == _NODE_PLUGIN and (problem := _host_path(pod)):
            self._desk.event(pod, "FailedMount", problem, "kubelet")
            self._wait(pod, {}, "ContainerCreating")
            return
        failure = self._volumes(pod)
        if failure is not None:
            self._desk.event(pod, failure.reason, failure.text, "kubelet")
            self._wait(pod, {}, "ContainerCreating")
            return
        waiting = {}
        for container in pod["spec"]["containers"]:
            reason, text = self._pull(container["image"])
            if not reason and (missing := self._missing_secret(pod, container)):
                reason, text = "CreateContainerConfigError", f'secret "{missing}" not found'
            if not reason and (text := self._crash(pod, container)):
                reason = "CrashLoopBackOff"
            if reason:
                waiting[container["name"]] = (reason, text)
                if reason in ("ImagePullBackOff", "InvalidImageName"):
                    self._desk.event(pod, "Failed", text, "kubelet")
        if waiting:
            self._wait(pod, waiting, "")
        else:
            self._run(pod)

    def _volumes(self, pod: Object) -> Failure | None:
        namespace, handles = pod["metadata"]["namespace"], set()
        node = self._desk.find("nodes", pod["spec"]["nodeName"])
        for name in claims_of(pod):
            claim = self._desk.find("persistentvolumeclaims", name, namespace)
            bound = claim and (claim.get("status") or {}).get("phase") == "Bound"
            volume = self._desk.find("persistentvolumes", claim["spec"]["volumeName"]) if claim and bound else None
            if volume is None or node is None:
                return Failure("FailedMount", f"error processing PVC {namespace}/{name}: PVC is not bound")
            handle = (volume["spec"].get("csi") or {}).get("volumeHandle")
            if handle in handles:
                return Failure("FailedMount", "Unable to attach or mount volumes: context deadline exceeded")
            handles.add(handle)
            if "csi" in volume["spec"] and (failure := self._mount(pod, volume, node)):
                return failure
        return None

    def _missing_secret(self, pod: Object, container: Object) -> str:
        for variable in container.get("env", ()):
            wanted = (variable.get("valueFrom") or {}).get("secretKeyRef")
            if not wanted or wanted.get("optional"):
                continue
            if self._desk.find("secrets", wanted["name"], pod["metadata"]["namespace"]) is None:
                return str(wanted["name"])
        return ""

    def _wait(self, pod: Object, waiting: dict[str, tuple[str, str]], other: str) -> None:
        def state(container: Object) -> dict[str, Any]:
            reason, text = waiting.get(container["name"], (other, ""))
            if not reason:
                return {"running": {"startedAt": pod["metadata"].get("creationTimestamp")}}
            return {"waiting": {"reason": reason} | ({"message": text} if text else {})}

        before = {item["name"]: item for item in (pod.get("status") or {}).get("containerStatuses", ())}
        statuses = [
            {"restartCount": 0, "lastState": {}, "imageID": ""}
            | before.get(container["name"], {})
            | {
                "name": container["name"],
                "image": container["image"],
                "ready": "running" in state(container),
                "started": "running" in state(container),
                "state": state(container),
            }
            for container in pod["spec"]["containers"]
        ]
        if any(
            c["type"] == "Ready" and c["status"] == "False" for c in (pod.get("status") or {}).get("conditions", ())
        ):
            reasons = [(item["state"].get("waiting") or {}).get("reason") for item in statuses]
            reasons_before = [(item.get("state", {}).get("waiting") or {}).get("reason") for item in before.values()]
            if reasons == reasons_before:
                return
        self._set_status(pod, "Pending", "False", statuses)

    def _run(self, pod: Object) -> None:
        now = self._desk.now()
        statuses = [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": f"sha256:{uuid.uuid5(uuid.NAMESPACE_OID, container['image']).hex * 2}",
                "containerID": f"containerd://{uuid.uuid4().hex * 2}",
                "ready": True,
                "started": True,
                "restartCount": 0,
                "lastState": {},
                "state": {"running": {"startedAt": now}},
            }
            for container in pod["spec"]["containers"]
        ]
        self._set_status(pod, "Running", "True", statuses)

    def _set_status(self, pod: Object, phase: str, ready: str, statuses: list[Object]) -> None:
        node, now = pod["spec"]["nodeName"], self._desk.now()
        host = ".".join(node.split(".")[0].split("-")[1:5])
        kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
        waiting = [status["name"] for status in statuses if not status["ready"]]
        conditions = []
        for kind in kinds:
            value = "True" if kind in ("Initialized", "PodScheduled") else ready
            condition = {"type": kind, "status": value, "lastProbeTime": None, "lastTransitionTime": now}
            if value == "False":
                text = f"containers with unready status: [{' '.join(waiting)}]"
                condition |= {"reason": "ContainersNotReady", "message": text}
            conditions.append(condition)
        before = pod.get("status") or {}
        status = {
            "phase": phase,
            "qosClass": "BestEffort",
            "startTime": before.get("startTime", now),
            "hostIP": host,
            "hostIPs": [{"ip": host}],
            "conditions": conditions,
            "containerStatuses": statuses,
        }
        if phase == "Running":
            serial = int(uuid.UUID(pod["metadata"]["uid"])) % 100 + 130
            status["podIP"] = before.get("podIP") or f"{host.rpartition('.')[0]}.{serial}"
            status["podIPs"] = [{"ip": status["podIP"]}]
        pod["status"] = status
        self._desk.touch(pod)

    def _inject_role(self, pod: Object) -> None:
        """EKS's webhook, which acts on a pod's creation: a role by annotation of the service account."""
        if (pod.get("status") or {}).get("containerStatuses"):
            return
        name, namespace = pod["spec"].get("serviceAccountName", "default"), pod["metadata"]["namespace"]
        if self._associated(namespace, name):
            self._set_variables(pod, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"})
        account = self._desk.find("serviceaccounts", name, namespace)
        role = ((account or {}).get("metadata", {}).get("annotations") or {}).get(_ROLE_ANNOTATION)
        volumes = pod["spec"].setdefault("volumes", [])
        if not role or any(volume["name"] == _TOKEN_VOLUME for volume in volumes):
            return
        source = {"audience": "sts.amazonaws.com", "expirationSeconds": 86400, "path": "token"}
        volumes.append({"name": _TOKEN_VOLUME, "projected": {"sources": [{"serviceAccountToken": source}]}})
        token = f"{_TOKEN_FOLDER}/token"
        self._set_variables(pod, {"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": token})
        for container in pod["spec"]["containers"]:
            mount = {"name": _TOKEN_VOLUME, "mountPath": _TOKEN_FOLDER, "readOnly": True}
            container.setdefault("volumeMounts", []).append(mount)

    def _set_variables(self, pod: Object, variables: dict[str, str]) -> None:
        region = {"AWS_STS_REGIONAL_ENDPOINTS": "regional", "AWS_DEFAULT_REGION": self._region}
        variables = region | {"AWS_REGION": self._region} | variables
        for container in pod["spec"]["containers"]:
            there = {variable["name"] for variable in container.setdefault("env", [])}
            container["env"] += [{"name": k, "value": v} for k, v in variables.items() if k not in there]

    def _register(self) -> None:
        """The driver is known on a node while a node plugin runs there."""
        running = self._running()
        for csinode in self._desk.all("csinodes"):
            name = csinode["metadata"]["name"]
            drivers = csinode["spec"].get("drivers") or []
            others = [driver for driver in drivers if driver["name"] != DRIVER]
            wanted = [*others, {"name": DRIVER, "nodeID": name, "topologyKeys": None}] if name in running else others
            if [driver["name"] for driver in wanted] != [driver["name"] for driver in drivers]:
                csinode["spec"]["drivers"] = wanted or None
                self._desk.touch(csinode)
            if name in running and name not in self._registered:
                self._take_start_taint(name)
        self._registered = running

    def _running(self) -> set[str]:
        """Names of the nodes on which a node plugin runs."""
        return {
            pod["spec"].get("nodeName", "")
            for pod in self._desk.all("pods")
            if (pod["metadata"].get("labels") or {}).get("app") == _NODE_PLUGIN and is_ready(pod)
        }

    def _take_start_taint(self, name: str) -> None:
        node = self._desk.find("nodes", name)
        if node is None or self._keeps_taint():
            return
        taints = node["spec"].get("taints") or []
        kept = [taint for taint in taints if taint["key"] != _START_TAINT]
        if len(kept) != len(taints):
            node["spec"]["taints"] = kept
            self._desk.touch(node)


def _host_path(pod: Object) -> str:
    """These nodes keep kubelet's folder where it usually is."""
    for volume in pod["spec"].get("volumes", ()):
        path = (volume.get("hostPath") or {}).get("path", "")
        if "kubelet" in path and not path.startswith("/var/lib/kubelet"):
            failed = f'MountVolume.SetUp failed for volume "{volume["name"]}"'
            return f"{failed} : hostPath type check failed: {path} is not a directory"
    return ""
