"""DNS Firewall and Route 53 Profiles: asked only for names in doubt, and of AWS's own lists nothing."""

from __future__ import annotations

from typing import Any

import pytest

from diag.model.unavailable import Reason, Unavailable
from diag.sources.aws.route53 import dns_firewall, private_zones, profile_resources
from tests.checks import given
from tests.checks.given_network import NAME, VPC
from tests.sources.account import Account

FSX = NAME.partition(".")[2]
OURS, MANAGED, GROUP, PROFILE = "rslvr-fdl-1", "rslvr-fdl-2", "rslvr-frg-1", "rp-1"
ZONE_ARN = "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"
SHARED = [
    {"ResourceArn": ZONE_ARN, "ResourceType": "PRIVATE_HOSTED_ZONE"},
    {"ResourceArn": f"arn:aws:route53resolver:eu-west-1:1:firewall-rule-group/{GROUP}",
     "ResourceType": "FIREWALL_RULE_GROUP", "ResourceProperties": '{"priority": 102}'},
]  # fmt: skip
HUB: dict[str, Any] = {
    "route53profiles:ListProfileAssociations": [{"ProfileId": PROFILE, "ResourceId": VPC}],
    "route53profiles:ListProfileResourceAssociations": SHARED,
    "route53resolver:ListFirewallRuleGroupAssociations": [
        {"FirewallRuleGroupId": GROUP, "VpcId": VPC, "Priority": 101}
    ],
    "route53resolver:ListFirewallDomainLists": [{"Id": OURS}, {"Id": MANAGED, "ManagedOwnerName": "AWS"}],
    "route53resolver:ListFirewallRules": [
        {"FirewallRuleGroupId": GROUP, "FirewallDomainListId": OURS, "Priority": 200, "Action": "BLOCK"},
        {"FirewallRuleGroupId": GROUP, "FirewallDomainListId": MANAGED, "Priority": 100, "Action": "BLOCK"},
        {"FirewallRuleGroupId": GROUP, "FirewallThreatProtectionId": "x", "Priority": 300, "Action": "BLOCK"},
    ],
    "route53resolver:ListFirewallDomains": lambda asked: ["other.example.com", f"*.{FSX}"],
    "route53:ListHostedZonesByVPC": {"HostedZoneSummaries": []},
    "route53:GetHostedZone": {"HostedZone": {"Name": f"{FSX}."}},
}


def read(account: Account, *names: str) -> Any:
    shared = profile_resources(account, given.identity(), names)
    return shared, dns_firewall(account, given.identity(), names, shared)


def test_the_rules_of_groups_of_the_vpc_and_of_its_profiles() -> None:
    account = Account(HUB)
    shared, rules = read(account, NAME)
    assert [one.resource_type for one in shared] == ["PRIVATE_HOSTED_ZONE", "FIREWALL_RULE_GROUP"]
    assert [(r.group_priority, r.priority, r.takes, r.is_managed) for r in rules if r.group_priority == 101] == [
        (101, 100, (), True), (101, 200, (f"*.{FSX}",), False), (101, 300, (), False),
    ]  # fmt: skip
    assert {r.group_priority for r in rules} == {101, 102}
    lists = [arguments for operation, arguments in account.asked if operation.endswith(":ListFirewallDomains")]
    assert lists == [{"FirewallDomainListId": OURS}], "each list once, and AWS's own never"


def test_nothing_is_asked_where_every_name_has_been_mounted_by() -> None:
    account = Account(HUB)
    assert read(account) == ((), ())
    assert account.asked == []


def test_where_nothing_is_associated_two_calls_are_enough() -> None:
    none = {"route53profiles:ListProfileAssociations": [], "route53resolver:ListFirewallRuleGroupAssociations": []}
    account = Account(HUB | none)
    assert read(account, NAME) == ((), ())
    assert len(account.asked) == 2


def test_a_region_without_profiles_has_none() -> None:
    away = Unavailable("AWS", Reason.UNREACHABLE)
    assert read(Account(HUB | {"route53profiles:ListProfileAssociations": away}), NAME)[0] == ()


def test_a_zone_that_a_profile_shares_is_one_of_the_vpc() -> None:
    account = Account(HUB)
    shared, _ = read(account, NAME)
    systems, volumes = (given.file_system(vpc_id=VPC),), (given.volume(),)
    found = private_zones(account, given.identity(), systems, volumes, given.denied("x"), given.denied("x"), shared)
    assert [(zone.hosted_zone_id, zone.vpc_id) for zone in found] == [("Z0123456789ABCDEFGHIJ", VPC)]


@pytest.mark.parametrize("operation", ["ListFirewallRules", "ListFirewallDomains", "ListFirewallDomainLists"])
def test_what_may_not_be_read_names_its_permission(operation: str) -> None:
    permission = f"route53resolver:{operation}"
    _, rules = read(Account(HUB | {permission: given.denied(permission)}), NAME)
    assert isinstance(rules, Unavailable) and rules.permission == permission


@pytest.mark.parametrize("action", ["", "DENY"])
def test_a_rule_that_does_what_nobody_knows_is_malformed(action: str) -> None:
    odd = {"FirewallRuleGroupId": GROUP, "FirewallDomainListId": OURS, "Priority": 1, "Action": action}
    _, rules = read(Account(HUB | {"route53resolver:ListFirewallRules": [odd]}), NAME)
    assert isinstance(rules, Unavailable) and rules.reason is Reason.GARBLED


@pytest.mark.parametrize("zone", [{}, {"Name": ""}])
def test_a_shared_zone_without_a_name_is_malformed(zone: dict[str, str]) -> None:
    account = Account(HUB | {"route53:GetHostedZone": {"HostedZone": zone}})
    shared, _ = read(account, NAME)
    systems, volumes = (given.file_system(vpc_id=VPC),), (given.volume(),)
    found = private_zones(account, given.identity(), systems, volumes, given.denied("x"), given.denied("x"), shared)
    assert isinstance(found, Unavailable) and found.reason is Reason.GARBLED
