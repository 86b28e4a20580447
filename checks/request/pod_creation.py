"""The API server takes the pods and claims that their owner makes."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail
from diag.analysis.pod_creation import DRIVER_FORBIDDEN, POD_SECURITY, QUOTA, REFUSED, Refusal
from diag.sanitize import one_line

CAUSES = (QUOTA, POD_SECURITY, REFUSED, DRIVER_FORBIDDEN)


@check("pod-creation", layer=Layer.REQUEST, each="pod_refusals", speaks_for=CAUSES)
def owner_may_make_its_pods(refusal: Refusal) -> Iterator[Draft]:
    """The API server takes the pods and claims that their owner makes.

    A quota, a limit range, Pod Security, a webhook or a missing service account refuses the pod of a ReplicaSet,
    StatefulSet, DaemonSet or Job, the ReplicaSet of a Deployment, the Job of a CronJob, or the claim of a pod's
    ephemeral volume. No pod can say so then: the owner's events do. They are kept for an hour: of a claim that no pod
    uses its owners are looked for, which say in a condition, or by the number of their pods, that they may make none.

    fail: an owner of pods with a Lustre claim, or the driver's, lacks pods and was refused one, or lacks them for five
        minutes and nothing says why
    unknown: events, owners, claims or volumes could not be read
    source: Kubernetes v1.34 pkg/controller: controller_utils.go, statefulset/stateful_pod_control.go,
        deployment/sync.go, cronjob/cronjob_controllerv2.go
    """
    if not refusal.message:
        message = f"{refusal.owner.name} lacks pods, and no event or condition says any more why it makes none"
        yield fail(refusal, message, cause=refusal.cause, concerns=refusal.claims)
        return
    whose = f"{refusal.owner.name} cannot make {refusal.refused}"
    seen = f"{refusal.count} event(s)" if refusal.count else "its condition ReplicaFailure"
    yield fail(refusal, f"{whose}: {one_line(refusal.message)}", seen, cause=refusal.cause, concerns=refusal.claims)
