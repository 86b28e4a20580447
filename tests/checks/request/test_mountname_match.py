"""mountname-match: the volume's mountname is its file system's MountName."""

from __future__ import annotations

from typing import Any

import pytest

from checks.request.mountname_match import mountname_is_the_file_systems
from diag import Table, Verdict
from diag.model.finding import Finding
from tests.checks import given

RIGHT = "abcdebev"


def judge(attributes: dict[str, str], *, handle: str = given.FS, **facts: Any) -> Finding:
    usual = {"dnsname": f"{given.FS}.fsx.{given.REGION}.amazonaws.com"}
    volume = given.volume(fs=handle, attributes=usual | attributes)
    (finding,) = given.findings(mountname_is_the_file_systems, persistent_volumes=(volume,), **facts)
    return finding


@pytest.mark.parametrize("name", [RIGHT, f"{RIGHT}/datasets", f"/{RIGHT}", f"{RIGHT}/"])
def test_the_name_that_fsx_gives_passes_with_or_without_a_directory(name: str) -> None:
    found = judge({"mountname": name})
    assert found.verdict is Verdict.PASS
    assert {"wrong-mountname", "mountname-missing", "unexpanded-variable"} <= set(found.rules_out)


@pytest.mark.parametrize("name", ["qqqqqbev", "fsx", f"{RIGHT}2"[-8:], f"wrong/{RIGHT}"])
def test_another_name_fails(name: str) -> None:
    found = judge({"mountname": name})
    assert (found.verdict, found.cause) == (Verdict.FAIL, "wrong-mountname")
    assert found.fix is not None
    assert any(RIGHT in command for command in found.fix.commands)


def test_a_name_in_other_case_fails_and_says_so() -> None:
    found = judge({"mountname": RIGHT.upper()})
    assert found.verdict is Verdict.FAIL
    assert "only in case" in found.message


@pytest.mark.parametrize("attributes", [{}, {"mountname": ""}, {"mountName": RIGHT}, {"mount_name": RIGHT}])
def test_without_the_exact_key_the_driver_mounts_fsx(attributes: dict[str, str]) -> None:
    found = judge(attributes)
    assert (found.verdict, found.cause) == (Verdict.FAIL, "mountname-missing")
    assert "/fsx" in found.message


def test_a_scratch_1_file_system_is_called_fsx() -> None:
    systems = given.table(given.file_system(deployment="SCRATCH_1", mount_name="fsx"))
    assert judge({}, file_systems=systems).verdict is Verdict.PASS


@pytest.mark.parametrize("name", ["trainingdata", "abcdebev9/data"])
def test_more_than_eight_characters_are_no_lustre_name(name: str) -> None:
    assert judge({"mountname": name}).cause == "mountname-too-long"


@pytest.mark.parametrize("name", ["${MOUNTNAME}", "None", "null", "<mountname>", "$(MOUNT)"])
def test_a_variable_that_was_never_filled_in_fails(name: str) -> None:
    assert judge({"mountname": name}).cause == "unexpanded-variable"


@pytest.mark.parametrize("handle", ["${FSxID}", "None"])
def test_an_unexpanded_handle_fails_too(handle: str) -> None:
    found = judge({"mountname": RIGHT}, handle=handle)
    assert (found.verdict, found.cause) == (Verdict.FAIL, "unexpanded-variable")
    assert "volumeHandle" in found.message


def test_a_right_mountname_refutes_no_variable_in_the_dnsname() -> None:
    found = judge({"mountname": RIGHT, "dnsname": "${DNS}"})
    assert found.verdict is Verdict.PASS
    assert "unexpanded-variable" not in found.rules_out


@pytest.mark.parametrize("handle", ["models", f"{given.FS}-models"])
def test_a_handle_may_be_any_text_when_the_dns_name_tells_the_file_system(handle: str) -> None:
    assert judge({"mountname": RIGHT}, handle=handle).verdict is Verdict.PASS
    assert judge({"mountname": "qqqqqbev"}, handle=handle).cause == "wrong-mountname"


@pytest.mark.parametrize(
    "systems",
    [given.denied("fsx:DescribeFileSystems"), given.table(), given.table(given.file_system(mount_name=""))],
)
def test_a_name_stays_unknown_while_fsx_does_not_give_one(systems: Table[Any]) -> None:
    assert judge({"mountname": RIGHT}, file_systems=systems).verdict is Verdict.UNKNOWN
