"""Kubernetes objects in the API's own shape, cut down to what a mount depends on.

Field names are the API's in snake case. Absent and null lists both read as empty tuples through the properties, since
Go encodes an empty slice either way (a CSINode without drivers is served as `"drivers": null`).
"""

from __future__ import annotations

from diag.resources.kubernetes.event import Event as Event
from diag.resources.kubernetes.event import EventSeries as EventSeries
from diag.resources.kubernetes.event import EventSource as EventSource
from diag.resources.kubernetes.meta import Condition as Condition
from diag.resources.kubernetes.meta import LabelRequirement as LabelRequirement
from diag.resources.kubernetes.meta import LabelSelector as LabelSelector
from diag.resources.kubernetes.meta import Metadata as Metadata
from diag.resources.kubernetes.meta import ObjectReference as ObjectReference
from diag.resources.kubernetes.meta import OwnerReference as OwnerReference
from diag.resources.kubernetes.meta import label_selector as label_selector
from diag.resources.kubernetes.namespace import LimitRange as LimitRange
from diag.resources.kubernetes.namespace import Namespace as Namespace
from diag.resources.kubernetes.namespace import NetworkPolicy as NetworkPolicy
from diag.resources.kubernetes.namespace import ResourceQuota as ResourceQuota
from diag.resources.kubernetes.node import CsiDriver as CsiDriver
from diag.resources.kubernetes.node import CsiDriverSpec as CsiDriverSpec
from diag.resources.kubernetes.node import CsiNode as CsiNode
from diag.resources.kubernetes.node import CsiNodeDriver as CsiNodeDriver
from diag.resources.kubernetes.node import CsiNodeSpec as CsiNodeSpec
from diag.resources.kubernetes.node import Node as Node
from diag.resources.kubernetes.node import NodeAddress as NodeAddress
from diag.resources.kubernetes.node import NodeInfo as NodeInfo
from diag.resources.kubernetes.node import NodeSpec as NodeSpec
from diag.resources.kubernetes.node import NodeStatus as NodeStatus
from diag.resources.kubernetes.node import Taint as Taint
from diag.resources.kubernetes.pod import Affinity as Affinity
from diag.resources.kubernetes.pod import ClaimVolume as ClaimVolume
from diag.resources.kubernetes.pod import Container as Container
from diag.resources.kubernetes.pod import ContainerState as ContainerState
from diag.resources.kubernetes.pod import ContainerStatus as ContainerStatus
from diag.resources.kubernetes.pod import DnsConfig as DnsConfig
from diag.resources.kubernetes.pod import EnvSource as EnvSource
from diag.resources.kubernetes.pod import EnvVar as EnvVar
from diag.resources.kubernetes.pod import HostPath as HostPath
from diag.resources.kubernetes.pod import NodeAffinity as NodeAffinity
from diag.resources.kubernetes.pod import NodeSelector as NodeSelector
from diag.resources.kubernetes.pod import NodeSelectorTerm as NodeSelectorTerm
from diag.resources.kubernetes.pod import Pod as Pod
from diag.resources.kubernetes.pod import PodSecurityContext as PodSecurityContext
from diag.resources.kubernetes.pod import PodSpec as PodSpec
from diag.resources.kubernetes.pod import PodStatus as PodStatus
from diag.resources.kubernetes.pod import PodVolume as PodVolume
from diag.resources.kubernetes.pod import SecretKeyRef as SecretKeyRef
from diag.resources.kubernetes.pod import Terminated as Terminated
from diag.resources.kubernetes.pod import Toleration as Toleration
from diag.resources.kubernetes.pod import VolumeMount as VolumeMount
from diag.resources.kubernetes.pod import Waiting as Waiting
from diag.resources.kubernetes.rbac import RbacBinding as RbacBinding
from diag.resources.kubernetes.rbac import RbacRole as RbacRole
from diag.resources.kubernetes.volume import FSX_DRIVER as FSX_DRIVER
from diag.resources.kubernetes.volume import ClaimResources as ClaimResources
from diag.resources.kubernetes.volume import ClaimSpec as ClaimSpec
from diag.resources.kubernetes.volume import ClaimStatus as ClaimStatus
from diag.resources.kubernetes.volume import CsiSource as CsiSource
from diag.resources.kubernetes.volume import PersistentVolume as PersistentVolume
from diag.resources.kubernetes.volume import PersistentVolumeClaim as PersistentVolumeClaim
from diag.resources.kubernetes.volume import StorageClass as StorageClass
from diag.resources.kubernetes.volume import Topology as Topology
from diag.resources.kubernetes.volume import VolumeNodeAffinity as VolumeNodeAffinity
from diag.resources.kubernetes.volume import VolumeSpec as VolumeSpec
from diag.resources.kubernetes.volume import VolumeStatus as VolumeStatus
from diag.resources.kubernetes.workload import EndpointSlice as EndpointSlice
from diag.resources.kubernetes.workload import Lease as Lease
from diag.resources.kubernetes.workload import PodOwner as PodOwner
from diag.resources.kubernetes.workload import PodOwnerSpec as PodOwnerSpec
from diag.resources.kubernetes.workload import PodTemplate as PodTemplate
from diag.resources.kubernetes.workload import Service as Service
from diag.resources.kubernetes.workload import ServiceAccount as ServiceAccount
from diag.resources.kubernetes.workload import Workload as Workload
from diag.resources.kubernetes.workload import WorkloadSpec as WorkloadSpec
from diag.resources.kubernetes.workload import WorkloadStatus as WorkloadStatus
