"""What a finding is about."""

from __future__ import annotations

import enum

import msgspec


class Kind(enum.StrEnum):
    """Kinds of subjects, named as their owners name them."""

    VOLUME = "PersistentVolume"
    CLAIM = "PersistentVolumeClaim"
    STORAGE_CLASS = "StorageClass"
    POD = "Pod"
    NAMESPACE = "Namespace"
    NODE = "Node"
    FILE_SYSTEM = "FileSystem"
    NETWORK_INTERFACE = "NetworkInterface"
    SECURITY_GROUP = "SecurityGroup"
    SUBNET = "Subnet"
    VPC = "VPC"
    CLUSTER = "Cluster"
    ADDON = "Addon"
    CSI_DRIVER = "CSIDriver"
    DEPLOYMENT = "Deployment"
    DAEMON_SET = "DaemonSet"
    SERVICE_ACCOUNT = "ServiceAccount"
    ROLE = "Role"
    BUCKET = "Bucket"
    ADDRESS = "Address"
    MANIFEST = "Manifest"
    ACCOUNT = "Account"
    TEXT = "Text"
    MOUNT = "Mount"


class Subject(msgspec.Struct, frozen=True, order=True):
    """One object, by kind, name and (where it has one) namespace."""

    kind: Kind
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.kind.value} {self.namespace}/{self.name}" if self.namespace else f"{self.kind.value} {self.name}"

    def __hash__(self) -> int:
        return hash((self.kind, self.name, self.namespace))
