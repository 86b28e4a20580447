"""The node plugin: absent, left out, or crashing."""

import copy
from typing import TYPE_CHECKING, Any

from tests.lab.faults import symptoms
from tests.lab.faults.driver.objects import CONTROLLER, DRIVER, NODE, count, node_pods
from tests.lab.faults.registry import fault
from tests.lab.physics.hidden import Ailment
from tests.lab.setup import NAMESPACE

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("csidriver-absent", cause="csidriver-object-missing")
def csidriver_absent(lab: "Lab") -> None:
    """Without the CSIDriver object Kubernetes takes the volume for one that must be attached."""
    lab.kube.remove("csidrivers", DRIVER)
    symptoms.pod_waits(lab)
    text = f'AttachVolume.Attach failed for volume "fsx-pv" : timed out waiting for external-attacher of {DRIVER}'
    text += f" CSI driver to attach volume {symptoms.volume(lab)['spec']['csi']['volumeHandle']}"
    symptoms.event(lab, symptoms.pod(lab), "FailedAttachVolume", text, "attachdetach-controller")


@fault("driver-absent", cause="csi-driver-not-registered")
def driver_absent(lab: "Lab") -> None:
    """Nobody installed the driver; only the volumes were created."""
    lab.kube.remove("csidrivers", DRIVER)
    for plural in ("clusterroles", "clusterrolebindings"):
        lab.kube.remove_all(plural, [obj for obj in lab.kube.all(plural) if obj["metadata"]["name"].startswith("fsx-")])
    lab.kube.remove("daemonsets", NODE, NAMESPACE)
    lab.kube.remove("deployments", CONTROLLER, NAMESPACE)
    for kind in ("pods", "replicasets"):
        lab.kube.remove_all(kind, lab.kube.all(kind, NAMESPACE))
    for csinode in lab.kube.all("csinodes"):
        csinode["spec"]["drivers"] = None
    symptoms.not_registered(lab)


@fault("driver-not-on-this-node", cause="csi-node-not-scheduled")
def driver_not_on_this_node(lab: "Lab") -> None:
    """A node selector leaves out the node group the pod landed on."""
    node = symptoms.pod(lab)["spec"]["nodeName"]
    daemonset = lab.kube.get("daemonsets", NODE, NAMESPACE)
    daemonset["spec"]["template"]["spec"]["nodeSelector"]["eks.amazonaws.com/nodegroup"] = "sys-ng"
    gone = [pod for pod in node_pods(lab) if pod["spec"]["nodeName"] != lab.site.node(1, 5)]
    lab.kube.remove_all("pods", gone)
    count(daemonset, 1, 1)
    for csinode in lab.kube.all("csinodes"):
        if csinode["metadata"]["name"] != lab.site.node(1, 5):
            csinode["spec"]["drivers"] = None
    assert node != lab.site.node(1, 5)
    symptoms.not_registered(lab)


@fault("daemonset-without-tolerations", cause="csi-node-not-scheduled")
def daemonset_without_tolerations(lab: "Lab") -> None:
    """The GPU nodes are tainted and the node plugin does not tolerate it."""
    for node in lab.kube.all("nodes"):
        if node["metadata"]["labels"]["eks.amazonaws.com/nodegroup"] == "gpu-ng":
            node["spec"]["taints"] = [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]
    symptoms.pod(lab)["spec"]["tolerations"].append({"key": "nvidia.com/gpu", "operator": "Exists"})
    daemonset = lab.kube.get("daemonsets", NODE, NAMESPACE)
    daemonset["spec"]["template"]["spec"]["tolerations"] = [
        {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    ]
    gone = [pod for pod in node_pods(lab) if pod["spec"]["nodeName"] != lab.site.node(1, 5)]
    lab.kube.remove_all("pods", gone)
    count(daemonset, 1, 1)
    for csinode in lab.kube.all("csinodes"):
        if csinode["metadata"]["name"] != lab.site.node(1, 5):
            csinode["spec"]["drivers"] = None
    symptoms.not_registered(lab)


@fault("node-plugin-crashes", cause="csi-node-plugin-down")
def node_plugin_crashes(lab: "Lab") -> None:
    """The plugin of the pod's node restarts over and over; its socket has no listener."""
    node = symptoms.pod(lab)["spec"]["nodeName"]
    for template in (lab.kube.get("daemonsets", NODE, NAMESPACE)["spec"]["template"], *node_pods(lab)):
        template["spec"]["containers"][0].setdefault("resources", {})["limits"] = {"memory": "128Mi"}
    for pod in node_pods(lab):
        if pod["spec"]["nodeName"] == node:
            _crash(lab, pod, "fsx-plugin")
    count(lab.kube.get("daemonsets", NODE, NAMESPACE), 3, 2)
    symptoms.setup_fails(
        lab,
        "kubernetes.io/csi: mounter.SetUpAt failed to check for STAGE_UNSTAGE_VOLUME capability: rpc error: code ="
        ' Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix'
        ' /var/lib/kubelet/plugins/fsx.csi.aws.com/csi.sock: connect: connection refused"',
    )


@fault("addon-degraded", cause="csi-addon-degraded")
def addon_degraded(lab: "Lab") -> None:
    """The EKS add-on lost its fight over fields with a Helm release, and its DaemonSet is gone."""
    lab.client("eks").create_addon(clusterName=lab.site.cluster, addonName="aws-fsx-csi-driver")
    addon = lab.aws.eks.cluster(lab.site.cluster).addons["aws-fsx-csi-driver"]
    addon["status"] = "DEGRADED"
    addon["health"]["issues"] = [
        {
            "code": "ConfigurationConflict",
            "message": "Conflicts found when trying to apply. Will not continue due to resolve conflicts mode."
            " Conflicts: DaemonSet.apps fsx-csi-node - .spec.template.spec.containers",
            "resourceIds": ["fsx-csi-node"],
        }
    ]
    lab.kube.remove("daemonsets", NODE, NAMESPACE)
    lab.kube.remove_all("pods", list(node_pods(lab)))
    for csinode in lab.kube.all("csinodes"):
        csinode["spec"]["drivers"] = None
    symptoms.not_registered(lab)


def _crash(lab: "Lab", pod: dict[str, Any], container: str, exit_code: int = 137, reason: str = "OOMKilled") -> None:
    for condition in pod["status"]["conditions"]:
        if condition["type"] in ("Ready", "ContainersReady"):
            condition["status"] = "False"
            condition["reason"] = "ContainersNotReady"
            condition["message"] = f"containers with unready status: [{container}]"
    for status in pod["status"]["containerStatuses"]:
        if status["name"] == container:
            text = f"back-off 5m0s restarting failed container={container} pod={pod['metadata']['name']}"
            status |= {
                "ready": False,
                "started": False,
                "restartCount": 17,
                "lastState": {
                    "terminated": {
                        "exitCode": exit_code,
                        "reason": reason,
                        "startedAt": lab.site.time(4),
                        "finishedAt": lab.site.time(3),
                    }
                },
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": text}},
            }


def _registers_where_it_listens(lab: "Lab") -> bool:
    return _registrar(lab.kube.get("daemonsets", NODE, NAMESPACE)["spec"]["template"])["value"] == SOCKET


SOCKET = f"/var/lib/kubelet/plugins/{DRIVER}/csi.sock"


def _registrar(template: dict[str, Any]) -> dict[str, Any]:
    (registrar,) = (c for c in template["spec"]["containers"] if c["name"] == "node-driver-registrar")
    (found,) = (variable for variable in registrar["env"] if variable["name"] == "DRIVER_REG_SOCK_PATH")
    return found


@fault("kubelet-path-wrong", cause="kubelet-path-wrong")
def kubelet_path_wrong(lab: "Lab") -> None:
    """The chart's kubeletPath is another distribution's; these nodes have no such directory."""
    wrong = "/var/lib/rancher/k3s/agent/kubelet"
    templates = [lab.kube.get("daemonsets", NODE, NAMESPACE)["spec"]["template"], *node_pods(lab)]
    for template in templates:
        for volume in template["spec"]["volumes"]:
            if "hostPath" in volume:
                volume["hostPath"]["path"] = volume["hostPath"]["path"].replace("/var/lib/kubelet", wrong)
        _registrar(template)["value"] = SOCKET.replace("/var/lib/kubelet", wrong)
        template["spec"]["containers"][0]["volumeMounts"][0]["mountPath"] = wrong
    for pod in node_pods(lab):
        pod["status"]["phase"] = "Pending"
        for container in pod["status"]["containerStatuses"]:
            container |= {"ready": False, "started": False, "state": {"waiting": {"reason": "ContainerCreating"}}}
        for condition in pod["status"]["conditions"]:
            if condition["type"] in ("Ready", "ContainersReady"):
                condition["status"] = "False"
        text = f'MountVolume.SetUp failed for volume "registration-dir" : hostPath type check failed: {wrong}'
        symptoms.event(lab, pod, "FailedMount", f"{text}/plugins_registry/ is not a directory", "kubelet")
    for csinode in lab.kube.all("csinodes"):
        csinode["spec"]["drivers"] = None
    count(lab.kube.get("daemonsets", NODE, NAMESPACE), 3, 0)
    symptoms.not_registered(lab)


@fault("registrar-names-another-socket", cause="driver-sockets-differ", gone=_registers_where_it_listens)
def registrar_names_another_socket(lab: "Lab") -> None:
    """A hand's edit: the registrar sends the kubelet to a path where the plugin does not listen."""
    for template in (lab.kube.get("daemonsets", NODE, NAMESPACE)["spec"]["template"], *node_pods(lab)):
        _registrar(template)["value"] = SOCKET.replace(DRIVER, "fsx")
    for pod in node_pods(lab):
        _crash(lab, pod, "node-driver-registrar", exit_code=1, reason="Error")
    for csinode in lab.kube.all("csinodes"):
        csinode["spec"]["drivers"] = None
    count(lab.kube.get("daemonsets", NODE, NAMESPACE), 3, 0)
    symptoms.not_registered(lab)


@fault("startup-taint-stays", cause="startup-taint-stuck")
def startup_taint_stays(lab: "Lab") -> None:
    """The node plugin may not patch nodes, so the taint that waits for it is never taken away."""
    lab.hidden.taint_kept = True
    for node in lab.kube.all("nodes"):
        node["spec"]["taints"] = [{"key": "fsx.csi.aws.com/agent-not-ready", "effect": "NoExecute"}]
    symptoms.pod_unscheduled(
        lab,
        "0/3 nodes are available: 3 node(s) had untolerated taint {fsx.csi.aws.com/agent-not-ready: }. preemption:"
        " 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    )


def _once(lab: "Lab") -> bool:
    """Whether one node plugin serves the driver's socket."""
    return sum("fsx-csi-node" in found["metadata"]["name"] for found in lab.kube.all("daemonsets")) == 1


@fault("driver-installed-twice", cause="csi-driver-installed-twice", gone=_once)
def driver_installed_twice(lab: "Lab") -> None:
    """The add-on beside the Helm release: two node plugins fight for one socket."""
    lab.client("eks").create_addon(clusterName=lab.site.cluster, addonName="aws-fsx-csi-driver")
    for kind, name in (("daemonsets", NODE), ("deployments", CONTROLLER)):
        twin = copy.deepcopy(lab.kube.get(kind, name, NAMESPACE))
        twin["metadata"] |= {"namespace": "kube-system", "uid": f"755a654b-64a5-4788-b821-{len(name):012d}"}
        twin["metadata"].pop("annotations", None)
        twin["metadata"]["labels"] = {"app.kubernetes.io/name": "aws-fsx-csi-driver"}
        lab.kube.add(twin)


@fault("pod-before-plugin-on-new-node", cause="csi-driver-startup-race")
def pod_before_plugin_on_new_node(lab: "Lab") -> None:
    """The node joined a minute ago; its plugin is still pulling images when the pod arrives."""
    name = symptoms.pod(lab)["spec"]["nodeName"]
    lab.kube.get("nodes", name)["metadata"]["creationTimestamp"] = lab.site.time(1)
    for pod in node_pods(lab):
        if pod["spec"]["nodeName"] == name:
            pod["metadata"]["creationTimestamp"] = lab.site.time(0.8)
            pod["status"] |= {"phase": "Pending", "startTime": lab.site.time(0.8)}
            for container in pod["status"]["containerStatuses"]:
                container |= {"ready": False, "started": False, "state": {"waiting": {"reason": "ContainerCreating"}}}
                container.pop("containerID", None)
    for csinode in lab.kube.all("csinodes"):
        if csinode["metadata"]["name"] == name:
            csinode["spec"]["drivers"] = None
            csinode["metadata"]["creationTimestamp"] = lab.site.time(1)
    count(lab.kube.get("daemonsets", NODE, NAMESPACE), 3, 2)
    symptoms.pod(lab)["metadata"]["creationTimestamp"] = lab.site.time(0.7)
    symptoms.not_registered(lab)


def _restarts(lab: "Lab", pods: list[dict[str, Any]], **terminated: Any) -> None:
    """The plugin's container ends over and over, as long as its pod lives; the kubelet finds nobody at the socket."""
    for pod in pods:
        _crash(lab, pod, "fsx-plugin", terminated.pop("exitCode", 1), "Error")
        for status in pod["status"]["containerStatuses"]:
            if status["name"] == "fsx-plugin":
                status["lastState"]["terminated"] |= terminated
        lab.hidden.afflict(pod["metadata"]["uid"], Ailment.CRASHES)
    count(lab.kube.get("daemonsets", NODE, NAMESPACE), 3, 3 - len(pods))
    symptoms.setup_fails(
        lab,
        "kubernetes.io/csi: mounter.SetUpAt failed to check for STAGE_UNSTAGE_VOLUME capability: rpc error: code ="
        ' Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix'
        ' /var/lib/kubelet/plugins/fsx.csi.aws.com/csi.sock: connect: connection refused"',
    )


def _beside_the_pod(lab: "Lab") -> list[dict[str, Any]]:
    """The node plugin's pod on the node of the workload."""
    node = symptoms.pod(lab)["spec"]["nodeName"]
    return [pod for pod in node_pods(lab) if pod["spec"]["nodeName"] == node]


@fault("node-plugin-panics", cause="csi-node-plugin-down")
def node_plugin_panics(lab: "Lab") -> None:
    """It ends at once, and its last words say why: the API server does not answer it."""
    node = symptoms.pod(lab)["spec"]["nodeName"]
    words = f'panic: error getting Node {node}: Get "https://172.20.0.1:443/api/v1/nodes/{node}": dial tcp'
    _restarts(lab, _beside_the_pod(lab), exitCode=2, message=f"{words} 172.20.0.1:443: i/o timeout")


@fault("node-plugin-fails-its-probe", cause="csi-node-plugin-down")
def node_plugin_fails_its_probe(lab: "Lab") -> None:
    """The kubelet restarts it over and over: its liveness probe has no answer."""
    for pod in _beside_the_pod(lab):
        text = 'Liveness probe failed: Get "http://10.0.1.5:9810/healthz": context deadline exceeded'
        symptoms.event(lab, pod, "Unhealthy", text, "kubelet", count=40)
        symptoms.event(lab, pod, "Killing", "Container fsx-plugin failed liveness probe, will be restarted", "kubelet")
    _restarts(lab, _beside_the_pod(lab), exitCode=143)


@fault("node-plugin-of-another-architecture", cause="image-wrong-architecture")
def node_plugin_of_another_architecture(lab: "Lab") -> None:
    """A mirror holds the amd64 half of the image, and the node is an arm64 one."""
    node = lab.kube.get("nodes", symptoms.pod(lab)["spec"]["nodeName"])
    node["status"]["nodeInfo"]["architecture"] = node["metadata"]["labels"]["kubernetes.io/arch"] = "arm64"
    image = f"123456789012.dkr.ecr.{lab.site.region}.{lab.site.dns_suffix}/mirror/aws-fsx-csi-driver:v1.9.0"
    for template in (lab.kube.get("daemonsets", NODE, NAMESPACE)["spec"]["template"], *node_pods(lab)):
        template["spec"]["containers"][0]["image"] = image
    lab.hidden.afflict(image, Ailment.CRASHES)
    words = (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed:"
        " unable to start container process: exec /bin/aws-fsx-csi-driver: exec format error: unknown"
    )
    for pod in _beside_the_pod(lab):
        _crash(lab, pod, "fsx-plugin", 128, "StartError")
        for status in pod["status"]["containerStatuses"]:
            if status["name"] == "fsx-plugin":
                status["lastState"]["terminated"]["message"] = words
        symptoms.event(lab, pod, "Failed", f"Error: {words}", "kubelet")
    count(lab.kube.get("daemonsets", NODE, NAMESPACE), 3, 2)
    symptoms.not_registered(lab)


@fault("node-plugin-finds-no-room", cause="csi-node-not-scheduled")
def node_plugin_finds_no_room(lab: "Lab") -> None:
    """A request was added that the busy node cannot hold: the DaemonSet's pod waits for it."""
    text = "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."
    daemonset = lab.kube.get("daemonsets", NODE, NAMESPACE)
    daemonset["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] = {"cpu": "96"}
    for pod in _beside_the_pod(lab):
        pod["spec"]["containers"][0]["resources"]["requests"] = {"cpu": "96"}
        name = pod["spec"].pop("nodeName")
        field = {"key": "metadata.name", "operator": "In", "values": [name]}
        terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
        pod["spec"]["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": text}
        pod["status"] = {"phase": "Pending", "conditions": [condition]}
        symptoms.event(lab, pod, "FailedScheduling", text, "default-scheduler")
        for csinode in lab.kube.all("csinodes"):
            if csinode["metadata"]["name"] == name:
                csinode["spec"]["drivers"] = None
    count(daemonset, 3, 2)
    symptoms.not_registered(lab)


@fault("node-plugin-selects-no-node", cause="csi-node-not-scheduled")
def node_plugin_selects_no_node(lab: "Lab") -> None:
    """A label that no node has: the DaemonSet wants no pod, and says nothing."""
    daemonset = lab.kube.get("daemonsets", NODE, NAMESPACE)
    daemonset["spec"]["template"]["spec"]["nodeSelector"]["storage"] = "lustre"
    lab.kube.remove_all("pods", node_pods(lab))
    count(daemonset, 0, 0)
    for csinode in lab.kube.all("csinodes"):
        csinode["spec"]["drivers"] = None
    symptoms.not_registered(lab)


def _propagates(lab: "Lab") -> bool:
    return "Bidirectional" in str(lab.kube.get("daemonsets", NODE, NAMESPACE))


@fault("mount-propagation-lost", cause="kubelet-path-wrong", gone=_propagates)
def mount_propagation_lost(lab: "Lab") -> None:
    """The node plugin mounts for itself alone: pods start with an empty directory, and no event says so."""
    for container in lab.kube.get("daemonsets", NODE, NAMESPACE)["spec"]["template"]["spec"]["containers"]:
        for mount in container.get("volumeMounts", ()):
            mount.pop("mountPropagation", None)
