"""The names of AWS that the controller asks for: no private zone of the VPC takes them."""

from __future__ import annotations

from typing import Any

import pytest

from checks.dns.aws_names import no_zone_hides_the_names_of_aws
from diag import Table, Verdict
from diag.model.finding import Finding
from diag.resources.route53 import HostedZone, RecordSet, RecordValue, ZoneOwner, ZoneRecords
from tests.checks import given
from tests.checks.given_driver_objects import PENDING

ID = "Z0123456789ABCDEFGHIJ"
FSX = f"fsx.{given.REGION}.amazonaws.com"


def record(name: str, type: str = "A", *values: str) -> RecordSet:
    return RecordSet(f"{name}.", type, tuple(RecordValue(value) for value in values))


def found(
    domain: str = "", *records: RecordSet, vpc: str = given.eks_cluster().vpc_id, service: str = "", **facts: Any
) -> Finding:
    zone = HostedZone(ID, f"{domain}.", ZoneOwner("111122223333", service), vpc)
    usual = {
        "private_zones": (zone,) if domain else (),
        "zone_records": Table({ID: ZoneRecords(records)}),
        "pods": (given.pod(), given.plugin_pod(workload=given.controller(env=("AWS_WEB_IDENTITY_TOKEN_FILE",)))),
        "claims": (PENDING,),
    }
    (finding,) = given.findings(no_zone_hides_the_names_of_aws, **(usual | facts))
    return finding


@pytest.mark.parametrize(
    "domain", [FSX, "amazonaws.com", f"{given.REGION}.amazonaws.com", f"sts.{given.REGION}.amazonaws.com"]
)
def test_a_zone_without_the_record_hides_the_name(domain: str) -> None:
    told = found(domain)
    assert (told.verdict, told.cause, told.concerns) == (Verdict.FAIL, "private-zone-shadows-name", (PENDING.subject,))
    assert told.fix is not None and ID in str(told.fix)
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
    assert found(FSX, record(FSX, "A", "10.0.1.200")).verdict is Verdict.PASS
    assert found(FSX, record(FSX, "A")).verdict is Verdict.PASS, "an alias to an endpoint"
    assert found(FSX, record(f"fs-1.{FSX}", "A", "10.0.1.5")).verdict is Verdict.FAIL


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
