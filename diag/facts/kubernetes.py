"""Kubernetes objects in the API's own shape, cut down to what a mount depends on.

Field names are the API's in snake case. Absent and null lists both read as empty tuples through the properties, since
Go encodes an empty slice either way (a CSINode without drivers is served as `"drivers": null`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from diag.model.subject import Kind, Subject

FSX_DRIVER = "fsx.csi.aws.com"
"""Name of the CSI driver. Source: aws-fsx-csi-driver v1.9.0, pkg/driver/driver.go."""


class _Object(msgspec.Struct, frozen=True, rename="camel"):
    pass


class OwnerReference(_Object, frozen=True):
    """Who made an object."""

    kind: str = ""
    name: str = ""
    uid: str = ""


class Metadata(_Object, frozen=True):
    """The part of ObjectMeta that diagnosis needs."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: tuple[OwnerReference, ...] | None = None
    finalizers: tuple[str, ...] | None = None

    def label(self, key: str) -> str:
        """The label's value, empty when absent."""
        return (self.labels or {}).get(key, "")

    def annotation(self, key: str) -> str:
        """The annotation's value, empty when absent."""
        return (self.annotations or {}).get(key, "")


class LabelRequirement(_Object, frozen=True):
    """One expression of a label or node selector."""

    key: str = ""
    operator: str = ""
    values: tuple[str, ...] | None = None


class LabelSelector(_Object, frozen=True):
    """A label selector."""

    match_labels: dict[str, str] | None = None
    match_expressions: tuple[LabelRequirement, ...] | None = None


class ObjectReference(_Object, frozen=True):
    """A pointer to another object."""

    kind: str = ""
    name: str = ""
    namespace: str = ""
    uid: str = ""
    field_path: str = ""


class CsiSource(_Object, frozen=True):
    """spec.csi of a PersistentVolume."""

    driver: str = ""
    volume_handle: str = ""
    volume_attributes: dict[str, str] | None = None
    read_only: bool = False
    fs_type: str = ""


class VolumeSpec(_Object, frozen=True):
    """spec of a PersistentVolume."""

    access_modes: tuple[str, ...] | None = None
    capacity: dict[str, str] | None = None
    claim_ref: ObjectReference | None = None
    csi: CsiSource | None = None
    mount_options: tuple[str, ...] | None = None
    persistent_volume_reclaim_policy: str = ""
    storage_class_name: str = ""
    volume_mode: str = "Filesystem"
    node_affinity: Any = None


class VolumeStatus(_Object, frozen=True):
    """status of a PersistentVolume."""

    phase: str = ""
    reason: str = ""
    message: str = ""


class PersistentVolume(_Object, frozen=True):
    """A PersistentVolume."""

    metadata: Metadata
    spec: VolumeSpec = VolumeSpec()
    status: VolumeStatus = VolumeStatus()

    @property
    def subject(self) -> Subject:
        """The volume as the subject of findings."""
        return Subject(Kind.VOLUME, self.metadata.name)

    @property
    def name(self) -> str:
        """metadata.name."""
        return self.metadata.name

    @property
    def handle(self) -> str:
        """spec.csi.volumeHandle: the file-system id for this driver."""
        return self.spec.csi.volume_handle if self.spec.csi else ""

    @property
    def attributes(self) -> dict[str, str]:
        """spec.csi.volumeAttributes."""
        return (self.spec.csi.volume_attributes or {}) if self.spec.csi else {}

    @property
    def dns_name(self) -> str | None:
        """The `dnsname` attribute, spelt exactly so as the driver reads it; None when absent."""
        return self.attributes.get("dnsname")

    @property
    def mount_name(self) -> str | None:
        """The `mountname` attribute; None when absent (the driver then mounts `fsx`)."""
        return self.attributes.get("mountname")

    @property
    def is_dynamic(self) -> bool:
        """Made by the external provisioner rather than by hand."""
        return bool(self.metadata.annotation("pv.kubernetes.io/provisioned-by"))


class ClaimResources(_Object, frozen=True):
    """spec.resources of a PersistentVolumeClaim."""

    requests: dict[str, str] | None = None


class ClaimSpec(_Object, frozen=True):
    """spec of a PersistentVolumeClaim."""

    access_modes: tuple[str, ...] | None = None
    resources: ClaimResources = ClaimResources()
    storage_class_name: str | None = None
    volume_name: str = ""
    volume_mode: str = "Filesystem"
    selector: LabelSelector | None = None


class ClaimStatus(_Object, frozen=True):
    """status of a PersistentVolumeClaim."""

    phase: str = ""
    capacity: dict[str, str] | None = None


class PersistentVolumeClaim(_Object, frozen=True):
    """A PersistentVolumeClaim."""

    metadata: Metadata
    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()

    @property
    def subject(self) -> Subject:
        """The claim as the subject of findings."""
        return Subject(Kind.CLAIM, self.metadata.name, self.metadata.namespace)

    @property
    def key(self) -> tuple[str, str]:
        """(namespace, name)."""
        return self.metadata.namespace, self.metadata.name


class StorageClass(_Object, frozen=True):
    """A StorageClass."""

    metadata: Metadata
    provisioner: str = ""
    parameters: dict[str, str] | None = None
    mount_options: tuple[str, ...] | None = None
    reclaim_policy: str = "Delete"
    volume_binding_mode: str = "Immediate"
    allow_volume_expansion: bool | None = None

    @property
    def subject(self) -> Subject:
        """The class as the subject of findings."""
        return Subject(Kind.STORAGE_CLASS, self.metadata.name)


class VolumeMount(_Object, frozen=True):
    """One volumeMount of a container."""

    name: str = ""
    mount_path: str = ""
    read_only: bool = False
    sub_path: str = ""
    sub_path_expr: str = ""


class SecretKeyRef(_Object, frozen=True):
    """Which key of which secret a variable is taken from."""

    name: str = ""
    key: str = ""
    optional: bool = False


class EnvSource(_Object, frozen=True):
    """valueFrom of an environment variable; only secrets are of interest."""

    secret_key_ref: SecretKeyRef | None = None


class EnvVar(_Object, frozen=True):
    """The name of an environment variable and where it comes from; values are never read, they may be secrets."""

    name: str = ""
    value_from: EnvSource | None = None


class Container(_Object, frozen=True):
    """A container of a pod or pod template."""

    name: str = ""
    image: str = ""
    args: tuple[str, ...] | None = None
    env: tuple[EnvVar, ...] | None = None
    volume_mounts: tuple[VolumeMount, ...] | None = None

    @property
    def env_names(self) -> frozenset[str]:
        """Names of the environment variables that the spec sets."""
        return frozenset(var.name for var in self.env or ())


class ClaimVolume(_Object, frozen=True):
    """A pod volume's persistentVolumeClaim."""

    claim_name: str = ""
    read_only: bool = False


class HostPath(_Object, frozen=True):
    """A pod volume's hostPath."""

    path: str = ""


class PodVolume(_Object, frozen=True):
    """One entry of spec.volumes; only claims and host paths are of interest."""

    name: str = ""
    persistent_volume_claim: ClaimVolume | None = None
    host_path: HostPath | None = None


class PodSecurityContext(_Object, frozen=True):
    """spec.securityContext."""

    fs_group: int | None = None
    fs_group_change_policy: str = ""
    run_as_user: int | None = None


class Toleration(_Object, frozen=True):
    """A toleration."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


class NodeSelectorTerm(_Object, frozen=True):
    """One alternative of a node affinity."""

    match_expressions: tuple[LabelRequirement, ...] | None = None
    match_fields: tuple[LabelRequirement, ...] | None = None


class NodeSelector(_Object, frozen=True):
    """requiredDuringSchedulingIgnoredDuringExecution."""

    node_selector_terms: tuple[NodeSelectorTerm, ...] | None = None


class NodeAffinity(_Object, frozen=True):
    """Node affinity, the required half."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None


class Affinity(_Object, frozen=True):
    """Affinity, the node half."""

    node_affinity: NodeAffinity | None = None


class PodSpec(_Object, frozen=True):
    """spec of a pod or a pod template."""

    node_name: str = ""
    service_account_name: str = ""
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] | None = None
    volumes: tuple[PodVolume, ...] | None = None
    host_network: bool = False
    dns_policy: str = "ClusterFirst"
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


class Waiting(_Object, frozen=True):
    """state.waiting of a container."""

    reason: str = ""
    message: str = ""


class Terminated(_Object, frozen=True):
    """state.terminated of a container."""

    reason: str = ""
    message: str = ""
    exit_code: int = 0
    finished_at: str | None = None


class ContainerState(_Object, frozen=True):
    """state or lastState of a container."""

    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(_Object, frozen=True):
    """One of status.containerStatuses."""

    name: str = ""
    image: str = ""
    image_id: str = msgspec.field(default="", name="imageID")
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class Condition(_Object, frozen=True):
    """A condition of a pod, a node or a deployment."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: str | None = None


class PodStatus(_Object, frozen=True):
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


class Pod(_Object, frozen=True):
    """A pod."""

    metadata: Metadata
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

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
        """Its volumes are mounted: it runs or has run, so every mount succeeded."""
        return self.status.phase in {"Running", "Succeeded", "Failed"}

    @property
    def is_terminating(self) -> bool:
        """It was deleted and is still there."""
        return self.metadata.deletion_timestamp is not None


class Taint(_Object, frozen=True):
    """A taint of a node."""

    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(_Object, frozen=True):
    """spec of a node."""

    provider_id: str = msgspec.field(default="", name="providerID")
    taints: tuple[Taint, ...] | None = None
    unschedulable: bool = False


class NodeAddress(_Object, frozen=True):
    """One of status.addresses."""

    type: str = ""
    address: str = ""


class NodeInfo(_Object, frozen=True):
    """status.nodeInfo."""

    architecture: str = ""
    kernel_version: str = ""
    os_image: str = ""
    operating_system: str = "linux"
    kubelet_version: str = ""
    container_runtime_version: str = ""
    boot_id: str = msgspec.field(default="", name="bootID")


class NodeStatus(_Object, frozen=True):
    """status of a node."""

    addresses: tuple[NodeAddress, ...] | None = None
    conditions: tuple[Condition, ...] | None = None
    node_info: NodeInfo = NodeInfo()


class Node(_Object, frozen=True):
    """A node."""

    metadata: Metadata
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def subject(self) -> Subject:
        """The node as the subject of findings."""
        return Subject(Kind.NODE, self.metadata.name)

    @property
    def name(self) -> str:
        """metadata.name."""
        return self.metadata.name

    @property
    def instance_id(self) -> str:
        """EC2 instance id out of `aws:///<az>/<i-…>`; empty for other providers (Fargate, hybrid)."""
        tail = self.spec.provider_id.rpartition("/")[2]
        return tail if self.spec.provider_id.startswith("aws:///") and tail.startswith("i-") else ""

    @property
    def zone(self) -> str:
        """Availability zone, from the label or the providerID."""
        parts = self.spec.provider_id.split("/")
        return self.metadata.label("topology.kubernetes.io/zone") or (parts[3] if len(parts) > 4 else "")

    @property
    def region(self) -> str:
        """Region label, empty when absent."""
        return self.metadata.label("topology.kubernetes.io/region")

    @property
    def node_group(self) -> str:
        """Managed node group or Karpenter node pool."""
        return self.metadata.label("eks.amazonaws.com/nodegroup") or self.metadata.label("karpenter.sh/nodepool")

    @property
    def is_fargate(self) -> bool:
        """A Fargate micro-VM, where no DaemonSet can run."""
        return self.metadata.label("eks.amazonaws.com/compute-type") == "fargate"

    @property
    def internal_ip(self) -> str:
        """First InternalIP."""
        return next((a.address for a in self.status.addresses or () if a.type == "InternalIP"), "")


class CsiNodeDriver(_Object, frozen=True):
    """One driver that registered on a node."""

    name: str = ""
    node_id: str = msgspec.field(default="", name="nodeID")


class CsiNodeSpec(_Object, frozen=True):
    """spec of a CSINode."""

    drivers: tuple[CsiNodeDriver, ...] | None = None


class CsiNode(_Object, frozen=True):
    """A CSINode: which drivers registered with the kubelet of the node of the same name."""

    metadata: Metadata
    spec: CsiNodeSpec = CsiNodeSpec()

    @property
    def driver_names(self) -> frozenset[str]:
        """Names of the registered drivers."""
        return frozenset(driver.name for driver in self.spec.drivers or ())


class CsiDriverSpec(_Object, frozen=True):
    """spec of a CSIDriver."""

    attach_required: bool = True
    fs_group_policy: str = ""
    pod_info_on_mount: bool = False


class CsiDriver(_Object, frozen=True):
    """A CSIDriver object."""

    metadata: Metadata
    spec: CsiDriverSpec = CsiDriverSpec()


class PodTemplate(_Object, frozen=True):
    """spec.template of a workload."""

    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()


class WorkloadSpec(_Object, frozen=True):
    """spec of a Deployment or DaemonSet."""

    replicas: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()


class WorkloadStatus(_Object, frozen=True):
    """status of a Deployment or DaemonSet; the fields of both."""

    replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    desired_number_scheduled: int = 0
    number_ready: int = 0
    number_available: int = 0
    conditions: tuple[Condition, ...] | None = None


class Workload(_Object, frozen=True):
    """A Deployment or DaemonSet."""

    metadata: Metadata
    kind: str = ""
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()

    @property
    def subject(self) -> Subject:
        """The workload as the subject of findings."""
        kind = Kind.DAEMON_SET if self.kind == "DaemonSet" else Kind.DEPLOYMENT
        return Subject(kind, self.metadata.name, self.metadata.namespace)


class ServiceAccount(_Object, frozen=True):
    """A ServiceAccount."""

    metadata: Metadata

    @property
    def subject(self) -> Subject:
        """The account as the subject of findings."""
        return Subject(Kind.SERVICE_ACCOUNT, self.metadata.name, self.metadata.namespace)

    @property
    def role_arn(self) -> str | None:
        """The IRSA annotation; None when absent."""
        return (self.metadata.annotations or {}).get("eks.amazonaws.com/role-arn")


class EventSource(_Object, frozen=True):
    """Who reported an event."""

    component: str = ""
    host: str = ""


class EventSeries(_Object, frozen=True):
    """How often a series event was seen."""

    count: int = 0
    last_observed_time: str | None = None


class Event(_Object, frozen=True):
    """A core/v1 event."""

    metadata: Metadata
    type: str = ""
    reason: str = ""
    message: str = ""
    involved_object: ObjectReference = ObjectReference()
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: EventSeries | None = None
    source: EventSource = EventSource()
    reporting_instance: str = ""

    @property
    def last_seen(self) -> str:
        """RFC 3339 time of the newest occurrence, empty when the API gives none."""
        series = self.series.last_observed_time if self.series else None
        return series or self.last_timestamp or self.event_time or self.metadata.creation_timestamp or ""

    @property
    def first_seen(self) -> str:
        """RFC 3339 time of the first occurrence."""
        return self.first_timestamp or self.event_time or self.metadata.creation_timestamp or ""
