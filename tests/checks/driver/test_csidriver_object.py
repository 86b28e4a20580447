"""The CSIDriver object, by which Kubernetes knows how the driver wants to be used."""

from __future__ import annotations

import pytest

from checks.driver.csidriver_object import csidriver_object
from diag import Verdict
from tests.checks import given


def test_the_csidriver_object() -> None:
    assert given.verdicts(csidriver_object) == (Verdict.PASS,)
    (missing,) = given.findings(csidriver_object, csi_drivers=())
    (attaching,) = given.findings(csidriver_object, csi_drivers=(given.csi_driver(attach_required=True),))
    for found in (missing, attaching):
        assert (found.verdict, found.cause) == (Verdict.FAIL, "csidriver-object-missing")
    assert attaching.fix is not None
    assert attaching.fix.commands[0] == "kubectl delete csidriver fsx.csi.aws.com", "attachRequired cannot be changed"


@pytest.mark.parametrize(
    ("modes", "verdict"),
    [
        (["Persistent"], Verdict.PASS),
        (["Persistent", "Ephemeral"], Verdict.PASS),
        ([], Verdict.PASS),
        (["Ephemeral"], Verdict.FAIL),
    ],
)
def test_the_kinds_of_volumes_that_it_is_for(modes: list[str], verdict: Verdict) -> None:
    (found,) = given.findings(csidriver_object, csi_drivers=(given.csi_driver(volume_lifecycle_modes=tuple(modes)),))
    assert found.verdict is verdict


def test_the_csidriver_object_of_no_driver_is_not_missed() -> None:
    assert given.verdicts(csidriver_object, csi_drivers=(), daemon_sets=()) == (Verdict.SKIP,)


@pytest.mark.parametrize(("fact", "what"), [("csi_drivers", "list csidrivers"), ("daemon_sets", "list daemonsets")])
def test_the_csidriver_object_unseen(fact: str, what: str) -> None:
    assert given.verdicts(csidriver_object, **{fact: given.denied(what)}) == (Verdict.UNKNOWN,)
