"""What the PersistentVolume says, said wrongly: names, keys, region, access mode, options."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.another_file_system import OTHER_MOUNT_NAME, another_file_system
from tests.lab.faults.registry import fault
from tests.lab.faults.request.stateful import run_in_stateful_set
from tests.lab.setup import FILE_SYSTEM_ID

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("mountname-none", cause="unexpanded-variable")
def mountname_none(lab: "Lab") -> None:
    """`--query … --output text` printed the word None for a field that was absent."""
    symptoms.attributes(lab)["mountname"] = "None"
    symptoms.no_such_name(lab)


@fault("mountname-wrong-case", cause="wrong-mountname")
def mountname_wrong_case(lab: "Lab") -> None:
    """A mount name is case-sensitive."""
    symptoms.attributes(lab)["mountname"] = "DDYEZBEV"
    symptoms.no_such_name(lab)


@fault("mountname-wrong-under-policy-delete", cause="wrong-mountname")
def mountname_wrong_under_policy_delete(lab: "Lab") -> None:
    """The same in a volume whose reclaim policy would take the file system along with the claim."""
    symptoms.volume(lab)["spec"]["persistentVolumeReclaimPolicy"] = "Delete"
    symptoms.volume(lab)["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"] = "fsx.csi.aws.com"
    mountname_wrong_case(lab)


@fault("mountname-of-another", cause="wrong-mountname")
def mountname_of_another(lab: "Lab") -> None:
    """Copied from another file system of the account."""
    another_file_system(lab)
    symptoms.attributes(lab)["mountname"] = OTHER_MOUNT_NAME
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
    lab.hidden.directories.add("datasets")
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


@fault("dnsname-of-another-under-stateful-set", cause="dnsname-mismatch")
def dnsname_of_another_under_stateful_set(lab: "Lab") -> None:
    """The same under a StatefulSet, which makes its claims from a template and makes them again at once."""
    run_in_stateful_set(lab)
    dnsname_of_another(lab)


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


@fault("access-mode-rox", cause="access-mode-rejected")
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


@fault("mount-option-wrong-case", cause="bad-mount-option")
def mount_option_wrong_case(lab: "Lab") -> None:
    """Options are case-sensitive."""
    symptoms.volume(lab)["spec"]["mountOptions"] = ["Flock"]
    symptoms.invalid_argument(lab)


@fault("capacity-overstated", cause="capacity-mismatch")
def capacity_overstated(lab: "Lab") -> None:
    """The volume promises twice what FSx made; nothing fails until it is full."""
    symptoms.volume(lab)["spec"]["capacity"]["storage"] = "2400Gi"


@fault("mounted-by-wrong-address", cause="wrong-mgs-address")
def mounted_by_wrong_address(lab: "Lab") -> None:
    """An object server's address: only the primary interface is the management server's."""
    symptoms.attributes(lab)["dnsname"] = lab.file_system_addresses(FILE_SYSTEM_ID)[1]
    symptoms.unreachable(lab)


WITH_CACHE = "file-cache-by-a-volume-of-its-own"


@fault("file-cache-deleted", cause="file-cache-in-volume", world=WITH_CACHE)
def file_cache_deleted(lab: "Lab") -> None:
    """The volume outlived its cache, whose name is gone with it."""
    lab.aws.fsx.state.caches.clear()
    del lab.dns.switches.answers[symptoms.attributes(lab)["dnsname"]]
    symptoms.name_unresolved(lab)


@fault("file-cache-with-mountname-of-another", cause="file-cache-in-volume", world=WITH_CACHE)
def file_cache_with_mountname_of_another(lab: "Lab") -> None:
    """The mount name was copied from a file system."""
    symptoms.attributes(lab)["mountname"] = OTHER_MOUNT_NAME
    symptoms.no_such_name(lab)


def _kept(lab: "Lab") -> bool:
    return bool(symptoms.volume(lab)["spec"]["persistentVolumeReclaimPolicy"] == "Retain")


@fault("file-cache-to-be-deleted", cause="file-cache-in-volume", world=WITH_CACHE, gone=_kept)
def file_cache_to_be_deleted(lab: "Lab") -> None:
    """The driver cannot carry out policy Delete on a cache."""
    symptoms.volume(lab)["spec"]["persistentVolumeReclaimPolicy"] = "Delete"


@fault("volume-names-an-absent-secret", cause="csi-secret-unusable")
def volume_names_an_absent_secret(lab: "Lab") -> None:
    """The manifest was copied from another driver's, whose secret stayed where it was."""
    symptoms.volume(lab)["spec"]["csi"]["nodePublishSecretRef"] = {"name": "fsx-creds", "namespace": "kube-system"}
    symptoms.setup_fails(
        lab,
        "fetching NodePublishSecretRef kube-system/fsx-creds failed: kubernetes.io/csi: failed to find the secret"
        ' fsx-creds in the namespace kube-system with error: secrets "fsx-creds" not found',
    )
