"""Images that the nodes cannot pull."""

from typing import TYPE_CHECKING, Any

from tests.lab.faults import symptoms
from tests.lab.faults.driver.objects import CONTROLLER, NODE, count, private_endpoints
from tests.lab.faults.registry import fault
from tests.lab.physics.hidden import Ailment
from tests.lab.setup import NAMESPACE

if TYPE_CHECKING:
    from tests.lab.lab import Lab


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
    replace_image(lab, "fsx-plugin", wrong)
    _pull_fails(lab, "fsx-plugin", "ImagePullBackOff", refusal)
    symptoms.not_registered(lab)


@fault("image-of-another-region-under-another-release", cause="image-pull-wrong-region-ecr")
def image_of_another_region_under_another_release(lab: "Lab") -> None:
    """The same, and the Helm release has a name of its own."""
    for kind in ("csidrivers", "daemonsets", "deployments", "replicasets", "pods", "serviceaccounts"):
        for obj in lab.kube.all(kind):
            _rename_release(obj, "storage")
    image_of_another_region(lab)


def _rename_release(part: Any, name: str) -> None:
    """Gives the release another name wherever an object or a part of it has it."""
    for key, value in part.items() if isinstance(part, dict) else enumerate(part):
        if key in ("meta.helm.sh/release-name", "app.kubernetes.io/instance") and value == "fsx-csi-driver":
            part[key] = name
        elif isinstance(value, dict | list):
            _rename_release(value, name)


@fault("image-without-region", cause="image-invalid-reference")
def image_without_region(lab: "Lab") -> None:
    """AWS_REGION was empty when the reference was put together."""
    wrong = "602401143452.dkr.ecr..amazonaws.com/eks/aws-fsx-csi-driver:v1.9.0"
    replace_image(lab, "fsx-plugin", wrong)
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
    replace_image(lab, "fsx-plugin", wrong)
    refusal = (
        f'Failed to pull image "{wrong}": rpc error: code = NotFound desc = failed to pull and unpack image "{wrong}":'
        f' failed to resolve reference "{wrong}": {wrong}: not found'
    )
    _pull_fails(lab, "fsx-plugin", "ImagePullBackOff", refusal)
    symptoms.not_registered(lab)


@fault("pull-rate-limited", cause="image-pull-rate-limited")
def pull_rate_limited(lab: "Lab") -> None:
    """A hundred new nodes behind one NAT gateway pull the side-cars at once."""
    image = "public.ecr.aws/csi-components/csi-node-driver-registrar:v2.16.0-eksbuild.3"
    refusal = (
        f'Failed to pull image "{image}": failed to pull and unpack image "{image}": failed to copy: httpReadSeeker:'
        " failed open: unexpected status code"
        " https://public.ecr.aws/v2/csi-components/csi-node-driver-registrar/manifests/sha256:0e3a: 429 Too Many"
        " Requests - Server message: toomanyrequests: Rate exceeded"
    )
    _pull_fails(lab, "node-driver-registrar", "ImagePullBackOff", refusal)
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


def replace_image(lab: "Lab", container: str, image: str) -> None:
    """Gives a container of the driver another image, in templates and pods."""
    templates = [
        lab.kube.get("daemonsets", NODE, NAMESPACE)["spec"]["template"],
        lab.kube.get("deployments", CONTROLLER, NAMESPACE)["spec"]["template"],
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
    count(lab.kube.get("daemonsets", NODE, NAMESPACE), 3, 0)
    if container == "fsx-plugin":
        status = lab.kube.get("deployments", CONTROLLER, NAMESPACE)["status"]
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


def _other_image_fails(lab: "Lab", image: str, refusal: str) -> None:
    """The node plugin has another image, which no node can start."""
    replace_image(lab, "fsx-plugin", image)
    lab.hidden.afflict(image, Ailment.CRASHES)
    _pull_fails(lab, "fsx-plugin", "ImagePullBackOff", refusal)
    symptoms.not_registered(lab)


@fault("node-role-may-not-pull", cause="image-pull-denied")
def node_role_may_not_pull(lab: "Lab") -> None:
    """The nodes' role lost its ECR policy."""
    policy = f"arn:{lab.site.partition}:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
    lab.client("iam").detach_role_policy(RoleName="eks-node-role", PolicyArn=policy)
    image = f"{lab.site.registry}/eks/aws-fsx-csi-driver:v1.9.0"
    refusal = (
        f'Failed to pull image "{image}": failed to pull and unpack image "{image}": failed to resolve reference'
        f' "{image}": unexpected status from HEAD request to https://{lab.site.registry}/v2/eks/aws-fsx-csi-driver/'
        "manifests/v1.9.0: 403 Forbidden"
    )
    _pull_fails(lab, "fsx-plugin", "ImagePullBackOff", refusal)
    symptoms.not_registered(lab)


@fault("image-lacks-the-architecture", cause="image-wrong-architecture")
def image_lacks_the_architecture(lab: "Lab") -> None:
    """A mirror holds the list of images with the amd64 one alone, and the nodes are arm64."""
    image = f"123456789012.dkr.ecr.{lab.site.region}.{lab.site.dns_suffix}/mirror/aws-fsx-csi-driver:v1.9.0"
    refusal = (
        f'Failed to pull image "{image}": rpc error: code = NotFound desc = failed to pull and unpack image "{image}":'
        " no match for platform in manifest: not found"
    )
    _other_image_fails(lab, image, refusal)


@fault("image-never-pulled", cause="image-not-found", gone=lambda lab: not _never_pulled(lab))
def image_never_pulled(lab: "Lab") -> None:
    """imagePullPolicy Never is for images that a node brings along, and these nodes bring none."""
    image = f"{lab.site.registry}/eks/aws-fsx-csi-driver:v1.9.0"
    for container in lab.kube.get("daemonsets", NODE, NAMESPACE)["spec"]["template"]["spec"]["containers"]:
        container["imagePullPolicy"] = "Never"
    refusal = f'Container image "{image}" is not present with pull policy of Never'
    _pull_fails(lab, "fsx-plugin", "ErrImageNeverPull", refusal, reason="ErrImageNeverPull")
    symptoms.not_registered(lab)


def _never_pulled(lab: "Lab") -> bool:
    containers = lab.kube.get("daemonsets", NODE, NAMESPACE)["spec"]["template"]["spec"]["containers"]
    return any(container.get("imagePullPolicy") == "Never" for container in containers)


@fault("mirror-of-an-unknown-authority", cause="image-pull-no-egress")
def mirror_of_an_unknown_authority(lab: "Lab") -> None:
    """A proxy of the company's opens TLS before the registry, and the nodes do not know its authority."""
    image = "registry.corp.example.com/mirror/aws-fsx-csi-driver:v1.9.0"
    refusal = (
        f'Failed to pull image "{image}": failed to pull and unpack image "{image}": failed to resolve reference'
        f' "{image}": failed to do request: Head "https://registry.corp.example.com/v2/mirror/aws-fsx-csi-driver/'
        'manifests/v1.9.0": tls: failed to verify certificate: x509: certificate signed by unknown authority'
    )
    _other_image_fails(lab, image, refusal)


@fault("node-disk-full", cause="csi-node-plugin-down")
def node_disk_full(lab: "Lab") -> None:
    """The image is there, and the node has no room for it."""
    image = f"{lab.site.registry}/eks/aws-fsx-csi-driver:v1.9.0"
    refusal = (
        f'Failed to pull image "{image}": failed to pull and unpack image "{image}": failed to extract layer sha256:1f:'
        " write /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs/bin: no space left on device"
    )
    _other_image_fails(lab, image, refusal)


@fault("mirror-under-another-name", cause="image-pull-no-egress")
def mirror_under_another_name(lab: "Lab") -> None:
    """The company's mirror calls the driver by a number, and its certificate has run out."""
    image = "harbor.corp.example.com/platform/storage-0815:2026.11-r3"
    refusal = (
        f'Failed to pull image "{image}": failed to pull and unpack image "{image}": failed to resolve reference'
        f' "{image}": failed to do request: Head "https://harbor.corp.example.com/v2/platform/storage-0815/manifests/'
        '2026.11-r3": tls: failed to verify certificate: x509: certificate has expired or is not yet valid'
    )
    _other_image_fails(lab, image, refusal)
