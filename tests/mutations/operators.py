"""The walk over an object: every field, and the values that it may be changed to, by what it holds."""

from __future__ import annotations

import copy
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.mutations.recorded import AWS, Document

LABELS = ("type", "Type", "key", "Key", "name", "Name", "Sid", "mountPath")
"""Members by which an element of a list is called; by its number where it has none of them."""

STATES: Mapping[str, tuple[str, str]] = {
    "AVAILABLE": ("UPDATING", "FAILED"),
    "ACTIVE": ("UPDATING", "FAILED"),
    "available": ("pending", "failed"),
    "active": ("pending", "blackhole"),
    "in-use": ("pending", "available"),
    "running": ("stopping", "stopped"),
    "attached": ("attaching", "detached"),
    "associated": ("associating", "failed"),
    "Running": ("Pending", "Failed"),
    "Bound": ("Pending", "Lost"),
    "Active": ("Terminating", "Terminating"),
    "Enabled": ("Updating", "Disabled"),
    "IN_PROGRESS": ("PENDING", "FAILED"),
    "COMPLETED": ("UPDATED_OPTIMIZING", "FAILED"),
    "COMPLETE": ("CREATING", "FAILED"),
}
"""A state, one on its way and a failed one, as its API spells them."""

REGIONS = ("us-west-2", "ap-northeast-1")
ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
REGION = re.compile(r"\b(?:ap|us|eu|cn)-(?:gov-)?[a-z]+-\d(?=\b|[a-z]\b)")
ZONE = re.compile(r"(?P<region>(?:ap|us|eu|cn)-(?:gov-)?[a-z]+-\d)(?P<zone>[a-f])")
ID = re.compile(r"(?P<prefix>[a-z]+)-[0-9a-f]{8,17}")
QUANTITY = re.compile(r"(?P<number>[1-9]\d*)(?P<unit>[KMGT]i|)")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")
WORD = re.compile(r"[A-Za-z]")
NAMESPACE_FIELDS = ("namespace", "Namespace")


@dataclass(frozen=True)
class Change:
    """One object of a world, to be changed in one place by one operator."""

    kind: str
    role: str
    """The part it plays; empty where all objects of the kind play the same."""
    object: str
    """Its id or name."""
    path: str
    """Where in it, dotted; empty for the object itself."""
    operator: str
    before: Document
    make: Callable[[], Document | None]
    """The changed object; None when it is deleted."""

    @property
    def place(self) -> str:
        """`kind/role path`, what patterns are held against."""
        return f"{self.kind}{self.role and '/'}{self.role} {self.path or '(itself)'}"

    def applied(self, objects: Sequence[Document], changed: Document | None) -> list[Document]:
        """All objects of the kind, this one replaced, taken away or with a twin beside it."""
        index = next(number for number, item in enumerate(objects) if item is self.before)
        after = [] if changed is None else [changed]
        if self.operator == "doubled" and not self.path:
            after = [self.before, *after]
        return [*objects[:index], *after, *objects[index + 1 :]]


def changes(kind: str, objects: Sequence[Document], roles: Mapping[int, str]) -> Iterator[Change]:
    """Every change of those among the objects of a kind that play a part."""
    pool = _values_of(objects)
    for index, role in roles.items():
        before = objects[index]
        name = name_of(kind, before)
        yield Change(kind, role, name, "", "deleted", before, lambda: None)
        if kind not in ("VpcAttribute", "RolePolicy"):
            yield Change(kind, role, name, "", "doubled", before, partial(_twin, kind, before))
        for path, keys in places(before, "", ()):
            for operator, make in _variants(before, keys, pool, is_written=kind.islower()):
                yield Change(kind, role, name, path, operator, before, make)


IDS: Mapping[str, str] = {kind: kept.id for kind, kept in AWS.items()} | {
    "HostedZone": "HostedZoneId",
    "ResourceRecordSet": "Name",
    "Instance": "InstanceId",
    "VpcAttribute": "VpcId",
    "PrefixList": "PrefixListId",
    "Cluster": "name",
    "Addon": "addonName",
    "PodIdentityAssociation": "associationId",
    "TransitGatewayRouteTable": "TransitGatewayRouteTableId",
    "Key": "Arn",
    "KeyPolicy": "KeyId",
    "Bucket": "Name",
    "BucketPolicy": "Bucket",
    "ResolverRule": "Id",
    "ResolverRuleAssociation": "Id",
    "FirewallRuleGroupAssociation": "Id",
    "FirewallRule": "Name",
    "FirewallDomainList": "Id",
    "ProfileAssociation": "Id",
    "ProfileResourceAssociation": "Id",
    "SharedZone": "Id",
    "PermissionsBoundary": "PolicyArn",
    "AccessEntry": "principalArn",
    "Role": "RoleName",
    "RolePolicy": "PolicyArn",
    "InstanceProfile": "InstanceProfileName",
    "OidcProvider": "Arn",
}


def name_of(kind: str, document: Document) -> str:
    """What an object is called: AWS's id, else `namespace/name`."""
    if kind in IDS:
        return str(document.get(IDS[kind], ""))
    metadata = document.get("metadata") or {}
    return "/".join(filter(None, (metadata.get("namespace", ""), metadata.get("name", ""))))


def _twin(kind: str, original: Document) -> Document:
    """A second object like it, under a name or an id of its own."""
    twin = copy.deepcopy(original)
    if kind in IDS:
        twin[IDS[kind]] = _other_id(name_of(kind, original))
    else:
        twin["metadata"]["name"] = f"{twin['metadata'].get('name', '')}-2"
        twin["metadata"]["uid"] = "00000000-0000-4000-8000-000000000002"
    return twin


def places(value: Any, path: str, keys: tuple[Any, ...]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every place in a value, as a dotted path and as keys."""
    if isinstance(value, dict):
        for key, item in value.items():
            here = f"{path}.{key}" if path else str(key)
            yield here, (*keys, key)
            yield from places(item, here, (*keys, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            here = f"{path}.{_label(item, index)}"
            yield here, (*keys, index)
            yield from places(item, here, (*keys, index))


def _label(item: Any, index: int) -> str:
    if isinstance(item, dict):
        for key in LABELS:
            if isinstance(item.get(key), str):
                return str(item[key])
        if "RuleNumber" in item:
            return f"{'out' if item.get('Egress') else 'in'}-{item['RuleNumber']}"
        if "IpProtocol" in item:
            return f"{item['IpProtocol']}:{item.get('FromPort', '*')}"
        if "Origin" in item and item.keys() & {"DestinationCidrBlock", "DestinationPrefixListId"}:
            return _route(item)
    return str(index)


def _route(route: Document) -> str:
    if route.get("GatewayId") == "local":
        return "local"
    if route.get("DestinationCidrBlock") == "0.0.0.0/0":
        return "default"
    return "peering" if "VpcPeeringConnectionId" in route else "prefix-list"


def _variants(
    original: Document, keys: tuple[Any, ...], pool: Mapping[str, list[Any]], *, is_written: bool
) -> Iterator[tuple[str, Callable[[], Document]]]:
    holder, key = _holder(original, keys)
    value = holder[key]
    yield "absent", partial(_changed, original, keys, _take_away)
    if isinstance(holder, list):
        yield "doubled", partial(_changed, original, keys, _double)
    if value not in ("", [], {}, None) and not isinstance(value, bool):
        yield "empty", partial(_changed, original, keys, partial(_put, type(value)()))
    seen = [value]
    for operator, new in _values(value, keys, pool, is_written):
        if new not in seen:
            seen.append(new)
            yield operator, partial(_changed, original, keys, partial(_put, new))


def _changed(original: Document, keys: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Document:
    document = copy.deepcopy(original)
    change(*_holder(document, keys))
    return document


def _take_away(holder: Any, key: Any) -> None:
    del holder[key]


def _double(holder: Any, key: Any) -> None:
    holder.append(copy.deepcopy(holder[key]))


def _put(value: Any, holder: Any, key: Any) -> None:
    holder[key] = value


def _holder(document: Any, keys: tuple[Any, ...]) -> tuple[Any, Any]:
    for key in keys[:-1]:
        document = document[key]
    return document, keys[-1]


def _values(
    value: Any, keys: tuple[Any, ...], pool: Mapping[str, list[Any]], is_written: bool
) -> Iterator[tuple[str, Any]]:
    name = next((str(key) for key in reversed(keys) if isinstance(key, str)), "")
    if not isinstance(value, dict | list):
        for other in pool.get(_generic(keys), ()):
            if type(other) is type(value) and other != value:
                yield "another object's", other
                break
    if isinstance(value, bool):
        yield "contradicted", not value
    elif isinstance(value, int):
        yield "one more", value + 1
        if value:
            yield "one less", value - 1
    elif isinstance(value, str):
        yield from _texts(value, name, is_written)


def _texts(value: str, name: str, is_written: bool) -> Iterator[tuple[str, str]]:
    if value in STATES:
        yield "in transition", STATES[value][0]
        yield "failed", STATES[value][1]
    if value in ("True", "False"):
        yield "contradicted", "False" if value == "True" else "True"
        yield "in transition", "Unknown"
    if value in ("allow", "deny", "Allow", "Deny"):
        other = {"allow": "deny", "deny": "allow"}[value.lower()]
        yield "contradicted", other.title() if value[0].isupper() else other
    if value in ("true", "false"):
        yield "contradicted", "false" if value == "true" else "true"
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        pass
    else:
        yield from _networks(network, "/" in value)
        return
    if ZONE.fullmatch(value):
        found = ZONE.fullmatch(value)
        assert found is not None
        yield "other zone", f"{found['region']}{'c' if found['zone'] != 'c' else 'a'}"
    if REGION.search(value):
        other = next(region for region in REGIONS if region not in value)
        yield "other Region", REGION.sub(other, value)
    if ACCOUNT.search(value):
        yield "other account", ACCOUNT.sub("999988887777", value)
    if ID.search(value):
        yield "another id", ID.sub(lambda found: _other_id(found[0]), value)
    if name in NAMESPACE_FIELDS:
        yield "other namespace", "kube-public"
    if re.fullmatch(r"\d+", value):
        yield "one more", str(int(value) + 1)
    if is_written and (found := QUANTITY.fullmatch(value)):
        yield "smaller", f"{int(found['number']) // 2}{found['unit']}"
        yield "larger", f"{int(found['number']) * 2}{found['unit']}"
    if WORD.search(value) and not MOMENT.match(value):
        if is_written:
            # AWS writes its own values, people write those of Kubernetes.
            yield "other case", value.swapcase()
        if not ID.search(value):
            yield "another word", f"{value}x"


def _networks(network: Any, has_length: bool) -> Iterator[tuple[str, str]]:
    if not has_length:
        yield "neighbour", str(network.network_address + 1)
        yield "elsewhere", "203.0.113.7"
        return
    if network.prefixlen < 32:
        yield "narrower", str(next(network.subnets(new_prefix=min(32, max(network.prefixlen + 8, 28)))))
    yield "elsewhere", "203.0.113.0/24"


def _other_id(id: str) -> str:
    return f"{id[:-1]}{'0' if id[-1] != '0' else '1'}"


def _values_of(objects: Sequence[Document]) -> dict[str, list[Any]]:
    """The plain values at each place, numbers left out, over all objects of a kind."""
    found: dict[str, list[Any]] = {}
    for document in objects:
        for _, keys in places(document, "", ()):
            holder, key = _holder(document, keys)
            if not isinstance(holder[key], dict | list):
                found.setdefault(_generic(keys), []).append(holder[key])
    return found


def _generic(keys: tuple[Any, ...]) -> str:
    return ".".join("*" if isinstance(key, int) else str(key) for key in keys)
