"""Where in a snapshot a name is found: by the field that holds it, the fact it is of, or the object it is in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from diag.redaction.tokens import Level

Path = tuple[str, ...]
"""Keys from the fact's name down; places in lists are left out."""

HOST = "host"

OBJECTS = {
    "nodes": HOST,
    "csi_nodes": HOST,
    "persistent_volumes": "pv",
    "claims": "claim",
    "storage_classes": "class",
    "pods": "pod",
    "deployments": "workload",
    "daemon_sets": "workload",
    "service_accounts": "sa",
    "accounts": "sa",
    "classes": "class",
    "volumes": "pv",
}
"""Facts of Kubernetes objects by the end of the fact's name, with the kind of their metadata.name."""

PUBLIC_OBJECTS = ("csi_drivers",)
"""Facts of objects that are named after programs."""
TOLD_BY_TEXT = ("events", "warnings")
"""Facts of objects whose names are made of another's name and a number."""

BY_PATH: Mapping[Path, str] = {
    ("cluster_identity", "cluster"): "cluster",
    ("kube_context", "cluster"): "cluster",
    ("kube_context", "name"): "context",
    ("eks_cluster", "name"): "cluster",
    ("settings", "cluster"): "cluster",
}

BY_KEY: Mapping[str, str] = {
    "RoleName": "role",
    "GroupName": "group",
    "profile": "profile",
    "clusterName": "cluster",
    "nodeName": HOST,
    "nodeID": HOST,
    "host": HOST,
    "dnsname": HOST,
    "DNSName": HOST,
}
"""Fields that hold a name at every level of redaction."""

BY_PARENT: Mapping[tuple[str, str], str] = {
    ("node_truths", "node"): HOST,
    ("dns_answers", "name"): HOST,
    ("resolver", "search"): HOST,
    ("addresses", "address"): HOST,
}

STRICT_BY_KEY: Mapping[str, str] = {
    "namespace": "ns",
    "namespaces": "ns",
    "serviceAccount": "sa",
    "serviceAccountName": "sa",
    "storageClassName": "class",
    "volumeName": "pv",
    "claimName": "claim",
    "priorityClassName": "priority",
}

STRICT_BY_PARENT: Mapping[tuple[str, str], str] = {
    ("claimRef", "name"): "claim",
    ("involvedObject", "name"): "object",
    ("ownerReferences", "name"): "owner",
    ("secretKeyRef", "name"): "secret",
    ("containers", "name"): "container",
    ("initContainers", "name"): "container",
    ("containerStatuses", "name"): "container",
    ("initContainerStatuses", "name"): "container",
    ("volumes", "name"): "volume",
    ("volumeMounts", "name"): "volume",
    ("target", "claims"): "claim",
    ("target", "volumes"): "pv",
    ("target", "pods"): "pod",
}

VERBATIM = frozenset(
    {
        "kernelVersion", "osImage", "kubeletVersion", "containerRuntimeVersion", "FileSystemTypeVersion", "version",
        "server_version", "client_version", "tools_version", "kernel", "vermagic", "driver_version", "taken_at",
        "tool_version", "schema", "assume_kernel", "assume_server_version", "region", "cluster_from", "region_from",
    }
)  # fmt: skip
"""Fields that hold a version, a time or a region and nothing else; four numbers there are no address."""

DROPPED = frozenset({"args", "command"})
"""Command lines."""


def kind_of(path: Path, level: Level) -> str:
    """The kind of name that the string at a path is; empty when it is running text."""
    key, pair = path[-1], path[-2:]
    if (found := BY_PATH.get(path) or BY_KEY.get(key)) or (len(path) > 1 and (found := BY_PARENT.get(_pair(pair)))):
        return found
    if pair == ("metadata", "name"):
        kind = _kind_of_objects(path[0])
        return kind if kind == HOST or level is Level.STRICT else ""
    if level is Level.STRICT:
        return STRICT_BY_KEY.get(key) or (STRICT_BY_PARENT.get(_pair(pair), "") if len(path) > 1 else "")
    return ""


def _kind_of_objects(fact: str) -> str:
    """The kind of name that the objects of a fact have; one that is not known is a name all the same."""
    if ends_with(fact, PUBLIC_OBJECTS) or ends_with(fact, TOLD_BY_TEXT):
        return ""
    return next((kind for end, kind in OBJECTS.items() if ends_with(fact, (end,))), "object")


def ends_with(fact: str, ends: Iterable[str]) -> bool:
    """Whether a fact's name ends with one of the names: `live_pods` with `pods`."""
    return any(fact == end or fact.endswith(f"_{end}") for end in ends)


def _pair(path: Path) -> tuple[str, str]:
    return path[0], path[1]
