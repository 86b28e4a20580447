"""The names of AWS that the controller asks for: no private zone of the VPC takes them."""

from __future__ import annotations

from typing import Any

import pytest

from checks.dns.aws_names import names_of_aws_are_asked_of_aws
from diag import Table, Verdict
from diag.model.finding import Finding
from diag.resources.route53 import HostedZone, RecordSet, ResolverRule, ResolverTarget, ZoneOwner, ZoneRecords
from tests.checks import given, given_network
from tests.checks.given_driver_objects import PENDING
from tests.checks.given_name_resolution_path import ZONE, record

FSX = f"fsx.{given.REGION}.amazonaws.com"


def found(
    domain: str = "", *records: RecordSet, vpc: str = given.eks_cluster().vpc_id, service: str = "", **facts: Any
) -> Finding:
    zone = HostedZone(ZONE, f"{domain}.", ZoneOwner("111122223333", service), vpc)
    usual = {
        "private_zones": (zone,) if domain else (),
        "zone_records": Table({ZONE: ZoneRecords(records)}),
        "resolver_rules": (),
        "pods": (given.pod(), given.plugin_pod(workload=given.controller(env=("AWS_WEB_IDENTITY_TOKEN_FILE",)))),
        "claims": (PENDING,),
    }
    (finding,) = given.findings(names_of_aws_are_asked_of_aws, **(given_network.network() | usual | facts))
    return finding


@pytest.mark.parametrize(
    "domain", [FSX, "amazonaws.com", f"{given.REGION}.amazonaws.com", f"sts.{given.REGION}.amazonaws.com"]
)
def test_a_zone_without_the_record_hides_the_name(domain: str) -> None:
    told = found(domain)
    assert (told.verdict, told.cause, told.concerns) == (Verdict.FAIL, "private-zone-shadows-name", (PENDING.subject,))
    assert told.fix is not None and ZONE in str(told.fix)
    assert found(domain, claims=()).verdict is Verdict.SKIP
    by_driver = {"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"}
    made = given.replace(given.volume(), metadata=given.replace(given.volume().metadata, annotations=by_driver))
    assert found(domain, claims=(), persistent_volumes=(made,)).verdict is Verdict.WARN


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"domain": "training.internal"},
        {"domain": FSX, "vpc": "vpc-0fedcba9876543210"},
        {"domain": FSX, "service": "vpce.amazonaws.com"},
    ],
)
def test_zones_that_hide_nothing(facts: dict[str, str]) -> None:
    assert found(**facts).verdict is Verdict.PASS


def test_a_zone_with_the_record_or_an_alias() -> None:
    assert found(FSX, record(FSX, "10.0.1.200")).verdict is Verdict.PASS
    assert found(FSX, record(FSX)).verdict is Verdict.PASS, "an alias to an endpoint"
    assert found(FSX, record(f"fs-1.{FSX}", "10.0.1.5")).verdict is Verdict.FAIL


def test_without_a_token_nobody_asks_sts() -> None:
    pods = (given.pod(), given.plugin_pod(workload=given.controller()))
    assert found(f"sts.{given.REGION}.amazonaws.com", pods=pods).verdict is Verdict.PASS


def test_a_proxy_asks_in_its_place_and_nothing_is_provisioned() -> None:
    pods = (given.pod(), given.plugin_pod(workload=given.controller(env=("HTTPS_PROXY",))))
    assert found(FSX, pods=pods).verdict is Verdict.SKIP
    assert found(FSX, claims=(), storage_classes=()).verdict is Verdict.SKIP
    assert found(FSX, deployments=()).verdict is Verdict.SKIP


def test_what_was_not_seen() -> None:
    assert found(private_zones=given.denied("route53:ListHostedZonesByVPC")).verdict is Verdict.UNKNOWN
    assert found(FSX, zone_records=given.denied("route53:ListResourceRecordSets")).verdict is Verdict.UNKNOWN
    assert found(FSX, eks_cluster=given.denied("eks:DescribeCluster")).verdict is Verdict.UNKNOWN


CLUSTERS = given.eks_cluster().vpc_id


def vpc(**fields: Any) -> dict[str, Any]:
    return {"vpcs": Table({CLUSTERS: given.replace(given_network.vpc(**fields), vpc_id=CLUSTERS)})}


def rule(domain: str, kind: str = "FORWARD") -> dict[str, Any]:
    targets = (ResolverTarget("10.9.9.9"),)
    return {"resolver_rules": (ResolverRule("rslvr-rr-0123456789abcdef0", domain, kind, targets, CLUSTERS),)}


def test_a_resolver_that_is_switched_off() -> None:
    told = found(**vpc(enable_dns_support=False))
    assert (told.verdict, told.cause, told.concerns) == (Verdict.FAIL, "vpc-dns-disabled", (PENDING.subject,))
    assert told.fix is not None and "--enable-dns-support" in told.fix.commands[0]
    assert found(**vpc(enable_dns_support=False), claims=()).verdict is Verdict.SKIP
    assert found(**vpc()).verdict is Verdict.PASS


@pytest.mark.parametrize(("kind", "verdict"), [("FORWARD", Verdict.WARN), ("SYSTEM", Verdict.PASS)])
def test_a_rule_that_has_others_asked(kind: str, verdict: Verdict) -> None:
    told = found(**rule("amazonaws.com.", kind))
    assert told.verdict is verdict
    assert ("10.9.9.9" in told.message) == (verdict is Verdict.WARN)


def test_of_a_zone_and_a_rule_the_closer_one_decides() -> None:
    assert found(FSX, **rule("amazonaws.com.")).verdict is Verdict.FAIL, "the zone is closer"
    assert "Resolver rule" in found("amazonaws.com", **rule(f"{FSX}.")).message


@pytest.mark.parametrize(
    "facts",
    [
        {"dhcp_options": given_network.dhcp("10.9.9.9")},
        {"corefile": given_network.corefile("amazonaws.com:53 {\n    forward . 10.9.9.9\n}\n")},
    ],
)
def test_servers_of_ones_own_must_know_the_names(facts: dict[str, Any]) -> None:
    told = found(**vpc(), **facts)
    assert (told.verdict, told.cause) == (Verdict.WARN, "custom-dns-servers")
    assert "10.9.9.9" in told.message
