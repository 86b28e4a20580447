"""What EKS says of the driver's add-on."""

from __future__ import annotations

from typing import Any

import pytest

from checks.driver.addon_health import addon_health
from diag import Verdict
from diag.resources.eks import AddonIssue
from tests.checks import given
from tests.checks.given_driver_objects import PENDING, addon

CONFLICT = AddonIssue("ConfigurationConflict", "Conflicts found when trying to apply.")
NO_RIGHTS = AddonIssue("AddonPermissionFailure", "Unable to assume the role.")


@pytest.mark.parametrize(
    ("addons", "claims", "verdict"),
    [
        ((), (), Verdict.SKIP),
        ((addon(),), (), Verdict.PASS),
        ((addon("UPDATING"),), (), Verdict.PASS),
        ((addon("DEGRADED", CONFLICT),), (), Verdict.FAIL),
        ((addon("CREATE_FAILED"),), (), Verdict.FAIL),
        ((addon("DEGRADED", NO_RIGHTS),), (), Verdict.WARN),
        ((addon("DEGRADED", NO_RIGHTS),), (PENDING,), Verdict.FAIL),
        (given.denied("eks:DescribeAddon"), (), Verdict.UNKNOWN),
    ],
)
def test_the_health_of_the_add_on(addons: Any, claims: Any, verdict: Verdict) -> None:
    (found,) = given.findings(addon_health, addons=addons, claims=claims)
    assert found.verdict is verdict
    if verdict is Verdict.FAIL:
        assert found.cause == "csi-addon-degraded"
        assert addons[0].status in found.message
