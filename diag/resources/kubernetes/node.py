"""Nodes, and what registered with their kubelets."""

from __future__ import annotations

import msgspec

from diag.model.subject import Kind, Subject
from diag.resources.kubernetes.meta import Condition, KubernetesObject, Metadata


class Taint(KubernetesObject, frozen=True):
    """A taint of a node."""

    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(KubernetesObject, frozen=True):
    """spec of a node."""

    provider_id: str = msgspec.field(default="", name="providerID")
    taints: tuple[Taint, ...] | None = None
    unschedulable: bool = False


class NodeAddress(KubernetesObject, frozen=True):
    """One of status.addresses."""

    type: str = ""
    address: str = ""


class NodeInfo(KubernetesObject, frozen=True):
    """status.nodeInfo."""

    architecture: str = ""
    kernel_version: str = ""
    os_image: str = ""
    operating_system: str = "linux"
    kubelet_version: str = ""
    container_runtime_version: str = ""
    boot_id: str = msgspec.field(default="", name="bootID")


class NodeStatus(KubernetesObject, frozen=True):
    """status of a node."""

    addresses: tuple[NodeAddress, ...] | None = None
    conditions: tuple[Condition, ...] | None = None
    node_info: NodeInfo = NodeInfo()


class Node(KubernetesObject, frozen=True):
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
    def hybrid_region(self) -> str:
        """Region of an EKS hybrid node, out of `eks-hybrid:///<region>/<cluster>/<node>`; empty for other nodes.

        Source: aws-fsx-csi-driver v1.7.0 pkg/cloud/metadata_k8s.go; EKS user guide, hybrid nodes.
        """
        parts = self.spec.provider_id.split("/")
        return parts[3] if self.spec.provider_id.startswith("eks-hybrid:///") and len(parts) > 4 else ""

    @property
    def zone(self) -> str:
        """Availability zone, from the label or the providerID."""
        parts = self.spec.provider_id.split("/")
        own = parts[3] if len(parts) > 4 and not self.hybrid_region else ""
        return self.metadata.label("topology.kubernetes.io/zone") or own

    @property
    def region(self) -> str:
        """Region label, empty when absent."""
        return self.metadata.label("topology.kubernetes.io/region")

    @property
    def node_group(self) -> str:
        """Managed node group or Karpenter node pool."""
        return self.metadata.label("eks.amazonaws.com/nodegroup") or self.metadata.label("karpenter.sh/nodepool")

    @property
    def ready(self) -> Condition | None:
        """Its condition Ready; None where its kubelet has never given it."""
        return next((condition for condition in self.status.conditions or () if condition.type == "Ready"), None)

    @property
    def is_ready(self) -> bool:
        """Its kubelet answers."""
        return self.ready is not None and self.ready.status == "True"

    @property
    def is_fargate(self) -> bool:
        """A Fargate micro-VM, where no DaemonSet can run."""
        return self.metadata.label("eks.amazonaws.com/compute-type") == "fargate"

    @property
    def is_hybrid(self) -> bool:
        """A machine on premises that joined the cluster. Source: EKS User Guide, hybrid nodes."""
        label = self.metadata.label("eks.amazonaws.com/compute-type")
        return label == "hybrid" or self.spec.provider_id.startswith("eks-hybrid:")

    @property
    def internal_ip(self) -> str:
        """First InternalIP."""
        return next((a.address for a in self.status.addresses or () if a.type == "InternalIP"), "")


class CsiNodeDriver(KubernetesObject, frozen=True):
    """One driver that registered on a node."""

    name: str = ""
    node_id: str = msgspec.field(default="", name="nodeID")


class CsiNodeSpec(KubernetesObject, frozen=True):
    """spec of a CSINode."""

    drivers: tuple[CsiNodeDriver, ...] | None = None


class CsiNode(KubernetesObject, frozen=True):
    """A CSINode: which drivers registered with the kubelet of the node of the same name."""

    metadata: Metadata
    spec: CsiNodeSpec = CsiNodeSpec()

    @property
    def driver_names(self) -> frozenset[str]:
        """Names of the registered drivers."""
        return frozenset(driver.name for driver in self.spec.drivers or ())


class CsiDriverSpec(KubernetesObject, frozen=True):
    """spec of a CSIDriver."""

    attach_required: bool = True
    fs_group_policy: str = ""
    pod_info_on_mount: bool = False
    volume_lifecycle_modes: tuple[str, ...] | None = None


class CsiDriver(KubernetesObject, frozen=True):
    """A CSIDriver object."""

    metadata: Metadata
    spec: CsiDriverSpec = CsiDriverSpec()
