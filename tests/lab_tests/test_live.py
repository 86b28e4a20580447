"""A live lab's controllers and kubelets do what a real cluster's do."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.lab import Lab
from tests.lab.faults import symptoms
from tests.lab.incident import CLAIM, STORAGE_CLASS, VOLUME, WORKLOAD
from tests.lab.live import Live
from tests.lab.setup import FILE_SYSTEM_ID, NAMESPACE

pytestmark = pytest.mark.lab
Object = dict[str, Any]


@pytest.fixture
def lab(running_lab: Lab) -> Lab:
    running_lab.load("healthy")
    return running_lab


@pytest.fixture
def live(lab: Lab) -> Live:
    return lab.come_alive()


def send(lab: Lab, method: str, path: str, body: Object | None = None) -> None:
    import json

    content = "application/merge-patch+json" if method == "PATCH" else "application/json"
    reply = lab.api.answer(method, path, "somebody", json.dumps(body or {}).encode(), content)
    assert reply.code < 400, reply.body


def delete_claim(lab: Lab) -> None:
    send(lab, "DELETE", f"/api/v1/namespaces/default/persistentvolumeclaims/{CLAIM}")


def delete_pod(lab: Lab) -> None:
    send(lab, "DELETE", f"/api/v1/namespaces/default/pods/{WORKLOAD}")


def names(lab: Lab, plural: str, namespace: str = "") -> list[str]:
    return [obj["metadata"]["name"] for obj in lab.kube.all(plural, namespace)]


def workload(kind: str, **spec: Any) -> Object:
    """An owner of pods like the healthy world's own."""
    labels = {"app": "train"}
    pod = {
        "containers": [{"name": "app", "image": "public.ecr.aws/x/y:1"}],
        "volumes": [{"name": "fsx", "persistentVolumeClaim": {"claimName": CLAIM}}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "train"},
        "spec": {"selector": {"matchLabels": labels}, "template": template} | spec,
    }


def test_nothing_moves_in_a_healthy_world(lab: Lab, live: Live) -> None:
    before = [obj["metadata"]["uid"] for obj in lab.kube.everything()]
    live.settle()
    assert [obj["metadata"]["uid"] for obj in lab.kube.everything()] == before
    settled = lab.kube.revision
    live.settle()
    assert (lab.kube.revision, live.broken()) == (settled, [])


def test_a_claim_in_use_is_kept_until_its_pod_is_gone(lab: Lab, live: Live) -> None:
    delete_claim(lab)
    assert symptoms.claim(lab)["metadata"]["deletionTimestamp"]
    delete_pod(lab)
    assert names(lab, "persistentvolumeclaims") == []


def test_a_bound_volume_is_kept_until_its_claim_is_gone_and_takes_no_new_one(lab: Lab, live: Live) -> None:
    claim = copy.deepcopy(symptoms.claim(lab))
    delete_pod(lab)
    delete_claim(lab)
    assert symptoms.volume(lab)["status"]["phase"] == "Released"
    send(lab, "POST", "/api/v1/namespaces/default/persistentvolumeclaims", made_again(claim))
    assert symptoms.claim(lab)["status"]["phase"] == "Pending"
    reasons = [event["reason"] for event in lab.kube.all("events", "default")]
    assert "FailedBinding" in reasons
    del symptoms.volume(lab)["spec"]["claimRef"]
    live.settle()
    assert (symptoms.claim(lab)["status"]["phase"], symptoms.volume(lab)["status"]["phase"]) == ("Bound", "Bound")


def test_deleting_a_bound_volume_waits_for_its_claim(lab: Lab, live: Live) -> None:
    send(lab, "DELETE", f"/api/v1/persistentvolumes/{VOLUME}")
    assert symptoms.volume(lab)["metadata"]["deletionTimestamp"]
    delete_pod(lab)
    delete_claim(lab)
    assert names(lab, "persistentvolumes") == []
    assert FILE_SYSTEM_ID in lab.aws.fsx.state.file_systems[lab.site.region]


def test_a_dynamic_claim_is_provisioned_and_with_delete_takes_its_file_system_along(lab: Lab, live: Live) -> None:
    lab.kube.get("storageclasses", STORAGE_CLASS)["reclaimPolicy"] = "Delete"
    claim = made_again(symptoms.claim(lab))
    del claim["spec"]["volumeName"]
    claim["metadata"]["name"] = "scratch"
    send(lab, "POST", "/api/v1/namespaces/default/persistentvolumeclaims", claim)
    systems = lab.aws.fsx.state.file_systems[lab.site.region]
    (made,) = set(systems) - {FILE_SYSTEM_ID}
    assert lab.kube.get("persistentvolumeclaims", "scratch", "default")["status"]["phase"] == "Bound"
    send(lab, "DELETE", "/api/v1/namespaces/default/persistentvolumeclaims/scratch")
    assert made not in systems


def test_a_static_volume_with_policy_delete_fails_and_its_file_system_stays(lab: Lab, live: Live) -> None:
    symptoms.volume(lab)["spec"]["persistentVolumeReclaimPolicy"] = "Delete"
    delete_pod(lab)
    delete_claim(lab)
    assert symptoms.volume(lab)["status"]["phase"] == "Failed"
    assert FILE_SYSTEM_ID in lab.aws.fsx.state.file_systems[lab.site.region]


def test_a_pod_starts_when_its_mount_path_is_whole_and_says_why_it_does_not(lab: Lab, live: Live) -> None:
    symptoms.attributes(lab)["mountname"] = "wrong"
    send(lab, "POST", "/apis/apps/v1/namespaces/default/deployments", workload("Deployment"))
    (pod,) = (pod for pod in lab.kube.all("pods", "default") if pod["metadata"]["name"] != WORKLOAD)
    assert pod["status"]["phase"] == "Pending"
    texts = [event["message"] for event in lab.kube.all("events", "default")]
    assert any("mount failed: exit status 2" in text and "No such file or directory" in text for text in texts)
    symptoms.attributes(lab)["mountname"] = "ddyezbev"
    live.settle()
    assert pod["status"]["phase"] == "Running"


def test_a_deployment_follows_its_template_and_scale(lab: Lab, live: Live) -> None:
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/fsx-csi-controller"
    before = set(names(lab, "pods", NAMESPACE))
    send(lab, "PATCH", path, {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}})
    controllers = [name for name in names(lab, "pods", NAMESPACE) if "controller" in name]
    assert len(controllers) == 2 and not before & set(controllers)
    status = lab.kube.get("deployments", "fsx-csi-controller", NAMESPACE)["status"]
    assert (status["updatedReplicas"], status["availableReplicas"], status["observedGeneration"]) == (2, 2, 2)
    send(lab, "PATCH", f"{path}/scale", {"spec": {"replicas": 0}})
    assert not [name for name in names(lab, "pods", NAMESPACE) if "controller" in name]


def test_new_controller_pods_get_the_role_of_the_annotation(lab: Lab, live: Live) -> None:
    account = lab.kube.get("serviceaccounts", "fsx-csi-driver-controller-sa", NAMESPACE)
    account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] = "arn:aws:iam::123456789012:role/new"
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/fsx-csi-controller"
    send(lab, "PATCH", path, {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}})
    pods = [pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"]["app"] == "fsx-csi-controller"]
    env = {v["name"]: v.get("value") for pod in pods for v in pod["spec"]["containers"][0]["env"]}
    assert env["AWS_ROLE_ARN"] == "arn:aws:iam::123456789012:role/new"


def test_a_daemon_set_runs_where_its_pods_may_and_its_driver_is_registered_there(lab: Lab, live: Live) -> None:
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets/fsx-csi-node"
    selector = {"eks.amazonaws.com/nodegroup": "sys-ng"}
    send(lab, "PATCH", path, {"spec": {"template": {"spec": {"nodeSelector": selector}}}})
    status = lab.kube.get("daemonsets", "fsx-csi-node", NAMESPACE)["status"]
    assert (status["desiredNumberScheduled"], status["updatedNumberScheduled"], status["numberReady"]) == (1, 1, 1)
    drivers = {node["metadata"]["name"]: node["spec"]["drivers"] for node in lab.kube.all("csinodes")}
    assert [name for name, known in drivers.items() if known] == [lab.site.node(1, 5)]
    send(lab, "PATCH", path, {"spec": {"template": {"spec": {"nodeSelector": None}}}})
    assert all(node["spec"]["drivers"] for node in lab.kube.all("csinodes"))


def test_a_stateful_set_makes_its_pods_and_claims_again(lab: Lab, live: Live) -> None:
    claim = {"metadata": {"name": "data"}, "spec": made_again(symptoms.claim(lab))["spec"]}
    claim["spec"].pop("volumeName")
    owner = workload("StatefulSet", replicas=2, volumeClaimTemplates=[claim])
    owner["spec"]["template"]["spec"].pop("volumes")
    send(lab, "POST", "/apis/apps/v1/namespaces/default/statefulsets", owner)
    assert {"train-0", "train-1"} <= set(names(lab, "pods", "default"))
    assert {"data-train-0", "data-train-1"} <= set(names(lab, "persistentvolumeclaims"))
    first = lab.kube.get("persistentvolumeclaims", "data-train-0", "default")["metadata"]["uid"]
    send(lab, "DELETE", "/api/v1/namespaces/default/persistentvolumeclaims/data-train-0")
    send(lab, "DELETE", "/api/v1/namespaces/default/pods/train-0")
    assert lab.kube.get("persistentvolumeclaims", "data-train-0", "default")["metadata"]["uid"] != first


def test_what_loses_its_owner_goes_and_an_orphan_stays(lab: Lab, live: Live) -> None:
    send(lab, "DELETE", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/fsx-csi-controller")
    assert not [name for name in names(lab, "replicasets", NAMESPACE) if "controller" in name]
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets/fsx-csi-node"
    send(lab, "DELETE", path, {"propagationPolicy": "Orphan"})
    assert len([name for name in names(lab, "pods", NAMESPACE) if "node" in name]) == 3


def test_packets_pass_again_when_the_group_is_open_again(lab: Lab) -> None:
    lab.inject("sg-without-988")
    live = lab.come_alive()
    live.settle()
    assert live.broken()
    account = lab.account
    assert account is not None
    for source in (account.cluster_group, account.file_system_group):
        rule = {"IpProtocol": "tcp", "FromPort": 988, "ToPort": 988, "UserIdGroupPairs": [{"GroupId": source}]}
        lab.client("ec2").authorize_security_group_ingress(GroupId=account.file_system_group, IpPermissions=[rule])
    live.settle()
    assert live.broken() == []


def made_again(claim: Object) -> Object:
    """A claim as a person would make it again from what was saved."""
    metadata = {key: claim["metadata"][key] for key in ("name", "namespace")}
    return {"apiVersion": "v1", "kind": claim["kind"], "metadata": metadata, "spec": copy.deepcopy(claim["spec"])}
