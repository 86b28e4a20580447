"""Pods that nobody makes: the API server refuses them to their owner, whose events alone say so."""

import copy
from typing import TYPE_CHECKING, Any

from tests.lab.faults import symptoms
from tests.lab.faults.driver.objects import NODE, count, node_pods
from tests.lab.faults.registry import fault
from tests.lab.faults.request.stateful import NAME, run_in_stateful_set
from tests.lab.incident import STORAGE_CLASS, VOLUME, WORKLOAD, WORKLOAD_NAMESPACE
from tests.lab.setup import NAMESPACE

if TYPE_CHECKING:
    from tests.lab.lab import Lab

_LEVEL = "pod-security.kubernetes.io/enforce"


def _quota(lab: "Lab", hard: dict[str, str]) -> None:
    metadata = {"name": "team", "namespace": WORKLOAD_NAMESPACE, "creationTimestamp": lab.site.time(600)}
    spec = {"hard": hard}
    lab.kube.add({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": spec, "status": spec})


def _without_quota(lab: "Lab") -> bool:
    return not list(lab.kube.all("resourcequotas", WORKLOAD_NAMESPACE))


def _not_enforced(lab: "Lab") -> bool:
    levels = ((found["metadata"].get("labels") or {}).get(_LEVEL) for found in lab.kube.all("namespaces"))
    return all(level in (None, "privileged") for level in levels)


def _without_pods(lab: "Lab") -> dict[str, Any]:
    """The StatefulSet, whose only pod is gone and does not come back."""
    run_in_stateful_set(lab)
    lab.kube.remove("pods", symptoms.pod(lab)["metadata"]["name"], WORKLOAD_NAMESPACE)
    owner = lab.kube.get("statefulsets", NAME, WORKLOAD_NAMESPACE)
    owner["status"]["replicas"] = 0
    return owner


@fault("pod-over-quota", cause="resource-quota-exceeded", gone=_without_quota)
def pod_over_quota(lab: "Lab") -> None:
    """The team's quota of pods is used up."""
    owner = _without_pods(lab)
    _quota(lab, {"pods": "10"})
    text = (
        f'create Pod {NAME}-0 in StatefulSet {NAME} failed error: pods "{NAME}-0" is forbidden: exceeded quota: team,'
        " requested: pods=1, used: pods=10, limited: pods=10"
    )
    symptoms.event(lab, owner, "FailedCreate", text, "statefulset-controller")


@fault("claim-over-quota", cause="resource-quota-exceeded", gone=_without_quota)
def claim_over_quota(lab: "Lab") -> None:
    """The template's claim asks for more storage than the namespace may have: neither claim nor pod exists."""
    owner = _without_pods(lab)
    _quota(lab, {"requests.storage": "500Gi"})
    template = owner["spec"]["volumeClaimTemplates"][0]["spec"]
    template.pop("volumeName", None)
    template["storageClassName"] = STORAGE_CLASS
    claim = symptoms.claim(lab)["metadata"]["name"]
    lab.kube.remove("persistentvolumeclaims", claim, WORKLOAD_NAMESPACE)
    lab.kube.remove("persistentvolumes", VOLUME)
    text = (
        f"create Claim {claim} for Pod {NAME}-0 in StatefulSet {NAME} failed error: persistentvolumeclaims"
        f' "{claim}" is forbidden: exceeded quota: team, requested: requests.storage=1200Gi, used: requests.storage=0,'
        " limited: requests.storage=500Gi"
    )
    symptoms.event(lab, owner, "FailedCreate", text, "statefulset-controller")


def replica_set_of(lab: "Lab", pod: dict[str, Any], replicas: int) -> dict[str, Any]:
    """A ReplicaSet that wants one pod like that one, and has so many."""
    spec, labels = copy.deepcopy(pod["spec"]), {"app": "reader"}
    spec.pop("nodeName")
    name = "reader-6d4b75cb6d"
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": name, "namespace": WORKLOAD_NAMESPACE, "creationTimestamp": lab.site.time(60)},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
        "status": {"replicas": replicas, "observedGeneration": 1},
    }


def _owner_without_pods(lab: "Lab", kind: str = "ReplicaSet", name: str = "reader-6d4b75cb6d") -> dict[str, Any]:
    """The workload's pod is gone, and an owner that wants one like it has none."""
    pod = copy.deepcopy(symptoms.pod(lab))
    lab.kube.remove("pods", pod["metadata"]["name"], WORKLOAD_NAMESPACE)
    owner = replica_set_of(lab, pod, replicas=0) | {"kind": kind}
    owner["metadata"]["name"] = name
    lab.kube.add(owner)
    return owner


@fault("replicas-refused-by-pod-security", cause="pod-security-refused", gone=_not_enforced)
def replicas_refused_by_pod_security(lab: "Lab") -> None:
    """The namespace was set to enforce level restricted while the old pod was away."""
    lab.kube.get("namespaces", WORKLOAD_NAMESPACE)["metadata"].setdefault("labels", {})[_LEVEL] = "restricted"
    owner = _owner_without_pods(lab)
    text = (
        'Error creating: pods "reader-6d4b75cb6d-x7k2p" is forbidden: violates PodSecurity "restricted:latest":'
        ' allowPrivilegeEscalation != false (container "app" must set securityContext.allowPrivilegeEscalation=false),'
        ' runAsNonRoot != true (pod or container "app" must set securityContext.runAsNonRoot=true)'
    )
    symptoms.event(lab, owner, "FailedCreate", text, "replicaset-controller")


def _is_active(lab: "Lab") -> bool:
    return bool(lab.kube.get("namespaces", WORKLOAD_NAMESPACE)["status"]["phase"] == "Active")


@fault("namespace-being-deleted", cause="pod-creation-refused", gone=_is_active)
def namespace_being_deleted(lab: "Lab") -> None:
    """The namespace hangs in Terminating, and the pod's owner cannot make it again."""
    lab.kube.get("namespaces", WORKLOAD_NAMESPACE)["status"]["phase"] = "Terminating"
    owner = _owner_without_pods(lab)
    text = (
        'Error creating: pods "reader-6d4b75cb6d-x7k2p" is forbidden: unable to create new content in namespace'
        f" {WORKLOAD_NAMESPACE} because it is being terminated"
    )
    symptoms.event(lab, owner, "FailedCreate", text, "replicaset-controller")


def _has_account(lab: "Lab") -> bool:
    return any(found["metadata"]["name"] == "trainer" for found in lab.kube.all("serviceaccounts", WORKLOAD_NAMESPACE))


@fault("job-without-service-account", cause="pod-creation-refused", gone=_has_account)
def job_without_service_account(lab: "Lab") -> None:
    """The Job's service account was forgotten: no pod is made."""
    pod = copy.deepcopy(symptoms.pod(lab))
    lab.kube.remove("pods", pod["metadata"]["name"], WORKLOAD_NAMESPACE)
    spec = pod["spec"] | {"serviceAccountName": "trainer", "restartPolicy": "Never"}
    spec.pop("nodeName")
    owner = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "train", "namespace": WORKLOAD_NAMESPACE, "creationTimestamp": lab.site.time(60)},
        "spec": {"completions": 1, "parallelism": 1, "template": {"metadata": {}, "spec": spec}},
        "status": {"active": 0},
    }
    lab.kube.add(owner)
    text = (
        'Error creating: pods "train-" is forbidden: error looking up service account default/trainer: serviceaccount'
        ' "trainer" not found'
    )
    symptoms.event(lab, owner, "FailedCreate", text, "job-controller")


@fault("node-plugin-refused-by-pod-security", cause="pod-security-forbids-driver", gone=_not_enforced)
def node_plugin_refused_by_pod_security(lab: "Lab") -> None:
    """The driver's namespace enforces level baseline: the privileged node plugin is refused on every node."""
    lab.kube.get("namespaces", NAMESPACE)["metadata"].setdefault("labels", {})[_LEVEL] = "baseline"
    daemon_set = lab.kube.get("daemonsets", NODE, NAMESPACE)
    symptoms.plugin_gone(lab, [pod["spec"]["nodeName"] for pod in node_pods(lab)])
    count(daemon_set, 3, 0)
    daemon_set["status"]["currentNumberScheduled"] = 0
    symptoms.not_registered(lab)
    text = (
        f'Error creating: pods "{NODE}-" is forbidden: violates PodSecurity "baseline:latest": hostPath volumes'
        ' (volumes "kubelet-dir", "plugin-dir", "registration-dir"), privileged (container "fsx-plugin" must not set'
        " securityContext.privileged=true)"
    )
    symptoms.event(lab, daemon_set, "FailedCreate", text, "daemonset-controller")


def _hook_is_off(lab: "Lab") -> bool:
    """A webhook is no object of this lab: its owner switches it off elsewhere."""
    return False


@fault("replicas-refused-by-webhook", cause="pod-creation-refused", gone=_hook_is_off)
def replicas_refused_by_webhook(lab: "Lab") -> None:
    """A policy engine's webhook does not answer, and its failure policy is Fail."""
    owner = _owner_without_pods(lab)
    text = (
        'Error creating: Internal error occurred: failed calling webhook "mutate.policy.example.com": failed to call'
        ' webhook: Post "https://policy.policy-system.svc:443/mutate?timeout=10s": context deadline exceeded'
    )
    symptoms.event(lab, owner, "FailedCreate", text, "replicaset-controller")


def _without_limits(lab: "Lab") -> bool:
    return not list(lab.kube.all("limitranges", WORKLOAD_NAMESPACE))


@fault("claim-beyond-limit-range", cause="pod-creation-refused", gone=_without_limits)
def claim_beyond_limit_range(lab: "Lab") -> None:
    """The namespace's LimitRange lets no claim ask for so much; the StatefulSet's is refused."""
    owner = _without_pods(lab)
    limits = [{"type": "PersistentVolumeClaim", "max": {"storage": "500Gi"}}]
    metadata = {"name": "usual", "namespace": WORKLOAD_NAMESPACE, "creationTimestamp": lab.site.time(600)}
    lab.kube.add({"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": {"limits": limits}})
    claim = symptoms.claim(lab)["metadata"]["name"]
    lab.kube.remove("persistentvolumeclaims", claim, WORKLOAD_NAMESPACE)
    symptoms.volume(lab)["status"] = {"phase": "Released"}
    text = (
        f"create Claim {claim} for Pod {NAME}-0 in StatefulSet {NAME} failed error: persistentvolumeclaims"
        f' "{claim}" is forbidden: maximum storage usage per PersistentVolumeClaim is 500Gi, but request is 1200Gi'
    )
    symptoms.event(lab, owner, "FailedCreate", text, "statefulset-controller")


def _cron_job(lab: "Lab", pod: dict[str, Any]) -> dict[str, Any]:
    """A CronJob whose Jobs' pods are like that one."""
    spec = copy.deepcopy(pod["spec"]) | {"restartPolicy": "Never"}
    spec.pop("nodeName")
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly", "namespace": WORKLOAD_NAMESPACE, "creationTimestamp": lab.site.time(6000)},
        "spec": {"schedule": "0 1 * * *", "jobTemplate": {"spec": {"template": {"metadata": {}, "spec": spec}}}},
        "status": {"lastScheduleTime": lab.site.time(1500)},
    }


def refuse_jobs(lab: "Lab") -> dict[str, Any]:
    """A CronJob beside the pod, and the event that it could not make its last Job."""
    owner = _cron_job(lab, symptoms.pod(lab))
    lab.kube.add(owner)
    text = (
        'Error creating job: jobs.batch "nightly-29382" is forbidden: exceeded quota: team, requested:'
        " count/jobs.batch=1, used: count/jobs.batch=10, limited: count/jobs.batch=10"
    )
    symptoms.event(lab, owner, "FailedCreate", text, "cronjob-controller")
    return owner


@fault("cron-job-over-quota", cause="resource-quota-exceeded", gone=_without_quota)
def cron_job_over_quota(lab: "Lab") -> None:
    """Finished Jobs are kept, and the quota of Jobs is full: the pod of tonight is never made."""
    refuse_jobs(lab)
    lab.kube.remove("pods", symptoms.pod(lab)["metadata"]["name"], WORKLOAD_NAMESPACE)
    _quota(lab, {"count/jobs.batch": "10"})


@fault("replica-set-refused-by-webhook", cause="pod-creation-refused", gone=_hook_is_off)
def replica_set_refused_by_webhook(lab: "Lab") -> None:
    """A policy refuses the ReplicaSet itself, so that its Deployment says why no pod comes."""
    owner = _owner_without_pods(lab, kind="Deployment", name="reader")
    text = (
        'Failed to create new replica set "reader-6d4b75cb6d": admission webhook "validate.policy.example.com" denied'
        " the request: label team is required"
    )
    symptoms.event(lab, owner, "ReplicaSetCreateError", text, "deployment-controller")


def _driver_without_quota(lab: "Lab") -> bool:
    return not list(lab.kube.all("resourcequotas", NAMESPACE))


@fault("node-plugin-over-quota", cause="resource-quota-exceeded", gone=_driver_without_quota)
def node_plugin_over_quota(lab: "Lab") -> None:
    """The driver's namespace may hold no pods of priority system-node-critical."""
    daemon_set = lab.kube.get("daemonsets", NODE, NAMESPACE)
    symptoms.plugin_gone(lab, [pod["spec"]["nodeName"] for pod in node_pods(lab)])
    count(daemon_set, 3, 0)
    daemon_set["status"]["currentNumberScheduled"] = 0
    symptoms.not_registered(lab)
    metadata = {"name": "no-critical-pods", "namespace": NAMESPACE, "creationTimestamp": lab.site.time(600)}
    spec = {"hard": {"count/deployments.apps": "5"}}
    lab.kube.add({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": spec, "status": spec})
    text = (
        "Error creating: insufficient quota to match these scopes: [{PriorityClass In [system-node-critical"
        " system-cluster-critical]}]"
    )
    symptoms.event(lab, daemon_set, "FailedCreate", text, "daemonset-controller")


@fault("replicas-over-quota-without-event", cause="resource-quota-exceeded", gone=_without_quota)
def replicas_over_quota_without_event(lab: "Lab") -> None:
    """The events have expired; the ReplicaSet's condition still says why it has no pod."""
    owner = _owner_without_pods(lab)
    _quota(lab, {"pods": "10"})
    text = 'pods "reader-6d4b75cb6d-x7k2p" is forbidden: exceeded quota: team, requested: pods=1, used: pods=10'
    since = {"lastTransitionTime": lab.site.time(300)}
    owner["status"]["conditions"] = [
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": text, **since}
    ]


@fault("stateful-set-without-pods-or-events", cause="pod-creation-refused", gone=_without_quota)
def stateful_set_without_pods_or_events(lab: "Lab") -> None:
    """Nothing but the number of its pods shows that something refuses them."""
    _without_pods(lab)
    _quota(lab, {"pods": "10"})


@fault("ephemeral-claim-over-quota", cause="resource-quota-exceeded", gone=_without_quota)
def ephemeral_claim_over_quota(lab: "Lab") -> None:
    """The claim of the pod's ephemeral volume asks for more storage than the namespace may have."""
    claim = symptoms.make_ephemeral(lab)["metadata"]["name"]
    _quota(lab, {"requests.storage": "500Gi"})
    lab.kube.remove("persistentvolumeclaims", claim, WORKLOAD_NAMESPACE)
    lab.kube.remove("persistentvolumes", VOLUME)
    pod = lab.kube.get("pods", WORKLOAD, WORKLOAD_NAMESPACE)
    pod["spec"].pop("nodeName")
    waits = f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{claim}"'
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": waits}
    pod["status"] = {"phase": "Pending", "conditions": [condition]}
    text = (
        f'ephemeral volume fsx-volume: create PVC {claim}: persistentvolumeclaims "{claim}" is forbidden: exceeded'
        " quota: team, requested: requests.storage=1200Gi, used: requests.storage=0, limited: requests.storage=500Gi"
    )
    symptoms.event(lab, pod, "FailedBinding", text, "ephemeral_volume")
