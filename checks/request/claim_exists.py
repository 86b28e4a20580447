"""Every claim that a waiting pod names exists in the pod's namespace."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail
from diag.advice.steps import advise
from diag.analysis.claims import AbsentClaim


@check("claim-exists", layer=Layer.REQUEST, each="absent_claims", speaks_for="claim-pending")
def claim_is_there(absent: AbsentClaim) -> Iterator[Draft]:
    """Every claim that a waiting pod names exists in the pod's namespace.

    The scheduler does not place a pod before its claim is there. A claim of the same name in another namespace, or
    one that was deleted while the pod template stayed, does not help.

    fail: a pod waits for a claim that does not exist
    unknown: claims, pods or volumes could not be read
    source: Kubernetes v1.34 pkg/scheduler/framework/plugins/volumebinding
    """
    kept = f"; volume {absent.kept[0].name} is kept for it" if absent.kept else ""
    message = f"it does not exist, and pod {absent.pods[0].key} waits for it{kept}"
    request = "make the claim in the pod's namespace from its manifest, or name one that exists in the pod"
    names = {}
    if absent.kept:
        request = "Make the claim again from its manifest; then free {volume} for it, as lustre-doctor run says."
        names = {"volume": absent.kept[0].name}
    fix = advise(request, names, by="whoever made the claim")
    yield fail(absent, message, fix=fix, concerns=[*absent.pods, *absent.kept])
