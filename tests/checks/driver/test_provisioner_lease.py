"""One of the controller's provisioners holds the lease, and so works."""

from __future__ import annotations

from typing import Any

import pytest

from checks.driver.provisioner_lease import a_provisioner_leads
from diag import Reason, Unavailable, Verdict
from diag.model.finding import Finding
from diag.resources.kubernetes import Lease
from tests.checks import given
from tests.checks.given_driver_objects import PENDING

CONTROLLER = given.controller(elects=True)
ABSENT = Unavailable("get leases", Reason.ABSENT, "the API server has none")


def found(lease: Lease | Unavailable, **facts: Any) -> Finding:
    pods = (given.pod(), given.plugin_pod(workload=CONTROLLER))
    usual = {"deployments": (CONTROLLER,), "pods": pods, "provisioner_lease": lease}
    (finding,) = given.findings(a_provisioner_leads, **(usual | facts))
    return finding


def test_a_pod_that_renews_it() -> None:
    assert found(given.lease()).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("lease", "says"),
    [
        (ABSENT, "has ever taken the lease"),
        (given.lease(holder=""), "nobody holds the lease"),
        (given.lease(renewed="2026-11-24T11:20:00Z"), "has not renewed it for 40 minutes"),
        (given.lease(renewed=""), "has not renewed it"),
        (given.lease(holder="fsx-csi-controller-of-another-release"), "is no pod of this controller"),
    ],
)
def test_a_claim_that_waits_for_nobody(lease: Lease | Unavailable, says: str) -> None:
    told = found(lease, claims=(PENDING,))
    assert (told.verdict, told.cause, says in told.message) == (Verdict.FAIL, "csi-controller-not-running", True)
    assert found(lease).verdict is Verdict.WARN


def test_without_the_right_to_it_that_is_the_cause() -> None:
    *rest, _ = given.CHART_RULES
    assert found(ABSENT, claims=(PENDING,), cluster_roles=(given.role(*rest),)).cause == "csi-controller-rbac"


def test_who_elects_nobody_needs_no_lease() -> None:
    assert found(ABSENT, deployments=(given.controller(),)).verdict is Verdict.SKIP
    assert found(ABSENT, storage_classes=()).verdict is Verdict.SKIP
    assert found(ABSENT, deployments=(given.controller(elects=True, ready=0),)).verdict is Verdict.SKIP
    assert found(ABSENT, deployments=()).verdict is Verdict.SKIP


def test_a_lease_that_was_not_seen() -> None:
    assert found(given.denied("get leases")).verdict is Verdict.UNKNOWN
