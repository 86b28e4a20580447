"""Who an object is, so that it is compared with itself and with nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_IDS = (
    "FileSystemId", "FileCacheId", "NetworkInterfaceId", "GroupId", "SubnetId", "VpcId", "RouteTableId", "NetworkAclId",
    "DhcpOptionsId", "InstanceId", "VpcEndpointId", "association_id", "association_arn", "addonName", "arn", "Key",
    "Arn", "AssociationId", "HostedZoneId",
)  # fmt: skip


def table_of(value: Any, key: tuple[str, ...] = ()) -> dict[str, Any]:
    """A fact's objects by who they are; a fact that is no collection is one object without a name.

    `key` names the fields that identify objects without an id or a name.
    """
    if isinstance(value, dict) and value.keys() == {"values", "missing"}:
        missing = {key: {"unavailable": reason} for key, reason in value["missing"].items()}
        return {**missing, **value["values"]}
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return {"": value}
    table: dict[str, Any] = {}
    for place, item in enumerate(value):
        name, object = _name_of(item, key) or f"#{place + 1}", _without_name(item)
        if table.get(name, object) != object:
            name = f"{name} #{place + 1}"
        table[name] = object
    return table


def identity_of(item: Mapping[str, Any]) -> str:
    """The id or name of an object or of a part of one; empty when it has none."""
    metadata = item.get("metadata")
    if isinstance(metadata, dict) and metadata.get("name"):
        return "/".join(filter(None, (metadata.get("namespace", ""), metadata["name"])))
    own = next((str(item[key]) for key in _IDS if item.get(key)), "")
    if own and not item.keys() & {"IpProtocol", "RuleNumber"}:
        return own
    return str(item.get("name") or item.get("type") or "")


def _name_of(item: Mapping[str, Any], key: tuple[str, ...]) -> str:
    if about := item.get("involvedObject"):
        return (
            f"{item.get('reason', '')} of {about.get('kind', '')} {about.get('namespace', '')}/{about.get('name', '')}"
        )
    return ":".join(str(item.get(field, "")) for field in key) or _daemon_pod(item) or identity_of(item)


def _daemon_pod(pod: Mapping[str, Any]) -> str:
    """A DaemonSet's pod is the one of its node, whatever it is called since its last restart; "" for anything else."""
    metadata, node = pod.get("metadata") or {}, (pod.get("spec") or {}).get("nodeName", "")
    owners = metadata.get("ownerReferences") or ()
    owner = next((o.get("name", "") for o in owners if o.get("kind") == "DaemonSet"), "")
    return f"{metadata.get('namespace', '')}/{owner} on {node}" if owner and node else ""


def _without_name(item: Mapping[str, Any]) -> Mapping[str, Any]:
    if "involvedObject" in item:
        return {"message": item.get("message", "")}
    if isinstance(metadata := item.get("metadata"), dict):
        return {**item, "metadata": {key: value for key, value in metadata.items() if key != "name"}}
    return item
