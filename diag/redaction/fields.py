"""Where in a snapshot a name is found: by the field that holds it, the object it is in, or what its fact says."""

from __future__ import annotations

from collections.abc import Mapping

from diag.redaction.tokens import Level

Path = tuple[str, ...]
"""Keys from the fact's name down; places in lists are left out."""

HOST = "host"

AT_EVERY_LEVEL = frozenset({HOST, "cluster", "context", "group", "profile", "role"})
"""Kinds of names that are replaced at every level of redaction; the others only at the strict one."""

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
    "namespace": "ns",
    "namespaces": "ns",
    "serviceAccount": "sa",
    "serviceAccountName": "sa",
    "storageClassName": "class",
    "volumeName": "pv",
    "claimName": "claim",
    "priorityClassName": "priority",
}

BY_PARENT: Mapping[Path, str] = {
    ("settings", "cluster"): "cluster",
    ("resolver", "search"): HOST,
    ("addresses", "address"): HOST,
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
    ("metadata", "name"): "object",
}
"""By the last two keys of a path."""

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


def kind_of(path: Path, level: Level, names: Mapping[str, str]) -> str:
    """The kind of name that the string at a path is; empty when it is running text.

    `names` are what the fact says of its own fields, by the path below it.
    """
    kind = names.get(".".join(path[1:]))
    if kind is None:
        kind = BY_KEY.get(path[-1]) or BY_PARENT.get(path[-2:], "")
    return kind if level is Level.STRICT or kind in AT_EVERY_LEVEL else ""
