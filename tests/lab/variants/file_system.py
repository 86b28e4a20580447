"""Other file systems: other types, other owners, made by the driver instead of by hand."""

import time
from typing import TYPE_CHECKING, Any

from tests.lab.faults.another_file_system import another_file_system
from tests.lab.faults.symptoms import attributes, claim, volume
from tests.lab.incident import CLAIM, STORAGE_CLASS, VOLUME, WORKLOAD_NAMESPACE
from tests.lab.setup import BUCKET, FILE_SYSTEM_ID, Account, Plan
from tests.lab.variants.registry import variant

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@variant(
    "persistent-2-with-metadata",
    plan=Plan(
        version=None,
        deployment_type="PERSISTENT_2",
        capacity=4800,
        metadata=True,
        throughput=250,
        linked_bucket=False,
    ),
)
def persistent_2_with_metadata(lab: "Lab", account: Account) -> None:
    """PERSISTENT_2 with a metadata configuration is 2.15 without being asked, and has more servers."""
    for obj in (volume(lab)["spec"]["capacity"], claim(lab)["spec"]["resources"]["requests"]):
        obj["storage"] = "4800Gi"
    claim(lab)["status"]["capacity"]["storage"] = "4800Gi"


@variant("scratch-1", plan=Plan(deployment_type="SCRATCH_1"))
def scratch_1(lab: "Lab", account: Account) -> None:
    """SCRATCH_1 is called fsx, which is the driver's default: no mountname is right here."""
    del attributes(lab)["mountname"]


@variant("version-2.12", plan=Plan(version="2.12"))
def version_2_12(lab: "Lab", account: Account) -> None:
    """AWS's matrix pairs the 2.15 client of AL2023 with 2.12 servers too."""


@variant("without-bucket", plan=Plan(linked_bucket=False))
def without_bucket(lab: "Lab", account: Account) -> None:
    """No S3 link at all."""


@variant("data-repository-association", plan=Plan(linked_bucket=False))
def data_repository_association(lab: "Lab", account: Account) -> None:
    """The newer kind of S3 link."""
    lab.client("fsx").create_data_repository_association(
        FileSystemId=FILE_SYSTEM_ID, FileSystemPath="/data", DataRepositoryPath=f"s3://{BUCKET}/data"
    )


@variant("dynamic-provisioning")
def dynamic_provisioning(lab: "Lab", account: Account) -> None:
    """The driver made the file system and the volume for the claim."""
    old = volume(lab)
    name = f"pvc-{claim(lab)['metadata']['uid']}"
    lab.kube.remove("persistentvolumes", VOLUME)
    old["metadata"]["name"] = name
    old["metadata"]["annotations"] = {
        "pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com",
        "volume.kubernetes.io/provisioner-deletion-secret-name": "",
        "volume.kubernetes.io/provisioner-deletion-secret-namespace": "",
    }
    attributes_of(old)["storage.kubernetes.io/csiProvisionerIdentity"] = "1763931600000-8081-fsx.csi.aws.com"
    lab.kube.add(old)
    claimed = claim(lab)
    claimed["spec"]["volumeName"] = name
    claimed["metadata"]["annotations"] |= {
        "pv.kubernetes.io/bound-by-controller": "yes",
        "volume.kubernetes.io/storage-provisioner": "fsx.csi.aws.com",
    }
    lab.aws.fsx.file_system(FILE_SYSTEM_ID)["Tags"] = [{"Key": "CSIVolumeName", "Value": name}]
    parameters = lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"]
    parameters["s3ImportPath"] = f"s3://{BUCKET}"


@variant("other-file-systems-in-account")
def other_file_systems_in_account(lab: "Lab", account: Account) -> None:
    """Other clusters' file systems, old, failed or badly connected, are not this cluster's business."""
    another_file_system(lab)
    fsx = lab.client("fsx")
    for name, change in (
        ("legacy", {"FileSystemTypeVersion": "2.10"}),
        ("broken", {"Lifecycle": "FAILED", "FailureDetails": {"Message": "internal error"}}),
    ):
        made = fsx.create_file_system(
            FileSystemType="LUSTRE",
            StorageCapacity=1200,
            SubnetIds=[account.private_subnets[1]],
            LustreConfiguration={"DeploymentType": "SCRATCH_2"},
            Tags=[{"Key": "Name", "Value": name}],
        )
        lab.aws.fsx.file_system(made["FileSystem"]["FileSystemId"]).update(change)


def attributes_of(obj: dict[str, Any]) -> dict[str, str]:
    """A volume's volumeAttributes."""
    found: dict[str, str] = obj["spec"]["csi"]["volumeAttributes"]
    return found


@variant("storage-being-optimised")
def storage_being_optimised(lab: "Lab", account: Account) -> None:
    """After it has grown, FSx moves data about for days; servers and Lifecycle are as ever."""
    lab.aws.fsx.file_system(FILE_SYSTEM_ID)["AdministrativeActions"] = [
        {"AdministrativeActionType": "FILE_SYSTEM_UPDATE", "RequestTime": time.time() - 90_000, "Status": "COMPLETED"},
        {
            "AdministrativeActionType": "STORAGE_OPTIMIZATION",
            "ProgressPercent": 40,
            "RequestTime": time.time() - 90_000,
            "Status": "IN_PROGRESS",
        },
    ]


@variant("update-with-servers-up")
def update_with_servers_up(lab: "Lab", account: Account) -> None:
    """An update is applied, and the servers answer already."""
    system = lab.aws.fsx.file_system(FILE_SYSTEM_ID)
    system["Lifecycle"] = "UPDATING"
    system["AdministrativeActions"] = [
        {"AdministrativeActionType": "FILE_SYSTEM_UPDATE", "RequestTime": time.time() - 900, "Status": "IN_PROGRESS"}
    ]


@variant("shared-between-clusters")
def shared_between_clusters(lab: "Lab", account: Account) -> None:
    """Tagged for this cluster and for another one."""
    lab.aws.fsx.file_system(FILE_SYSTEM_ID)["Tags"] += [
        {"Key": f"kubernetes.io/cluster/{lab.site.cluster}", "Value": "shared"},
        {"Key": "kubernetes.io/cluster/research", "Value": "shared"},
    ]


CACHE = "fc-0c0c0c0c0c0c0c0c0"


@variant("file-cache-by-a-volume-of-its-own")
def file_cache_by_a_volume_of_its_own(lab: "Lab", account: Account) -> None:
    """The volume, made by hand and kept, names an Amazon File Cache, whose server is where the file system's was."""
    mount_name = lab.aws.fsx.file_system(FILE_SYSTEM_ID)["LustreConfiguration"]["MountName"]
    name = f"{CACHE}.fsx.{lab.site.region}.amazonaws.com"
    lab.aws.fsx.state.caches[lab.site.region] = [
        {
            "FileCacheId": CACHE,
            "FileCacheType": "LUSTRE",
            "FileCacheTypeVersion": "2.12",
            "Lifecycle": "AVAILABLE",
            "DNSName": name,
            "VpcId": account.vpc,
            "StorageCapacity": 1200,
            "LustreConfiguration": {"DeploymentType": "CACHE_1", "MountName": mount_name},
        }
    ]
    lab.dns.switches.answers[name] = lab.file_system_addresses(FILE_SYSTEM_ID)[:1]
    volume(lab)["spec"]["csi"]["volumeHandle"] = CACHE
    attributes(lab)["dnsname"] = name


def enlarge(lab: "Lab", size: str = "2400Gi") -> None:
    """Somebody made the claim of the volume larger, as its class allows."""
    lab.kube.get("storageclasses", STORAGE_CLASS)["allowVolumeExpansion"] = True
    claim_of_volume(lab)["spec"]["resources"]["requests"]["storage"] = size


def claim_of_volume(lab: "Lab") -> dict[str, Any]:
    """The claim that a pod mounts, whatever its volume is called."""
    return lab.kube.get("persistentvolumeclaims", CLAIM, WORKLOAD_NAMESPACE)


@variant("expansion-under-way")
def expansion_under_way(lab: "Lab", account: Account) -> None:
    """The claim was made larger a moment ago, and FSx is at work on it; the servers stay up."""
    dynamic_provisioning(lab, account)
    enlarge(lab)
    update_with_servers_up(lab, account)


@variant("expansion-done")
def expansion_done(lab: "Lab", account: Account) -> None:
    """Claim, volume and file system have the new size; FSx still spreads the data."""
    dynamic_provisioning(lab, account)
    enlarge(lab)
    own = claim_of_volume(lab)
    own["status"]["capacity"]["storage"] = "2400Gi"
    lab.kube.get("persistentvolumes", own["spec"]["volumeName"])["spec"]["capacity"]["storage"] = "2400Gi"
    lab.aws.fsx.file_system(FILE_SYSTEM_ID)["StorageCapacity"] = 2400
    storage_being_optimised(lab, account)
