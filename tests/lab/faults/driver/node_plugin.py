"""The node plugin: absent, left out, or crashing."""

from typing import TYPE_CHECKING, Any

from tests.lab.faults import symptoms
from tests.lab.faults.driver.objects import CONTROLLER, DRIVER, NODE, count, node_pods
from tests.lab.faults.registry import fault
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


def _crash(lab: "Lab", pod: dict[str, Any], container: str) -> None:
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
                        "exitCode": 137,
                        "reason": "OOMKilled",
                        "startedAt": lab.site.time(4),
                        "finishedAt": lab.site.time(3),
                    }
                },
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": text}},
            }
