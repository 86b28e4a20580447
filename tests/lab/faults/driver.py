"""The CSI driver: absent, not pullable, not running, or not on this node."""

from typing import TYPE_CHECKING, Any

from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault
from tests.lab.setup import NAMESPACE

if TYPE_CHECKING:
    from tests.lab.lab import Lab

DRIVER = "fsx.csi.aws.com"
_CONTROLLER, _NODE = "fsx-csi-controller", "fsx-csi-node"


@fault("image-of-another-region", cause="image-pull-wrong-region-ecr")
def image_of_another_region(lab: "Lab") -> None:
    """The registry of us-west-2, which this region's nodes have no credentials for."""
    wrong = "602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/aws-fsx-csi-driver:v1.9.0"
    refusal = (
        f'Failed to pull image "{wrong}": failed to pull and unpack image "{wrong}": failed to resolve reference'
        f' "{wrong}": unexpected status from HEAD request to'
        " https://602401143452.dkr.ecr.us-west-2.amazonaws.com/v2/eks/aws-fsx-csi-driver/manifests/v1.9.0: 401"
        " Unauthorized"
    )
    _replace_image(lab, "fsx-plugin", wrong)
    _pull_fails(lab, "fsx-plugin", "ImagePullBackOff", refusal)
    symptoms.not_registered(lab)


@fault("image-without-region", cause="image-reference-invalid")
def image_without_region(lab: "Lab") -> None:
    """AWS_REGION was empty when the reference was put together."""
    wrong = "602401143452.dkr.ecr..amazonaws.com/eks/aws-fsx-csi-driver:v1.9.0"
    _replace_image(lab, "fsx-plugin", wrong)
    _pull_fails(
        lab,
        "fsx-plugin",
        "InvalidImageName",
        f'Failed to apply default image tag "{wrong}": couldn\'t parse image name "{wrong}": invalid reference format',
        reason="InspectFailed",
    )
    symptoms.not_registered(lab)


@fault("image-tag-absent", cause="image-not-found")
def image_tag_absent(lab: "Lab") -> None:
    """A tag nobody has pushed."""
    wrong = f"{lab.site.registry}/eks/aws-fsx-csi-driver:v1.99.0"
    _replace_image(lab, "fsx-plugin", wrong)
    refusal = (
        f'Failed to pull image "{wrong}": rpc error: code = NotFound desc = failed to pull and unpack image "{wrong}":'
        f' failed to resolve reference "{wrong}": {wrong}: not found'
    )
    _pull_fails(lab, "fsx-plugin", "ImagePullBackOff", refusal)
    symptoms.not_registered(lab)


@fault("public-image-in-private-cluster", cause="image-pull-no-egress")
def public_image_in_private_cluster(lab: "Lab") -> None:
    """The driver's image is regional, its sidecars are on public.ecr.aws, and no route leads there."""
    assert lab.account is not None
    lab.client("ec2").delete_route(RouteTableId=lab.account.private_route_table, DestinationCidrBlock="0.0.0.0/0")
    private_endpoints(lab)
    image = "public.ecr.aws/csi-components/csi-node-driver-registrar:v2.16.0-eksbuild.3"
    refusal = (
        f'Failed to pull image "{image}": failed to pull and unpack image "{image}": failed to resolve reference'
        f' "{image}": failed to do request: Head'
        ' "https://public.ecr.aws/v2/csi-components/csi-node-driver-registrar/manifests/v2.16.0-eksbuild.3": dial tcp'
        " 75.2.101.78:443: i/o timeout"
    )
    _pull_fails(lab, "node-driver-registrar", "ImagePullBackOff", refusal)
    symptoms.not_registered(lab)


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
    lab.kube.remove("daemonsets", _NODE, NAMESPACE)
    lab.kube.remove("deployments", _CONTROLLER, NAMESPACE)
    for kind in ("pods", "replicasets"):
        lab.kube.remove_all(kind, lab.kube.all(kind, NAMESPACE))
    for csinode in lab.kube.all("csinodes"):
        csinode["spec"]["drivers"] = None
    symptoms.not_registered(lab)


@fault("driver-not-on-this-node", cause="csi-driver-not-registered")
def driver_not_on_this_node(lab: "Lab") -> None:
    """A node selector leaves out the node group the pod landed on."""
    node = symptoms.pod(lab)["spec"]["nodeName"]
    daemonset = lab.kube.get("daemonsets", _NODE, NAMESPACE)
    daemonset["spec"]["template"]["spec"]["nodeSelector"]["eks.amazonaws.com/nodegroup"] = "sys-ng"
    gone = [pod for pod in _node_pods(lab) if pod["spec"]["nodeName"] != lab.site.node(1, 5)]
    lab.kube.remove_all("pods", gone)
    _count(daemonset, 1, 1)
    for csinode in lab.kube.all("csinodes"):
        if csinode["metadata"]["name"] != lab.site.node(1, 5):
            csinode["spec"]["drivers"] = None
    assert node != lab.site.node(1, 5)
    symptoms.not_registered(lab)


@fault("daemonset-without-tolerations", cause="csi-driver-not-registered")
def daemonset_without_tolerations(lab: "Lab") -> None:
    """The GPU nodes are tainted and the node plugin does not tolerate it."""
    for node in lab.kube.all("nodes"):
        if node["metadata"]["labels"]["eks.amazonaws.com/nodegroup"] == "gpu-ng":
            node["spec"]["taints"] = [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]
    symptoms.pod(lab)["spec"]["tolerations"].append({"key": "nvidia.com/gpu", "operator": "Exists"})
    daemonset = lab.kube.get("daemonsets", _NODE, NAMESPACE)
    daemonset["spec"]["template"]["spec"]["tolerations"] = [
        {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    ]
    gone = [pod for pod in _node_pods(lab) if pod["spec"]["nodeName"] != lab.site.node(1, 5)]
    lab.kube.remove_all("pods", gone)
    _count(daemonset, 1, 1)
    for csinode in lab.kube.all("csinodes"):
        if csinode["metadata"]["name"] != lab.site.node(1, 5):
            csinode["spec"]["drivers"] = None
    symptoms.not_registered(lab)


@fault("node-plugin-crashes", cause="csi-node-plugin-down")
def node_plugin_crashes(lab: "Lab") -> None:
    """The plugin of the pod's node restarts over and over; its socket has no listener."""
    node = symptoms.pod(lab)["spec"]["nodeName"]
    for pod in _node_pods(lab):
        if pod["spec"]["nodeName"] == node:
            _crash(lab, pod, "fsx-plugin")
    _count(lab.kube.get("daemonsets", _NODE, NAMESPACE), 3, 2)
    symptoms.setup_fails(
        lab,
        "kubernetes.io/csi: mounter.SetUpAt failed to check for STAGE_UNSTAGE_VOLUME capability: rpc error: code ="
        ' Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix'
        ' /var/lib/kubelet/plugins/fsx.csi.aws.com/csi.sock: connect: connection refused"',
    )


@fault("controller-scaled-to-zero", cause="csi-controller-not-running")
def controller_scaled_to_zero(lab: "Lab") -> None:
    """A dynamic claim waits for a provisioner that does not run."""
    deployment = lab.kube.get("deployments", _CONTROLLER, NAMESPACE)
    deployment["spec"]["replicas"] = 0
    deployment["status"] = {"observedGeneration": 2, "conditions": deployment["status"]["conditions"]}
    gone = [pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"].get("app") == _CONTROLLER]
    lab.kube.remove_all("pods", gone)
    symptoms.provision_dynamically(lab)
    symptoms.claim_waits(
        lab,
        (
            "ExternalProvisioning",
            "Waiting for a volume to be created either by the external provisioner 'fsx.csi.aws.com' or manually by"
            " the system administrator. If volume creation is delayed, please verify that the provisioner is running"
            " and correctly registered.",
            "persistentvolume-controller",
        ),
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
    lab.kube.remove("daemonsets", _NODE, NAMESPACE)
    lab.kube.remove_all("pods", list(_node_pods(lab)))
    for csinode in lab.kube.all("csinodes"):
        csinode["spec"]["drivers"] = None
    symptoms.not_registered(lab)


def _node_pods(lab: "Lab") -> list[dict[str, Any]]:
    return [pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"].get("app") == _NODE]


def _count(daemonset: dict[str, Any], scheduled: int, ready: int) -> None:
    daemonset["status"] |= {
        "currentNumberScheduled": scheduled,
        "desiredNumberScheduled": scheduled,
        "updatedNumberScheduled": scheduled,
        "numberAvailable": ready,
        "numberReady": ready,
        "numberUnavailable": scheduled - ready,
    }


def _replace_image(lab: "Lab", container: str, image: str) -> None:
    templates = [
        lab.kube.get("daemonsets", _NODE, NAMESPACE)["spec"]["template"],
        lab.kube.get("deployments", _CONTROLLER, NAMESPACE)["spec"]["template"],
        *lab.kube.all("pods", NAMESPACE),
    ]
    for template in templates:
        for spec in template["spec"]["containers"]:
            if spec["name"] == container:
                spec["image"] = image


def _pull_fails(lab: "Lab", container: str, state: str, refusal: str, *, reason: str = "Failed") -> None:
    """Every driver pod that has the container waits for its image; no node registers the driver."""
    for pod in lab.kube.all("pods", NAMESPACE):
        for spec in pod["spec"]["containers"]:
            if spec["name"] == container:
                _wait(pod, container, spec["image"], state, refusal)
                symptoms.event(lab, pod, reason, refusal, "kubelet", count=12)
    for csinode in lab.kube.all("csinodes"):
        csinode["spec"]["drivers"] = None
    _count(lab.kube.get("daemonsets", _NODE, NAMESPACE), 3, 0)
    if container == "fsx-plugin":
        status = lab.kube.get("deployments", _CONTROLLER, NAMESPACE)["status"]
        status["unavailableReplicas"] = 2
        for key in ("availableReplicas", "readyReplicas"):
            status.pop(key, None)


def _wait(pod: dict[str, Any], container: str, image: str, state: str, refusal: str) -> None:
    pod["status"]["phase"] = "Pending"
    for condition in pod["status"]["conditions"]:
        if condition["type"] in ("Ready", "ContainersReady"):
            condition["status"] = "False"
            condition["reason"] = "ContainersNotReady"
            condition["message"] = f"containers with unready status: [{container}]"
    for status in pod["status"]["containerStatuses"]:
        if status["name"] == container:
            message = f'Back-off pulling image "{image}": ErrImagePull: {refusal.partition(": ")[2]}'
            status.pop("containerID", None)
            status |= {
                "image": image,
                "imageID": "",
                "ready": False,
                "started": False,
                "state": {"waiting": {"reason": state, "message": message if state == "ImagePullBackOff" else refusal}},
            }


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


def private_endpoints(lab: "Lab") -> None:
    """What a cluster without a way out has instead of a NAT gateway."""
    assert lab.account is not None
    ec2, region = lab.client("ec2"), lab.site.region
    for service in ("ecr.api", "ecr.dkr", "ec2", "sts", "fsx"):
        ec2.create_vpc_endpoint(
            VpcId=lab.account.vpc,
            ServiceName=f"com.amazonaws.{region}.{service}",
            VpcEndpointType="Interface",
            SubnetIds=list(lab.account.private_subnets),
            PrivateDnsEnabled=True,
        )
    ec2.create_vpc_endpoint(
        VpcId=lab.account.vpc,
        ServiceName=f"com.amazonaws.{region}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[lab.account.private_route_table],
    )
