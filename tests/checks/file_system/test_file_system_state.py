"""The file system's Lifecycle is one in which it can be mounted."""

from __future__ import annotations

import pytest

from checks.file_system.file_system_state import file_system_serves
from diag import Verdict
from diag.resources.fsx import (
    FailureDetails,
)
from tests.checks import given
from tests.checks.given_file_system import judge


@pytest.mark.parametrize("lifecycle", ["AVAILABLE", "UPDATING"])
def test_a_file_system_that_serves_passes(lifecycle: str) -> None:
    found = judge(file_system_serves, given.file_system(lifecycle=lifecycle))
    assert found.verdict is Verdict.PASS
    assert {"file-system-creating", "filesystem-failed", "kms-key-unusable"} <= set(found.rules_out)


@pytest.mark.parametrize(
    ("lifecycle", "cause"),
    [
        ("CREATING", "file-system-creating"),
        ("DELETING", "file-system-deleting"),
        ("FAILED", "filesystem-failed"),
        ("MISCONFIGURED", "file-system-misconfigured"),
        ("MISCONFIGURED_UNAVAILABLE", "file-system-misconfigured"),
    ],
)
def test_each_other_lifecycle_has_its_cause(lifecycle: str, cause: str) -> None:
    reason = FailureDetails("The network interface is gone.")
    found = judge(file_system_serves, given.file_system(lifecycle=lifecycle, failure_details=reason))
    assert (found.verdict, found.cause) == (Verdict.FAIL, cause)
    assert "The network interface is gone." in found.message


@pytest.mark.parametrize(
    "text", ["The KMS key is disabled.", "Access to the kms-key was lost", "AWS KMS KEY not found"]
)
def test_a_reason_that_names_the_key_is_the_keys(text: str) -> None:
    found = judge(
        file_system_serves, given.file_system(lifecycle="MISCONFIGURED", failure_details=FailureDetails(text))
    )
    assert found.cause == "kms-key-unusable"


def test_a_reason_that_only_resembles_a_key_is_not() -> None:
    details = FailureDetails("The monkey-patched keyboard is broken.")
    found = judge(file_system_serves, given.file_system(lifecycle="MISCONFIGURED", failure_details=details))
    assert found.cause == "file-system-misconfigured"


def test_a_lifecycle_that_nobody_knows_is_unknown() -> None:
    assert judge(file_system_serves, given.file_system(lifecycle="HIBERNATING")).verdict is Verdict.UNKNOWN
