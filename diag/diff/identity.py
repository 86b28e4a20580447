"""Who an object is, so that it is compared with itself and with nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_IDS = (
    "FileSystemId", "NetworkInterfaceId", "GroupId", "SubnetId", "VpcId", "RouteTableId", "NetworkAclId",
    "DhcpOptionsId", "InstanceId", "VpcEndpointId", "association_id", "association_arn", "addonName", "arn", "Key",
    "Arn", "AssociationId",
)  # fmt: skip


_EVENTS = ("live_warnings", "live_claim_events")


_BUILT_BY_ADDRESS = {"tcp_answers": ("address", "port"), "dns_answers": ("name", "server"), "ladders": ("address",)}


def table_of(fact: str, value: Any) -> dict[str, Any]:
    """A fact's objects by who they are; a fact that is no collection is one object without a name."""
    if isinstance(value, dict) and value.keys() == {"values", "missing"}:
        missing = {key: {"unavailable": reason} for key, reason in value["missing"].items()}
        return {**missing, **value["values"]}
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return {"": value}
    table: dict[str, Any] = {}
    for place, item in enumerate(value):
        key, object = _key(fact, item) or f"#{place + 1}", _without_name(fact, item)
        if table.get(key, object) != object:
            key = f"{key} #{place + 1}"
        table[key] = object
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


def _key(fact: str, item: Mapping[str, Any]) -> str:
    if fact in _EVENTS:
        about = item.get("involvedObject") or {}
        return (
            f"{item.get('reason', '')} of {about.get('kind', '')} {about.get('namespace', '')}/{about.get('name', '')}"
        )
    if fields := _BUILT_BY_ADDRESS.get(fact):
        return ":".join(str(item.get(field, "")) for field in fields)
    return _daemon_pod(item) if fact.endswith("_pods") else identity_of(item)


def _daemon_pod(pod: Mapping[str, Any]) -> str:
    """A DaemonSet's pod is the one of its node, whatever it is called since its last restart."""
    owners = pod.get("metadata", {}).get("ownerReferences") or ()
    owner = next((o.get("name", "") for o in owners if o.get("kind") == "DaemonSet"), "")
    node = pod.get("spec", {}).get("nodeName", "")
    return f"{pod['metadata'].get('namespace', '')}/{owner} on {node}" if owner and node else identity_of(pod)


def _without_name(fact: str, item: Mapping[str, Any]) -> Mapping[str, Any]:
    if fact in _EVENTS:
        return {"message": item.get("message", "")}
    if fact.endswith("_pods") and "metadata" in item:
        metadata = {key: value for key, value in item["metadata"].items() if key != "name"}
        return {**item, "metadata": metadata}
    return item
