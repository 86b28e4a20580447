"""FSx has the file system that the PersistentVolume means, in this account and Region."""

from __future__ import annotations

from typing import Any

from checks.file_system.file_system_exists import file_system_exists
from diag import Reason, Table, Unavailable, Verdict
from diag.resources.ec2 import Subnet
from diag.resources.reachability import DnsAnswer, Resolution
from tests.checks import given
from tests.checks.given_file_system import DENIED, OTHER, judge
from tests.checks.given_network import ADDRESS, NAME


def named(name: str, *, handle: str = given.FS) -> dict[str, Any]:
    volume = given.volume(fs=handle, attributes={"dnsname": name, "mountname": "abcdebev"})
    return {"persistent_volumes": (volume,)}


WAITING: dict[str, Any] = {"dns_answers": (), "pods": (given.pod(phase="Pending"),)}
"""Nothing shows that the file system exists anywhere: no pod runs with it, and its name was not asked."""


def test_a_file_system_that_fsx_has_passes() -> None:
    found = judge(file_system_exists)
    assert (found.verdict, found.rules_out) == (Verdict.PASS, ("file-system-not-found",))


def test_an_id_that_fsx_does_not_have_fails_and_a_near_one_is_told() -> None:
    near = given.FS[:-1] + "1"
    found = judge(file_system_exists, given.file_system(near), **WAITING)
    assert (found.verdict, found.cause) == (Verdict.FAIL, "file-system-not-found")
    assert near in found.message
    assert "is meant" not in judge(file_system_exists, given.file_system(OTHER), **WAITING).message


def test_another_regions_name_is_for_dns_name_to_judge() -> None:
    name = NAME.replace(given.REGION, "us-east-1")
    assert judge(file_system_exists, file_systems=given.table(), **named(name)).verdict is Verdict.SKIP


def test_by_address_an_absent_file_system_may_be_another_accounts() -> None:
    found = judge(file_system_exists, file_systems=given.table(), **named(ADDRESS))
    assert found.verdict is Verdict.UNKNOWN


def test_a_volume_that_names_no_file_system_of_fsx_is_none_of_its_business() -> None:
    facts = named("lustre.training.internal", handle="models")
    assert judge(file_system_exists, file_systems=given.table(), **facts).verdict is Verdict.SKIP


def test_whether_it_exists_is_unknown_when_fsx_may_not_be_asked() -> None:
    found = judge(file_system_exists, file_systems=DENIED)
    assert found.verdict is Verdict.UNKNOWN
    assert "fsx:DescribeFileSystems" in found.message
    garbled = given.table(missing={given.FS: Unavailable(given.FS, Reason.GARBLED)})
    assert judge(file_system_exists, file_systems=garbled).verdict is Verdict.UNKNOWN


GONE = {"file_systems": given.table(), **WAITING}


def test_a_file_system_that_a_running_pod_has_mounted_may_be_another_accounts() -> None:
    running = given.pod("reader", node=given.NODE, phase="Running")
    found = judge(file_system_exists, **(GONE | {"pods": (running,)}))
    assert (found.verdict, found.fix) == (Verdict.UNKNOWN, None)
    assert "reader" in found.message
    assert judge(file_system_exists, **GONE).verdict is Verdict.FAIL


def test_a_file_system_whose_name_resolves_exists_somewhere() -> None:
    answers = (DnsAnswer(NAME, "10.0.0.2", Resolution.ANSWERED, (ADDRESS,)),)
    found = judge(file_system_exists, **(GONE | {"dns_answers": answers}), **named(NAME))
    assert (found.verdict, found.fix) == (Verdict.UNKNOWN, None)
    nobody = (DnsAnswer(NAME, "10.0.0.2", Resolution.NO_NAME),)
    assert judge(file_system_exists, **(GONE | {"dns_answers": nobody}), **named(NAME)).verdict is Verdict.FAIL


def test_in_subnets_that_another_account_shares_it_may_be_that_accounts() -> None:
    def judged(owner: str) -> Verdict:
        subnets = Table({"subnet-1": Subnet("subnet-1", owner_id=owner)})
        return judge(file_system_exists, **GONE, subnets=subnets).verdict

    assert judged("999999999999") is Verdict.UNKNOWN
    assert judged(given.identity().account) is Verdict.FAIL
