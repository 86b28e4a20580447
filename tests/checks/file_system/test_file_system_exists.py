"""FSx has the file system that the PersistentVolume means, in this account and Region."""

from __future__ import annotations

from typing import Any

from checks.file_system.file_system_exists import file_system_exists
from diag import Reason, Unavailable, Verdict
from tests.checks import given
from tests.checks.given_file_system import DENIED, OTHER, judge
from tests.checks.given_network import ADDRESS, NAME


def named(name: str, *, handle: str = given.FS) -> dict[str, Any]:
    volume = given.volume(fs=handle, attributes={"dnsname": name, "mountname": "abcdebev"})
    return {"persistent_volumes": (volume,)}


def test_a_file_system_that_fsx_has_passes() -> None:
    found = judge(file_system_exists)
    assert (found.verdict, found.rules_out) == (Verdict.PASS, ("file-system-not-found",))


def test_an_id_that_fsx_does_not_have_fails_and_a_near_one_is_told() -> None:
    near = given.FS[:-1] + "1"
    found = judge(file_system_exists, given.file_system(near))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "file-system-not-found")
    assert near in found.message
    assert "is meant" not in judge(file_system_exists, given.file_system(OTHER)).message


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
