"""Pods."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from diag.model.subject import Kind, Subject
from diag.resources.kubernetes.meta import Condition, KubernetesObject, LabelRequirement, Metadata


class VolumeMount(KubernetesObject, frozen=True):
    """One volumeMount of a container."""

    name: str = ""
    mount_path: str = ""
    read_only: bool = False
    sub_path: str = ""
    sub_path_expr: str = ""
    mount_propagation: str = ""


class SecretKeyRef(KubernetesObject, frozen=True):
    """Which key of which secret a variable is taken from."""

    name: str = ""
    key: str = ""
    optional: bool = False


class EnvSource(KubernetesObject, frozen=True):
    """valueFrom of an environment variable; only secrets are of interest."""

    secret_key_ref: SecretKeyRef | None = None


INJECTED_ROLE = "AWS_ROLE_ARN"
"""The variable that names the role of a pod's web identity. Source: amazon-eks-pod-identity-webhook README."""

ENFORCING_MODE = "NETWORK_POLICY_ENFORCING_MODE"
"""Whether the VPC CNI lets a pod send what no policy speaks of. Source: amazon-vpc-cni-k8s README."""

NO_PROXY = ("NO_PROXY", "no_proxy")
"""What goes past a proxy; the first that is set counts. Source: golang.org/x/net http/httpproxy FromEnvironment."""

KEPT_VALUES = frozenset(
    {INJECTED_ROLE, "AWS_REGION", "CSI_ENDPOINT", "ADDRESS", "DRIVER_REG_SOCK_PATH", ENFORCING_MODE, *NO_PROXY}
)
"""Variables whose values are kept: a role, a Region, paths of sockets, a mode, hosts. Any other may be a secret."""

KEPT_FLAGS = frozenset(
    {
        *("mode", "endpoint", "csi-address", "kubelet-registration-path", "plugin-registration-path"),
        *("leader-election", "enable-network-policy", "extra-tags"),
    }
)
"""Arguments that say how a CSI driver's containers find each other and share the work, and whether the VPC CNI enforces
NetworkPolicies. Source: aws-fsx-csi-driver chart 1.17.0; amazon-vpc-cni-k8s chart."""

_READ = ("csi", "fsx-plugin", "liveness", "registrar", "network-policy-agent")
"""In the names of containers or images whose arguments are read; a mirror may call an image anything."""


class EnvVar(KubernetesObject, frozen=True):
    """The name of an environment variable and where it comes from; few values are kept."""

    name: str = ""
    value_from: EnvSource | None = None
    value: str = ""
    """Of those in KEPT_VALUES alone."""

    def __post_init__(self) -> None:
        """Forget every other value."""
        if self.value and self.name not in KEPT_VALUES:
            msgspec.structs.force_setattr(self, "value", "")


class EnvFrom(KubernetesObject, frozen=True):
    """That variables come from a ConfigMap or Secret as a whole; which one does not matter."""


class ContainerSecurityContext(KubernetesObject, frozen=True):
    """securityContext of a container."""

    privileged: bool = False


class Container(KubernetesObject, frozen=True):
    """A container of a pod or pod template."""

    name: str = ""
    image: str = ""
    args: tuple[str, ...] | None = None
    env: tuple[EnvVar, ...] | None = None
    env_from: tuple[EnvFrom, ...] | None = None
    volume_mounts: tuple[VolumeMount, ...] | None = None
    security_context: ContainerSecurityContext | None = None

    def __post_init__(self) -> None:
        """Forget every argument that is not read: a command line may hold a secret."""
        if self.args is not None:
            called = f"{self.name} {self.image}"
            kept = tuple(_kept(self.args)) if any(word in called for word in _READ) else ()
            msgspec.structs.force_setattr(self, "args", kept or None)

    @property
    def flags(self) -> tuple[tuple[str, str], ...]:
        """(name, value) of each argument that was kept."""
        return tuple((flag.lstrip("-"), value) for flag, _, value in (arg.partition("=") for arg in self.args or ()))

    @property
    def env_names(self) -> frozenset[str]:
        """Names of the environment variables that the spec sets."""
        return frozenset(var.name for var in self.env or ())


def _kept(args: tuple[str, ...]) -> Iterator[str]:
    """Flags to keep, as `--name=value`, whether the value stood in the same word or in the next."""
    for index, arg in enumerate(args):
        name, has_value, value = arg.lstrip("-").partition("=")
        if arg.startswith("-") and name in KEPT_FLAGS:
            yield f"--{name}={value if has_value else ''.join(args[index + 1 : index + 2])}"


class ClaimVolume(KubernetesObject, frozen=True):
    """A pod volume's persistentVolumeClaim."""

    claim_name: str = ""
    read_only: bool = False


class TemplateSpec(KubernetesObject, frozen=True):
    """spec of the claim of an ephemeral volume."""

    storage_class_name: str | None = None


class ClaimTemplate(KubernetesObject, frozen=True):
    """The claim of an ephemeral volume, as it is to be made."""

    spec: TemplateSpec = TemplateSpec()


class Ephemeral(KubernetesObject, frozen=True):
    """A pod volume's ephemeral: a claim that is made for the pod alone and goes with it."""

    volume_claim_template: ClaimTemplate = ClaimTemplate()


class HostPath(KubernetesObject, frozen=True):
    """A pod volume's hostPath."""

    path: str = ""


class InlineVolume(KubernetesObject, frozen=True):
    """A pod volume's csi: a volume that a driver makes for the pod alone, without a claim."""

    driver: str = ""


class PodVolume(KubernetesObject, frozen=True):
    """One entry of spec.volumes; only claims and host paths are of interest."""

    name: str = ""
    persistent_volume_claim: ClaimVolume | None = None
    """Of an ephemeral volume the claim that is made for it."""
    ephemeral: Ephemeral | None = None
    host_path: HostPath | None = None
    csi: InlineVolume | None = None


class PodSecurityContext(KubernetesObject, frozen=True):
    """spec.securityContext."""

    fs_group: int | None = None
    fs_group_change_policy: str = ""
    run_as_user: int | None = None
    run_as_group: int | None = None


class Toleration(KubernetesObject, frozen=True):
    """A toleration."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


class NodeSelectorTerm(KubernetesObject, frozen=True):
    """One alternative of a node affinity."""

    match_expressions: tuple[LabelRequirement, ...] | None = None
    match_fields: tuple[LabelRequirement, ...] | None = None


class NodeSelector(KubernetesObject, frozen=True):
    """requiredDuringSchedulingIgnoredDuringExecution."""

    node_selector_terms: tuple[NodeSelectorTerm, ...] | None = None


class NodeAffinity(KubernetesObject, frozen=True):
    """Node affinity, the required half."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None


class Affinity(KubernetesObject, frozen=True):
    """Affinity, the node half."""

    node_affinity: NodeAffinity | None = None


class DnsOption(KubernetesObject, frozen=True):
    """One option of resolv.conf."""

    name: str = ""
    value: str | None = None


class DnsConfig(KubernetesObject, frozen=True):
    """spec.dnsConfig."""

    nameservers: tuple[str, ...] | None = None
    searches: tuple[str, ...] | None = None
    options: tuple[DnsOption, ...] | None = None


class HostAlias(KubernetesObject, frozen=True):
    """One of spec.hostAliases: a line of the pod's /etc/hosts."""

    ip: str = ""
    hostnames: tuple[str, ...] | None = None


class PodSpec(KubernetesObject, frozen=True):
    """spec of a pod or a pod template."""

    node_name: str = ""
    service_account_name: str = ""
    scheduler_name: str = ""
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] | None = None
    volumes: tuple[PodVolume, ...] | None = None
    host_network: bool = False
    dns_policy: str = "ClusterFirst"
    dns_config: DnsConfig | None = None
    host_aliases: tuple[HostAlias, ...] | None = None
    security_context: PodSecurityContext | None = None
    node_selector: dict[str, str] | None = None
    affinity: Affinity | None = None
    tolerations: tuple[Toleration, ...] | None = None
    priority_class_name: str = ""
    termination_grace_period_seconds: int | None = None

    @property
    def claim_names(self) -> tuple[str, ...]:
        """Names of the claims that the pod mounts, in order."""
        return tuple(v.persistent_volume_claim.claim_name for v in self.volumes or () if v.persistent_volume_claim)

    @property
    def inline_drivers(self) -> frozenset[str]:
        """The CSI drivers of its volumes without a claim."""
        return frozenset(v.csi.driver for v in self.volumes or () if v.csi)

    @property
    def own_claims(self) -> frozenset[str]:
        """Names of the claims that are made for the pod alone."""
        return frozenset(
            v.persistent_volume_claim.claim_name
            for v in self.volumes or ()
            if v.ephemeral is not None and v.persistent_volume_claim
        )


class Waiting(KubernetesObject, frozen=True):
    """state.waiting of a container."""

    reason: str = ""
    message: str = ""


class Terminated(KubernetesObject, frozen=True):
    """state.terminated of a container."""

    reason: str = ""
    message: str = ""
    exit_code: int = 0
    finished_at: str | None = None
    started_at: str | None = None
    """None where the container never started, as kubelet writes it for one that it could not find."""


class ContainerState(KubernetesObject, frozen=True):
    """state or lastState of a container."""

    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(KubernetesObject, frozen=True):
    """One of status.containerStatuses."""

    name: str = ""
    image: str = ""
    image_id: str = msgspec.field(default="", name="imageID")
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()

    @property
    def has_run(self) -> bool:
        """Whether an end with a start, or a restart, shows that the container ran once.

        Source: Kubernetes v1.34 pkg/kubelet/status/status_manager.go TerminatePod (ContainerStatusUnknown, no start).
        """
        ends = (self.state.terminated, self.last_state.terminated)
        return self.restart_count > 0 or any(end is not None and end.started_at for end in ends)


class PodStatus(KubernetesObject, frozen=True):
    """status of a pod."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    start_time: str | None = None
    conditions: tuple[Condition, ...] | None = None
    container_statuses: tuple[ContainerStatus, ...] | None = None
    init_container_statuses: tuple[ContainerStatus, ...] | None = None
    host_ip: str = msgspec.field(default="", name="hostIP")
    pod_ip: str = msgspec.field(default="", name="podIP")


class Pod(KubernetesObject, frozen=True):
    """A pod."""

    metadata: Metadata
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    def __post_init__(self) -> None:
        """Name the claims that are made for ephemeral volumes, so that they count as any other claim of the pod.

        Source: Kubernetes documentation, ephemeral volumes (the pod's name, a hyphen and the volume's).
        """
        if any(volume.ephemeral and not volume.persistent_volume_claim for volume in self.spec.volumes or ()):
            named = tuple(self._with_claim(volume) for volume in self.spec.volumes or ())
            msgspec.structs.force_setattr(self, "spec", msgspec.structs.replace(self.spec, volumes=named))

    def _with_claim(self, volume: PodVolume) -> PodVolume:
        if volume.ephemeral is None or volume.persistent_volume_claim is not None:
            return volume
        own = ClaimVolume(f"{self.metadata.name}-{volume.name}")
        return msgspec.structs.replace(volume, persistent_volume_claim=own)

    @property
    def subject(self) -> Subject:
        """The pod as the subject of findings."""
        return Subject(Kind.POD, self.metadata.name, self.metadata.namespace)

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def is_up(self) -> bool:
        """Its volumes are or were mounted: it runs or has run, so every mount succeeded.

        A pod may fail without any mount: by its deadline, at admission, by eviction, at a node's shutdown. Only a
        container that started shows one. Source: Kubernetes v1.34 pkg/kubelet/kubelet.go (SyncPod, rejectPod),
        active_deadline.go.
        """
        statuses = (*(self.status.init_container_statuses or ()), *(self.status.container_statuses or ()))
        if self.status.phase == "Failed":
            return any(status.has_run for status in statuses)
        return self.status.phase in {"Running", "Succeeded"}

    @property
    def is_ready(self) -> bool:
        """Its condition Ready is True: Services send to it."""
        return any(c.type == "Ready" and c.status == "True" for c in self.status.conditions or ())

    @property
    def is_over(self) -> bool:
        """It will never run again."""
        return self.status.phase in {"Succeeded", "Failed"}

    @property
    def is_terminating(self) -> bool:
        """It was deleted and is still there."""
        return self.metadata.deletion_timestamp is not None
