"""Requests that look unlike the usual one and are right."""

import copy
from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.request.owner import refuse_jobs, replica_set_of
from tests.lab.faults.request.scheduling import add_class_made_by_hand, zone_affinity
from tests.lab.faults.request.storage_class import deny_bucket, own_key
from tests.lab.incident import STORAGE_CLASS, VOLUME
from tests.lab.setup import Account
from tests.lab.variants.file_system import dynamic_provisioning
from tests.lab.variants.registry import variant

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@variant("class-with-key-and-bucket")
def class_with_key_and_bucket(lab: "Lab", account: Account) -> None:
    """Volumes are made with a key of the account, linked with a bucket that has a policy of its own."""
    dynamic_provisioning(lab, account)
    own_key(lab)
    deny_bucket(lab, Bool={"aws:SecureTransport": "false"})


@variant("static-volume-of-empty-class")
def static_volume_of_empty_class(lab: "Lab", account: Account) -> None:
    """A class that only static volumes name is never provisioned from: its parameters do not matter."""
    storage_class = lab.kube.get("storageclasses", STORAGE_CLASS)
    storage_class.pop("parameters")
    storage_class["mountOptions"] = ["tls"]


@variant("without-class-and-options")
def without_class_and_options(lab: "Lab", account: Account) -> None:
    """Static binding needs no class, and flock is nobody's duty."""
    lab.kube.remove("storageclasses", STORAGE_CLASS)
    symptoms.volume(lab)["spec"] |= {"storageClassName": "", "mountOptions": []}
    symptoms.claim(lab)["spec"]["storageClassName"] = ""


@variant("read-only-consumer")
def read_only_consumer(lab: "Lab", account: Account) -> None:
    """A pod that only reads, of one directory."""
    spec = symptoms.pod(lab)["spec"]
    for volume in spec["volumes"]:
        if "persistentVolumeClaim" in volume:
            volume["persistentVolumeClaim"]["readOnly"] = True
    spec["containers"][0]["volumeMounts"][0] |= {"readOnly": True, "subPath": "datasets/imagenet"}


@variant("group-of-files-checked-at-root")
def group_of_files_checked_at_root(lab: "Lab", account: Account) -> None:
    """fsGroup with OnRootMismatch looks at the root directory alone, whatever the CSIDriver's policy."""
    lab.kube.get("csidrivers", "fsx.csi.aws.com")["spec"]["fsGroupPolicy"] = "File"
    symptoms.pod(lab)["spec"]["securityContext"] = {"fsGroup": 2000, "fsGroupChangePolicy": "OnRootMismatch"}


@variant("group-of-files-not-changed")
def group_of_files_not_changed(lab: "Lab", account: Account) -> None:
    """The driver's own policy spares volumes that many may write to."""
    symptoms.pod(lab)["spec"]["securityContext"] = {"fsGroup": 2000}


@variant("claim-waits-for-first-pod")
def claim_waits_for_first_pod(lab: "Lab", account: Account) -> None:
    """A second claim, of a WaitForFirstConsumer class, which no pod uses yet."""
    storage_class = copy.deepcopy(lab.kube.get("storageclasses", STORAGE_CLASS))
    storage_class["metadata"] = {"name": "fsx-on-demand", "creationTimestamp": lab.site.time(600)}
    storage_class["volumeBindingMode"] = "WaitForFirstConsumer"
    claim = copy.deepcopy(symptoms.claim(lab))
    claim["metadata"] = {
        "name": "scratch",
        "namespace": "default",
        "uid": "3f0e5f36-9c1d-4f36-b5a0-8a4d8a2f7f10",
        "creationTimestamp": lab.site.time(600),
    }
    claim["spec"] |= {"storageClassName": "fsx-on-demand"}
    claim["spec"].pop("volumeName")
    claim["status"] = {"phase": "Pending"}
    lab.kube.add(storage_class, claim)


@variant("volume-smaller-than-file-system")
def volume_smaller_than_file_system(lab: "Lab", account: Account) -> None:
    """The file system was grown by hand; Kubernetes limits nothing by a volume's capacity."""
    symptoms.volume(lab)["spec"]["capacity"]["storage"] = "100Gi"
    symptoms.claim(lab)["spec"]["resources"]["requests"]["storage"] = "100Gi"


@variant("released-volume-is-kept")
def released_volume_is_kept(lab: "Lab", account: Account) -> None:
    """A second volume of the file system whose claim was deleted on purpose; nobody asks for it."""
    old = copy.deepcopy(symptoms.volume(lab))
    old["metadata"] |= {"name": "fsx-pv-of-last-year", "uid": "9d7c6b5a-1f2e-4d3c-8b4a-5c6d7e8f9a0b"}
    old["spec"]["claimRef"] |= {"name": "fsx-pvc-of-last-year", "uid": "7a6b5c4d-3e2f-4a1b-9c8d-7e6f5a4b3c2d"}
    old["status"]["phase"] = "Released"
    lab.kube.add(old)


@variant("two-pods-one-file-system")
def two_pods_one_file_system(lab: "Lab", account: Account) -> None:
    """Two volumes may have one handle as long as no pod uses both."""
    volume, claim, pod = (copy.deepcopy(obj) for obj in (symptoms.volume(lab), symptoms.claim(lab), symptoms.pod(lab)))
    volume["metadata"] |= {"name": "fsx-pv-2", "uid": "f4c2c880-657b-4014-b23d-008dcfd53f95"}
    claim["metadata"] |= {"name": "fsx-pvc-2", "uid": "ee920896-4375-4f0b-b77d-6a6f80226a7c"}
    pod["metadata"] |= {"name": "pod-fsx-2", "uid": "0c2d4f60-8a91-4b3c-9d5e-7f6a8b9c0d1e"}
    volume["spec"]["claimRef"] |= {"name": "fsx-pvc-2", "uid": claim["metadata"]["uid"]}
    claim["spec"]["volumeName"] = "fsx-pv-2"
    for item in pod["spec"]["volumes"]:
        if "persistentVolumeClaim" in item:
            item["persistentVolumeClaim"]["claimName"] = "fsx-pvc-2"
    lab.kube.add(volume, claim, pod)


@variant("mount-failed-once")
def mount_failed_once(lab: "Lab", account: Account) -> None:
    """An event of an hour ago: the pod has the volume by now."""
    text = (
        f'MountVolume.SetUp failed for volume "{VOLUME}" : kubernetes.io/csi: mounter.SetUpAt failed to get CSI client:'
        " driver name fsx.csi.aws.com not found in the list of registered CSI drivers"
    )
    symptoms.event(lab, symptoms.pod(lab), "FailedMount", text, "kubelet")


@variant("other-volume-fails")
def other_volume_fails(lab: "Lab", account: Account) -> None:
    """A second pod waits for a ConfigMap; its Lustre volume is not to blame."""
    pod = copy.deepcopy(symptoms.pod(lab))
    pod["metadata"] |= {"name": "pod-other", "uid": "5b4a3c2d-1e0f-4a9b-8c7d-6e5f4a3b2c1d"}
    pod["spec"]["volumes"].append({"name": "config", "configMap": {"name": "absent"}})
    lab.kube.add(pod)
    status = pod["status"]
    status["phase"] = "Pending"
    for condition in status["conditions"]:
        if condition["type"] != "PodScheduled":
            condition["status"] = "False"
    for container in status["containerStatuses"]:
        container |= {"ready": False, "started": False, "state": {"waiting": {"reason": "ContainerCreating"}}}
    text = 'MountVolume.SetUp failed for volume "config" : configmap "absent" not found'
    symptoms.event(lab, pod, "FailedMount", text, "kubelet")


@variant("claim-of-another-driver-waits")
def claim_of_another_driver_waits(lab: "Lab", account: Account) -> None:
    """EBS's trouble is not Lustre's."""
    symptoms.add_class_of_ebs(lab, "Immediate")
    claim = copy.deepcopy(symptoms.claim(lab))
    claim["metadata"] = {"name": "database", "namespace": "default", "uid": "2f1e0d3c-4b5a-4968-8776-655443322110"}
    claim["spec"] |= {"storageClassName": "gp3"}
    claim["spec"].pop("volumeName")
    claim["status"] = {"phase": "Pending"}
    lab.kube.add(claim)
    text = 'failed to provision volume with StorageClass "gp3": rpc error: code = Internal desc = no capacity'
    symptoms.event(lab, claim, "ProvisioningFailed", text, "ebs.csi.aws.com")


@variant("pod-on-its-way-out")
def pod_on_its_way_out(lab: "Lab", account: Account) -> None:
    """Deleted a moment ago: it may take its grace period."""
    symptoms.pod(lab)["metadata"] |= {"deletionTimestamp": lab.site.time(1), "deletionGracePeriodSeconds": 30}


@variant("volume-affinity-that-fits")
def volume_affinity_that_fits(lab: "Lab", account: Account) -> None:
    """A node affinity to both zones that have nodes, and a label of the region."""
    need = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": list(lab.site.zones)}
    volume = symptoms.volume(lab)
    volume["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [need]}]}}
    volume["metadata"].setdefault("labels", {})["topology.kubernetes.io/region"] = lab.site.region


@variant("pod-has-just-been-made")
def pod_has_just_been_made(lab: "Lab", account: Account) -> None:
    """A second pod waits for the node that an autoscaler is bringing."""
    pod = copy.deepcopy(symptoms.pod(lab))
    pod["metadata"] |= {"name": "pod-fsx-2", "uid": "0b7f7c38-8a0f-4d0b-8a3a-9a55b4e9f2d1"}
    pod["metadata"]["creationTimestamp"] = lab.site.time(1)
    del pod["spec"]["nodeName"]
    text = "0/3 nodes are available: 3 Insufficient cpu."
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": text}
    pod["status"] = {"phase": "Pending", "conditions": [condition]}
    lab.kube.add(pod)
    symptoms.event(lab, pod, "FailedScheduling", text, "default-scheduler")


@variant("claim-of-other-drivers-class")
def claim_of_other_drivers_class(lab: "Lab", account: Account) -> None:
    """Somebody's EBS claim waits for its first pod beside us."""
    symptoms.add_class_of_ebs(lab, "WaitForFirstConsumer")
    claim = copy.deepcopy(symptoms.claim(lab))
    claim["metadata"] = {"name": "database", "namespace": "default", "creationTimestamp": lab.site.time(600)}
    claim["spec"] |= {"storageClassName": "gp3", "accessModes": ["ReadWriteOnce"]}
    claim["spec"].pop("volumeName")
    claim["status"] = {"phase": "Pending"}
    lab.kube.add(claim)


@variant("replicas-once-over-quota")
def replicas_once_over_quota(lab: "Lab", account: Account) -> None:
    """The quota was raised half an hour ago; the event of before is still kept."""
    owner = replica_set_of(lab, symptoms.pod(lab), replicas=1)
    lab.kube.add(owner)
    text = 'Error creating: pods "reader-6d4b75cb6d-x7k2p" is forbidden: exceeded quota: team, requested: pods=1'
    symptoms.event(lab, owner, "FailedCreate", text, "replicaset-controller")


@variant("jobs-once-refused")
def jobs_once_refused(lab: "Lab", account: Account) -> None:
    """A CronJob could not make a Job, and has made one since."""
    refuse_jobs(lab)["status"]["lastScheduleTime"] = lab.site.time(0)


@variant("other-node-not-ready")
def other_node_not_ready(lab: "Lab", account: Account) -> None:
    """A node without pods of the volume does not answer; the others do."""
    used = symptoms.pod(lab)["spec"]["nodeName"]
    other = next(node for node in lab.kube.all("nodes") if node["metadata"]["name"] != used)
    for condition in other["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition |= {"status": "Unknown", "reason": "NodeStatusUnknown"}


def quota(lab: "Lab", hard: dict[str, str], used: dict[str, str]) -> None:
    """A quota of the workload's namespace."""
    metadata = {"name": "team", "namespace": "default", "creationTimestamp": lab.site.time(600)}
    status = {"hard": hard, "used": used}
    lab.kube.add(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}, "status": status}
    )


@variant("quota-and-limits")
def quota_and_limits(lab: "Lab", account: Account) -> None:
    """A team's namespace with quotas, limits and a Pod Security level, all of which hold what is there."""
    pod = symptoms.pod(lab)
    owner = replica_set_of(lab, pod, replicas=1)
    lab.kube.add(owner)
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner["metadata"]["name"], "controller": True}
    pod["metadata"]["ownerReferences"] = [reference | {"uid": owner["metadata"]["uid"]}]
    pod["metadata"]["labels"] |= owner["spec"]["template"]["metadata"]["labels"]
    quota(
        lab,
        {"pods": "1", "persistentvolumeclaims": "1", "requests.storage": "1200Gi", "requests.cpu": "64"},
        {"pods": "1", "persistentvolumeclaims": "1", "requests.storage": "1200Gi", "requests.cpu": "0"},
    )
    limits = [
        {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "1200Gi"}},
        {"type": "Container", "default": {"memory": "1Gi"}, "defaultRequest": {"cpu": "100m"}},
    ]
    metadata = {"name": "usual", "namespace": "default", "creationTimestamp": lab.site.time(600)}
    lab.kube.add({"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": {"limits": limits}})
    level = "pod-security.kubernetes.io/enforce"
    lab.kube.get("namespaces", "default")["metadata"]["labels"][level] = "baseline"
    lab.kube.get("namespaces", "fsx-csi-driver")["metadata"]["labels"][level] = "privileged"


@variant("a-default-class-beside")
def a_default_class_beside(lab: "Lab", account: Account) -> None:
    """EBS' class is the cluster's default; the claim of the static volume names its own."""
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    symptoms.add_class_of_ebs(lab, "WaitForFirstConsumer", annotations=annotations)


@variant("ephemeral-volume")
def ephemeral_volume(lab: "Lab", account: Account) -> None:
    """The pod's volume comes and goes with it."""
    symptoms.make_ephemeral(lab)


@variant("two-volumes-of-one-zone")
def two_volumes_of_one_zone(lab: "Lab", account: Account) -> None:
    """Both volumes of a pod leave the nodes of the same zone."""
    zone = zone_affinity(lab.site.zones[0])
    symptoms.volume(lab)["spec"]["nodeAffinity"] = zone
    csi = symptoms.volume(lab)["spec"]["csi"]
    symptoms.second_volume(lab, "fsx-two", nodeAffinity=zone, csi=csi | {"volumeHandle": f"{csi['volumeHandle']}-two"})


@variant("idle-claim-of-owners-at-rest")
def idle_claim_of_owners_at_rest(lab: "Lab", account: Account) -> None:
    """Nobody uses the claim for now: a Deployment is at nothing, one Job is suspended, another is over."""
    owner = replica_set_of(lab, symptoms.pod(lab), replicas=0) | {"kind": "Deployment"}
    owner["spec"]["replicas"] = 0
    jobs: tuple[tuple[str, dict[str, object], dict[str, object]], ...] = (
        ("later", {"suspend": True}, {}),
        ("done", {}, {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}),
        ("failed", {}, {"failed": 1, "conditions": [{"type": "Failed", "status": "True"}]}),
    )
    for name, spec, status in jobs:
        metadata = {"name": name, "namespace": "default", "creationTimestamp": lab.site.time(600)}
        template = {"template": copy.deepcopy(owner["spec"]["template"])}
        lab.kube.add(
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template | spec, "status": status}
        )
    lab.kube.add(owner)
    lab.kube.remove("pods", symptoms.pod(lab)["metadata"]["name"], "default")


@variant("finished-pod-of-a-node-that-is-gone")
def finished_pod_of_a_node_that_is_gone(lab: "Lab", account: Account) -> None:
    """A Job's pod of last week is kept; the node that it ran on is not, and the volume was made anew since."""
    pod = copy.deepcopy(symptoms.pod(lab))
    metadata = {"name": "train-x7k2p", "namespace": "default", "creationTimestamp": lab.site.time(9000)}
    pod |= {"metadata": metadata, "status": {"phase": "Succeeded"}}
    pod["spec"]["nodeName"] = "ip-10-9-9-9.ec2.internal"
    lab.kube.add(pod)


@variant("volume-with-secrets")
def volume_with_secrets(lab: "Lab", account: Account) -> None:
    """Fields of other drivers: the secret for the kubelet is there, and those that are not nobody reads for FSx."""
    csi = symptoms.volume(lab)["spec"]["csi"]
    csi["nodePublishSecretRef"] = {"name": "fsx-creds", "namespace": "default"}
    csi["nodeStageSecretRef"] = csi["controllerExpandSecretRef"] = {"name": "absent", "namespace": "default"}
    metadata = {"name": "fsx-creds", "namespace": "default", "creationTimestamp": lab.site.time(900)}
    lab.kube.add({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": {}})
    own = {"fstype": "lustre", "node-stage-secret-name": "absent", "node-stage-secret-namespace": "default"}
    (made,) = (found for found in lab.kube.all("storageclasses") if found["provisioner"] == "fsx.csi.aws.com")
    made["parameters"] |= {f"csi.storage.k8s.io/{key}": value for key, value in own.items()}


@variant("shared-disks-made-by-hand")
def shared_disks_made_by_hand(lab: "Lab", account: Account) -> None:
    """A claim waits for an NFS volume of a class made by hand, and a Lustre volume of the same size is free."""
    add_class_made_by_hand(lab, "office-nfs")
    volume, claim = copy.deepcopy(symptoms.volume(lab)), copy.deepcopy(symptoms.claim(lab))
    for name, spec in (("spare", {}), ("office", {"nfs": {"server": "10.1.2.3", "path": "/"}})):
        kept = {key: value for key, value in volume["spec"].items() if key != "claimRef" and (key != "csi" or not spec)}
        own = {"storageClassName": "office-nfs", "claimRef": volume["spec"]["claimRef"] | {"name": "other"}}
        metadata = {"name": name, "creationTimestamp": lab.site.time(500)}
        if not spec:
            kept["csi"] = kept["csi"] | {"volumeHandle": f"{kept['csi']['volumeHandle']}-spare"}
        more = own if spec else {}
        status = {"phase": "Bound" if spec else "Available"}
        lab.kube.add(volume | {"metadata": metadata, "spec": kept | spec | more, "status": status})
    claim["spec"] = {key: value for key, value in claim["spec"].items() if key != "volumeName"}
    claim["spec"]["storageClassName"] = "office-nfs"
    metadata = {"name": "office", "namespace": "default", "creationTimestamp": lab.site.time(500)}
    lab.kube.add(claim | {"metadata": metadata, "status": {"phase": "Pending"}})
