"""Every claim that a waiting pod names exists in the pod's namespace."""

from __future__ import annotations

from checks.request.claim_exists import claim_is_there
from diag.model.subject import Kind
from diag.model.verdict import Verdict
from tests.checks.given import denied, findings, pod, verdicts


class TestClaimsThatDoNotExist:
    def test_a_pod_waits_for_one_that_a_volume_is_kept_for(self) -> None:
        waiting = pod(phase="Pending", node="")
        (finding,) = findings(claim_is_there, claims=(), pods=(waiting,))
        assert (finding.verdict, finding.cause, finding.subject.kind) == (Verdict.FAIL, "claim-pending", Kind.CLAIM)
        assert "fsx-pv is kept for it" in finding.message

    def test_a_pod_that_runs_waits_for_nothing(self) -> None:
        assert verdicts(claim_is_there, claims=(), pods=(pod(),)) == ()

    def test_one_that_nothing_connects_with_lustre(self) -> None:
        waiting = pod(phase="Pending", node="", claims=("database",))
        assert verdicts(claim_is_there, claims=(), pods=(waiting,)) == ()

    def test_unknown_names_the_permission(self) -> None:
        (finding,) = findings(claim_is_there, pods=denied("list pods"))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list pods")
