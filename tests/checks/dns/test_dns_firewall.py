"""Names that DNS Firewall blocks before anybody looks for them."""

from __future__ import annotations

from typing import Any

import pytest

from checks.dns.dns_firewall import no_firewall_blocks_the_name
from diag import Verdict
from diag.model.finding import Finding
from diag.model.fix import StepKind
from diag.resources.route53 import FirewallRule, is_entry_of
from tests.checks import given
from tests.checks.given_name_resolution_path import NOT_TOLD, judge
from tests.checks.given_network import NAME, VPC, answered

GROUP, LIST = "rslvr-frg-0123456789abcdef", "rslvr-fdl-0123456789abcdef"
FSX = f"*.{NAME.partition('.')[2]}"


def rule(action: str, *takes: str, number: int = 100, **fields: Any) -> FirewallRule:
    usual: dict[str, Any] = {"vpc_id": VPC, "group_priority": 101, "firewall_domain_list_id": LIST}
    return FirewallRule(GROUP, name=action.lower(), priority=number, action=action, takes=takes, **(usual | fields))


def found(*rules: FirewallRule, **facts: Any) -> Finding:
    return judge(no_firewall_blocks_the_name, **{**NOT_TOLD, "dns_firewall": rules, **facts})


@pytest.mark.parametrize("entry", ["*", "*.amazonaws.com", FSX, NAME, f"{NAME}."])
def test_a_rule_that_has_the_name_blocks_it(entry: str) -> None:
    judged = found(rule("BLOCK", entry))
    assert (judged.verdict, judged.cause) == (Verdict.FAIL, "dns-firewall-blocks-name")
    assert GROUP in judged.message


@pytest.mark.parametrize(
    "rules",
    [
        (rule("ALLOW", FSX), rule("BLOCK", "*", number=200)),
        (rule("ALERT", "*"), rule("BLOCK", "*", number=200)),
        (rule("BLOCK", "*", number=1), rule("ALLOW", FSX, number=900, group_priority=100)),
        (rule("BLOCK", "*", vpc_id="vpc-0fedcba9876543210"),),
        (rule("BLOCK", "*", qtype="AAAA"),),
        (rule("BLOCK"),),
        (),
    ],
)
def test_the_first_rule_about_it_decides(rules: tuple[FirewallRule, ...]) -> None:
    assert found(*rules).verdict is Verdict.PASS
    blocked = tuple(rule("BLOCK", "*", number=1, group_priority=1) for _ in (1,))
    assert found(*blocked, *rules).verdict is Verdict.FAIL, "a group before all of them"


def test_a_list_that_is_allowed_before_takes_the_names_of_file_systems() -> None:
    judged = found(rule("ALLOW", number=100), rule("BLOCK", "*", number=200))
    assert judged.fix is not None
    add, back = (step for step in judged.fix.steps if step.kind in (StepKind.CHANGE, StepKind.UNDO))
    assert add.argv[-5:] == (LIST, "--operation", "ADD", "--domains", FSX)
    assert back.argv[-3:] == ("REMOVE", "--domains", FSX)
    for other in (rule("ALLOW", number=300), rule("ALLOW", is_managed=True), rule("ALLOW", qtype="TXT")):
        judged = found(other, rule("BLOCK", "*", number=200))
        assert judged.fix is not None and not judged.fix.steps[0].argv and judged.fix.steps[0].by


def test_a_name_that_resolves_inside_the_vpc_or_is_mounted_by_is_not_blocked() -> None:
    inside = {"pods": NOT_TOLD["pods"], "dns_firewall": (rule("BLOCK", "*"),)}
    assert judge(no_firewall_blocks_the_name, **inside).verdict is Verdict.PASS
    assert judge(no_firewall_blocks_the_name, **inside, dns_answers=answered()).verdict is Verdict.FAIL
    assert judge(no_firewall_blocks_the_name, dns_firewall=(rule("BLOCK", "*"),)).verdict is Verdict.SKIP


def test_who_may_not_read_the_rules_does_not_know() -> None:
    denied = given.denied("route53resolver:ListFirewallRules")
    judged = judge(no_firewall_blocks_the_name, **{**NOT_TOLD, "dns_firewall": denied})
    assert (judged.verdict, judged.unavailable[0].permission) == (Verdict.UNKNOWN, "route53resolver:ListFirewallRules")


@pytest.mark.parametrize(
    ("entry", "name", "fits"),
    [("*.a.com", "x.a.com", True), ("*.a.com", "a.com", False), ("a.com", "x.a.com", False), ("A.com.", "a.com", True)],
)
def test_an_entry_is_of_a_name_or_of_what_is_below_it(entry: str, name: str, fits: bool) -> None:
    assert is_entry_of(entry, name) is fits
