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
    StatefulSet, DaemonSet or Job, the ReplicaSet of a Deployment, or the Job of a CronJob. No pod can say so then: only
    the owner's events do.

    fail: an owner of pods with a Lustre claim, or the driver's, lacks pods and was refused one
    unknown: events, owners, claims or volumes could not be read
    source: Kubernetes v1.34 pkg/controller: controller_utils.go, statefulset/stateful_pod_control.go,
        deployment/sync.go, cronjob/cronjob_controllerv2.go
    """
    whose = f"{refusal.owner.name} cannot make {refusal.refused}"
    message = f"{whose}: {one_line(refusal.message)}"
    yield fail(refusal, message, f"{refusal.count} event(s)", cause=refusal.cause, concerns=refusal.claims)
