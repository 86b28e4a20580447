"""Security groups of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from diag.resources.ec2 import GroupPair, IpRange, Ipv6Range, Permission, PrefixListRef, SecurityGroup
from diag.resources.manifests import PlannedGroup
from diag.sources.manifests.terraform.document import Resource

GROUP = "aws_security_group"
RULES = ("aws_security_group_rule", "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule")
SIDES = ("ingress", "egress")
PORTS = ("from_port", "to_port", "protocol", "ip_protocol")


def groups_of(resources: Sequence[Resource]) -> Iterator[PlannedGroup]:
    """The planned security groups with their rules, written inline or as resources of their own."""
    for resource in resources:
        if resource.type != GROUP:
            continue
        own = [rule for rule in resources if rule.type in RULES and _belongs(rule, resource)]
        inline = {key: [r for r in _maps(resource.values.get(key)) if not _has_open_ports(r)] for key in SIDES}
        ingress, egress = ([_inline(rule, resource) for rule in inline[key]] for key in SIDES)
        for rule in own:
            if any(rule.is_unknown(attribute) for attribute in PORTS):
                continue
            (egress if _is_egress(rule) else ingress).append(_separate(rule, resource))
        group = SecurityGroup(
            resource.address,
            _text(resource.values.get("name")),
            _text(resource.values.get("vpc_id")),
            tuple(ingress),
            tuple(egress),
        )
        unknown = any(rule.is_unknown(attribute) for rule in own for attribute in PORTS)
        yield PlannedGroup(group, unknown or _is_open(resource))


def _is_open(group: Resource) -> bool:
    """Whether the group's source makes rules that its literals do not say: dynamic blocks, expressions for ports."""
    rules = [rule for key in SIDES for rule in _maps(group.values.get(key))]
    whole = group.values.get("ingress") is None and group.unknown.get("ingress") is True
    return "dynamic" in group.values or whole or any(map(_has_open_ports, rules))


def _has_open_ports(rule: dict[str, Any]) -> bool:
    return any(isinstance(port, str) and "${" in port for port in map(rule.get, PORTS))


def _belongs(rule: Resource, group: Resource) -> bool:
    address = group.address.partition("[")[0]
    id = _text(group.values.get("id"))
    named = rule.refers.get("security_group_id", ())
    return address in named or (bool(id) and rule.values.get("security_group_id") == id)


def _is_egress(rule: Resource) -> bool:
    return rule.type.endswith("_egress_rule") or rule.values.get("type") == "egress"


def _inline(rule: dict[str, Any], group: Resource) -> Permission:
    pairs = [group.address] if rule.get("self") is True else []
    return _permission(rule, rule.get("protocol"), [*pairs, *_texts(rule.get("security_groups"))])


def _separate(rule: Resource, group: Resource) -> Permission:
    values = rule.values
    pairs = [group.address] if values.get("self") is True else []
    for key in ("source_security_group_id", "referenced_security_group_id"):
        pairs += [*rule.refers.get(key, ()), *_texts([values.get(key)])]
    listed = {
        **values,
        "cidr_blocks": [*_texts(values.get("cidr_blocks")), *_texts([values.get("cidr_ipv4")])],
        "ipv6_cidr_blocks": [*_texts(values.get("ipv6_cidr_blocks")), *_texts([values.get("cidr_ipv6")])],
        "prefix_list_ids": [*_texts(values.get("prefix_list_ids")), *_texts([values.get("prefix_list_id")])],
    }
    return _permission(listed, values.get("protocol") or values.get("ip_protocol"), pairs)


def _permission(rule: dict[str, Any], protocol: Any, pairs: Iterable[str]) -> Permission:
    return Permission(
        _protocol(protocol),
        _port(rule.get("from_port")),
        _port(rule.get("to_port")),
        tuple(IpRange(cidr) for cidr in _texts(rule.get("cidr_blocks"))),
        tuple(Ipv6Range(cidr) for cidr in _texts(rule.get("ipv6_cidr_blocks"))),
        tuple(PrefixListRef(id) for id in _texts(rule.get("prefix_list_ids"))),
        tuple(GroupPair(id) for id in dict.fromkeys(pairs)),
    )


def _protocol(given: Any) -> str:
    """`all` and -1 are all traffic, in the API's spelling -1."""
    text = _text(given).lower() if isinstance(given, str) else str(given) if isinstance(given, int) else ""
    return "-1" if text in ("all", "-1") else text


def _port(given: Any) -> int | None:
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def _text(given: Any) -> str:
    return given if isinstance(given, str) else ""


def _texts(given: Any) -> list[str]:
    return [item for item in given if isinstance(item, str) and item] if isinstance(given, list) else []


def _maps(given: Any) -> list[dict[str, Any]]:
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
