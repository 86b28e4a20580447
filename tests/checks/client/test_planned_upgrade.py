"""What a kernel or a Lustre version that is about to come would break."""

from __future__ import annotations

import pytest

from checks.client.planned_upgrade import planned_upgrade
from diag import Verdict
from diag.resources.target import Settings
from tests.checks import given
from tests.checks.given_client_plans import world

TO_AL2023 = given.AL2023[1]


def test_nothing_planned_nothing_said() -> None:
    assert given.findings(planned_upgrade) == ()


@pytest.mark.parametrize(
    ("settings", "version", "verdict"),
    [
        (Settings(assume_kernel=TO_AL2023), "2.10", Verdict.FAIL),
        (Settings(assume_kernel=TO_AL2023), "2.12", Verdict.PASS),
        (Settings(assume_kernel=TO_AL2023, assume_server_version="2.15"), "2.10", Verdict.PASS),
        (Settings(assume_server_version="2.15"), "2.12", Verdict.PASS),
        (Settings(assume_server_version="2.10"), "2.12", Verdict.FAIL),
        (Settings(assume_server_version="2.17"), "2.12", Verdict.UNKNOWN),
        (Settings(assume_kernel="9.9.9-1.amzn2023.x86_64"), "2.12", Verdict.UNKNOWN),
        (Settings(assume_kernel="6.1.50-66.121.amzn2023.x86_64"), "2.12", Verdict.WARN),
    ],
)
def test_what_an_upgrade_of_al2_nodes_would_break(settings: Settings, version: str, verdict: Verdict) -> None:
    (found,) = given.findings(planned_upgrade, settings=settings, **world(given.node(os=given.AL2), version=version))
    assert found.verdict is verdict
    assert found.cause == "", "what would fail tomorrow is not why a mount fails today"
