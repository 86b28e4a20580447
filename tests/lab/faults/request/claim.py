"""Claims that do not bind, or not to the volume that was meant."""

import copy
from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.another_file_system import another_file_system
from tests.lab.faults.registry import fault
from tests.lab.incident import CLAIM, STORAGE_CLASS, VOLUME

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("volume-released", cause="pv-released")
def volume_released(lab: "Lab") -> None:
    """The claim was deleted and made anew; a Retain volume waits for its dead claim for ever."""
    volume = symptoms.volume(lab)
    volume["status"]["phase"] = "Released"
    volume["spec"]["claimRef"]["uid"] = "0d1f7c33-51a9-4b57-9d7a-6f2f3f0a9c11"
    text = f'volume "{VOLUME}" already bound to a different claim.'
    symptoms.claim_waits(lab, ("FailedBinding", text, "persistentvolume-controller"))


@fault("storageclass-absent", cause="claim-pending")
def storageclass_absent(lab: "Lab") -> None:
    """The claim names a class that does not exist, so nobody provisions."""
    symptoms.provision_dynamically(lab)
    symptoms.claim(lab)["spec"]["storageClassName"] = "fsx-lustre"
    text = 'storageclass.storage.k8s.io "fsx-lustre" not found'
    symptoms.claim_waits(lab, ("ProvisioningFailed", text, "persistentvolume-controller"))


@fault("claim-names-absent-volume", cause="claim-pending")
def claim_names_absent_volume(lab: "Lab") -> None:
    """An empty id made the PersistentVolume invalid, while the claim of the same file was created."""
    lab.kube.remove("persistentvolumes", VOLUME)
    symptoms.claim_waits(lab, ("FailedBinding", f'volume "{VOLUME}" not found', "persistentvolume-controller"))


@fault("bound-volume-deleted", cause="claim-pending")
def bound_volume_deleted(lab: "Lab") -> None:
    """Finalizers were taken off and the volume deleted under its claim, before the controller says Lost."""
    lab.kube.remove("persistentvolumes", VOLUME)
    symptoms.pod_waits(lab)
    text = f'MountVolume.SetUp failed for volume "{VOLUME}" : persistentvolumes "{VOLUME}" not found'
    symptoms.event(lab, symptoms.pod(lab), "FailedMount", text, "kubelet")


@fault("bound-volume-of-another-claim", cause="claim-volume-mismatch")
def bound_volume_of_another_claim(lab: "Lab") -> None:
    """A restore brought claim and volume back, and the volume's claimRef still has the former claim's uid."""
    symptoms.volume(lab)["spec"]["claimRef"]["uid"] = "0d1f7c33-51a9-4b57-9d7a-6f2f3f0a9c11"
    symptoms.pod_waits(lab)


@fault("claim-larger-than-volume", cause="claim-volume-mismatch")
def claim_larger_than_volume(lab: "Lab") -> None:
    """The claim asks for more than the volume it names has, so it never binds."""
    symptoms.claim(lab)["spec"]["resources"]["requests"]["storage"] = "2400Gi"
    volume = symptoms.volume(lab)
    volume["status"]["phase"] = "Available"
    del volume["spec"]["claimRef"]
    text = f'Cannot bind to requested volume "{VOLUME}": requested PV is too small'
    symptoms.claim_waits(lab, ("VolumeMismatch", text, "persistentvolume-controller"))


@fault("claim-other-class", cause="claim-volume-mismatch")
def claim_other_class(lab: "Lab") -> None:
    """Claim and volume name different classes."""
    symptoms.add_class_of_ebs(lab, "WaitForFirstConsumer")
    symptoms.claim(lab)["spec"]["storageClassName"] = "gp3"
    volume = symptoms.volume(lab)
    volume["status"]["phase"] = "Available"
    del volume["spec"]["claimRef"]
    text = f'Cannot bind to requested volume "{VOLUME}": storageClassName does not match'
    symptoms.claim_waits(lab, ("VolumeMismatch", text, "persistentvolume-controller"))


@fault("claim-absent", cause="claim-pending")
def claim_absent(lab: "Lab") -> None:
    """The pod names a claim that is not there."""
    lab.kube.remove("persistentvolumeclaims", CLAIM, "default")
    volume = symptoms.volume(lab)
    volume["status"]["phase"] = "Released"
    symptoms.pod_unscheduled(lab, f'0/3 nodes are available: persistentvolumeclaim "{CLAIM}" not found.')


@fault("claim-other-access-mode", cause="claim-volume-mismatch")
def claim_other_access_mode(lab: "Lab") -> None:
    """The claim wants ReadWriteMany, the volume offers ReadWriteOnce."""
    volume = symptoms.volume(lab)
    volume["spec"]["accessModes"] = ["ReadWriteOnce"]
    volume["status"]["phase"] = "Available"
    del volume["spec"]["claimRef"]
    text = f'Cannot bind to requested volume "{VOLUME}": incompatible accessMode'
    symptoms.claim_waits(lab, ("VolumeMismatch", text, "persistentvolume-controller"))


@fault("volume-taken", cause="claim-volume-mismatch")
def volume_taken(lab: "Lab") -> None:
    """Another claim was bound to the volume first."""
    symptoms.volume(lab)["spec"]["claimRef"] |= {
        "name": "fsx-pvc-of-somebody",
        "namespace": "research",
        "uid": "1c7b9c9e-7f61-44a4-8e46-9c2f0f6e3c55",
    }
    text = f'volume "{VOLUME}" already bound to a different claim.'
    symptoms.claim_waits(lab, ("FailedBinding", text, "persistentvolume-controller"))


@fault("volume-deleted-under-claim", cause="claim-pending")
def volume_deleted_under_claim(lab: "Lab") -> None:
    """Somebody took the PersistentVolume's finalizer away and deleted it."""
    lab.kube.remove("persistentvolumes", VOLUME)
    text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
    symptoms.claim_waits(lab, ("ClaimLost", text, "persistentvolume-controller"))
    symptoms.claim(lab)["status"]["phase"] = "Lost"


@fault("class-of-misspelt-provisioner", cause="storageclass-wrong-provisioner")
def class_of_misspelt_provisioner(lab: "Lab") -> None:
    """Nobody answers to that name, and nobody says so."""
    _wait_for_provisioner(lab, "fsx.csi.aws")


def _wait_for_provisioner(lab: "Lab", name: str) -> None:
    """The claim's class names a provisioner that is not there."""
    symptoms.provision_dynamically(lab)
    lab.kube.get("storageclasses", STORAGE_CLASS)["provisioner"] = name
    text = symptoms.WAITING_FOR.replace("fsx.csi.aws.com", name)
    symptoms.claim_waits(lab, ("ExternalProvisioning", text, "persistentvolume-controller"))


@fault("claim-takes-the-default-class", cause="claim-volume-mismatch")
def claim_takes_the_default_class(lab: "Lab") -> None:
    """The claim left its class out and got EBS' one, which refuses to share; the static volume stays free."""
    symptoms.add_class_of_ebs(lab, "Immediate", annotations={"storageclass.kubernetes.io/is-default-class": "true"})
    claim, volume = symptoms.claim(lab), symptoms.volume(lab)
    claim["spec"].pop("volumeName")
    claim["spec"]["storageClassName"] = "gp3"
    volume["status"] = {"phase": "Available"}
    del volume["spec"]["claimRef"]
    text = (
        'failed to provision volume with StorageClass "gp3": rpc error: code = InvalidArgument desc = Volume'
        " capabilities not supported: invalid access mode: MULTI_NODE_MULTI_WRITER"
    )
    symptoms.claim_waits(lab, ("ProvisioningFailed", text, "ebs.csi.aws.com_ebs-csi-controller-7d5b9c_6f0a"))


@fault("claim-being-deleted", cause="claim-pending")
def claim_being_deleted(lab: "Lab") -> None:
    """Somebody deleted the claim while another pod uses it: it stays until that one ends, and takes no new pod."""
    holder = copy.deepcopy(symptoms.pod(lab))
    holder["metadata"] |= {"name": "pod-fsx-before", "uid": "5d0f6c1e-8a44-4b0a-9a53-2f0d7d8c4e11"}
    lab.kube.add(holder)
    claim = symptoms.claim(lab)
    claim["metadata"]["deletionTimestamp"] = lab.site.time(30)
    text = f'0/3 nodes are available: persistentvolumeclaim "{CLAIM}" is being deleted.'
    symptoms.pod_unscheduled(lab, text)


@fault("volume-reserved-in-another-namespace", cause="claim-volume-mismatch")
def volume_reserved_in_another_namespace(lab: "Lab") -> None:
    """claimRef has the claim's name and the namespace of the file that it was copied from."""
    volume = symptoms.volume(lab)
    volume["spec"]["claimRef"] = {"kind": "PersistentVolumeClaim", "name": CLAIM, "namespace": "research"}
    volume["status"] = {"phase": "Available"}
    text = f'volume "{VOLUME}" already bound to a different claim.'
    symptoms.claim_waits(lab, ("FailedBinding", text, "persistentvolume-controller"))


def _one_default(lab: "Lab") -> bool:
    key = "storageclass.kubernetes.io/is-default-class"
    classes = lab.kube.all("storageclasses")
    return sum((one["metadata"].get("annotations") or {}).get(key) == "true" for one in classes) < 2


@fault("two-default-classes", cause="claim-volume-mismatch", gone=_one_default)
def two_default_classes(lab: "Lab") -> None:
    """Lustre's class and EBS' are both the default: a claim that names none gets the newer one, which cannot share."""
    key = {"storageclass.kubernetes.io/is-default-class": "true"}
    lab.kube.get("storageclasses", STORAGE_CLASS)["metadata"] |= {"annotations": dict(key)}
    symptoms.add_class_of_ebs(lab, "Immediate", annotations=dict(key))
    lab.kube.get("storageclasses", "gp3")["metadata"]["creationTimestamp"] = lab.site.time(0)
    symptoms.provision_dynamically(lab)
    symptoms.claim(lab)["spec"]["storageClassName"] = "gp3"
    text = (
        'failed to provision volume with StorageClass "gp3": rpc error: code = InvalidArgument desc = Volume'
        " capabilities not supported: invalid access mode: MULTI_NODE_MULTI_WRITER"
    )
    symptoms.claim_waits(lab, ("ProvisioningFailed", text, "ebs.csi.aws.com_ebs-csi-controller-7d5b9c_6f0a"))


def _failed_volume_is_gone(lab: "Lab") -> bool:
    return all(volume["status"]["phase"] != "Failed" for volume in lab.kube.all("persistentvolumes"))


@fault("volume-not-deleted", cause="volume-deletion-stuck", gone=_failed_volume_is_gone)
def volume_not_deleted(lab: "Lab") -> None:
    """The claim is gone, and FSx refused to delete what the driver had made for it."""
    lab.hidden.deletion_refused = True
    name = another_file_system(lab)
    handle = name.partition(".")[0]
    volume = copy.deepcopy(symptoms.volume(lab))
    volume["metadata"] |= {
        "name": "pvc-3f0e5f36-9c1d-4f36-b5a0-8a4d8a2f7f10",
        "uid": "9d7c6b5a-1f2e-4d3c-8b4a-5c6d7e8f9a0c",
        "annotations": {"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"},
    }
    volume["spec"]["claimRef"] |= {"name": "scratch", "uid": "3f0e5f36-9c1d-4f36-b5a0-8a4d8a2f7f10"}
    volume["spec"]["persistentVolumeReclaimPolicy"] = "Delete"
    system = lab.aws.fsx.file_system(handle)
    volume["spec"]["csi"]["volumeHandle"] = handle
    volume["spec"]["csi"]["volumeAttributes"] = {
        "dnsname": name,
        "mountname": system["LustreConfiguration"]["MountName"],
    }
    text = (
        f'rpc error: code = Internal desc = Could not delete volume ID "{handle}": DeleteFileSystem failed:'
        " operation error FSx: DeleteFileSystem, https response error StatusCode: 400, RequestID: 0, BadRequest: Cannot"
        " delete a file system while a backup is being made"
    )
    volume["status"] = {"phase": "Failed", "message": text}
    lab.kube.add(volume)
    symptoms.event(lab, volume, "VolumeFailedDelete", text, "fsx.csi.aws.com_fsx-csi-controller-6b9bbc9d-6wn6k")


@fault("late-claim-of-a-pod-with-a-node", cause="claim-pending")
def late_claim_of_a_pod_with_a_node(lab: "Lab") -> None:
    """The pod names its node itself: no scheduler ever chooses one for its WaitForFirstConsumer claim."""
    lab.kube.get("storageclasses", STORAGE_CLASS)["volumeBindingMode"] = "WaitForFirstConsumer"
    symptoms.provision_dynamically(lab)
    symptoms.pod_waits(lab)
    claim = symptoms.claim(lab)
    claim["status"] = {"phase": "Pending"}
    claim["metadata"]["creationTimestamp"] = lab.site.time(40)
    claim["metadata"].get("annotations", {}).pop("pv.kubernetes.io/bind-completed", None)
    text = "waiting for first consumer to be created before binding"
    symptoms.event(lab, claim, "WaitForFirstConsumer", text, "persistentvolume-controller", kind="Normal")


@fault("class-of-another-drivers-provisioner", cause="storageclass-wrong-provisioner")
def class_of_another_drivers_provisioner(lab: "Lab") -> None:
    """Lustre's parameters under the provisioner of OpenZFS, which is not even installed."""
    _wait_for_provisioner(lab, "fsx.openzfs.csi.aws.com")


@fault("claim-without-class-beside-a-free-volume", cause="claim-volume-mismatch")
def claim_without_class_beside_a_free_volume(lab: "Lab") -> None:
    """The volume has a class, the claim has none, and there is no default."""
    claim, volume = symptoms.claim(lab), symptoms.volume(lab)
    claim["spec"].pop("volumeName")
    claim["spec"].pop("storageClassName", None)
    volume["status"] = {"phase": "Available"}
    del volume["spec"]["claimRef"]
    text = "no persistent volumes available for this claim and no storage class is set"
    symptoms.claim_waits(lab, ("FailedBinding", text, "persistentvolume-controller"))


@fault("dynamic-claim-with-selector", cause="claim-volume-mismatch")
def dynamic_claim_with_selector(lab: "Lab") -> None:
    """A selector is for volumes that exist; the provisioner refuses the claim."""
    symptoms.claim(lab)["spec"]["selector"] = {"matchLabels": {"app": "training"}}
    symptoms.provisioning_fails(lab, "claim Selector is not supported")


@fault("dynamic-claim-for-a-block-device", cause="volume-mode-block")
def dynamic_claim_for_a_block_device(lab: "Lab") -> None:
    """The claim was copied from a database's."""
    symptoms.claim(lab)["spec"]["volumeMode"] = "Block"
    symptoms.being_provisioned(lab)


@fault("dynamic-claim-of-a-snapshot", cause="claim-volume-mismatch")
def dynamic_claim_of_a_snapshot(lab: "Lab") -> None:
    """The claim was copied from a restore of EBS; FSx's driver makes no snapshot and no clone."""
    source = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "nightly"}
    symptoms.claim(lab)["spec"] |= {"dataSource": source, "dataSourceRef": source}
    symptoms.provisioning_fails(lab, "CSI driver does not support snapshot restore: plugin support is missing")


def _has_no_source(lab: "Lab") -> bool:
    return "dataSourceRef" not in symptoms.claim(lab)["spec"]


@fault("claim-waits-for-a-populator", cause="claim-volume-mismatch", gone=_has_no_source)
def claim_waits_for_a_populator(lab: "Lab") -> None:
    """The populator that would fill the volume is not installed: the provisioner leaves such claims alone."""
    symptoms.provision_dynamically(lab)
    claim = symptoms.claim(lab)
    claim["spec"]["dataSourceRef"] = {"apiGroup": "example.com", "kind": "DatasetCopy", "name": "imagenet"}
    claim["metadata"]["creationTimestamp"] = lab.site.time(40)
    symptoms.claim_waits(lab, ("ExternalProvisioning", symptoms.WAITING_FOR, "persistentvolume-controller"))


def _volumes_are_taken(lab: "Lab") -> bool:
    """A webhook is no object of this lab: its owner changes it elsewhere."""
    return not lab.hidden.volumes_refused


@fault("volume-refused-by-webhook", cause="pod-creation-refused", gone=_volumes_are_taken)
def volume_refused_by_webhook(lab: "Lab") -> None:
    """FSx has made the file system, and a policy engine wants a label on its PersistentVolume."""
    lab.hidden.volumes_refused = True
    symptoms.provisioning_fails(
        lab,
        'error saving volume pvc-7d0e: admission webhook "validate.kyverno.svc-fail" denied the request: resource'
        " PersistentVolume//pvc-7d0e was blocked due to the following policies require-labels: check-team: 'validation"
        " error: The label `team` is required.'",
    )


@fault("volume-refused-in-silence", cause="pod-creation-refused", gone=_volumes_are_taken)
def volume_refused_in_silence(lab: "Lab") -> None:
    """The same with today's provisioner, which says so in its log alone: the file system is there, and no volume."""
    lab.hidden.volumes_refused = True
    _made_for(lab)
    symptoms.claim_waits(lab, ("ExternalProvisioning", symptoms.WAITING_FOR, "persistentvolume-controller"))


def _made_for(lab: "Lab") -> str:
    """The id of a file system that the driver made for the claim, which has no volume yet."""
    assert lab.account is not None
    symptoms.provision_dynamically(lab)
    claim = symptoms.claim(lab)
    claim["metadata"]["creationTimestamp"] = lab.site.time(60)
    made = lab.client("fsx").create_file_system(
        FileSystemType="LUSTRE",
        StorageCapacity=1200,
        SubnetIds=[lab.account.private_subnets[0]],
        SecurityGroupIds=[lab.account.file_system_group],
        FileSystemTypeVersion="2.15",
        LustreConfiguration={"DeploymentType": "SCRATCH_2"},
        Tags=[{"Key": "CSIVolumeName", "Value": f"pvc-{claim['metadata']['uid']}"}],
    )
    return str(made["FileSystem"]["FileSystemId"])


@fault("file-system-of-the-claim-failed", cause="filesystem-failed")
def file_system_of_the_claim_failed(lab: "Lab") -> None:
    """FSx could not make it, and gives the same one to every further try: the claim waits, without a word."""
    lab.aws.fsx.file_system(_made_for(lab))["Lifecycle"] = "FAILED"
    symptoms.claim_waits(lab, ("ExternalProvisioning", symptoms.WAITING_FOR, "persistentvolume-controller"))
