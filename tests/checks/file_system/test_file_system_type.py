"""The file system is one of FSx for Lustre."""

from __future__ import annotations

import pytest

from checks.file_system.file_system_type import file_system_is_lustre
from diag import Verdict
from tests.checks import given
from tests.checks.given_file_system import judge


@pytest.mark.parametrize("kind", ["ONTAP", "OPENZFS", "WINDOWS"])
def test_only_lustre_is_lustre(kind: str) -> None:
    found = judge(file_system_is_lustre, given.file_system(file_system_type=kind, lustre_configuration=None))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "file-system-not-lustre")
    assert judge(file_system_is_lustre).verdict is Verdict.PASS
