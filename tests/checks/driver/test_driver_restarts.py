"""Containers of the driver that keep ending."""

from __future__ import annotations

import pytest

from checks.driver.driver_restarts import driver_restarts
from diag import Verdict
from diag.resources.kubernetes import ContainerState, ContainerStatus, Pod, Terminated
from tests.checks import given
from tests.checks.given_node_plugin_upkeep import NODE


def restarted(times: int, finished: str) -> Pod:
    ended = ContainerState(terminated=Terminated("OOMKilled", exit_code=137, finished_at=finished))
    return given.plugin_pod(
        given.NODE, ContainerStatus("fsx-plugin", ready=True, restart_count=times, last_state=ended)
    )


@pytest.mark.parametrize(
    ("times", "finished", "verdict"),
    [
        (0, "", Verdict.PASS),
        (2, "2026-11-24T11:00:00Z", Verdict.PASS),
        (9, "2026-10-02T00:00:00Z", Verdict.PASS),
        (9, "2026-11-24T11:00:00Z", Verdict.WARN),
        (9, "not a time", Verdict.PASS),
    ],
)
def test_restarts_of_the_last_day_are_a_pattern(times: int, finished: str, verdict: Verdict) -> None:
    (found,) = given.findings(driver_restarts, pods=(given.pod(), restarted(times, finished)))
    assert found.verdict is verdict
    if verdict is Verdict.WARN:
        assert "exit code 137 OOMKilled" in found.message
        assert found.concerns == (NODE,)


def test_restarts_unseen_or_of_no_plugin() -> None:
    assert given.verdicts(driver_restarts, pods=given.denied("list pods")) == (Verdict.UNKNOWN,)
    assert given.verdicts(driver_restarts, daemon_sets=()) == (Verdict.SKIP,)
