"""The volume's access mode is one that the driver takes, and it is no raw block device."""

from __future__ import annotations

import pytest

from checks.request.volume_access import can_be_accessed_so
from diag.model.verdict import Verdict
from tests.checks.given import verdicts, volume
from tests.checks.given_volume_request import only


class TestAccess:
    @pytest.mark.parametrize("modes", [["ReadOnlyMany"], ["ReadOnlyMany", "ReadWriteMany"]])
    def test_the_first_mode_is_the_one_that_the_driver_is_asked(self, modes: list[str]) -> None:
        finding = only(can_be_accessed_so, persistent_volumes=(volume(accessModes=modes),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "access-mode-rejected")

    @pytest.mark.parametrize("modes", [["ReadWriteMany", "ReadOnlyMany"], ["ReadWriteOnce"], []])
    def test_modes_that_the_driver_takes(self, modes: list[str]) -> None:
        assert verdicts(can_be_accessed_so, persistent_volumes=(volume(accessModes=modes),)) == (Verdict.PASS,)

    def test_lustre_is_no_block_device(self) -> None:
        finding = only(can_be_accessed_so, persistent_volumes=(volume(volumeMode="Block"),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "volume-mode-block")
