"""Which names are worth asking about."""

from __future__ import annotations

import pytest

from diag.analysis.network.names import names_in_doubt
from diag.resources.kubernetes import Pod
from tests.checks import given


def mounted_by(*pods: Pod) -> tuple[str, ...]:
    volume = given.volume()
    return names_in_doubt.function((volume,), tuple(given.mount(volume, given.claim(), pod) for pod in pods), ())


@pytest.mark.parametrize(
    ("old", "new", "is_in_doubt"),
    [("Running", "Running", False), ("Pending", "Running", False), ("Running", "Pending", True),
     ("Succeeded", "Pending", True), ("Pending", "Pending", True)],
)  # fmt: skip
def test_a_name_is_in_doubt_where_the_youngest_pod_waits(old: str, new: str, is_in_doubt: bool) -> None:
    before = given.pod("old", phase=old, created="2026-11-23T12:00:00Z")
    after = given.pod("new", phase=new, created="2026-11-24T11:00:00Z")
    assert mounted_by(before, after) == ((given.volume().dns_name,) if is_in_doubt else ())
