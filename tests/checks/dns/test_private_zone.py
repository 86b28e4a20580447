"""What takes a file system's name from AWS inside the VPC: private hosted zones and Resolver rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checks.dns.private_zone import no_zone_shadows_the_name
from diag import Table, Verdict
from diag.model.finding import Finding
from diag.model.fix import Step, StepKind
from diag.resources.route53 import (
    HostedZone,
    RecordSet,
    RecordValue,
    ResolverRule,
    ResolverTarget,
    ZoneOwner,
    ZoneRecords,
)
from tests.checks import given
from tests.checks.given_name_resolution_path import NOT_TOLD, ZONE, judge, peered, record
from tests.checks.given_network import ADDRESS, ADDRESS_2, ENI, ENI_2, NAME, PEER, VPC, answered, eni, enis

FAILS: dict[str, Any] = {"dns_answers": answered()}
DOMAIN = NAME.partition(".")[2]
DENIED: dict[str, Any] = {
    "private_zones": given.denied("route53:ListHostedZonesByVPC"),
    "resolver_rules": given.denied("route53resolver:ListResolverRuleAssociations"),
}


def zone(name: str = DOMAIN, *records: RecordSet, vpc: str = VPC, owner: ZoneOwner | None = None) -> dict[str, Any]:
    found = HostedZone(ZONE, f"{name}.", owner or ZoneOwner("123456789012"), vpc)
    return {"private_zones": (found,), "zone_records": Table({ZONE: ZoneRecords(records)}), "resolver_rules": ()}


def rule(domain: str = "amazonaws.com", type: str = "FORWARD", vpc: str = VPC) -> ResolverRule:
    return ResolverRule("rslvr-rr-0123456789abcdef0", f"{domain}.", type, (ResolverTarget("10.9.9.9"),), vpc)


def rules(*found: ResolverRule) -> dict[str, Any]:
    return {"private_zones": (), "zone_records": Table(), "resolver_rules": found}


def found(**facts: Any) -> Finding:
    return judge(no_zone_shadows_the_name, **facts)


def undo_of(judged: Finding) -> Step:
    assert judged.fix is not None
    (found,) = (step for step in judged.fix.steps if step.kind is StepKind.UNDO)
    return found


@pytest.mark.parametrize("name", [NAME, DOMAIN, DOMAIN.partition(".")[2], "amazonaws.com", "AMAZONAWS.com"])
def test_a_zone_without_the_record_hides_the_name(name: str) -> None:
    judged = found(**zone(name, record(f"other.{name}", "10.1.1.1")), **FAILS)
    assert (judged.verdict, judged.cause) == (Verdict.FAIL, "private-zone-shadows-name")
    assert ZONE in judged.message
    assert judged.fix is not None
    command = judged.fix.steps[0].argv
    assert command[:3] == ("aws", "route53", "change-resource-record-sets")
    assert ADDRESS in command[-1]


def test_a_zone_that_has_only_texts_or_ipv6_addresses_hides_it_too() -> None:
    for type in ("TXT", "AAAA"):
        assert found(**zone(DOMAIN, record(NAME, "x", type=type)), **FAILS).verdict is Verdict.FAIL


def test_the_next_mount_fails_although_a_pod_has_it_mounted() -> None:
    assert found(**zone(), tcp_answers=NOT_TOLD["tcp_answers"]).verdict is Verdict.FAIL


def test_a_name_that_resolves_now_past_the_zone_is_a_warning() -> None:
    assert found(**zone()).verdict is Verdict.WARN


def test_a_record_with_another_address_is_wrong() -> None:
    judged = found(**zone(DOMAIN, record(NAME, "10.66.6.6")))
    assert (judged.verdict, judged.cause) == (Verdict.FAIL, "dns-wrong-address")


def test_a_record_with_another_server_of_the_file_system_is_a_warning() -> None:
    system = given.file_system(network_interface_ids=(ENI, ENI_2))
    facts = zone(DOMAIN, record(NAME, ADDRESS_2)) | {"file_systems": Table({system.id: system})}
    judged = found(**facts, network_interfaces=enis(eni(), eni(ENI_2, ADDRESS_2)))
    assert (judged.verdict, judged.cause) == (Verdict.WARN, "dns-wrong-address")


@pytest.mark.parametrize(
    "facts",
    [
        zone(DOMAIN, record(NAME, ADDRESS)),
        zone(DOMAIN, record(rf"\052.{DOMAIN}", ADDRESS)),
        zone(DOMAIN, record(rf"\052.{DOMAIN}", "10.66.6.6"), record(NAME, ADDRESS)),
        zone(DOMAIN, record(NAME, "fs.corp.example", type="CNAME")),
        zone("amazonaws.com", record(DOMAIN, "ns.corp.example", type="NS")),
        zone("training.internal"),
        zone(f"x{DOMAIN}"),
        zone(DOMAIN, vpc=PEER),
        zone(DOMAIN, owner=ZoneOwner(owning_service="vpce.amazonaws.com")),
        rules(),
        rules(rule("corp.example")),
        rules(rule(vpc=PEER)),
        rules(rule(), rule(DOMAIN, "SYSTEM")),
    ],
)
def test_what_takes_the_name_rightly_or_not_at_all_is_healthy(facts: dict[str, Any]) -> None:
    assert found(**facts, **FAILS).verdict is Verdict.PASS


def test_the_undo_writes_the_old_record_back() -> None:
    old = RecordSet(f"{NAME}.", "A", (RecordValue("10.66.6.6"), RecordValue("10.66.6.7")), ttl=300)
    judged = found(**zone(DOMAIN, old))
    batch = json.loads(undo_of(judged).argv[-1])["Changes"]
    values = [{"Value": "10.66.6.6"}, {"Value": "10.66.6.7"}]
    record = {"Name": NAME, "Type": "A", "TTL": 300, "ResourceRecords": values}
    assert batch == [{"Action": "UPSERT", "ResourceRecordSet": record}]


def test_a_record_that_was_not_there_is_deleted_again() -> None:
    judged = found(**zone(DOMAIN, record(rf"\052.{DOMAIN}", "10.66.6.6")))
    change = json.loads(undo_of(judged).argv[-1])["Changes"][0]
    assert (change["Action"], change["ResourceRecordSet"]["ResourceRecords"]) == ("DELETE", [{"Value": ADDRESS}])


def test_records_of_a_routing_policy_are_not_overwritten() -> None:
    one = RecordSet(f"{NAME}.", "A", (RecordValue("10.66.6.6"),), 60, "first")
    judged = found(**zone(DOMAIN, one))
    assert judged.fix is not None
    assert not any(step.argv[:1] == ("aws",) for step in judged.fix.steps)


@pytest.mark.parametrize("domain", ["amazonaws.com", ""])
def test_a_rule_for_more_than_file_systems_keeps_all_the_rest(domain: str) -> None:
    judged = found(**rules(rule(domain)), **FAILS)
    assert judged.fix is not None
    make, take = judged.fix.steps[:2]
    assert make.argv[make.argv.index("--domain-name") + 1] == DOMAIN
    assert make.output == "system-rule.json"
    assert take.argv[2] == "associate-resolver-rule"


def test_a_rule_for_all_file_systems_keeps_the_other_ones() -> None:
    judged = found(**rules(rule(DOMAIN)), **FAILS)
    assert judged.fix is not None
    argv = judged.fix.steps[0].argv
    assert argv[argv.index("--domain-name") + 1] == NAME


def test_a_rule_for_this_name_alone_is_taken_off_the_vpc() -> None:
    judged = found(**rules(rule(NAME)), **FAILS)
    assert judged.fix is not None
    assert judged.fix.steps[0].argv[2] == "disassociate-resolver-rule"


def test_who_may_not_read_profiles_does_not_know_unless_the_name_resolves() -> None:
    denied = {"profile_resources": given.denied("route53profiles:ListProfileAssociations")}
    assert found(**rules(), **FAILS, **denied).verdict is Verdict.UNKNOWN
    assert found(**rules(), **denied).verdict is Verdict.PASS


@pytest.mark.parametrize("domain", ["amazonaws.com", DOMAIN, ""])
def test_a_rule_fails_where_its_servers_do_not_know_the_name(domain: str) -> None:
    judged = found(**rules(rule(domain)), **FAILS)
    assert (judged.verdict, judged.cause) == (Verdict.FAIL, "private-zone-shadows-name")
    assert "10.9.9.9" in judged.message
    assert found(**rules(rule(domain))).verdict is Verdict.PASS, "its servers know the name"
    assert found(**rules(rule(domain)), **NOT_TOLD).verdict is Verdict.WARN


def test_a_rule_comes_before_a_zone_of_the_same_domain_and_after_a_closer_one() -> None:
    facts = zone(DOMAIN, record(NAME, ADDRESS))
    assert found(**(facts | {"resolver_rules": (rule(DOMAIN),)}), **FAILS).verdict is Verdict.FAIL
    assert found(**(facts | {"resolver_rules": (rule("amazonaws.com"),)}), **FAILS).verdict is Verdict.PASS


def test_what_may_not_be_read_is_unknown_unless_the_name_resolves() -> None:
    unread = {**DENIED, "zone_records": given.denied("route53:ListHostedZonesByVPC")}
    assert found(**unread, **NOT_TOLD).verdict is Verdict.UNKNOWN
    assert found(**unread, **FAILS).verdict is Verdict.UNKNOWN
    assert found(**unread).verdict is Verdict.PASS
    records = {**zone(), "zone_records": Table({}, {ZONE: given.denied("route53:ListResourceRecordSets")})}
    assert found(**records, **NOT_TOLD).verdict is Verdict.UNKNOWN
    assert found(**records, **FAILS).verdict is Verdict.FAIL
    assert found(**records).verdict is Verdict.PASS


def test_a_name_asked_in_another_vpc_is_not_judged() -> None:
    assert found(**peered(**zone(), **FAILS)).verdict is Verdict.SKIP
    assert judge(no_zone_shadows_the_name, name=ADDRESS, **zone(), **FAILS).verdict is Verdict.SKIP
