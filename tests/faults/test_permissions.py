"""Without one permission: unknown on exactly the checks that need it, which name it, and no other verdict changes.

The report names what was refused, and a run that could not read what the diagnosis needs is not complete."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from diag.registry import permissions_of
from diag.sources.world import load_registry
from tests.faults.matrix import run
from tests.lab.faults import FAULTS
from tests.lab.lab import Lab

pytestmark = pytest.mark.lab

REGISTRY = load_registry()
CHECKS = REGISTRY.select()
NEEDED = REGISTRY.facts_for(CHECKS)
DIAGNOSED = (fact.name for fact in REGISTRY.facts.values() if fact.always == "diagnosis")
DIAGNOSIS = permissions_of(REGISTRY.facts_for((), *DIAGNOSED))
"""Without these a failure may be missed, so that no run is complete."""

ELSEWHERE = {
    "ec2:DescribeTransitGatewayAttachments": "transit-gateway",
    "ec2:DescribeTransitGatewayVpcAttachments": "transit-gateway",
    "ec2:DescribeTransitGateways": "transit-gateway-without-route",
    "ec2:DescribeVpcPeeringConnections": "peering-not-accepted",
    "ec2:GetManagedPrefixListEntries": "rules-by-prefix-list",
    "ec2:SearchTransitGatewayRoutes": "transit-gateway",
    "eks:DescribePodIdentityAssociation": "pod-identity",
    "fsx:DescribeFileCaches": "file-cache-by-a-volume-of-its-own",
    "get cronjobs": "cron-job-over-quota",
    "get daemonsets": "node-plugin-over-quota",
    "get deployments": "replica-set-refused-by-webhook",
    "get jobs": "job-without-service-account",
    "get replicasets": "replicas-once-over-quota",
    "get statefulsets": "pod-over-quota",
    "iam:GetInstanceProfile": "controller-acts-as-its-node",
    "iam:GetPolicy": "role-by-resource-tag",
    "iam:GetPolicyVersion": "role-by-resource-tag",
    "iam:GetRolePolicy": "role-by-resource-tag",
    "iam:ListAttachedRolePolicies": "role-by-resource-tag",
    "iam:ListRolePolicies": "role-by-resource-tag",
    "kms:DescribeKey": "class-with-key-and-bucket",
    "kms:GetKeyPolicy": "storageclass-key-policy-without-the-role",
    "list adminnetworkpolicies.policy.networking.k8s.io": "policies-of-other-kinds-beside",
    "list applicationnetworkpolicies.networking.k8s.aws": "cluster-policies-beside",
    "list baselineadminnetworkpolicies.policy.networking.k8s.io": "policies-of-other-kinds-beside",
    "list ciliumclusterwidenetworkpolicies.cilium.io": "policies-of-other-kinds-beside",
    "list ciliumnetworkpolicies.cilium.io": "policies-of-other-kinds-beside",
    "list clusternetworkpolicies.networking.k8s.aws": "cluster-policies-beside",
    "list clusternetworkpolicies.policy.networking.k8s.io": "cluster-policies-beside",
    "list globalnetworkpolicies.crd.projectcalico.org": "policies-of-other-kinds-beside",
    "list jobs": "idle-claim-of-owners-at-rest",
    "list networkpolicies.crd.projectcalico.org": "policies-of-other-kinds-beside",
    "list replicasets": "idle-claim-of-owners-at-rest",
    "list roles": "lease-by-a-role-of-the-namespace",
    "list statefulsets": "idle-claim-of-owners-at-rest",
    "route53:ListResourceRecordSets": "private-zone-with-the-record",
    "route53:GetHostedZone": "private-zone-by-profile",
    "route53profiles:ListProfileAssociations": "dns-firewall-by-profile",
    "route53profiles:ListProfileResourceAssociations": "dns-firewall-by-profile",
    "route53resolver:ListFirewallDomainLists": "dns-firewall-walled-garden",
    "route53resolver:ListFirewallDomains": "dns-firewall-walled-garden",
    "route53resolver:ListFirewallRuleGroupAssociations": "dns-firewall-walled-garden",
    "route53resolver:ListFirewallRules": "dns-firewall-walled-garden",
    "route53resolver:ListResolverRules": "resolver-rule-forwards-aws",
    "s3:GetBucketPolicy": "class-with-key-and-bucket",
    "s3:ListBucket": "class-with-key-and-bucket",
}
"""What is asked only where an object leads there: a world or a fault in which it is."""
WITHOUT_A_NAME = {"eks:ListClusters"}
"""Asked only where neither the kubeconfig nor a node names the cluster."""


@pytest.fixture(scope="module")
def allowed(running_lab: Lab) -> Callable[[str], dict[str, set[str]]]:
    """The verdicts in a place where nothing is denied."""
    return functools.cache(lambda where: verdicts(run(enter(running_lab, where))))


@pytest.fixture(scope="module")
def healthy(allowed: Callable[[str], dict[str, set[str]]]) -> dict[str, set[str]]:
    return allowed("healthy")


def verdicts(report: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in report["findings"]:
        found.setdefault(finding["check"], set()).add(finding["verdict"])
    return found


def needing(permission: str) -> set[str]:
    """Ids of the checks one of whose facts takes the permission."""
    return {check.id for check in CHECKS if permission in permissions_of(REGISTRY.facts_for([check]))}


def take_away(lab: Lab, permission: str) -> None:
    lab.forget_calls()
    if ":" in permission:
        lab.deny(permission)
    elif permission:
        verb, _, resource = permission.partition(" ")
        lab.deny_kube(verb, resource)


@pytest.mark.parametrize("permission", permissions_of(NEEDED))
def test_only_what_needs_it_changes_and_only_to_unknown(
    lab: Lab, healthy: dict[str, set[str]], permission: str
) -> None:
    report = run(enter(lab, "healthy", permission))
    now = verdicts(report)
    changed = {check for check in healthy | now if healthy.get(check) != now.get(check)}
    assert changed <= needing(permission)
    for check in changed:
        assert now[check] <= {"unknown", "skip", "pass", "warn"}, check
        assert "fail" not in now[check]
    unknown = [f for f in report["findings"] if f["verdict"] == "unknown"]
    assert all(permission in {u["permission"] for u in f["unavailable"]} for f in unknown)
    assert report["exit_code"] == (5 if unknown or permission in DIAGNOSIS else 0)
    refused = {permission} if lab.calls().count(permission) else set()
    assert {u["permission"] for u in report["unavailable"]} == refused


def test_every_permission_is_asked_somewhere(lab: Lab) -> None:
    lab.load("healthy")
    lab.forget_calls()
    run(lab)
    unasked = {permission for permission in permissions_of(NEEDED) if not lab.calls().count(permission)}
    assert unasked == set(ELSEWHERE) | WITHOUT_A_NAME


@pytest.mark.parametrize("permission", ELSEWHERE)
def test_what_is_asked_elsewhere_is_missed_there(
    lab: Lab, allowed: Callable[[str], dict[str, set[str]]], permission: str
) -> None:
    """No verdict of a check that does not need it changes, and what changes is unknown: neither right nor wrong."""
    before = allowed(ELSEWHERE[permission])
    report = run(enter(lab, ELSEWHERE[permission], permission))
    assert lab.calls().count(permission)
    now = verdicts(report)
    changed = {check for check in before | now if before.get(check) != now.get(check)}
    assert changed <= needing(permission)
    assert all("unknown" in now.get(check, ()) for check in changed)
    assert not any("fail" in now[check] - before.get(check, set()) for check in changed)
    missing = [*report["unavailable"], *(u for f in report["findings"] for u in f["unavailable"])]
    assert permission in {one["permission"] for one in missing}


def enter(lab: Lab, where: str, denied: str = "") -> Lab:
    fault = FAULTS.get(where)
    lab.load(fault.world if fault else where)
    if fault:
        lab.inject(where)
    take_away(lab, denied)
    return lab
