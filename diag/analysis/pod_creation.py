"""Pods and claims that the API server refused to their owner, so that nothing ever waits for a mount."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from diag.analysis.claims import AbsentClaim, ClaimCase
from diag.analysis.driver.workloads import is_driver_image
from diag.late import late
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.model.unavailable import Unavailable, value_or
from diag.registry import fact
from diag.resources.age import age_s
from diag.resources.kubernetes import (
    FSX_DRIVER,
    Event,
    Metadata,
    Pod,
    PodOwner,
    PodOwnerSpec,
    PodTemplate,
    StorageClass,
)

QUOTA, POD_SECURITY, REFUSED = "resource-quota-exceeded", "pod-security-refused", "pod-creation-refused"
DRIVER_FORBIDDEN = "pod-security-forbids-driver"
"""Pod Security against the driver's own pods: another fix."""

_CAUSES = (
    (QUOTA, late(r"exceeded quota: |must specify .* for: |failed quota: |insufficient quota to match")),
    (POD_SECURITY, late(r"violates PodSecurity ")),
)
"""Source: Kubernetes v1.34 staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go,
pod-security-admission/admission/admission.go."""

REASONS = frozenset({"FailedCreate", "ReplicaSetCreateError"})
"""Reasons of an owner's event that it may not make what it wants.

Source: Kubernetes v1.34 pkg/controller/controller_utils.go, cronjob/cronjob_controllerv2.go, deployment/sync.go.
"""

NO_CLAIM = "FailedBinding"
"""Reason of a pod's event that the claim of its ephemeral volume could not be made. Source: as below."""

PATIENCE_S = 5 * 60
"""Our own measure: an owner makes its pods within seconds, or it was refused."""

_WHAT = late(r"create (?:Claim (?P<claim>\S+) for Pod|PVC (?P<own>[^\s:]+):)")
"""Source: Kubernetes v1.34 pkg/controller/statefulset/stateful_pod_control.go recordClaimEvent;
pkg/controller/volume/ephemeral/controller.go."""
_MADE = {"CronJob": "a Job", "Deployment": "a ReplicaSet"}
"""What stands between an owner and its pods."""


class Refusal(msgspec.Struct, frozen=True):
    """One owner of pods that mount Lustre, or of the driver's, and why it may not make them."""

    owner: PodOwner
    message: str
    claims: tuple[Subject, ...] = ()
    """The Lustre claims of its pods; none for the driver's own."""
    count: int = 1
    """Events that say so; none where a condition or the count of pods alone shows it."""

    @property
    def subject(self) -> Subject:
        """The first of its claims, or the driver's workload."""
        if self.claims:
            return self.claims[0]
        return self.workload

    @property
    def workload(self) -> Subject:
        """The driver's workload that it is."""
        kind = Kind.DAEMON_SET if self.owner.kind == "DaemonSet" else Kind.DEPLOYMENT
        return Subject(kind, self.owner.name.rpartition("/")[2], self.owner.metadata.namespace)

    @property
    def cause(self) -> str:
        """By the admission plugin that the message is of."""
        return cause_of(self.message, of_driver=_is_drivers(self.owner))

    @property
    def refused(self) -> str:
        """`claim data-trainer-0`, or `a pod`."""
        claim = _WHAT.search(self.message)
        return f"claim {claim['claim'] or claim['own']}" if claim else _MADE.get(self.owner.kind, "a pod")


def cause_of(message: str, *, of_driver: bool) -> str:
    """The cause, by the admission plugin whose words the message has."""
    found = next((cause for cause, pattern in _CAUSES if pattern.search(message)), REFUSED)
    return DRIVER_FORBIDDEN if of_driver and found == POD_SECURITY else found


def newest_refusal(
    kind: str, metadata: Metadata, events: Iterable[Event], reasons: frozenset[str] = REASONS
) -> Event | None:
    """The newest event that says that the owner's pod or claim could not be made."""
    owner = (kind, metadata.namespace, metadata.name)
    about = ((event, event.involved_object) for event in events if event.reason in reasons)
    own = (event for event, object in about if (object.kind, object.namespace, object.name) == owner)
    return max(own, key=lambda event: event.last_seen, default=None)


@fact(layer=Layer.REQUEST)
def pod_refusals(
    refused_owners: tuple[PodOwner, ...],
    idle_owners: tuple[PodOwner, ...],
    warning_events: tuple[Event, ...],
    lustre_claims: tuple[ClaimCase, ...],
    absent_claims: tuple[AbsentClaim, ...] | Unavailable,
    storage_classes: tuple[StorageClass, ...] | Unavailable,
    pods: tuple[Pod, ...] | Unavailable,
    taken_at: str,
) -> tuple[Refusal, ...]:
    """The owners that want more pods than they have, were refused one, and whose pods would mount Lustre."""
    known = {case.subject for case in lustre_claims}
    known |= {claim.subject for claim in value_or(absent_claims, ())}
    ours = {item.metadata.name for item in value_or(storage_classes, ()) if item.provisioner == FSX_DRIVER}
    found: dict[str, Refusal] = {}
    for owner in refused_owners:
        newest = newest_refusal(owner.kind, owner.metadata, warning_events)
        if newest is None or not owner.lacks_pods(newest.last_seen):
            continue
        claims = _lustre_claims_of(owner, known, ours)
        if claims or _is_drivers(owner):
            found[owner.name] = Refusal(owner, newest.message, claims, newest.count or 1)
    for owner in idle_owners:
        said = owner.failure.message if owner.failure else ""
        old = (age_s(owner.metadata.creation_timestamp, taken_at) or 0.0) > PATIENCE_S
        if (said or old) and (claims := _lustre_claims_of(owner, known, ours)):
            found.setdefault(owner.name, Refusal(owner, said, claims, 0))
    claims_of_pods = (_of_ephemeral(pod, warning_events, known, ours) for pod in value_or(pods, ()))
    return (*found.values(), *filter(None, claims_of_pods))


def _lustre_claims_of(owner: PodOwner, known: set[Subject], classes: set[str]) -> tuple[Subject, ...]:
    named = (Subject(Kind.CLAIM, name, owner.metadata.namespace) for name in owner.claim_names)
    of_templates = set(_claims_of_class(owner, classes))
    return tuple(claim for claim in named if claim in known or claim in of_templates)


def _of_ephemeral(pod: Pod, events: Iterable[Event], known: set[Subject], classes: set[str]) -> Refusal | None:
    """The claim of an ephemeral Lustre volume that was refused, and is not there."""
    wanted = (
        Subject(Kind.CLAIM, volume.persistent_volume_claim.claim_name, pod.metadata.namespace)
        for volume in pod.spec.volumes or ()
        if volume.ephemeral
        and volume.persistent_volume_claim
        and volume.ephemeral.volume_claim_template.spec.storage_class_name in classes
    )
    missing = () if pod.is_up or pod.is_over else tuple(claim for claim in wanted if claim not in known)
    newest = newest_refusal("Pod", pod.metadata, events, frozenset({NO_CLAIM})) if missing else None
    owner = PodOwner(pod.metadata, "Pod", PodOwnerSpec(template=PodTemplate(spec=pod.spec)))
    return Refusal(owner, newest.message, missing, newest.count or 1) if newest else None


def _claims_of_class(owner: PodOwner, classes: set[str]) -> Iterator[Subject]:
    for template in owner.spec.volume_claim_templates or ():
        if template.spec.storage_class_name in classes:
            prefix = f"{template.metadata.name}-{owner.metadata.name}-"
            for name in owner.claim_names:
                if name.startswith(prefix):
                    yield Subject(Kind.CLAIM, name, owner.metadata.namespace)


def _is_drivers(owner: PodOwner) -> bool:
    return any(is_driver_image(container.image) for container in owner.pod_spec.containers)
