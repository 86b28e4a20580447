"""CloudFormation templates, and what CDK synthesizes: file systems, security groups, HyperPod clusters.

What an intrinsic function works out (`!Ref`, `!Sub`, `Fn::If`) is left open, but for the security group it names.
Source: CloudFormation template reference, AWS::FSx::FileSystem, AWS::EC2::SecurityGroup and SecurityGroupIngress.
"""

from __future__ import annotations

from collections.abc import Iterator

from diag.grammar.yaml_tree import Value
from diag.resources.ec2 import GroupPair, IpRange, Ipv6Range, Permission, PrefixListRef, SecurityGroup
from diag.resources.manifests import PlannedFileSystem, PlannedGroup, Spelling
from diag.sources.manifests.aws_input import mounts_in
from diag.sources.manifests.file_system import as_text, members_of, misspelt_members, planned_file_system
from diag.sources.manifests.inventory import Inventory, merge, place

NAME = "CloudFormation template"
FILE_SYSTEM, GROUP = "AWS::FSx::FileSystem", "AWS::EC2::SecurityGroup"
INGRESS, EGRESS = "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"
NOTHING = "AWS::NoValue"

Resources = dict[str, Value]


def is_template(root: Value) -> bool:
    """Whether a document is a template: its version, or resources with types of AWS."""
    resources = root.at("Resources")
    if resources is None or not isinstance(resources.content, dict):
        return False
    return root.at("AWSTemplateFormatVersion") is not None or any(
        "::" in item.text("Type") for item in resources.content.values()
    )


def template_in(root: Value, file: str) -> Inventory:
    """The file systems and groups of a template, under their logical ids."""
    found = root.at("Resources")
    resources: Resources = found.content if found and isinstance(found.content, dict) else {}
    return merge((*_file_systems(resources, file), *_groups(resources, file), mounts_in(root, file, NAME)))


def _file_systems(resources: Resources, file: str) -> Iterator[Inventory]:
    for name, resource in resources.items():
        properties = resource.at("Properties")
        if resource.text("Type") != FILE_SYSTEM or properties is None:
            continue
        kind = properties.at("FileSystemType")
        if kind is not None and not _is_open(kind) and kind.content != "LUSTRE":
            continue
        meant, problems = misspelt_members(properties, file)
        planned = _file_system(name, properties, meant)
        yield Inventory(file_systems=(planned,), places=(place(planned.subject, file, resource),), problems=problems)


def _file_system(name: str, properties: Value, meant: set[str]) -> PlannedFileSystem:
    request, unknown = members_of(_without_nothing(properties), _is_open)
    groups = properties.at("SecurityGroupIds")
    named = tuple(filter(None, map(_named, groups.content))) if groups and isinstance(groups.content, list) else ()
    return planned_file_system(name, request, unknown | meant, Spelling.API, groups=named)


def _without_nothing(value: Value) -> Value:
    """Without the properties that `AWS::NoValue` takes away."""
    if not isinstance(value.content, dict):
        return value
    kept = {key: _without_nothing(item) for key, item in value.content.items() if _named(item) != NOTHING}
    return Value(kept, value.line, value.column, value.tag)


def _groups(resources: Resources, file: str) -> Iterator[Inventory]:
    separate = [(item.text("Type"), item.at("Properties")) for item in resources.values()]
    for name, resource in resources.items():
        if resource.text("Type") != GROUP:
            continue
        rules: dict[str, list[Permission]] = {"SecurityGroupIngress": [], "SecurityGroupEgress": []}
        is_open = False
        for key, kind in (("SecurityGroupIngress", INGRESS), ("SecurityGroupEgress", EGRESS)):
            given = resource.at("Properties", key)
            own = list(given.content) if given and isinstance(given.content, list) else []
            own += [p for type, p in separate if type == kind and p and _named(p.at("GroupId")) == name]
            is_open = is_open or (given is not None and _is_open(given))
            for rule in own:
                if any(_is_open(port) for port in map(rule.at, ("FromPort", "ToPort", "IpProtocol")) if port):
                    is_open = True
                else:
                    rules[key].append(_permission(rule))
        group = SecurityGroup(
            name,
            resource.text("Properties", "GroupName"),
            "",
            tuple(rules["SecurityGroupIngress"]),
            tuple(rules["SecurityGroupEgress"]),
        )
        planned = PlannedGroup(group, is_open)
        yield Inventory(groups=(planned,), places=(place(planned.subject, file, resource),))


def _permission(rule: Value) -> Permission:
    def text(key: str) -> str:
        found = rule.at(key)
        return "" if found is None else as_text(found.content) or _named(found) or "an open value"

    def port(key: str) -> int | None:
        return int(text(key)) if text(key).lstrip("-").isdigit() else None

    source = text("SourceSecurityGroupId") if rule.at("SourceSecurityGroupId") else ""
    named = _named(rule.at("SourceSecurityGroupId")) or source
    return Permission(
        "-1" if text("IpProtocol") in ("-1", "all") else text("IpProtocol").lower(),
        port("FromPort"),
        port("ToPort"),
        (IpRange(text("CidrIp")),) if rule.at("CidrIp") else (),
        (Ipv6Range(text("CidrIpv6")),) if rule.at("CidrIpv6") else (),
        (PrefixListRef(text("SourcePrefixListId")),) if rule.at("SourcePrefixListId") else (),
        (GroupPair(named),) if named else (),
    )


def _is_open(value: Value) -> bool:
    """Whether an intrinsic function works the value out, or an item of it."""
    if value.tag:
        return True
    if isinstance(value.content, dict):
        names = list(value.content)
        return len(names) == 1 and (names[0] == "Ref" or names[0].startswith("Fn::"))
    return isinstance(value.content, list) and any(map(_is_open, value.content))


def _named(value: Value | None) -> str:
    """The logical id that a reference names (`!Ref X`, `!GetAtt X.GroupId`, and their long forms)."""
    if value is None:
        return ""
    if value.tag in ("!Ref", "!GetAtt"):
        inner = value.content[0].content if isinstance(value.content, list) and value.content else value.content
        return str(inner).partition(".")[0]
    if isinstance(value.content, dict) and len(value.content) == 1:
        [(name, inner)] = value.content.items()
        if name == "Ref":
            return str(inner.content)
        if name == "Fn::GetAtt":
            first = inner.content[0].content if isinstance(inner.content, list) and inner.content else inner.content
            return str(first).partition(".")[0]
    return ""
