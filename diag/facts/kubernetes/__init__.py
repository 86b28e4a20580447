"""Kubernetes objects in the API's own shape, cut down to what a mount depends on.

Field names are the API's in snake case. Absent and null lists both read as empty tuples through the properties, since
Go encodes an empty slice either way (a CSINode without drivers is served as `"drivers": null`).
"""

from __future__ import annotations

from diag.facts.kubernetes.event import Event as Event
from diag.facts.kubernetes.event import EventSeries as EventSeries
from diag.facts.kubernetes.event import EventSource as EventSource
from diag.facts.kubernetes.meta import Condition as Condition
from diag.facts.kubernetes.meta import LabelRequirement as LabelRequirement
from diag.facts.kubernetes.meta import LabelSelector as LabelSelector
from diag.facts.kubernetes.meta import Metadata as Metadata
from diag.facts.kubernetes.meta import ObjectReference as ObjectReference
from diag.facts.kubernetes.meta import OwnerReference as OwnerReference
from diag.facts.kubernetes.node import CsiDriver as CsiDriver
from diag.facts.kubernetes.node import CsiDriverSpec as CsiDriverSpec
from diag.facts.kubernetes.node import CsiNode as CsiNode
from diag.facts.kubernetes.node import CsiNodeDriver as CsiNodeDriver
from diag.facts.kubernetes.node import CsiNodeSpec as CsiNodeSpec
from diag.facts.kubernetes.node import Node as Node
from diag.facts.kubernetes.node import NodeAddress as NodeAddress
from diag.facts.kubernetes.node import NodeInfo as NodeInfo
from diag.facts.kubernetes.node import NodeSpec as NodeSpec
from diag.facts.kubernetes.node import NodeStatus as NodeStatus
from diag.facts.kubernetes.node import Taint as Taint
from diag.facts.kubernetes.pod import Affinity as Affinity
from diag.facts.kubernetes.pod import ClaimVolume as ClaimVolume
from diag.facts.kubernetes.pod import Container as Container
from diag.facts.kubernetes.pod import ContainerState as ContainerState
from diag.facts.kubernetes.pod import ContainerStatus as ContainerStatus
from diag.facts.kubernetes.pod import EnvSource as EnvSource
from diag.facts.kubernetes.pod import EnvVar as EnvVar
from diag.facts.kubernetes.pod import HostPath as HostPath
from diag.facts.kubernetes.pod import NodeAffinity as NodeAffinity
from diag.facts.kubernetes.pod import NodeSelector as NodeSelector
from diag.facts.kubernetes.pod import NodeSelectorTerm as NodeSelectorTerm
from diag.facts.kubernetes.pod import Pod as Pod
from diag.facts.kubernetes.pod import PodSecurityContext as PodSecurityContext
from diag.facts.kubernetes.pod import PodSpec as PodSpec
from diag.facts.kubernetes.pod import PodStatus as PodStatus
from diag.facts.kubernetes.pod import PodVolume as PodVolume
from diag.facts.kubernetes.pod import SecretKeyRef as SecretKeyRef
from diag.facts.kubernetes.pod import Terminated as Terminated
from diag.facts.kubernetes.pod import Toleration as Toleration
from diag.facts.kubernetes.pod import VolumeMount as VolumeMount
from diag.facts.kubernetes.pod import Waiting as Waiting
from diag.facts.kubernetes.volume import FSX_DRIVER as FSX_DRIVER
from diag.facts.kubernetes.volume import ClaimResources as ClaimResources
from diag.facts.kubernetes.volume import ClaimSpec as ClaimSpec
from diag.facts.kubernetes.volume import ClaimStatus as ClaimStatus
from diag.facts.kubernetes.volume import CsiSource as CsiSource
from diag.facts.kubernetes.volume import PersistentVolume as PersistentVolume
from diag.facts.kubernetes.volume import PersistentVolumeClaim as PersistentVolumeClaim
from diag.facts.kubernetes.volume import StorageClass as StorageClass
from diag.facts.kubernetes.volume import VolumeSpec as VolumeSpec
from diag.facts.kubernetes.volume import VolumeStatus as VolumeStatus
from diag.facts.kubernetes.workload import PodTemplate as PodTemplate
from diag.facts.kubernetes.workload import ServiceAccount as ServiceAccount
from diag.facts.kubernetes.workload import Workload as Workload
from diag.facts.kubernetes.workload import WorkloadSpec as WorkloadSpec
from diag.facts.kubernetes.workload import WorkloadStatus as WorkloadStatus
