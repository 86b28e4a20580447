"""No pod uses two volumes with the same volumeHandle."""

from __future__ import annotations

from typing import Any

from checks.request.duplicate_volumehandle import volumes_of_a_pod_differ
from diag.model.verdict import Verdict
from tests.checks.given import claim, denied, pod, verdicts, volume
from tests.checks.given_pod_request import only

TWICE: dict[str, Any] = {
    "persistent_volumes": (volume(), volume("fsx-pv-2", claim="fsx-pvc-2")),
    "claims": (claim(), claim("fsx-pvc-2", "fsx-pv-2")),
}
"""Two volumes with one handle."""


class TestHandles:
    def test_two_volumes_of_one_handle_in_a_pod_that_waits(self) -> None:
        waiting = pod(phase="Pending", claims=("fsx-pvc", "fsx-pvc-2"))
        finding = only(volumes_of_a_pod_differ, **TWICE, pods=(waiting,))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "duplicate-volumehandle")
        assert {s.name for s in finding.concerns} == {"fsx-pv", "fsx-pv-2"}

    def test_two_pods_may_share_a_handle(self) -> None:
        pods = (pod(phase="Pending"), pod("pod-2", phase="Pending", claims=("fsx-pvc-2",)))
        assert set(verdicts(volumes_of_a_pod_differ, **TWICE, pods=pods)) == {Verdict.PASS}

    def test_one_claim_twice_in_a_pod_is_one_volume(self) -> None:
        pods = (pod(phase="Pending", claims=("fsx-pvc", "fsx-pvc")),)
        assert verdicts(volumes_of_a_pod_differ, pods=pods) == (Verdict.PASS,)

    def test_a_pod_that_runs_is_believed(self) -> None:
        pods = (pod(claims=("fsx-pvc", "fsx-pvc-2")),)
        assert set(verdicts(volumes_of_a_pod_differ, **TWICE, pods=pods)) == {Verdict.PASS}

    def test_unknown_names_the_permission(self) -> None:
        finding = only(volumes_of_a_pod_differ, pods=denied("list pods"))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list pods")
