"""Every IAM role made for the driver has a service account that may take it."""

from __future__ import annotations

import pytest

from checks.leftovers.leftover_roles import roles_are_assumed
from diag.model.verdict import Verdict
from diag.resources.teardown import TrustedRole
from tests.checks.given_leftovers import GONE, only, role


class TestRoles:
    def test_of_a_cluster_that_is_gone(self) -> None:
        assert only(roles_are_assumed, driver_roles=(role(GONE),)).verdict is Verdict.WARN

    def test_of_a_service_account_that_is_gone(self) -> None:
        finding = only(roles_are_assumed, driver_roles=(role(account="fsx:fsx-csi-old-sa"),))
        assert finding.verdict is Verdict.WARN and "fsx/fsx-csi-old-sa" in finding.message

    @pytest.mark.parametrize(
        "used", [role("AAAABBBBCCCCDDDD", "any:fsx-csi-sa"), role(account="*:fsx-csi-controller-sa")]
    )
    def test_of_another_cluster_or_by_wildcard_are_left_alone(self, used: TrustedRole) -> None:
        assert only(roles_are_assumed, driver_roles=(used,)).verdict is Verdict.PASS
