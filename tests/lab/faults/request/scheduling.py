"""Pods that the scheduler gives no node, because of their volume or of something else."""

from typing import TYPE_CHECKING, Any

from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault
from tests.lab.incident import STORAGE_CLASS

if TYPE_CHECKING:
    from tests.lab.lab import Lab

ZONE = "topology.kubernetes.io/zone"
_IN_VAIN = " preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."


def _unscheduled(lab: "Lab", reason: str) -> None:
    """The pod has waited for half an hour, and the scheduler gives one reason for every node."""
    symptoms.pod(lab)["metadata"]["creationTimestamp"] = lab.site.time(30)
    symptoms.pod_unscheduled(lab, f"0/3 nodes are available: {reason}.{_IN_VAIN}")


def zone_affinity(zone: str) -> dict[str, Any]:
    """spec.nodeAffinity of a volume that was copied from an EBS one."""
    need = {"key": ZONE, "operator": "In", "values": [zone]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [need]}]}}


@fault("volume-affinity-to-zone-without-nodes", cause="volume-node-affinity")
def volume_affinity_to_zone_without_nodes(lab: "Lab") -> None:
    """A node affinity of a zone in which the cluster has no node; the scheduler of 1.33 and later."""
    symptoms.volume(lab)["spec"]["nodeAffinity"] = zone_affinity(lab.site.zone("f"))
    _unscheduled(lab, "3 node(s) didn't match PersistentVolume's node affinity")


@fault("volume-affinity-against-the-pod", cause="volume-node-affinity")
def volume_affinity_against_the_pod(lab: "Lab") -> None:
    """The volume leaves one zone, the pod's nodeSelector the other; the words of older schedulers."""
    first, second = lab.site.zones
    symptoms.volume(lab)["spec"]["nodeAffinity"] = zone_affinity(first)
    symptoms.pod(lab)["spec"]["nodeSelector"] = {ZONE: second}
    _unscheduled(
        lab, "1 node(s) had volume node affinity conflict, 2 node(s) didn't match Pod's node affinity/selector"
    )


@fault("volume-label-of-zone-without-nodes", cause="volume-node-affinity")
def volume_label_of_zone_without_nodes(lab: "Lab") -> None:
    """A zone label on the PersistentVolume binds it like an affinity."""
    symptoms.volume(lab)["metadata"].setdefault("labels", {})[ZONE] = lab.site.zone("f")
    _unscheduled(lab, "3 node(s) had no available volume zone")


@fault("class-topology-without-nodes", cause="volume-node-affinity")
def class_topology_without_nodes(lab: "Lab") -> None:
    """The class waits for the first pod and allows a zone without nodes: nothing is ever provisioned."""
    storage_class = lab.kube.get("storageclasses", STORAGE_CLASS)
    storage_class["volumeBindingMode"] = "WaitForFirstConsumer"
    need = {"key": ZONE, "values": [lab.site.zone("f")]}
    storage_class["allowedTopologies"] = [{"matchLabelExpressions": [need]}]
    symptoms.provision_dynamically(lab)
    _delayed(lab)


def _delayed(lab: "Lab") -> None:
    """The claim waits for its first pod, and no node would do."""
    symptoms.claim(lab)["status"] = {"phase": "Pending"}
    symptoms.claim(lab)["metadata"].get("annotations", {}).pop("pv.kubernetes.io/bind-completed", None)
    text = "waiting for first consumer to be created before binding"
    symptoms.event(lab, symptoms.claim(lab), "WaitForFirstConsumer", text, "persistentvolume-controller", kind="Normal")
    _unscheduled(lab, "3 node(s) didn't find available persistent volumes to bind")


@fault("delayed-claim-larger-than-volume", cause="claim-volume-mismatch")
def delayed_claim_larger_than_volume(lab: "Lab") -> None:
    """A class of volumes made by hand, bound with the first pod; the only volume of it is too small."""
    storage_class = lab.kube.get("storageclasses", STORAGE_CLASS)
    storage_class |= {"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"}
    storage_class.pop("parameters", None)
    volume = symptoms.volume(lab)
    del volume["spec"]["claimRef"]
    volume["status"] = {"phase": "Available"}
    claim = symptoms.claim(lab)
    claim["spec"].pop("volumeName")
    claim["spec"]["resources"]["requests"]["storage"] = "2400Gi"
    _delayed(lab)


def add_class_made_by_hand(lab: "Lab", name: str) -> None:
    """A StorageClass for which nobody makes volumes; claims of it are bound with their first pod."""
    made = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "kubernetes.io/no-provisioner"}
    made |= {"metadata": {"name": name, "creationTimestamp": lab.site.time(600)}, "reclaimPolicy": "Retain"}
    lab.kube.add(made | {"volumeBindingMode": "WaitForFirstConsumer"})


@fault("delayed-claim-of-an-empty-class", cause="claim-volume-mismatch")
def delayed_claim_of_an_empty_class(lab: "Lab") -> None:
    """The claim names a class of volumes made by hand, and the only one that is free has another class."""
    add_class_made_by_hand(lab, "fsx-by-hand")
    volume = symptoms.volume(lab)
    del volume["spec"]["claimRef"]
    volume["status"] = {"phase": "Available"}
    symptoms.claim(lab)["spec"]["storageClassName"] = "fsx-by-hand"
    symptoms.claim(lab)["spec"].pop("volumeName")
    _delayed(lab)


@fault("pod-asks-for-too-much", cause="pod-unschedulable")
def pod_asks_for_too_much(lab: "Lab") -> None:
    """No node has so many processors; nothing is wrong with the volume."""
    symptoms.pod(lab)["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "96"}}
    _unscheduled(lab, "3 Insufficient cpu")


@fault("pod-selector-fits-no-node", cause="pod-unschedulable")
def pod_selector_fits_no_node(lab: "Lab") -> None:
    """The pod wants a node of a group that was renamed."""
    symptoms.pod(lab)["spec"]["nodeSelector"] = {"eks.amazonaws.com/nodegroup": "gpu-workers"}
    _unscheduled(lab, "3 node(s) didn't match Pod's node affinity/selector")


def _usual_scheduler(lab: "Lab") -> bool:
    return "schedulerName" not in symptoms.pod(lab)["spec"]


@fault("pod-waits-for-absent-scheduler", cause="pod-unschedulable", gone=_usual_scheduler)
def pod_waits_for_absent_scheduler(lab: "Lab") -> None:
    """The batch scheduler was uninstalled; the pods that name it get no condition and no event."""
    _unscheduled(lab, "")
    pod = symptoms.pod(lab)
    pod["spec"]["schedulerName"] = "volcano"
    del pod["status"]["conditions"]
    said = [event for event in lab.kube.all("events") if event["reason"] == "FailedScheduling"]
    lab.kube.remove_all("events", said)


@fault("two-volumes-of-two-zones", cause="volume-node-affinity")
def two_volumes_of_two_zones(lab: "Lab") -> None:
    """Each volume leaves the nodes of one zone, and the pod mounts both."""
    first, second = lab.site.zones
    symptoms.volume(lab)["spec"]["nodeAffinity"] = zone_affinity(first)
    csi = symptoms.volume(lab)["spec"]["csi"]
    handle = {"csi": csi | {"volumeHandle": f"{csi['volumeHandle']}-two"}}
    symptoms.second_volume(lab, "fsx-two", nodeAffinity=zone_affinity(second), **handle)
    _unscheduled(lab, "3 node(s) had volume node affinity conflict")


@fault("delayed-volume-of-zone-without-nodes", cause="volume-node-affinity")
def delayed_volume_of_zone_without_nodes(lab: "Lab") -> None:
    """The only volume of a class that binds late is kept to a zone without nodes."""
    delayed_claim_larger_than_volume(lab)
    symptoms.claim(lab)["spec"]["resources"]["requests"]["storage"] = "1200Gi"
    symptoms.volume(lab)["spec"]["nodeAffinity"] = zone_affinity(lab.site.zone("f"))


def _disk_fits(lab: "Lab") -> bool:
    return not any(
        lab.site.zone("f") in str(one["spec"].get("nodeAffinity")) for one in lab.kube.all("persistentvolumes")
    )


@fault("disk-beside-in-zone-without-nodes", cause="pod-unschedulable", gone=_disk_fits)
def disk_beside_in_zone_without_nodes(lab: "Lab") -> None:
    """The pod mounts a disk of EBS too, of a zone whose nodes are gone; the Lustre volume may be mounted anywhere."""
    csi = {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-0123456789abcdef0", "volumeAttributes": {}}
    disk = {"csi": csi, "storageClassName": "gp3"}
    zone = zone_affinity(lab.site.zone("f"))
    symptoms.second_volume(lab, "disk", nodeAffinity=zone, accessModes=["ReadWriteOnce"], mountOptions=[], **disk)
    _unscheduled(lab, "3 node(s) didn't match PersistentVolume's node affinity")


def _claim_of_its_own(lab: "Lab") -> bool:
    return bool(symptoms.claim(lab)["metadata"].get("ownerReferences"))


@fault("ephemeral-claim-of-another", cause="claim-volume-mismatch", gone=_claim_of_its_own)
def ephemeral_claim_of_another(lab: "Lab") -> None:
    """A claim with the name that the pod's ephemeral volume needs was there before the pod."""
    claim = symptoms.make_ephemeral(lab)
    claim["metadata"].pop("ownerReferences")
    _unscheduled(
        lab, f"PVC default/{claim['metadata']['name']} was not created for pod default/pod-fsx (pod is not owner)"
    )


@fault("no-node-without-the-startup-taint", cause="startup-taint-stuck", gone=lambda lab: not _tainted(lab))
def no_node_without_the_startup_taint(lab: "Lab") -> None:
    """Every node keeps the driver's startup taint, and the scheduler says so of the pod."""
    for node in lab.kube.all("nodes"):
        node["spec"].setdefault("taints", []).append({"key": _TAINT, "effect": "NoExecute"})
    lab.hidden.taint_kept = True
    _unscheduled(lab, f"3 node(s) had untolerated taint {{{_TAINT}: }}")


_TAINT = "fsx.csi.aws.com/agent-not-ready"


def _tainted(lab: "Lab") -> bool:
    return any(_TAINT in str(node["spec"].get("taints")) for node in lab.kube.all("nodes"))
