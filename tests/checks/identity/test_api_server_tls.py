"""Whether it is the cluster that answers."""

from __future__ import annotations

import pytest

from checks.identity.api_server_tls import api_server_is_verified
from diag import Reason, Unavailable, Verdict
from diag.resources.target import KubeContext
from tests.checks import given


@pytest.mark.parametrize(
    ("context", "verdict"),
    [
        (KubeContext("c", "https://x"), Verdict.PASS),
        (KubeContext("c", "https://x", skips_tls_verification=True), Verdict.WARN),
        (Unavailable("kubeconfig", Reason.ABSENT, "none"), Verdict.UNKNOWN),
    ],
)
def test_verification_that_is_switched_off_is_a_warning(context: KubeContext | Unavailable, verdict: Verdict) -> None:
    (finding,) = given.findings(api_server_is_verified, kube_context=context, cluster_identity=given.identity())
    assert finding.verdict is verdict
    if verdict is Verdict.WARN:
        assert "insecure-skip-tls-verify" in " ".join(finding.evidence)
