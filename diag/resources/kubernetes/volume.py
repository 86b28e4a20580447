"""PersistentVolumes, claims and classes."""

from __future__ import annotations

import msgspec

from diag.knowledge.harmless import shown_options, shown_values
from diag.model.subject import Kind, Subject
from diag.resources.kubernetes.meta import KubernetesObject, LabelSelector, Metadata, ObjectReference
from diag.resources.kubernetes.pod import NodeSelector

FSX_DRIVER = "fsx.csi.aws.com"
"""Name of the CSI driver. Source: aws-fsx-csi-driver v1.9.0, pkg/driver/driver.go."""


def _replace(holder: KubernetesObject, field: str, shown: object) -> None:
    """Only where it says something else: most objects stay as they were decoded."""
    if shown and shown != getattr(holder, field):
        msgspec.structs.force_setattr(holder, field, shown)


class SecretReference(KubernetesObject, frozen=True):
    """Which secret is handed to the driver."""

    name: str = ""
    namespace: str = ""


class CsiSource(KubernetesObject, frozen=True):
    """spec.csi of a PersistentVolume."""

    driver: str = ""
    volume_handle: str = ""
    volume_attributes: dict[str, str] | None = None
    read_only: bool = False
    fs_type: str = ""
    node_publish_secret_ref: SecretReference | None = None

    def __post_init__(self) -> None:
        """Forget values that may be credentials: of other drivers' attributes."""
        _replace(self, "volume_attributes", shown_values(self.volume_attributes or {}))


class VolumeNodeAffinity(KubernetesObject, frozen=True):
    """spec.nodeAffinity of a PersistentVolume: the nodes that it may be mounted on."""

    required: NodeSelector | None = None


class VolumeSpec(KubernetesObject, frozen=True):
    """spec of a PersistentVolume."""

    access_modes: tuple[str, ...] | None = None
    capacity: dict[str, str] | None = None
    claim_ref: ObjectReference | None = None
    csi: CsiSource | None = None
    mount_options: tuple[str, ...] | None = None
    persistent_volume_reclaim_policy: str = ""
    storage_class_name: str = ""
    volume_mode: str = "Filesystem"
    volume_attributes_class_name: str | None = None
    node_affinity: VolumeNodeAffinity | None = None

    def __post_init__(self) -> None:
        """Forget values that may be credentials: of options that Lustre does not know."""
        _replace(self, "mount_options", shown_options(self.mount_options or ()))


class VolumeStatus(KubernetesObject, frozen=True):
    """status of a PersistentVolume."""

    phase: str = ""
    reason: str = ""
    message: str = ""


class PersistentVolume(KubernetesObject, frozen=True):
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


class ClaimResources(KubernetesObject, frozen=True):
    """spec.resources of a PersistentVolumeClaim."""

    requests: dict[str, str] | None = None


class DataSource(KubernetesObject, frozen=True):
    """What a new volume is to be filled with."""

    kind: str = ""
    name: str = ""


class ClaimSpec(KubernetesObject, frozen=True):
    """spec of a PersistentVolumeClaim."""

    access_modes: tuple[str, ...] | None = None
    resources: ClaimResources = ClaimResources()
    storage_class_name: str | None = None
    volume_name: str = ""
    volume_mode: str = "Filesystem"
    volume_attributes_class_name: str | None = None
    selector: LabelSelector | None = None
    data_source: DataSource | None = None
    data_source_ref: DataSource | None = None

    @property
    def source(self) -> DataSource | None:
        """What its volume is to be filled with; the newer of the two fields says all that the older may."""
        return self.data_source_ref or self.data_source


class ClaimStatus(KubernetesObject, frozen=True):
    """status of a PersistentVolumeClaim."""

    phase: str = ""
    capacity: dict[str, str] | None = None
    allocated_resource_statuses: dict[str, str] | None = None
    """What becomes of a request for more, by resource. Source: Kubernetes 1.34 core/v1 ClaimResourceStatus."""


class PersistentVolumeClaim(KubernetesObject, frozen=True):
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


class TopologyLabel(KubernetesObject, frozen=True):
    """One expression of an allowed topology."""

    key: str = ""
    values: tuple[str, ...] = ()


class Topology(KubernetesObject, frozen=True):
    """One of allowedTopologies."""

    match_label_expressions: tuple[TopologyLabel, ...] | None = None


class StorageClass(KubernetesObject, frozen=True):
    """A StorageClass."""

    metadata: Metadata
    provisioner: str = ""
    parameters: dict[str, str] | None = None
    mount_options: tuple[str, ...] | None = None
    reclaim_policy: str = "Delete"
    volume_binding_mode: str = "Immediate"
    allow_volume_expansion: bool | None = None
    allowed_topologies: tuple[Topology, ...] | None = None

    def __post_init__(self) -> None:
        """Forget values that may be credentials, which volumes made of the class would get."""
        _replace(self, "parameters", shown_values(self.parameters or {}))
        _replace(self, "mount_options", shown_options(self.mount_options or ()))

    @property
    def subject(self) -> Subject:
        """The class as the subject of findings."""
        return Subject(Kind.STORAGE_CLASS, self.metadata.name)
