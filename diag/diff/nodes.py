"""Sets one node beside another of the same snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from diag.diff.compare import Difference, differing, shown
from diag.diff.identity import table_of
from diag.model.exit_code import WrongUsage
from diag.model.layer import Layer
from diag.registry import Fact

_OWN = ("name", "hostname", "address", "InstanceId", "providerID", "PrivateIpAddress", "NetworkInterfaceId", "node",
        "nodeID", "provided-node-ip", "instance-id")  # fmt: skip
"""Ends of fields that no two nodes share."""

_DEPRECATED = ("beta.kubernetes.io/", "failure-domain.beta.kubernetes.io/")
"""Labels that repeat others."""


class UnknownNode(WrongUsage):
    """The snapshot has no node of that name; the message lists those it has."""


def compare_nodes(
    values: Mapping[str, Any], working: str, failing: str, facts: Mapping[str, Fact]
) -> tuple[Difference, ...]:
    """What the failing node has otherwise than the working one. Raises UnknownNode."""
    found: list[Difference] = []
    for name, one, other in _sides(values, working, failing):
        fact = facts[name]
        for path, old, new in differing(one, other, ()):
            field = ".".join(path)
            is_own = any(part.partition("[")[0].rpartition("/")[2] in _OWN for part in path)
            if not is_own and not any(part.startswith(_DEPRECATED) for part in path):
                found.append(Difference(fact.layer, name, fact.label, field, shown(old), shown(new)))
    return tuple(sorted(found, key=lambda d: (d.layer is not Layer.CLIENT, "nodeInfo" not in d.field, d.layer.depth)))


def _sides(values: Mapping[str, Any], working: str, failing: str) -> Iterator[tuple[str, Any, Any]]:
    nodes = table_of(values.get("nodes") or [])
    for name in (working, failing):
        if name not in nodes:
            raise UnknownNode(f"no node is called {name!r} (there are {', '.join(sorted(nodes)[:5]) or 'none'})")
    yield "nodes", nodes[working], nodes[failing]
    for fact in ("csi_nodes", "node_truths"):
        table = table_of(values.get(fact) or [])
        if working in table and failing in table:
            yield fact, table[working], table[failing]
    ids = [_instance_of(nodes[name]) for name in (working, failing)]
    for fact in ("instances", "controller_instances"):
        table = table_of(values.get(fact) or [])
        if ids[0] in table and ids[1] in table:
            one, other = (_by_device(table[id]) for id in ids)
            yield "instances", one, other
            subnets = table_of(values.get("subnets") or [])
            if {one.get("SubnetId"), other.get("SubnetId")} <= subnets.keys():
                yield "subnets", subnets[one["SubnetId"]], subnets[other["SubnetId"]]
            return


def _by_device(instance: Mapping[str, Any]) -> dict[str, Any]:
    """An instance with its interfaces by device index: no two instances share an interface."""
    interfaces = instance.get("NetworkInterfaces") or ()
    return {**instance, "NetworkInterfaces": {str(own.get("DeviceIndex")): own for own in interfaces}}


def _instance_of(node: Mapping[str, Any]) -> str:
    provider: str = (node.get("spec") or {}).get("providerID") or ""
    return provider.rpartition("/")[2]
