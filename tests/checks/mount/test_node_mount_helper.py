"""The mount helper where the mount is made."""

from __future__ import annotations

import pytest

from checks.mount.node_mount_helper import node_has_mount_helper
from diag.model.verdict import Verdict
from diag.resources.node_report import Vantage
from tests.checks.given_node_checks import only, truth


@pytest.mark.parametrize(
    ("vantage", "version", "verdict", "cause"),
    [
        (Vantage.POD, "2.15.6", Verdict.PASS, ""),
        (Vantage.POD, "", Verdict.FAIL, "mount-helper-missing"),
        (Vantage.HOST, "2.12.8", Verdict.PASS, ""),
        (Vantage.HOST, "", Verdict.SKIP, ""),
    ],
)
def test_the_helper(vantage: Vantage, version: str, verdict: Verdict, cause: str) -> None:
    found = only(node_has_mount_helper, truth(vantage=vantage, mount_helper=version))
    assert (found.verdict, found.cause) == (verdict, cause)
    assert version in " ".join(found.evidence)


def test_a_helper_on_the_host_says_nothing_of_the_driver_s_container() -> None:
    assert only(node_has_mount_helper, truth(vantage=Vantage.HOST)).rules_out == ()
    assert only(node_has_mount_helper, truth(vantage=Vantage.POD)).rules_out == ("mount-helper-missing",)


def test_a_container_without_lctl_is_no_failure() -> None:
    found = only(node_has_mount_helper, truth(vantage=Vantage.POD, leave_out="tools_version"))
    assert found.verdict is Verdict.PASS and "no answer of lctl" in found.evidence[0]


def test_a_helper_that_was_not_asked_for_is_not_judged() -> None:
    found = only(node_has_mount_helper, truth(leave_out="mount_helper"))
    assert found.verdict in (Verdict.SKIP, Verdict.UNKNOWN)
