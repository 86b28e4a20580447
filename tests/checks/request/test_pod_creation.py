"""The API server takes the pods and claims that their owner makes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.request.pod_creation import owner_may_make_its_pods
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.kubernetes import Event, Pod, PodOwner
from diag.resources.kubernetes.workload import JobTemplate, JobTemplateSpec, PodOwnerSpec, PodOwnerStatus
from tests.checks.given import DRIVER_IMAGE, LONG_AGO, denied, findings, storage_class

QUOTA = 'pods "trainer-0" is forbidden: exceeded quota: team, requested: pods=1, used: pods=10, limited: pods=10'
NO_REQUESTS = 'pods "web-" is forbidden: failed quota: mem: must specify limits.cpu for: app'
LEVEL = 'Error creating: pods "web-x" is forbidden: violates PodSecurity "restricted:v1.35": runAsNonRoot != true'
WEBHOOK = (
    'Error creating: Internal error occurred: failed calling webhook "a.b": no endpoints available for service "b"'
)
RANGE = 'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Ti, but …'
CLAIM = 'create Claim data-trainer-0 for Pod trainer-0 in StatefulSet trainer failed error: persistentvolumeclaims "x"'


def owner(kind: str = "ReplicaSet", *, have: int = 0, image: str = "busybox", claims: tuple[str, ...] = ("fsx-pvc",),
          template: str = "", **spec: Any) -> PodOwner:  # fmt: skip
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    made = {
        "metadata": {"name": "trainer", "namespace": "default"},
        "kind": kind,
        "spec": {
            "replicas": 1,
            "template": {"spec": {"containers": [{"name": "app", "image": image}], "volumes": volumes}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"storageClassName": template}}]
            if template
            else None,
            **spec,
        },
        "status": {"replicas": have, "active": have},
    }
    return msgspec.convert(made, PodOwner)


def refused(text: str, kind: str = "ReplicaSet", *, reason: str = "FailedCreate", name: str = "trainer") -> Event:
    about = {"kind": kind, "name": name, "namespace": "default"}
    raw = {"metadata": {"name": "e"}, "type": "Warning", "reason": reason, "message": text, "involvedObject": about}
    return msgspec.convert(raw, Event)


def told(made: PodOwner, text: str = QUOTA, **facts: Any) -> tuple[Finding, ...]:
    given = {"refused_owners": (made,), "warning_events": (refused(text, made.kind),), **facts}
    return findings(owner_may_make_its_pods, **given)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (QUOTA, "resource-quota-exceeded"),
        (NO_REQUESTS, "resource-quota-exceeded"),
        (LEVEL, "pod-security-refused"),
        (WEBHOOK, "pod-creation-refused"),
        (RANGE, "pod-creation-refused"),
    ],
)
def test_who_refuses_is_in_the_owners_event(text: str, cause: str) -> None:
    (finding,) = told(owner(), text)
    assert (finding.verdict, finding.cause, finding.subject.name) == (Verdict.FAIL, cause, "fsx-pvc")
    assert "ReplicaSet default/trainer cannot make a pod" in finding.message


@pytest.mark.parametrize("kind", ["ReplicaSet", "StatefulSet", "Job"])
def test_an_owner_that_has_its_pods_has_only_a_history(kind: str) -> None:
    assert len(told(owner(kind))) == 1
    assert told(owner(kind, have=1)) == ()


def test_a_deployment_is_called_by_its_own_name() -> None:
    raw = msgspec.to_builtins(owner())
    raw["metadata"]["ownerReferences"] = [{"kind": "Deployment", "name": "app"}]
    (finding,) = told(msgspec.convert(raw, PodOwner))
    assert "Deployment default/app" in finding.message


def test_a_claim_that_is_never_made_is_known_by_the_class_of_its_template() -> None:
    made = owner("StatefulSet", claims=(), template="fsx-sc")
    (finding,) = told(made, CLAIM, storage_classes=(storage_class(),))
    assert (finding.subject.name, "cannot make claim data-trainer-0" in finding.message) == ("data-trainer-0", True)
    ebs = storage_class(provisioner="ebs.csi.aws.com")
    assert told(made, CLAIM, storage_classes=(ebs,)) == ()


def test_pods_without_a_lustre_claim_are_none_of_ours() -> None:
    assert told(owner(claims=("database",))) == ()


def test_the_drivers_own_pods_count() -> None:
    assert told(owner("DaemonSet", claims=(), image=DRIVER_IMAGE), LEVEL) == (), "it has all its pods"
    raw = msgspec.to_builtins(owner("DaemonSet", claims=(), image=DRIVER_IMAGE))
    raw["status"] = {"desiredNumberScheduled": 3}
    (finding,) = told(msgspec.convert(raw, PodOwner), LEVEL)
    assert (finding.subject.kind.value, finding.cause) == ("DaemonSet", "pod-security-forbids-driver")


def test_unknown_names_the_permission() -> None:
    (finding,) = findings(owner_may_make_its_pods, refused_owners=denied("get replicasets"))
    assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "get replicasets")


def test_a_cron_job_without_its_job_and_one_that_made_it_since() -> None:
    inner = owner().spec.template
    made = msgspec.structs.replace(
        owner("CronJob", claims=()), spec=PodOwnerSpec(job_template=JobTemplate(JobTemplateSpec(inner)))
    )
    (finding,) = told(made, QUOTA)
    assert (finding.cause, "cannot make a Job" in finding.message) == ("resource-quota-exceeded", True)
    since = msgspec.structs.replace(made, status=PodOwnerStatus(last_schedule_time="2099-01-01T00:00:00Z"))
    assert told(since, QUOTA) == ()


def test_a_deployment_whose_replica_set_is_refused() -> None:
    made = owner("Deployment")
    event = refused(WEBHOOK, "Deployment", reason="ReplicaSetCreateError")
    (finding,) = told(made, WEBHOOK, warning_events=(event,))
    assert (finding.cause, "cannot make a ReplicaSet" in finding.message) == ("pod-creation-refused", True)
    assert told(owner("Deployment", have=1), WEBHOOK, warning_events=(event,)) == ()


def failed(text: str) -> dict[str, Any]:
    return {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": text}]}


def idle(made: PodOwner, *, created: str = LONG_AGO, **status: Any) -> tuple[Finding, ...]:
    """An owner of which no event speaks."""
    raw = msgspec.to_builtins(made)
    raw["metadata"] |= {"creationTimestamp": created}
    raw["status"] = raw.get("status", {}) | status
    return findings(owner_may_make_its_pods, idle_owners=(msgspec.convert(raw, PodOwner),))


@pytest.mark.parametrize("kind", ["ReplicaSet", "Deployment"])
def test_a_condition_says_why_after_the_events_have_expired(kind: str) -> None:
    (finding,) = idle(owner(kind), **failed(QUOTA))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "resource-quota-exceeded")
    assert finding.evidence == ("its condition ReplicaFailure",)


def test_an_owner_without_pods_of_which_nothing_says_why() -> None:
    (finding,) = idle(owner("StatefulSet"))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "pod-creation-refused")
    assert "no event or condition says any more why" in finding.message
    assert idle(owner("StatefulSet"), created="2026-11-24T11:58:00Z") == (), "it was made two minutes ago"


@pytest.mark.parametrize(
    ("spec", "status"), [({"suspend": True}, {}), ({}, {"conditions": [{"type": "Failed", "status": "True"}]})]
)
def test_a_job_at_rest_lacks_no_pod(spec: dict[str, Any], status: dict[str, Any]) -> None:
    raw = msgspec.to_builtins(owner("Job", **spec))
    raw["status"] = status
    assert owner("Job").lacks_pods("")
    assert not msgspec.convert(raw, PodOwner).lacks_pods("")


def ephemeral_pod(phase: str = "Pending") -> Pod:
    template = {"volumeClaimTemplate": {"spec": {"storageClassName": "fsx-sc"}}}
    raw = {
        "metadata": {"name": "trainer", "namespace": "default", "uid": "pod-uid"},
        "spec": {"volumes": [{"name": "scratch", "ephemeral": template}]},
        "status": {"phase": phase},
    }
    return msgspec.convert(raw, Pod)


def test_the_claim_of_an_ephemeral_volume_that_is_refused() -> None:
    text = f"ephemeral volume scratch: create PVC trainer-scratch: {QUOTA}"
    event = refused(text, "Pod", reason="FailedBinding")
    given: dict[str, Any] = {"warning_events": (event,), "storage_classes": (storage_class(),)}
    (finding,) = findings(owner_may_make_its_pods, pods=(ephemeral_pod(),), **given)
    assert (finding.subject.name, finding.cause) == ("trainer-scratch", "resource-quota-exceeded")
    assert "Pod default/trainer cannot make claim trainer-scratch" in finding.message
    assert findings(owner_may_make_its_pods, pods=(ephemeral_pod("Running"),), **given) == ()
    other = {**given, "storage_classes": (storage_class(provisioner="ebs.csi.aws.com"),)}
    assert findings(owner_may_make_its_pods, pods=(ephemeral_pod(),), **other) == ()
