"""The controller's pods, and where they take their AWS credentials and their Region from."""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Iterable

import msgspec

from diag.advice.driver import PLUGIN
from diag.analysis.driver.workloads import pods_of
from diag.knowledge.versions import version_number
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.registry import fact
from diag.resources.ec2 import Instance, MetadataOptions
from diag.resources.eks import PodIdentityAssociation
from diag.resources.kubernetes import Container, Node, Pod, PodSpec, SecretKeyRef, ServiceAccount, Workload
from diag.resources.kubernetes.pod import INJECTED_ROLE, NO_PROXY, EnvVar
from diag.resources.table import Table

KEY_ID = "AWS_ACCESS_KEY_ID"


WEB_IDENTITY_FILE = "AWS_WEB_IDENTITY_TOKEN_FILE"


POD_IDENTITY_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"


REGION = "AWS_REGION"


SKIP_CONTAINERS = "eks.amazonaws.com/skip-containers"
"""Annotation of a pod: containers that the webhook leaves alone. Source: amazon-eks-pod-identity-webhook README."""


_PROXY = frozenset({"HTTPS_PROXY", "https_proxy"})


AUTO_MODE = ("eks.amazonaws.com/compute-type", "auto")
"""Label of the nodes of EKS Auto Mode, which have the Pod Identity agent built in and shut pods out of IMDS.

Source: EKS user guide, auto-accelerated and automode.
"""


class Giver(enum.Enum):
    """What gives the controller a role, the first that applies.

    The webhook injects Pod Identity where there is an association, else web identity where there is an annotation.
    Source: amazon-eks-pod-identity-webhook, buildPodPatchConfig.
    """

    POD_IDENTITY = "Pod Identity"
    WEB_IDENTITY = "IRSA"


class Given(msgspec.Struct, frozen=True):
    """The role that new pods of the controller are given."""

    giver: Giver
    role_arn: str
    """The role that the pods act as."""
    by_role: str = ""
    """The role of the association that takes it, where the pods act as its target; empty otherwise."""
    session_policy: str = ""
    """A document that limits what they may do with it; empty for none."""


@fact(layer=Layer.IDENTITY)
def controller_role(
    controller_account: ServiceAccount | Unavailable,
    pod_identity_associations: tuple[PodIdentityAssociation, ...] | Unavailable,
) -> Given | Unavailable:
    """The role that the controller's service account is given, absent when nothing gives it one.

    Without sight of the associations an annotation is taken at its word; without an annotation nothing is known.
    """
    if isinstance(controller_account, Unavailable):
        return controller_account
    if not isinstance(pod_identity_associations, Unavailable) and pod_identity_associations:
        own = pod_identity_associations[0]
        target = own.target_role_arn
        return Given(Giver.POD_IDENTITY, target or own.role_arn, own.role_arn if target else "", own.policy)
    if controller_account.role_arn is not None:
        return Given(Giver.WEB_IDENTITY, controller_account.role_arn)
    if not isinstance(pod_identity_associations, Unavailable):
        what = f"role of {controller_account.subject}"
        return Unavailable(what, Reason.ABSENT, "it has neither an annotation nor an association")
    if pod_identity_associations.reason is Reason.ABSENT:
        # That the cluster was not found does not mean that it has no associations.
        return msgspec.structs.replace(pod_identity_associations, reason=Reason.NOT_ASKED)
    return pod_identity_associations


@fact(layer=Layer.DRIVER)
def controller_pods(controller: Workload | Unavailable, driver_pods: tuple[Pod, ...]) -> tuple[Pod, ...] | Unavailable:
    """The pods of the controller's Deployment; none where there is no Deployment."""
    if isinstance(controller, Unavailable):
        return () if controller.reason is Reason.ABSENT else controller
    return pods_of(controller, driver_pods)


@fact(layer=Layer.DRIVER)
def controller_nodes(controller_pods: tuple[Pod, ...], nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The nodes where the controller's pods run."""
    names = {pod.spec.node_name for pod in controller_pods}
    return tuple(node for node in nodes if node.name in names)


def plugin_of(spec: PodSpec) -> Container:
    """The container that calls AWS; an empty one where none looks like it."""
    for container in spec.containers:
        if container.name == PLUGIN or "aws-fsx-csi-driver" in container.image:
            return container
    return Container()


def goes_by_proxy(pods: Iterable[Pod]) -> bool:
    """Whether the controller's calls to AWS go through a proxy."""
    return any(_PROXY & set(plugin_of(pod.spec).env_names) for pod in pods)


def takes_by_proxy(container: Container, url: str) -> bool:
    """Whether a program of the container surely goes through a proxy to that address, for which no name is looked up.

    Not where the whole of a ConfigMap is its environment, or the exceptions come from elsewhere. Source:
    golang.org/x/net http/httpproxy.
    """
    scheme, _, address = url.partition("://")
    names = {f"{scheme}_proxy", f"{scheme}_proxy".upper()}
    if container.env_from or not names & container.env_names:
        return False
    given = next((one for name in NO_PROXY for one in container.env or () if one.name == name), EnvVar())
    return given.value_from is None and not any(_spares(host.strip(), address) for host in given.value.split(","))


def _spares(host: str, address: str) -> bool:
    if host in ("*", address):
        return True
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(host, strict=False)
    except ValueError:
        return host.rpartition(":")[0] == address


def injected(pod: Pod) -> Giver | None:
    """What the webhook put into a pod when it was created."""
    names = plugin_of(pod.spec).env_names
    if WEB_IDENTITY_FILE in names:
        return Giver.WEB_IDENTITY
    return Giver.POD_IDENTITY if POD_IDENTITY_URI in names else None


def injected_role(pod: Pod) -> str:
    """The role that a pod was given for good at its creation; empty when it has none, or asks an agent for it."""
    return role_in(pod.spec)


def role_in(spec: PodSpec) -> str:
    """The role that a pod, or the template of one, names in its environment; empty where it names none."""
    return next((v.value for v in plugin_of(spec).env or () if v.name == INJECTED_ROLE), "")


def without_region(pods: Iterable[Pod], nodes: Iterable[Node], instances: Table[Instance]) -> tuple[int, str]:
    """How many pods of the controller are given no Region, and why the first that has a node cannot ask for it.

    The reason is empty where they can. Raises Unreadable when an instance could not be read, or where variables that
    are taken as a whole from elsewhere may name one.
    """
    by_name = {node.name: node for node in nodes}
    bare = [
        pod
        for pod in pods
        if not _is_given_a_region(plugin_of(pod.spec)) and not _knows_by_node(pod, by_name.get(pod.spec.node_name))
    ]
    # Where a pod without a node will run, and what it will reach there, is not known yet.
    for pod in bare:
        where = pod.spec.node_name
        if where and (why := why_closed(pod, by_name.get(where), instances)):
            plugin = plugin_of(pod.spec)
            if plugin.env_from and REGION not in plugin.env_names:
                what = f"whether {pod.key} has {REGION}"
                raise Unreadable(Unavailable(what, Reason.NOT_ASKED, "it takes a ConfigMap or Secret as variables"))
            return len(bare), why
    return len(bare), ""


def _is_given_a_region(container: Container) -> bool:
    """Whether its environment names a Region: an empty value is none, and keeps the webhook from giving one.

    Source: aws-fsx-csi-driver v1.9.0 pkg/driver/controller.go; amazon-eks-pod-identity-webhook README.
    """
    return any(one.name == REGION and (one.value or one.value_from) for one in container.env or ())


def _knows_by_node(pod: Pod, node: Node | None) -> bool:
    """Whether the driver learns its Region from the providerID of a hybrid node.

    Source: aws-fsx-csi-driver v1.7.0 pkg/cloud/metadata_k8s.go.
    """
    tag = plugin_of(pod.spec).image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    release = version_number(tag)
    return node is not None and bool(node.hybrid_region) and (not release or release >= version_number("1.7.0"))


def key_secret_of(controller: Workload) -> SecretKeyRef | None:
    """The secret that the Deployment takes a static access key from."""
    for variable in plugin_of(controller.spec.template.spec).env or ():
        if variable.name == KEY_ID and variable.value_from is not None:
            return variable.value_from.secret_key_ref
    return None


def has_own_key(controller: Workload) -> bool:
    """Whether the controller surely has a static access key: in the Deployment, or in a secret it cannot start without.

    An optional secret proves nothing on its own.
    """
    for variable in plugin_of(controller.spec.template.spec).env or ():
        if variable.name == KEY_ID:
            secret = variable.value_from.secret_key_ref if variable.value_from else None
            return variable.value_from is None or (secret is not None and not secret.optional)
    return False


def is_auto_mode(node: Node) -> bool:
    """A node of EKS Auto Mode."""
    return node.metadata.label(AUTO_MODE[0]) == AUTO_MODE[1]


class StaticKeys(msgspec.Struct, frozen=True):
    """Whether the controller is given a static access key; never the key."""

    given: bool
    where: str = ""
    """`secret fsx-csi-driver/aws-secret` or the Deployment."""
    removable: bool = False
    """It comes from an optional secret."""


HOPS_OF_A_POD = 2
"""An answer to a pod of its own network takes one hop more than to the node itself.

Source: EC2 user guide, instance metadata options, hop limit in a container environment.
"""


def why_closed(pod: Pod, node: Node | None, instances: Table[Instance]) -> str:
    """Why a pod gets no answer from the metadata service, in words; empty when it does.

    Raises Unreadable when the instance could not be read.
    """
    if node is None or not node.instance_id:
        return "it runs on no EC2 instance that is known"
    if is_auto_mode(node):
        return "EKS Auto Mode lets pods reach no instance metadata"
    options = instances[node.instance_id].metadata_options
    if options is None:
        return ""
    if options.http_endpoint == "disabled":
        return f"instance {node.instance_id} has its metadata service switched off"
    if is_a_hop_away(pod, options):
        hops = options.http_put_response_hop_limit
        return f"instance {node.instance_id} has hop limit {hops} for metadata tokens, a pod needs {HOPS_OF_A_POD}"
    return ""


def is_a_hop_away(pod: Pod, options: MetadataOptions) -> bool:
    """Whether answers of a metadata service that is on do not reach the pod."""
    hops = options.http_put_response_hop_limit
    short = hops is not None and hops < HOPS_OF_A_POD and options.http_tokens == "required"
    return short and options.http_endpoint != "disabled" and not pod.spec.host_network
