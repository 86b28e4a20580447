"""The file system itself: its state, its kind, its version and its link to S3."""

import time
from typing import TYPE_CHECKING, Any

from tests.lab.aws.moto_backends import ACCOUNT, iam_backend
from tests.lab.aws.simulate import allows
from tests.lab.dns import Trouble
from tests.lab.faults import symptoms
from tests.lab.faults.another_file_system import OTHER_ID, OTHER_MOUNT_NAME, another_file_system
from tests.lab.faults.driver.objects import CONTROLLER
from tests.lab.faults.identity.role_rights import allow_only
from tests.lab.faults.registry import fault
from tests.lab.faults.request.storage_class import keep_no_secrets
from tests.lab.ports import Behaviour
from tests.lab.setup import BUCKET, FILE_SYSTEM_ID, NAMESPACE, ROLE
from tests.lab.variants.file_system import claim_of_volume, enlarge

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("file-system-creating", cause="file-system-creating")
def file_system_creating(lab: "Lab") -> None:
    """The volume was applied while FSx was still at work: the name does not resolve yet."""
    _system(lab)["Lifecycle"] = "CREATING"
    _system(lab)["NetworkInterfaceIds"] = []
    lab.dns.switches.answers[_system(lab)["DNSName"]] = Trouble.NXDOMAIN
    symptoms.name_unresolved(lab)


@fault("file-system-failed", cause="filesystem-failed")
def file_system_failed(lab: "Lab") -> None:
    """FSx gave up on it."""
    _system(lab)["Lifecycle"] = "FAILED"
    _system(lab)["FailureDetails"] = {
        "Message": "The file system failed because of an internal error. Delete this file system, and then create a"
        " new one."
    }
    _silence(lab)
    symptoms.unreachable(lab)


@fault("file-system-deleting", cause="file-system-deleting")
def file_system_deleting(lab: "Lab") -> None:
    """Somebody's clean-up is on its way through the account."""
    _system(lab)["Lifecycle"] = "DELETING"
    _silence(lab)
    symptoms.unreachable(lab)


def _available(lab: "Lab") -> bool:
    return bool(_system(lab)["Lifecycle"] == "AVAILABLE")


@fault("file-system-misconfigured", cause="file-system-misconfigured", gone=_available)
def file_system_misconfigured(lab: "Lab") -> None:
    """FSx lost a right it needs; the data path lives on."""
    _system(lab)["Lifecycle"] = "MISCONFIGURED"
    _system(lab)["FailureDetails"] = {
        "Message": "Amazon FSx is unable to manage the network interfaces of the file system. Restore the rights of"
        " its service-linked role."
    }


@fault("file-system-ontap", cause="file-system-not-lustre")
def file_system_ontap(lab: "Lab") -> None:
    """The handle is an ONTAP file system's."""
    system = _system(lab)
    system["FileSystemType"] = "ONTAP"
    for key in ("LustreConfiguration", "FileSystemTypeVersion"):
        del system[key]
    system["OntapConfiguration"] = {"DeploymentType": "SINGLE_AZ_1", "ThroughputCapacity": 128}
    for address in lab.file_system_addresses(FILE_SYSTEM_ID):
        lab.ports.set(address, Behaviour.REFUSED)
    symptoms.unreachable(lab)


@fault("version-2.10", cause="client-server-version-mismatch")
def version_2_10(lab: "Lab") -> None:
    """Made without a version: SCRATCH_2 is 2.10 then, which no AL2023 client can talk to."""
    _system(lab)["FileSystemTypeVersion"] = "2.10"
    symptoms.invalid_argument(lab)


def _linked(lab: "Lab") -> bool:
    """Whether every link to S3 works again."""
    legacy = _system(lab)["LustreConfiguration"].get("DataRepositoryConfiguration", {})
    associations = lab.aws.fsx.state.associations.get(lab.site.region, {}).values()
    return all(link.get("Lifecycle", "AVAILABLE") == "AVAILABLE" for link in (legacy, *associations))


@fault("legacy-link-misconfigured", cause="data-repository-misconfigured", gone=_linked)
def legacy_link_misconfigured(lab: "Lab") -> None:
    """The bucket of the ImportPath is gone; mounts still work, imports do not."""
    lab.client("s3").delete_bucket(Bucket=BUCKET)
    _system(lab)["LustreConfiguration"]["DataRepositoryConfiguration"] |= {
        "Lifecycle": "MISCONFIGURED",
        "FailureDetails": {"Message": f"The S3 bucket {BUCKET} does not exist."},
    }


@fault("association-misconfigured", cause="data-repository-misconfigured", gone=_linked)
def association_misconfigured(lab: "Lab") -> None:
    """A data repository association lost its right to the bucket."""
    del _system(lab)["LustreConfiguration"]["DataRepositoryConfiguration"]
    made = lab.client("fsx").create_data_repository_association(
        FileSystemId=FILE_SYSTEM_ID, FileSystemPath="/data", DataRepositoryPath=f"s3://{BUCKET}/data"
    )["Association"]["AssociationId"]
    association = lab.aws.fsx.state.associations[lab.site.region][made]
    association["Lifecycle"] = "MISCONFIGURED"
    association["FailureDetails"] = {
        "Message": f"Amazon FSx is unable to access the S3 bucket {BUCKET}. Check the bucket policy."
    }


@fault("update-under-way", cause="maintenance-in-progress")
def update_under_way(lab: "Lab") -> None:
    """A version update has unmounted the servers for a few minutes."""
    system = _system(lab)
    system["Lifecycle"] = "UPDATING"
    system["AdministrativeActions"] = [
        {
            "AdministrativeActionType": "FILE_SYSTEM_UPDATE",
            "RequestTime": time.time() - 300,
            "Status": "IN_PROGRESS",
            "TargetFileSystemValues": {"FileSystemTypeVersion": "2.15"},
        }
    ]
    _silence(lab)
    symptoms.unreachable(lab)


@fault("storage-grows", cause="maintenance-in-progress")
def storage_grows(lab: "Lab") -> None:
    """New file servers are added, and the metadata server is changed for a larger one."""
    system = _system(lab)
    system["Lifecycle"] = "UPDATING"
    system["AdministrativeActions"] = [
        {
            "AdministrativeActionType": "FILE_SYSTEM_UPDATE",
            "ProgressPercent": 20,
            "RequestTime": time.time() - 600,
            "Status": "IN_PROGRESS",
            "TargetFileSystemValues": {"StorageCapacity": 3600},
        },
        {"AdministrativeActionType": "STORAGE_OPTIMIZATION", "RequestTime": time.time() - 600, "Status": "PENDING"},
    ]
    lab.ports.set(lab.file_system_addresses(FILE_SYSTEM_ID)[0], Behaviour.DROPPED)
    symptoms.unreachable(lab)


def _own(lab: "Lab") -> bool:
    """Whether no volume names the other cluster's file system."""
    return all(volume["spec"]["csi"]["volumeHandle"] != OTHER_ID for volume in lab.kube.all("persistentvolumes"))


@fault("file-system-of-another-cluster", cause="foreign-file-system", gone=_own)
def file_system_of_another_cluster(lab: "Lab") -> None:
    """$FSX_ID was empty, so that the first file system of the account was taken: it mounts, and is somebody else's."""
    dns_name = another_file_system(lab)
    other = lab.aws.fsx.file_system(OTHER_ID)
    other["Tags"].append({"Key": "kubernetes.io/cluster/research", "Value": "owned"})
    symptoms.volume(lab)["spec"]["csi"]["volumeHandle"] = OTHER_ID
    symptoms.attributes(lab).update(dnsname=dns_name, mountname=OTHER_MOUNT_NAME)


@fault("file-system-key-disabled", cause="kms-key-unusable", gone=_available)
def file_system_key_disabled(lab: "Lab") -> None:
    """The customer's key was disabled, and FSx says so."""
    kms = lab.client("kms")
    key = kms.create_key(Description="FSx for Lustre")["KeyMetadata"]["Arn"]
    keep_no_secrets(lab)
    _system(lab)["KmsKeyId"] = key
    kms.disable_key(KeyId=key)
    _system(lab)["Lifecycle"] = "MISCONFIGURED"
    _system(lab)["FailureDetails"] = {
        "Message": "The AWS KMS key that encrypts this file system is disabled. Enable the key to restore access."
    }
    _silence(lab)
    symptoms.unreachable(lab)


def _system(lab: "Lab") -> dict[str, Any]:
    return lab.aws.fsx.file_system(FILE_SYSTEM_ID)


def _silence(lab: "Lab") -> None:
    for address in lab.file_system_addresses(FILE_SYSTEM_ID):
        lab.ports.set(address, Behaviour.DROPPED)


def _grown(lab: "Lab") -> bool:
    """Whether the file system has the size that the claim asks for."""
    wanted = claim_of_volume(lab)["spec"]["resources"]["requests"]["storage"]
    return bool(_system(lab)["StorageCapacity"] >= int(wanted.removesuffix("Gi")))


def _resize_fails(lab: "Lab", text: str) -> None:
    enlarge(lab)
    claim = claim_of_volume(lab)
    refused = f'resize volume "{claim["spec"]["volumeName"]}" by resizer "fsx.csi.aws.com" failed: {text}'
    symptoms.event(lab, claim, "VolumeResizeFailed", refused, "external-resizer fsx.csi.aws.com")


_UPDATE_REFUSED = (
    "rpc error: code = Internal desc = resize failed: UpdateFileSystem failed: operation error FSx: UpdateFileSystem,"
    " https response error StatusCode: 400, BadRequest: "
)
DYNAMIC = "dynamic-provisioning"


@fault("expansion-too-soon", cause="volume-expansion-failed", world=DYNAMIC, gone=_grown)
def expansion_too_soon(lab: "Lab") -> None:
    """The file system grew two hours ago; FSx takes the next increase after six."""
    _system(lab)["AdministrativeActions"] = [
        {"AdministrativeActionType": "FILE_SYSTEM_UPDATE", "RequestTime": time.time() - 7_200, "Status": "COMPLETED"}
    ]
    _resize_fails(lab, f"{_UPDATE_REFUSED}You can increase storage capacity once in six hours.")


@fault("expansion-while-data-is-spread", cause="volume-expansion-failed", world=DYNAMIC, gone=_grown)
def expansion_while_data_is_spread(lab: "Lab") -> None:
    """Yesterday's increase is not finished: its data is still being spread."""
    _system(lab)["AdministrativeActions"] = [
        {
            "AdministrativeActionType": "STORAGE_OPTIMIZATION",
            "ProgressPercent": 40,
            "RequestTime": time.time() - 90_000,
            "Status": "IN_PROGRESS",
        },
        {"AdministrativeActionType": "FILE_SYSTEM_UPDATE", "RequestTime": time.time() - 90_000, "Status": "COMPLETED"},
    ]
    _resize_fails(
        lab, f"{_UPDATE_REFUSED}Cannot perform storage capacity update while it has another update in progress"
    )


@fault("expansion-refused-before-fsx", cause="volume-expansion-failed", world=DYNAMIC, gone=_grown)
def expansion_refused_before_fsx(lab: "Lab") -> None:
    """The size, rounded up to what FSx offers, is above the limit of the request: only the event says so."""
    _resize_fails(
        lab,
        "rpc error: code = OutOfRange desc = Requested storage capacity of 2576980377600 bytes exceeds capacity limit"
        " of 2199023255552 bytes.",
    )


def _may_update(lab: "Lab") -> bool:
    role = iam_backend(lab.site.region).roles.values()
    own = next(one for one in role if one.name == ROLE)
    return allows(own, "fsx:UpdateFileSystem", lab.site.arn("fsx", "file-system/fs-0", lab.site.region))


@fault("expansion-not-allowed-to-the-role", cause="iam-missing-permission", world=DYNAMIC, gone=_may_update)
def expansion_not_allowed_to_the_role(lab: "Lab") -> None:
    """The role may make file systems and not change them."""
    actions = [f"fsx:{verb}" for verb in ("CreateFileSystem", "TagResource", "DescribeFileSystems", "DeleteFileSystem")]
    allow_only(lab, {"Effect": "Allow", "Action": [*actions, "s3:*", "iam:*"], "Resource": "*"})
    user = f"arn:{lab.site.partition}:sts::{ACCOUNT}:assumed-role/{ROLE}/1763931600000000000"
    _resize_fails(
        lab,
        _UPDATE_REFUSED.replace("BadRequest: ", "api error AccessDeniedException: ")
        + f"User: {user} is not authorized to perform: fsx:UpdateFileSystem on resource: *"
        " because no identity-based policy allows the fsx:UpdateFileSystem action",
    )


def _has_resizer(lab: "Lab") -> bool:
    spec = lab.kube.get("deployments", CONTROLLER, NAMESPACE)["spec"]["template"]["spec"]
    return any(container["name"] == "csi-resizer" for container in spec["containers"])


@fault("expansion-without-a-resizer", cause="volume-expansion-failed", world=DYNAMIC, gone=_has_resizer)
def expansion_without_a_resizer(lab: "Lab") -> None:
    """A trimmed manifest has no resizer: Kubernetes waits for one, and nobody complains."""
    deployment = lab.kube.get("deployments", CONTROLLER, NAMESPACE)
    pods = [pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"].get("app") == CONTROLLER]
    for spec in (deployment["spec"]["template"]["spec"], *(pod["spec"] for pod in pods)):
        spec["containers"] = [container for container in spec["containers"] if container["name"] != "csi-resizer"]
    enlarge(lab)
    waits = "waiting for an external controller to expand this PVC"
    symptoms.event(lab, claim_of_volume(lab), "ExternalExpanding", waits, "volume_expand", kind="Normal")
