"""The walk over what an object does not say: fields that its API knows, and entries that deny, put where none are.

Where the API server or AWS would take them away again, or no controller reads them, they are in no table here.
"""

from __future__ import annotations

import copy
import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from tests.mutations.operators import Change, name_of
from tests.mutations.recorded import Document

Edit = Callable[[Document], None]
"""Puts something into one object."""

PRESENT = "present"
"""The operator of all of them; what is put in stands in the path."""

STRANGER = "arn:aws:iam::123456789012:role/somebody-else"
CREATE = "fsx:CreateFileSystem"


def _set(path: str, value: Any) -> tuple[str, Edit]:
    """`path = value`, with the objects between made where they are missing."""

    def edit(document: Document) -> None:
        holder, last = _walk(document, path)
        holder[last] = copy.deepcopy(value)

    return path, edit


def _walk(document: Document, path: str) -> tuple[Any, str]:
    """The holder of a field, and its key: a number is a place in a list, `[a.b/c]` a key that has dots."""
    *before, last = (found[1] or found[0] for found in re.finditer(r"\[([^\]]*)\]|[^.\[\]]+", path))
    holder: Any = document
    for key in before:
        holder = holder[int(key)] if key.isdigit() else holder.setdefault(key, {})
    return holder, last


def _named(label: str, row: tuple[str, Edit]) -> tuple[str, Edit]:
    """The same row, told apart from others of its path."""
    return f"{row[0]} ({label})", row[1]


def _first(path: str, label: str, value: Any) -> tuple[str, Edit]:
    """One more entry of a list, before all others."""

    def edit(document: Document) -> None:
        holder, last = _walk(document, path)
        holder[last] = [copy.deepcopy(value), *(holder.get(last) or ())]

    return f"{path}.{label}", edit


def _deny(action: str | list[str], **more: Any) -> Document:
    return {"Effect": "Deny", "Action": action, "Resource": "*", **more}


def _zone(name: str) -> Document:
    wanted = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [name]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [wanted]}]}}


_SECRET = {"name": "absent", "namespace": "default"}
_DELETED = _set("metadata.deletionTimestamp", "2026-11-29T09:00:00Z")
_OTHER_LABEL = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
    {"matchExpressions": [{"key": "team", "operator": "In", "values": ["blue"]}]}]}}  # fmt: skip
_PROXY = {"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}


def _acl(number: int, cidr: str, *, egress: bool, protocol: str = "-1") -> Document:
    return {"RuleNumber": number, "CidrBlock": cidr, "Egress": egress, "Protocol": protocol, "RuleAction": "deny"}


BREAKS: Mapping[str, tuple[tuple[str, Edit], ...]] = {
    "persistentvolumes": (
        _DELETED,
        _named("a zone without nodes", _set("spec.nodeAffinity", _zone("ap-northeast-2d"))),
        _set("spec.csi.nodePublishSecretRef", _SECRET),
    ),
    "persistentvolumeclaims": (_DELETED,),
    "storageclasses": (
        _set("allowedTopologies", [{"matchLabelExpressions": [
            {"key": "topology.kubernetes.io/zone", "values": ["ap-northeast-2d"]}]}]),
        _set("parameters.mountName", "fsx"),
        _set("parameters[csi.storage.k8s.io/provisioner-secret-name]", "absent"),
        _set("parameters[csi.storage.k8s.io/fsType]", "lustre"),
        _set("parameters.efaEnabled", "true"),
        _set("parameters.perUnitStorageThroughput", "200"),
        _set("parameters.storageType", "HDD"),
        _set("parameters.dataCompressionType", "GZIP"),
        _set("parameters.kmsKeyId", "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
        _set("parameters.s3ImportPath", "s3://absent-bucket-of-nobody"),
        _set("parameters.extraTags", "team"),
        _set("parameters.automaticBackupRetentionDays", "7"),
        _set("parameters.metadataConfigurationMode", "AUTOMATIC"),
    ),
    "pods/workload": (_DELETED, _set("status.reason", "Evicted")),
    "pods/plugin": (_DELETED, _set("status.reason", "Evicted")),
    "pods/controller": (_DELETED, _first("spec.containers.1.env", "HTTPS_PROXY", _PROXY)),
    "nodes/mounting": (
        _DELETED,
        _first("spec.taints", "NoSchedule", {"key": "fsx.csi.aws.com/agent-not-ready", "effect": "NoSchedule"}),
        _first("spec.taints", "NoExecute", {"key": "team", "value": "blue", "effect": "NoExecute"}),
        _first("spec.taints", "unreachable", {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}),
        _first("status.conditions", "NetworkUnavailable", {"type": "NetworkUnavailable", "status": "True"}),
        _set("metadata.labels[eks.amazonaws.com/compute-type]", "fargate"),
    ),
    "daemonsets/plugin": (
        _set("spec.template.spec.affinity.nodeAffinity", _OTHER_LABEL),
        _set("spec.template.spec.nodeSelector.team", "blue"),
    ),
    "deployments/controller": (_set("spec.template.spec.nodeSelector.team", "blue"),),
    "serviceaccounts/controller": (_set("metadata.annotations[eks.amazonaws.com/audience]", "example.com"),),
    "namespaces/driver": (_DELETED, _set("metadata.labels[pod-security.kubernetes.io/enforce]", "restricted")),
    "namespaces/workload": (_DELETED,),
    "FileSystem": (
        _set("FailureDetails", {"Message": "The file system could not be updated"}),
        _set("AdministrativeActions", [{"AdministrativeActionType": "FILE_SYSTEM_UPDATE", "Status": "IN_PROGRESS"}]),
        _set("LustreConfiguration.RootSquashConfiguration", {"RootSquash": "65534:65534", "NoSquashNids": []}),
    ),
    "Role/controller": (
        _named("absent", _set("PermissionsBoundary", {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/absent"})),
        _first("AssumeRolePolicyDocument.Statement", "a deny for all", {
            "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole*"}),
    ),
    "RolePolicy/controller": (
        _first("Document.Statement", "a deny", _deny(CREATE)),
        _first("Document.Statement", "a deny of everything", _deny("*")),
        _first("Document.Statement", "a deny of all but reading", {
            "Effect": "Deny", "NotAction": ["fsx:Describe*"], "Resource": "*"}),
        _first("Document.Statement", "a deny in other Regions", _deny("*", Condition={
            "StringNotEquals": {"aws:RequestedRegion": "us-east-1"}})),
    ),
    "NetworkAcl/file-system": (
        _first("Entries", "a deny in", _acl(1, "0.0.0.0/0", egress=False)),
        _first("Entries", "a deny out", _acl(1, "0.0.0.0/0", egress=True)),
    ),
    "NetworkAcl/node": (
        _first("Entries", "a deny in", _acl(1, "0.0.0.0/0", egress=False)),
        _first("Entries", "a deny out", _acl(1, "0.0.0.0/0", egress=True)),
    ),
    "VpcEndpoint/fsx": (
        _first("PolicyDocument.Statement", "a deny", _deny(CREATE, Principal="*")),
        _first("PolicyDocument.Statement", "a deny of tags", _deny("fsx:TagResource", Principal="*")),
    ),
    "VpcEndpoint/sts": (_first("PolicyDocument.Statement", "a deny", _deny("sts:*", Principal="*")),),
    "BucketPolicy": (_first("Document.Statement", "a deny", _deny("s3:*", Principal="*")),),
    "KeyPolicy": (_first("Document.Statement", "a deny", _deny("kms:*", Principal="*")),),
    "PermissionsBoundary": (_first("Document.Statement", "a deny", _deny(CREATE)),),
    "PodIdentityAssociation": (
        _set("targetRoleArn", "arn:aws:iam::123456789012:role/absent"),
        _set("policy", '{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'),
    ),
    "Cluster": (_set("health.issues", [{"code": "ClusterUnreachable", "message": "x", "resourceIds": []}]),),
    "Addon": (_set("health.issues", [{"code": "InsufficientNumberOfReplicas", "message": "x", "resourceIds": []}]),),
}  # fmt: skip
"""What may keep a mount or a provisioning from going through, by `kind/part`; a kind alone is every part of it."""

WORKS: Mapping[str, tuple[tuple[str, Edit], ...]] = {
    "persistentvolumes": (
        # The kubelet takes readOnly from the pod's claim; the driver has no file-system type, no staging, and reads
        # its own attributes. Source: Kubernetes pkg/volume/csi/csi_plugin.go; aws-fsx-csi-driver v1.9.0 node.go.
        _set("spec.csi.readOnly", True),
        _set("spec.csi.fsType", "ext4"),
        _set("spec.csi.nodeStageSecretRef", _SECRET),
        _set("spec.csi.controllerExpandSecretRef", _SECRET),
        _set("spec.csi.volumeAttributes.mountName", "abcdefgh"),
        _set("spec.csi.volumeAttributes.team", "blue"),
        _set("spec.volumeAttributesClassName", "gold"),
        _set("metadata.finalizers", ["kubernetes.io/pv-protection", "example.com/kept"]),
    ),
    "persistentvolumeclaims": (
        # What a claim asks for is compared before it is bound.
        _set("spec.selector", {"matchLabels": {"team": "blue"}}),
        _set("spec.dataSource", {"kind": "PersistentVolumeClaim", "name": "other"}),
        _set("spec.dataSourceRef", {"apiGroup": "example.com", "kind": "Dataset", "name": "other"}),
        _set("spec.volumeAttributesClassName", "gold"),
    ),
    "storageclasses": (_set("metadata.annotations[storageclass.kubernetes.io/is-default-class]", "true"),),
    "pods/workload": (_set("spec.hostNetwork", True), _set("spec.securityContext.runAsUser", 1000)),
    "pods/controller": (_first("spec.containers.0.env", "HTTPS_PROXY", _PROXY),),
    "nodes/mounting": (_set("spec.unschedulable", True),),
    "csidrivers": (
        _set("spec.tokenRequests", [{"audience": "sts.amazonaws.com"}]),
        _set("spec.nodeAllocatableUpdatePeriodSeconds", 60),
    ),
    "daemonsets/plugin": (
        _set("spec.template.spec.hostPID", True),
        _set("spec.updateStrategy", {"type": "OnDelete"}),
        _set("spec.minReadySeconds", 600),
        _set("spec.template.spec.dnsConfig", {"options": [{"name": "ndots", "value": "1"}]}),
    ),
    "deployments/controller": (_set("spec.paused", True), _set("spec.strategy", {"type": "Recreate"})),
    "serviceaccounts/controller": (
        _set("automountServiceAccountToken", False),
        _set("imagePullSecrets", [{"name": "absent"}]),
        _set("metadata.annotations[eks.amazonaws.com/sts-regional-endpoints]", "false"),
        _set("metadata.annotations[eks.amazonaws.com/token-expiration]", "3600"),
    ),
    "leases": (_set("spec.preferredHolder", "another"),),
    "FileSystem": (_set("LustreConfiguration.LogConfiguration", {"Level": "WARN_ERROR"}),),
    "Cluster": (_set("deletionProtection", True),),
    "PodIdentityAssociation": (_set("disableSessionTags", True),),
    "Role/controller": (
        _first("AssumeRolePolicyDocument.Statement", "a deny for another action", {
            "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRoleWithSAML"}),
    ),
    "RolePolicy/controller": (
        _first("Document.Statement", "a deny of another service", _deny("ec2:DeleteVpc")),
        _first("Document.Statement", "a deny in a Region elsewhere", _deny("*", Condition={
            "StringEquals": {"aws:RequestedRegion": "eu-west-3"}})),
    ),
    "NetworkAcl/*": (
        _first("Entries", "a deny of UDP", _acl(1, "0.0.0.0/0", egress=False, protocol="17")),
        _first("Entries", "a deny of strangers", _acl(1, "203.0.113.0/24", egress=False)),
        _first("Entries", "a deny to strangers", _acl(1, "203.0.113.0/24", egress=True)),
    ),
    "VpcEndpoint/*": (
        _first("PolicyDocument.Statement", "a deny of another", _deny(CREATE, Principal={"AWS": STRANGER})),
        _first("PolicyDocument.Statement", "a deny of backups", _deny("fsx:CreateBackup", Principal="*")),
    ),
    "BucketPolicy": (_first("Document.Statement", "a deny of another", _deny("s3:*", Principal={"AWS": STRANGER})),),
    "KeyPolicy": (_first("Document.Statement", "a deny of another", _deny("kms:*", Principal={"AWS": STRANGER})),),
}  # fmt: skip
"""What leaves both as they are."""


def additions(
    kind: str,
    objects: Sequence[Document],
    roles: Mapping[int, str],
    table: Mapping[str, tuple[tuple[str, Edit], ...]] = BREAKS,
) -> Iterator[Change]:
    """Every addition of a table to those among the objects of a kind that play a part."""
    for index, role in roles.items():
        before, part = objects[index], f"{kind}/{role}"
        rows = [row for pattern, found in table.items() if _is_of(part, pattern) for row in found]
        for path, edit in rows:
            if not path.startswith("PolicyDocument") or isinstance(before.get("PolicyDocument"), dict):
                made = partial(_edited, before, edit)
                yield Change(kind, role, name_of(kind, before), path, PRESENT, before, made)


def _is_of(part: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(part, pattern if "/" in pattern else f"{pattern}/*")


def _edited(before: Document, edit: Edit) -> Document:
    document = copy.deepcopy(before)
    edit(document)
    return document
