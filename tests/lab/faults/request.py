"""What the StorageClass, the PersistentVolume, the claim and the pod ask for, asked for wrongly."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault
from tests.lab.incident import CLAIM, STORAGE_CLASS, VOLUME
from tests.lab.setup import BUCKET, FILE_SYSTEM_ID

if TYPE_CHECKING:
    from tests.lab.lab import Lab

_OTHER_ID, _OTHER_MOUNT_NAME = "fs-0b7e1c2d3f4a5b6c7", "q2wznbev"


@fault("mountname-none", cause="wrong-mountname")
def mountname_none(lab: "Lab") -> None:
    """`--query … --output text` printed the word None for a field that was absent."""
    symptoms.attributes(lab)["mountname"] = "None"
    symptoms.no_such_name(lab)


@fault("mountname-wrong-case", cause="wrong-mountname")
def mountname_wrong_case(lab: "Lab") -> None:
    """A mount name is case-sensitive."""
    symptoms.attributes(lab)["mountname"] = "DDYEZBEV"
    symptoms.no_such_name(lab)


@fault("mountname-of-another", cause="wrong-mountname")
def mountname_of_another(lab: "Lab") -> None:
    """Copied from another file system of the account."""
    another_file_system(lab)
    symptoms.attributes(lab)["mountname"] = _OTHER_MOUNT_NAME
    symptoms.no_such_name(lab)


@fault("mountname-empty", cause="mountname-missing")
def mountname_empty(lab: "Lab") -> None:
    """$MOUNTNAME was empty, so the driver mounts its default `fsx`."""
    symptoms.attributes(lab)["mountname"] = ""
    symptoms.no_such_name(lab)


@fault("mountname-misspelt-key", cause="mountname-missing")
def mountname_misspelt_key(lab: "Lab") -> None:
    """The driver reads `mountname` and ignores `mountName`."""
    attributes = symptoms.attributes(lab)
    attributes["mountName"] = attributes.pop("mountname")
    symptoms.no_such_name(lab)


@fault("mountname-too-long", cause="mountname-too-long")
def mountname_too_long(lab: "Lab") -> None:
    """Lustre's fsname has eight characters at most."""
    symptoms.attributes(lab)["mountname"] = "trainingdata"
    symptoms.mount_fails(lab, 36, "mount.lustre: mount {source} at {target} failed: File name too long")


@fault("mountname-with-absent-directory", cause="missing-subdirectory")
def mountname_with_absent_directory(lab: "Lab") -> None:
    """The driver puts a path behind the name as it stands; the directory has to exist."""
    symptoms.attributes(lab)["mountname"] = "ddyezbev/datasets/imagenet"
    symptoms.no_such_name(lab)


@fault("volume-unexpanded", cause="unexpanded-variable")
def volume_unexpanded(lab: "Lab") -> None:
    """The manifest went to kubectl without envsubst."""
    symptoms.volume(lab)["spec"]["csi"]["volumeHandle"] = "${FSxID}"
    symptoms.attributes(lab).update(dnsname="${FSxID}.fsx.${AWS_REGION}.amazonaws.com", mountname="${MOUNTNAME}")
    symptoms.name_unresolved(lab)


@fault("volumehandle-not-found", cause="file-system-not-found")
def volumehandle_not_found(lab: "Lab") -> None:
    """The PersistentVolume outlived its file system."""
    lab.client("fsx").delete_file_system(FileSystemId=FILE_SYSTEM_ID)
    symptoms.name_unresolved(lab)


@fault("dnsname-of-another", cause="dnsname-mismatch")
def dnsname_of_another(lab: "Lab") -> None:
    """Handle and mount name of one file system, DNS name of another."""
    symptoms.attributes(lab)["dnsname"] = another_file_system(lab)
    symptoms.no_such_name(lab)


@fault("dnsname-wrong-region", cause="region-mismatch")
def dnsname_wrong_region(lab: "Lab") -> None:
    """The name says us-east-1, the file system is elsewhere."""
    symptoms.attributes(lab)["dnsname"] = f"{FILE_SYSTEM_ID}.fsx.us-east-1.amazonaws.com"
    symptoms.name_unresolved(lab)


@fault("dnsname-misspelt-key", cause="dnsname-missing")
def dnsname_misspelt_key(lab: "Lab") -> None:
    """The driver wants `dnsname`."""
    attributes = symptoms.attributes(lab)
    attributes["dnsName"] = attributes.pop("dnsname")
    symptoms.setup_fails(lab, "rpc error: code = InvalidArgument desc = dnsname is not provided")


@fault("access-mode-rox", cause="access-mode-unsupported")
def access_mode_rox(lab: "Lab") -> None:
    """The driver takes ReadWriteOnce and ReadWriteMany only."""
    for obj in (symptoms.volume(lab), symptoms.claim(lab)):
        obj["spec"]["accessModes"] = ["ReadOnlyMany"]
    symptoms.claim(lab)["status"]["accessModes"] = ["ReadOnlyMany"]
    symptoms.setup_fails(lab, "rpc error: code = InvalidArgument desc = Volume capability not supported")


@fault("mount-option-unknown", cause="bad-mount-option")
def mount_option_unknown(lab: "Lab") -> None:
    """An NFS option in a Lustre volume."""
    symptoms.volume(lab)["spec"]["mountOptions"] = ["flock", "nfsvers=4.1"]
    symptoms.invalid_argument(lab)


@fault("volume-released", cause="volume-released")
def volume_released(lab: "Lab") -> None:
    """The claim was deleted and made anew; a Retain volume waits for its dead claim for ever."""
    volume = symptoms.volume(lab)
    volume["status"]["phase"] = "Released"
    volume["spec"]["claimRef"]["uid"] = "0d1f7c33-51a9-4b57-9d7a-6f2f3f0a9c11"
    text = f'volume "{VOLUME}" already bound to a different claim.'
    symptoms.claim_waits(lab, ("FailedBinding", text, "persistentvolume-controller"))


@fault("storageclass-absent", cause="storageclass-missing")
def storageclass_absent(lab: "Lab") -> None:
    """The claim names a class that does not exist, so nobody provisions."""
    symptoms.provision_dynamically(lab)
    symptoms.claim(lab)["spec"]["storageClassName"] = "fsx-lustre"
    text = 'storageclass.storage.k8s.io "fsx-lustre" not found'
    symptoms.claim_waits(lab, ("ProvisioningFailed", text, "persistentvolume-controller"))


@fault("claim-names-absent-volume", cause="volume-absent")
def claim_names_absent_volume(lab: "Lab") -> None:
    """An empty id made the PersistentVolume invalid, while the claim of the same file was created."""
    lab.kube.remove("persistentvolumes", VOLUME)
    symptoms.claim_waits(lab, ("FailedBinding", f'volume "{VOLUME}" not found', "persistentvolume-controller"))


@fault("storageclass-misspelt-key", cause="storageclass-unknown-parameter")
def storageclass_misspelt_key(lab: "Lab") -> None:
    """The driver ignores keys it does not know: this one makes a SCRATCH_1."""
    parameters = lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"]
    parameters["deploymenttype"] = parameters.pop("deploymentType")


@fault("storageclass-without-network", cause="storageclass-network-missing")
def storageclass_without_network(lab: "Lab") -> None:
    """No subnetId and no securityGroupIds: CreateFileSystem gets empty ids."""
    lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"] = {"fileSystemTypeVersion": "2.15"}
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d2a, api error ValidationException: 2 validation errors detected: Value ''"
        " at 'subnetIds.1.member' failed to satisfy constraint: Member must satisfy regular expression pattern:"
        " ^(subnet-[0-9a-f]{8,})$; Value '' at 'securityGroupIds.1.member' failed to satisfy constraint: Member must"
        " satisfy regular expression pattern: ^(sg-[0-9a-f]{8,})$",
    )


@fault("storageclass-two-subnets", cause="multiple-subnets-not-supported")
def storageclass_two_subnets(lab: "Lab") -> None:
    """A Lustre file system stands in one subnet."""
    assert lab.account is not None
    parameters = lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"]
    parameters["subnetId"] = ",".join(lab.account.private_subnets)
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d2b, api error ValidationException: 1 validation error detected: Value"
        f" '[{parameters['subnetId']}]' at 'subnetIds' failed to satisfy constraint: Member must satisfy constraint:"
        " [Member must have length less than or equal to 24, Member must have length greater than or equal to 15,"
        " Member must satisfy regular expression pattern: ^(subnet-[0-9a-f]{8,})$]",
    )


@fault("storageclass-bad-capacity", cause="invalid-storage-capacity")
def storageclass_bad_capacity(lab: "Lab") -> None:
    """5,000 GiB is no size that FSx makes."""
    symptoms.claim(lab)["spec"]["resources"]["requests"]["storage"] = "5000Gi"
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d2c, BadRequest: Invalid Lustre FS storage capacity provided. Storage"
        " capacity must be 1200 GiB, 2400 GiB, or a multiple of 2400 GiB.",
    )


@fault("capacity-overstated", cause="capacity-mismatch")
def capacity_overstated(lab: "Lab") -> None:
    """The volume promises twice what FSx made; nothing fails until it is full."""
    symptoms.volume(lab)["spec"]["capacity"]["storage"] = "2400Gi"


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
    lab.kube.add(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "gp3", "creationTimestamp": lab.site.time(600)},
            "provisioner": "ebs.csi.aws.com",
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "WaitForFirstConsumer",
        }
    )
    symptoms.claim(lab)["spec"]["storageClassName"] = "gp3"
    volume = symptoms.volume(lab)
    volume["status"]["phase"] = "Available"
    del volume["spec"]["claimRef"]
    text = f'Cannot bind to requested volume "{VOLUME}": storageClassName does not match'
    symptoms.claim_waits(lab, ("VolumeMismatch", text, "persistentvolume-controller"))


@fault("claim-absent", cause="claim-absent")
def claim_absent(lab: "Lab") -> None:
    """The pod names a claim that is not there."""
    lab.kube.remove("persistentvolumeclaims", CLAIM, "default")
    volume = symptoms.volume(lab)
    volume["status"]["phase"] = "Released"
    symptoms.pod_unscheduled(lab, f'0/3 nodes are available: persistentvolumeclaim "{CLAIM}" not found.')


def another_file_system(lab: "Lab") -> str:
    """Makes a second file system, somebody else's, and returns its DNS name."""
    assert lab.account is not None
    lab.aws.fsx.state.next_identities.append((_OTHER_ID, _OTHER_MOUNT_NAME))
    made = lab.client("fsx").create_file_system(
        FileSystemType="LUSTRE",
        FileSystemTypeVersion="2.15",
        StorageCapacity=1200,
        SubnetIds=[lab.account.private_subnets[1]],
        SecurityGroupIds=[lab.account.file_system_group],
        LustreConfiguration={"DeploymentType": "SCRATCH_2", "ImportPath": f"s3://{BUCKET}"},
        Tags=[{"Key": "Name", "Value": "research-scratch"}],
    )
    lab.serve(_OTHER_ID)
    return str(made["FileSystem"]["DNSName"])
