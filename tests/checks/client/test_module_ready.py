"""module-ready: "No such device" on a node that is only minutes old."""

import pytest

from checks.client.module_ready import module_ready
from diag import Verdict
from tests.checks import given

ENODEV = 'MountVolume.SetUp failed for volume "fsx-pv" : mount failed: exit status 19'
EINVAL = 'MountVolume.SetUp failed for volume "fsx-pv" : mount failed: exit status 22'


@pytest.mark.parametrize(
    ("created", "message", "verdict"),
    [
        ("2026-11-24T11:57:00Z", ENODEV, Verdict.WARN),
        ("2026-11-24T11:57:00Z", EINVAL, Verdict.PASS),
        (given.LONG_AGO, ENODEV, Verdict.PASS),
        ("", ENODEV, Verdict.PASS),
    ],
)
def test_no_module_yet_on_a_new_node(created: str, message: str, verdict: Verdict) -> None:
    waiting = given.pod(phase="Pending")
    events = (given.event(waiting, "FailedMount", message),)
    (found,) = given.findings(
        module_ready, nodes=(given.node(created=created),), pods=(waiting,), warning_events=events
    )
    assert found.verdict is verdict
    assert found.cause == ("module-not-ready-race" if verdict is Verdict.WARN else "")


def test_events_unseen() -> None:
    assert given.verdicts(module_ready, warning_events=given.denied("list events")) == (Verdict.UNKNOWN,)


def test_nobody_waits_nothing_said() -> None:
    assert given.findings(module_ready) == ()
