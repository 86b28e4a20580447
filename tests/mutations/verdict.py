"""What became of a mutant: told where it is broken, silent, or blamed on something that was not touched."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from diag.model.finding import Finding
from diag.model.layer import Layer
from diag.model.verdict import Verdict
from tests.mutations.judge import Bench, Judged
from tests.mutations.operators import Change

_HOPS = {
    "persistentvolumes": "request file-system dns network mount",
    "persistentvolumeclaims": "request",
    "storageclasses": "request identity network",
    "pods": "request driver identity dns mount workload client",
    "nodes": "driver client request network identity",
    "csinodes": "driver",
    "csidrivers": "driver",
    "daemonsets": "driver network dns",
    "deployments": "driver identity dns",
    "serviceaccounts": "identity driver",
    "namespaces": "request network",
    "resourcequotas": "request",
    "limitranges": "request",
    "networkpolicies": "network",
    "clusterroles": "driver",
    "clusterrolebindings": "driver",
    "roles": "driver",
    "rolebindings": "driver",
    "leases": "driver",
    "endpointslices": "dns",
    "configmaps": "dns",
    "services": "dns",
    "events": "mount request driver",
    "FileSystem": "request file-system dns network",
    "DataRepositoryAssociation": "file-system",
    "NetworkInterface": "network dns",
    "SecurityGroup": "network",
    "Subnet": "network request",
    "Vpc": "dns network",
    "VpcAttribute": "dns",
    "DhcpOptions": "dns",
    "HostedZone": "dns",
    "ResourceRecordSet": "dns",
    "RouteTable": "network identity",
    "NetworkAcl": "network",
    "VpcEndpoint": "identity",
    "NatGateway": "identity driver",
    "PrefixList": "network",
    "Instance": "network identity client",
    "Cluster": "identity network driver dns",
    "Addon": "driver",
    "PodIdentityAssociation": "identity",
    "TransitGateway": "network",
    "TransitGatewayAttachment": "network",
    "TransitGatewayVpcAttachment": "network",
    "TransitGatewayRouteTable": "network",
    "Key": "file-system",
    "KeyPolicy": "file-system",
    "Bucket": "identity",
    "BucketPolicy": "identity",
    "ResolverRule": "dns",
    "ResolverRuleAssociation": "dns",
    "FirewallRuleGroupAssociation": "dns",
    "FirewallRule": "dns",
    "FirewallDomainList": "dns",
    "ProfileAssociation": "dns",
    "ProfileResourceAssociation": "dns",
    "SharedZone": "dns",
    "PermissionsBoundary": "identity",
    "Role": "identity",
    "RolePolicy": "identity",
    "InstanceProfile": "identity",
    "OidcProvider": "identity",
}
HOPS: Mapping[str, frozenset[Layer]] = {
    kind: frozenset(Layer(name) for name in names.split()) for kind, names in _HOPS.items()
}
"""The hops of the mount path that an object of a kind may break."""


class Fate(enum.Enum):
    """What the tool makes of a mutant."""

    TOLD = "told"
    SILENT = "silent"
    BLAMED = "blamed elsewhere"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Mutant:
    """One change and what came of it."""

    world: str
    change: Change
    fate: Fate
    findings: tuple[Finding, ...]
    """The loud findings that the healthy world does not have; of a blamed one those that are out of place."""
    crashes: tuple[str, ...] = ()

    def __str__(self) -> str:
        change = self.change
        return f"{self.world} | {change.kind} {change.object} | {change.path or '(itself)'} | {change.operator}"


def judge(bench: Bench, change: Change) -> Mutant:
    """Judge one change against its healthy world."""
    after = change.make()
    judged = bench.judge(change.kind, change.applied(bench.world.objects[change.kind], after))
    new = _new(bench.healthy, judged)
    if judged.crashes:
        return Mutant(bench.world.name, change, Fate.CRASHED, new, judged.crashes)
    if not new:
        return Mutant(bench.world.name, change, Fate.SILENT, ())
    names = frozenset(_names(change.before)) | frozenset(_names(after or {}))
    stray = tuple(finding for finding in new if not is_in_place(finding, change.kind, names))
    if stray:
        return Mutant(bench.world.name, change, Fate.BLAMED, stray)
    return Mutant(bench.world.name, change, Fate.TOLD, new)


def _new(healthy: Judged, judged: Judged) -> tuple[Finding, ...]:
    known = {(finding.check, finding.subject, finding.verdict, finding.message) for finding in healthy.loud}
    return tuple(
        finding
        for finding in judged.loud
        if (finding.check, finding.subject, finding.verdict, finding.message) not in known
    )


def is_in_place(finding: Finding, kind: str, names: frozenset[str]) -> bool:
    """Whether a finding is on the changed object, names it, lies on a hop that it breaks, or blames nobody."""
    if finding.verdict is Verdict.UNKNOWN or finding.layer in HOPS.get(kind, ()):
        return True
    texts = (finding.subject.name, finding.message, *finding.evidence, *(about.name for about in finding.concerns))
    words = set(re.findall(r"[\w./:@-]+", " ".join(texts)))
    return bool(words & names)


def _names(value: Any, key: str = "") -> Iterator[str]:
    """The ids and names of an object, not those of what it points at."""
    if isinstance(value, dict):
        metadata = value.get("metadata")
        if isinstance(metadata, dict):
            yield str(metadata.get("name", ""))
        for name, item in value.items():
            if isinstance(item, str) and (name.endswith(("Id", "Arn", "ARN", "Name", "name")) and len(item) > 2):
                yield item
