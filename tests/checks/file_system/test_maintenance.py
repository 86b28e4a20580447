"""Updates and maintenance of a file system at this moment."""

from __future__ import annotations

from typing import Any

import pytest

from checks.file_system.maintenance import no_maintenance_now
from diag import Verdict
from diag.resources.fsx import (
    AdministrativeAction,
)
from diag.resources.reachability import Connect
from tests.checks import given
from tests.checks.given_file_system import judge, lustre
from tests.checks.given_network import connects

MONDAY = "2026-11-23T05:10:00Z"


UPDATING: dict[str, Any] = {
    "lifecycle": "UPDATING",
    "administrative_actions": (
        AdministrativeAction(
            administrative_action_type="FILE_SYSTEM_UPDATE", status="IN_PROGRESS", progress_percent=20
        ),
    ),
}


def test_nothing_under_way_passes() -> None:
    found = judge(no_maintenance_now)
    assert (found.verdict, found.rules_out) == (Verdict.PASS, ("maintenance-in-progress",))


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        (connects(Connect.OPEN), Verdict.PASS),
        (connects(Connect.TIMEOUT), Verdict.FAIL),
        (connects(Connect.TIMEOUT, source="192.168.178.20"), Verdict.WARN),
        ((), Verdict.WARN),
    ],
)
def test_an_update_fails_only_while_a_server_is_seen_to_be_away(answers: Any, verdict: Verdict) -> None:
    assert judge(no_maintenance_now, given.file_system(**UPDATING), tcp_answers=answers).verdict is verdict


def test_rebalancing_and_what_is_done_are_no_maintenance() -> None:
    actions = (
        AdministrativeAction(administrative_action_type="FILE_SYSTEM_UPDATE", status="COMPLETED"),
        AdministrativeAction(administrative_action_type="STORAGE_OPTIMIZATION", status="IN_PROGRESS"),
    )
    assert judge(no_maintenance_now, given.file_system(administrative_actions=actions)).verdict is Verdict.PASS
    quiet = given.file_system(**UPDATING | {"lifecycle": "AVAILABLE"})
    assert judge(no_maintenance_now, quiet, tcp_answers=()).verdict is Verdict.PASS, "the servers are not taken down"


@pytest.mark.parametrize(
    ("start", "verdict"),
    [("1:05:00", Verdict.WARN), ("1:05:11", Verdict.PASS), ("2:05:00", Verdict.PASS), ("", Verdict.PASS)],
)
def test_the_weekly_window_is_a_warning(start: str, verdict: Verdict) -> None:
    assert judge(no_maintenance_now, lustre(weekly_maintenance_start_time=start), taken_at=MONDAY).verdict is verdict


def test_maintenance_of_what_has_no_servers_is_no_question() -> None:
    assert judge(no_maintenance_now, given.file_system(lifecycle="FAILED")).verdict is Verdict.SKIP
