"""All mutants of all worlds, judged one after another."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from tests.lab.lab import Lab
from tests.mutations.additions import additions
from tests.mutations.judge import Bench
from tests.mutations.operators import Change, changes
from tests.mutations.recorded import AWS, STARTING, record
from tests.mutations.roles import roles_of
from tests.mutations.verdict import Mutant, judge

REQUEST = ("persistentvolumes", "persistentvolumeclaims", "storageclasses")
ACCOUNT = (*AWS, "Instance", "VpcAttribute", "Cluster", "Role", "RolePolicy", "OidcProvider", "AccessEntry", *REQUEST)

WALKED: Mapping[str, tuple[str, ...]] = {
    STARTING: (),
    "dynamic-provisioning": (),
    "healthy": ACCOUNT,
    "peered-vpc-by-address": ACCOUNT,
    "persistent-2-with-metadata": ACCOUNT,
    "private-cluster": ACCOUNT,
    "controller-acts-as-its-node": ("Role", "RolePolicy", "InstanceProfile", "Instance"),
    "pod-identity": ("PodIdentityAssociation", "Role", "serviceaccounts"),
    "rules-by-prefix-list": ("PrefixList", "SecurityGroup"),
    "transit-gateway": (
        "TransitGateway",
        "TransitGatewayAttachment",
        "TransitGatewayVpcAttachment",
        "TransitGatewayRouteTable",
        "RouteTable",
    ),
    "class-with-key-and-bucket": ("Key", "KeyPolicy", "Bucket", "BucketPolicy", "storageclasses"),
    "resolver-rules": ("ResolverRule", "ResolverRuleAssociation"),
    "claim-behind-a-dns-firewall": (
        "FirewallRuleGroupAssociation",
        "FirewallRule",
        "FirewallDomainList",
        "ProfileAssociation",
        "ProfileResourceAssociation",
        "SharedZone",
    ),
    "role-with-boundary": ("PermissionsBoundary", "Role"),
    "endpoints-with-policies": ("VpcEndpoint", "SecurityGroup"),
    "storage-being-optimised": ("FileSystem",),
    "private-zone-with-the-record": ("HostedZone", "ResourceRecordSet"),
    "nacl-tight": ("NetworkAcl",),
    "eks-addon": ("Addon",),
    "network-policies": ("networkpolicies", "namespaces", "daemonsets"),
    "quota-and-limits": ("resourcequotas", "limitranges", "namespaces", "replicasets", "pods"),
    "lease-by-a-role-of-the-namespace": ("clusterroles", "roles", "rolebindings", "leases"),
    "data-repository-association": ("DataRepositoryAssociation",),
}
"""The worlds, and the kinds that are walked in each; all where none is named.

A pod that starts and a claim that is provisioned, with every object; the mount paths that differ most, with what
differs; then worlds that have objects of a kind which these lack.
"""

WORLDS = tuple(WALKED)


def benches(lab: Lab, names: tuple[str, ...] = WORLDS) -> Iterator[Bench]:
    """Each world, recorded and judged as it is."""
    for name in names:
        yield Bench(record(lab, name))


def walk(bench: Bench) -> Iterator[Change]:
    """Every change of a world."""
    world = bench.world
    for kind, objects in world.objects.items():
        if kind in (WALKED[world.name] or (kind,)):
            roles = roles_of(world, kind)
            yield from changes(kind, objects, roles)
            yield from additions(kind, objects, roles)


def mutants(bench: Bench, sample: int = 0, seed: int = 988) -> Iterator[Mutant]:
    """Every mutant of a world, or a sample of them."""
    found = list(walk(bench))
    if sample and sample < len(found):
        found = random.Random(seed).sample(found, sample)
    for change in found:
        yield judge(bench, change)
