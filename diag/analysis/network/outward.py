"""What stands between the controller and AWS's APIs: security groups, network ACLs, endpoints and their policies.

Everything is judged that is surely closed; what only opens a part of AWS's addresses counts as open.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from diag.analysis.identity.permissions import weigh
from diag.analysis.identity.policy_language import Request
from diag.analysis.identity.trust_policy import Answer, about, may_assume, role_at
from diag.analysis.network.network_acls import acl_of, lets
from diag.analysis.network.routing import SOMEWHERE
from diag.analysis.network.security_groups import Peer, admits, covers_port, peer, rules_of
from diag.grammar.ids import account_of
from diag.knowledge.controller_actions import SOME_FILE_SYSTEM
from diag.late import late
from diag.model.unavailable import Unavailable
from diag.resources.ec2 import Instance, NetworkAcl, Permission, PrefixList, SecurityGroup, VpcEndpoint
from diag.resources.iam import statements_of
from diag.resources.table import Table

HTTPS = 443
ANSWER_PORTS = (32768, 49152, 60999)
"""Ports from which Linux makes connections. Source: Linux ip-sysctl, ip_local_port_range: 32768 to 60999."""

FIRST_CALLS = {
    "fsx": "fsx:DescribeFileSystems",
    "sts": "sts:AssumeRoleWithWebIdentity",
    "eks-auth": "eks-auth:AssumeRoleForPodIdentity",
}
"""What the controller asks each service for first."""

CREATES = ("fsx:CreateFileSystem", "fsx:TagResource")
"""What it asks FSx for next."""


class Obstacle(msgspec.Struct, frozen=True):
    """One thing that keeps the controller's calls from a service, or the answers from coming back."""

    message: str
    evidence: str = ""
    endpoint: VpcEndpoint | None = None
    """The endpoint whose policy refuses the call."""
    action: str = ""
    """The call, where one more Allow of that policy lets it through."""
    gap: tuple[str, str] | None = None
    """An endpoint's group, and the nodes' group that it does not admit."""


def obstacles(
    instances: Iterable[Instance],
    pod_addresses: Sequence[str],
    services: Sequence[str],
    endpoints: Sequence[VpcEndpoint],
    groups: Table[SecurityGroup],
    acls: Sequence[NetworkAcl],
    prefix_lists: Table[PrefixList] | Unavailable,
    role_arn: str = "",
) -> Iterator[Obstacle]:
    """What is closed on the way from the controller's machines to the services; `role_arn` is who calls FSx, where that
    is known. Raises Unreadable.

    A service with an endpoint that has private DNS is reached through it alone, whatever route leads out.
    """
    serving = {item.service: item for item in endpoints if item.service in services and item.takes_calls}
    for instance in instances:
        pods = peer(instance.primary_groups, pod_addresses or (instance.private_ip_address,))
        for endpoint in serving.values():
            yield from _to_endpoint(instance, pods, endpoint, groups, prefix_lists)
            if set(endpoint.subnet_ids) - {instance.subnet_id}:
                local = (instance.private_ip_address,)
                yield from _through_acl(instance, acls, local, f"{endpoint.vpc_endpoint_id} ({endpoint.service})")
        if any(service not in serving for service in services):
            yield from _to_the_internet(instance, groups, acls)
    yield from (found for endpoint in serving.values() for found in _refused(endpoint, role_arn))


def _to_endpoint(
    instance: Instance,
    pods: Peer,
    endpoint: VpcEndpoint,
    groups: Table[SecurityGroup],
    prefix_lists: Table[PrefixList] | Unavailable,
) -> Iterator[Obstacle]:
    ids = endpoint.group_ids
    if not ids:
        return
    inbound = rules_of(groups, ids)
    if not admits(inbound, HTTPS, pods, prefix_lists):
        own = ", ".join(instance.primary_groups)
        message = (
            f"{', '.join(ids)} on {endpoint.vpc_endpoint_id} ({endpoint.service}) does not admit tcp 443 from {own}"
        )
        yield Obstacle(message, gap=(ids[0], instance.primary_groups[0]) if instance.primary_groups else None)
    outbound = rules_of(groups, instance.primary_groups, egress=True)
    if instance.primary_groups and not (_names(outbound, ids) or _leaves(outbound)):
        own = ", ".join(instance.primary_groups)
        yield Obstacle(f"{own} on {instance.instance_id} lets no tcp 443 out to {', '.join(ids)} ({endpoint.service})")


def _to_the_internet(
    instance: Instance, groups: Table[SecurityGroup], acls: Sequence[NetworkAcl]
) -> Iterator[Obstacle]:
    outbound = rules_of(groups, instance.primary_groups, egress=True)
    if instance.primary_groups and not _leaves(outbound):
        own = ", ".join(instance.primary_groups)
        yield Obstacle(f"{own} on {instance.instance_id} lets no tcp 443 out to AWS's public addresses")
    yield from _through_acl(instance, acls, (SOMEWHERE,), "AWS's public addresses")


def _through_acl(
    instance: Instance, acls: Sequence[NetworkAcl], samples: tuple[str, ...], whom: str
) -> Iterator[Obstacle]:
    """What a subnet's ACL does to calls to the samples, or to what it names that is public or private like them."""
    acl = acl_of(instance.subnet_id, acls)
    if acl is None:
        return
    named = [first for entry in acl.entries if (first := _first_of(entry.cidr_block))]
    addresses = (*samples, *(address for address in named if _is_public(address) is _is_public(samples[0])))
    if not any(lets(acl, HTTPS, address, egress=True) for address in addresses):
        yield Obstacle(f"{acl.network_acl_id} of {instance.subnet_id} lets no tcp 443 out to {whom}")
    elif not any(lets(acl, port, address, egress=False) for address in addresses for port in ANSWER_PORTS):
        message = f"{acl.network_acl_id} of {instance.subnet_id} lets no answer of {whom} in"
        yield Obstacle(message, "answers come to the ports from which Linux connects, 32768 to 60999")


def _names(rules: Iterable[Permission], ids: Iterable[str]) -> bool:
    wanted = set(ids)
    return any(
        covers_port(rule, HTTPS) and any(pair.group_id in wanted for pair in rule.user_id_group_pairs) for rule in rules
    )


def _leaves(rules: Iterable[Permission]) -> bool:
    """Whether port 443 is open to anything that is named by address: a part of AWS's addresses counts as all."""
    return any(covers_port(rule, HTTPS) and (rule.ip_ranges or rule.prefix_list_ids) for rule in rules)


def _first_of(cidr: str) -> str:
    try:
        return str(ipaddress.IPv4Network(cidr, strict=False).network_address)
    except ValueError:
        return ""


def _is_public(address: str) -> bool:
    try:
        return ipaddress.IPv4Address(address).is_global
    except ValueError:
        return False


def _refused(endpoint: VpcEndpoint, role_arn: str) -> Iterator[Obstacle]:
    """A policy that surely does not let a call of the controller's through. Without one everything passes.

    FSx is called as the role and about no resource; STS is asked by a token, before anybody is a role, and about that
    role; EKS about the cluster, as the node. Source: service authorization reference, of the three services.
    """
    first = FIRST_CALLS.get(endpoint.service, "")
    document = endpoint.document
    if document is None or not first:
        return
    for action in (first, *(CREATES if endpoint.service == "fsx" and role_arn else ())):
        resource = {"fsx": "*", "sts": role_arn}.get(endpoint.service, "")
        if action in CREATES:
            resource = _some_file_system(endpoint, role_arn)
        asked = document if resource else _about_anything(document)
        allowed, denied = weigh((asked,), action, resource or "*", Request({}))
        if endpoint.service == "fsx" and role_arn:
            trust = may_assume(about(document, resource), role_at(role_arn, action, {}))
            allowed, denied = allowed if trust.answer is not Answer.REFUSED else False, trust.is_denied
        if allowed is not False and not denied:
            continue
        why = "denies it" if denied else "does not allow it"
        message = f"the policy of {endpoint.vpc_endpoint_id} ({endpoint.service}) {why}: {action}"
        yield Obstacle(message, endpoint=endpoint, action="" if denied else action)
        return


def _some_file_system(endpoint: VpcEndpoint, role_arn: str) -> str:
    partition = role_arn.split(":")[1]
    region = endpoint.service_name.split(".")[-2]
    return f"arn:{partition}:fsx:{region}:{account_of(role_arn)}:file-system/{SOME_FILE_SYSTEM}"


def _about_anything(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A policy where it is not known what a call is about: each Allow may be about that."""
    found = statements_of(document)
    return {"Statement": [{**one, "Resource": "*"} if one.get("Effect") == "Allow" else one for one in found]}


REFUSAL = late(r"is not authorized to perform: (?P<action>(?P<service>[a-z0-9-]+):[A-Za-z]+)\b.*VPC endpoint policy")
"""Source: IAM user guide, troubleshoot access denied error messages, policy type VPC endpoint policy."""


def refused_by_endpoint(texts: Iterable[str], endpoints: Iterable[VpcEndpoint]) -> Obstacle | None:
    """What the provisioner was told of an endpoint's policy, where the VPC has one endpoint of that service."""
    for text in texts:
        if not (found := REFUSAL.search(text)):
            continue
        serving = [one for one in endpoints if one.service == found["service"] and one.takes_calls]
        if len(serving) == 1:
            message = f"the policy of {serving[0].vpc_endpoint_id} ({found['service']}) refused {found['action']}"
            action = "" if "explicit deny" in text else found["action"]
            return Obstacle(message, "a call of the controller was answered so", serving[0], action)
    return None
