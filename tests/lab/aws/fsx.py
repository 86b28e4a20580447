"""Amazon FSx for Lustre: the control plane of the lab (API 2018-03-01, JSON 1.1).

moto drops what a doctor asks for (MountName, Lifecycle, FileSystemTypeVersion, network interfaces), so this is our own.
File systems are kept as the documents the API returns; a fault edits the document.
"""

import copy
import itertools
import time
from dataclasses import dataclass, field
from typing import Any

from tests.lab.aws.documents import Document, Operation, answer_document, page
from tests.lab.aws.errors import Answer, ServiceError
from tests.lab.aws.moto_backends import ACCOUNT, ec2_backend, partition_of
from tests.lab.aws.request import AwsRequest

# FileSystemTypeVersion when the caller gives none (API text of CreateFileSystem).
_DEFAULT_VERSION = {"SCRATCH_1": "2.10", "SCRATCH_2": "2.10", "PERSISTENT_1": "2.10", "PERSISTENT_2": "2.12"}
_VERSIONS = ("2.10", "2.12", "2.15")


@dataclass
class FsxState:
    """Every file system and association of the account, by region."""

    file_systems: dict[str, dict[str, Document]] = field(default_factory=dict)
    associations: dict[str, dict[str, Document]] = field(default_factory=dict)
    caches: dict[str, list[Document]] = field(default_factory=dict)
    # Identities the next creations take, so that a world is the same each time it is built.
    next_identities: list[tuple[str, str]] = field(default_factory=list)
    serial: int = 0


class Fsx:
    """Serves FSx; `state` is everything it knows."""

    def __init__(self) -> None:
        self.state = FsxState()
        self._operations: dict[str, Operation] = {
            "CreateFileSystem": self._create_file_system,
            "DescribeFileSystems": self._describe_file_systems,
            "UpdateFileSystem": self._update_file_system,
            "DeleteFileSystem": self._delete_file_system,
            "CreateDataRepositoryAssociation": self._create_association,
            "DescribeDataRepositoryAssociations": self._describe_associations,
            "DescribeDataRepositoryTasks": lambda request, arguments: {"DataRepositoryTasks": []},
            "DescribeFileCaches": lambda request, arguments: {"FileCaches": self.state.caches.get(request.region, [])},
            "DescribeBackups": lambda request, arguments: {"Backups": []},
            "ListTagsForResource": self._list_tags,
        }

    def handle(self, request: AwsRequest) -> Answer:
        """Answers one request."""
        return answer_document(request, self._operations, "application/x-amz-json-1.1")

    def file_system(self, file_system_id: str) -> Document:
        """The live document of a file system in any region.

        Raises:
            KeyError: there is none of that id.
        """
        for systems in self.state.file_systems.values():
            if file_system_id in systems:
                return systems[file_system_id]
        raise KeyError(file_system_id)

    def give_interfaces(self, region: str, file_system_id: str) -> None:
        """Makes the network interfaces of a file system that stands now, where it has none."""
        system = self.state.file_systems[region][file_system_id]
        if not system["NetworkInterfaceIds"]:
            backend = ec2_backend(region)
            description = f"Created By Amazon FSx for file system {file_system_id}"
            made = [eni.id for eni in backend.enis.values() if eni.description == description]
            subnet = self._subnet(region, system["SubnetIds"])
            groups = [self._default_group(region, subnet.vpc_id)]
            capacity = system["StorageCapacity"]
            system["NetworkInterfaceIds"] = made or self._interfaces(region, subnet, groups, file_system_id, capacity)

    def add(self, region: str, document: Document) -> None:
        """Puts a finished document in place, for worlds too large to make call by call."""
        self.state.file_systems.setdefault(region, {})[document["FileSystemId"]] = document

    def _create_file_system(self, request: AwsRequest, arguments: Document) -> Document:
        region = request.region
        kind = arguments.get("FileSystemType")
        if kind not in ("LUSTRE", "ONTAP", "OPENZFS"):
            raise ServiceError("BadRequest", f"The lab does not create file systems of type {kind}.")
        subnet = self._subnet(region, arguments.get("SubnetIds") or [])
        self._known_groups(region, arguments.get("SecurityGroupIds") or [])
        file_system_id, mount_name = self._next_identity()
        groups = arguments.get("SecurityGroupIds") or [self._default_group(region, subnet.vpc_id)]
        capacity = arguments.get("StorageCapacity", 1200)
        suffix = "amazonaws.com.cn" if partition_of(region) == "aws-cn" else "amazonaws.com"
        document: Document = {
            "OwnerId": ACCOUNT,
            "CreationTime": time.time(),
            "FileSystemId": file_system_id,
            "FileSystemType": kind,
            "Lifecycle": "AVAILABLE",
            "StorageCapacity": capacity,
            "StorageType": arguments.get("StorageType", "SSD"),
            "VpcId": subnet.vpc_id,
            "SubnetIds": [subnet.id],
            "DNSName": f"{file_system_id}.fsx.{region}.{suffix}",
            "KmsKeyId": f"arn:{partition_of(region)}:kms:{region}:{ACCOUNT}:key/3f1c6c0e-0d0a-4a5b-9b0e-5d3c1f1a7e11",
            "ResourceARN": f"arn:{partition_of(region)}:fsx:{region}:{ACCOUNT}:file-system/{file_system_id}",
            "Tags": arguments.get("Tags", []),
        }
        if kind == "LUSTRE":
            document |= _lustre_part(arguments, mount_name, capacity)
        else:
            document["OntapConfiguration"] = {"DeploymentType": "SINGLE_AZ_1", "ThroughputCapacity": 128}
        document["NetworkInterfaceIds"] = self._interfaces(region, subnet, groups, file_system_id, capacity)
        self.add(region, document)
        # The API answers at once, before the servers stand; the lab's next describe finds them ready.
        return {"FileSystem": copy.deepcopy(document) | {"Lifecycle": "CREATING"}}

    def _next_identity(self) -> tuple[str, str]:
        if self.state.next_identities:
            return self.state.next_identities.pop(0)
        self.state.serial += 1
        return f"fs-0{0xA1B2C3D4E5F60000 + self.state.serial:016x}", f"{self.state.serial:05x}bev"

    def _interfaces(self, region: str, subnet: Any, groups: list[str], owner: str, capacity: int) -> list[str]:
        # One interface a file server: the metadata server first (its address is the DNS name's answer),
        # then the object servers; AWS documents no formula, one for each 2,400 GiB is a guess.
        servers = 2 + max(0, capacity - 1200) // 2400
        backend = ec2_backend(region)
        taken = {eni.private_ip_address for eni in backend.enis.values()}
        prefix = str(subnet.cidr_block).split("/")[0].rpartition(".")[0]
        free = (f"{prefix}.{host}" for host in itertools.count(67) if f"{prefix}.{host}" not in taken)
        description = f"Created By Amazon FSx for file system {owner}"
        made = []
        for address in itertools.islice(free, servers):
            eni = backend.create_network_interface(subnet, address, group_ids=groups, description=description)
            eni.status, eni.requester_managed = "in-use", True
            made.append(str(eni.id))
        return made

    def _subnet(self, region: str, subnet_ids: list[str]) -> Any:
        if len(subnet_ids) != 1:
            raise ServiceError("BadRequest", "Exactly one subnet ID is required for file systems of this type.")
        for zone in ec2_backend(region).subnets.values():
            if subnet_ids[0] in zone:
                return zone[subnet_ids[0]]
        raise ServiceError("InvalidNetworkSettings", f"The subnet ID '{subnet_ids[0]}' does not exist")

    def _known_groups(self, region: str, group_ids: list[str]) -> None:
        for group_id in group_ids:
            if ec2_backend(region).get_security_group_from_id(group_id) is None:
                raise ServiceError("InvalidNetworkSettings", f"The security group '{group_id}' does not exist")

    def _default_group(self, region: str, vpc_id: str) -> str:
        return str(ec2_backend(region).get_default_security_group(vpc_id).id)

    def _describe_file_systems(self, request: AwsRequest, arguments: Document) -> Document:
        systems = self.state.file_systems.get(request.region, {})
        wanted = arguments.get("FileSystemIds")
        for file_system_id in wanted or ():
            if file_system_id not in systems:
                raise ServiceError("FileSystemNotFound", f"File system '{file_system_id}' does not exist.")
        found = [systems[i] for i in wanted] if wanted else list(systems.values())
        items, rest = page(found, arguments, "MaxResults", "NextToken")
        return {"FileSystems": items} | rest

    def _update_file_system(self, request: AwsRequest, arguments: Document) -> Document:
        system = self._existing(request, arguments)
        changes: Document = {
            key: arguments[key] for key in ("FileSystemTypeVersion", "StorageCapacity") if key in arguments
        }
        version = arguments.get("FileSystemTypeVersion")
        if version and _VERSIONS.index(version) <= _VERSIONS.index(system["FileSystemTypeVersion"]):
            raise ServiceError("BadRequest", "The file system type version must be newer than the current one.")
        system |= changes
        system.setdefault("AdministrativeActions", []).insert(
            0,
            {
                "AdministrativeActionType": "FILE_SYSTEM_UPDATE",
                "RequestTime": time.time(),
                "Status": "COMPLETED",
                "TargetFileSystemValues": changes,
            },
        )
        return {"FileSystem": system}

    def _delete_file_system(self, request: AwsRequest, arguments: Document) -> Document:
        system = self._existing(request, arguments)
        del self.state.file_systems[request.region][system["FileSystemId"]]
        return {"FileSystemId": system["FileSystemId"], "Lifecycle": "DELETING"}

    def _existing(self, request: AwsRequest, arguments: Document) -> Document:
        file_system_id = arguments.get("FileSystemId", "")
        system = self.state.file_systems.get(request.region, {}).get(file_system_id)
        if system is None:
            raise ServiceError("FileSystemNotFound", f"File system '{file_system_id}' does not exist.")
        return system

    def _create_association(self, request: AwsRequest, arguments: Document) -> Document:
        system = self._existing(request, arguments)
        if system["LustreConfiguration"]["DeploymentType"] == "SCRATCH_1" or system["FileSystemTypeVersion"] == "2.10":
            raise ServiceError("BadRequest", "Data repository associations need Lustre 2.12 or newer.")
        self.state.serial += 1
        association_id = f"dra-{0xA1B2C3D4E5F60000 + self.state.serial:017x}"
        association = {
            "AssociationId": association_id,
            "ResourceARN": f"{system['ResourceARN']}/{association_id}",
            "FileSystemId": system["FileSystemId"],
            "Lifecycle": "AVAILABLE",
            "FileSystemPath": arguments.get("FileSystemPath", "/"),
            "DataRepositoryPath": arguments["DataRepositoryPath"],
            "BatchImportMetaDataOnCreate": False,
            "ImportedFileChunkSize": 1024,
            "S3": arguments.get("S3", {"AutoImportPolicy": {"Events": ["NEW", "CHANGED"]}}),
            "CreationTime": time.time(),
        }
        self.state.associations.setdefault(request.region, {})[association_id] = association
        return {"Association": association}

    def _describe_associations(self, request: AwsRequest, arguments: Document) -> Document:
        found = list(self.state.associations.get(request.region, {}).values())
        if wanted := arguments.get("AssociationIds"):
            found = [item for item in found if item["AssociationId"] in wanted]
        for clause in arguments.get("Filters", ()):
            if clause["Name"] == "file-system-id":
                found = [item for item in found if item["FileSystemId"] in clause["Values"]]
        items, rest = page(found, arguments, "MaxResults", "NextToken")
        return {"Associations": items} | rest

    def _list_tags(self, request: AwsRequest, arguments: Document) -> Document:
        for system in self.state.file_systems.get(request.region, {}).values():
            if system["ResourceARN"] == arguments.get("ResourceARN"):
                return {"Tags": system["Tags"]}
        raise ServiceError("ResourceNotFound", "The resource specified by the Amazon Resource Name can't be found.")


def _quiet_window() -> str:
    """A weekly maintenance window that is not now, whenever a test runs."""
    return time.strftime("%u:09:30", time.gmtime(time.time() + 3 * 86_400))


def _lustre_part(arguments: Document, mount_name: str, capacity: int) -> Document:
    given = arguments.get("LustreConfiguration", {})
    deployment = given.get("DeploymentType", "SCRATCH_1")
    valid = (1200, 2400) if capacity <= 2400 else (capacity // 2400 * 2400,)
    if capacity not in valid:
        raise ServiceError("BadRequest", "The storage capacity must be 1200 GiB, 2400 GiB or a multiple of 2400 GiB.")
    metadata = given.get("MetadataConfiguration")
    version = arguments.get("FileSystemTypeVersion") or (
        "2.15" if deployment == "PERSISTENT_2" and metadata else _DEFAULT_VERSION[deployment]
    )
    if deployment == "PERSISTENT_2" and version == "2.10":
        raise ServiceError("BadRequest", "File system type version 2.10 is not supported for PERSISTENT_2.")
    configuration: Document = {
        "WeeklyMaintenanceStartTime": given.get("WeeklyMaintenanceStartTime") or _quiet_window(),
        "DeploymentType": deployment,
        "MountName": "fsx" if deployment == "SCRATCH_1" else mount_name,
        "CopyTagsToBackups": False,
        "DataCompressionType": given.get("DataCompressionType", "NONE"),
        "EfaEnabled": given.get("EfaEnabled", False),
    }
    if deployment.startswith("PERSISTENT"):
        configuration["PerUnitStorageThroughput"] = given.get("PerUnitStorageThroughput", 125)
        configuration["AutomaticBackupRetentionDays"] = 0
    if metadata:
        configuration["MetadataConfiguration"] = {"Mode": metadata.get("Mode", "AUTOMATIC"), "Iops": 1500}
    if root_squash := given.get("RootSquashConfiguration"):
        configuration["RootSquashConfiguration"] = root_squash
    if import_path := given.get("ImportPath"):
        configuration["DataRepositoryConfiguration"] = {
            "Lifecycle": "AVAILABLE",
            "ImportPath": import_path,
            "ExportPath": given.get("ExportPath", f"{import_path}/FSxLustre20261123T205800Z"),
            "ImportedFileChunkSize": given.get("ImportedFileChunkSize", 1024),
            "AutoImportPolicy": given.get("AutoImportPolicy", "NONE"),
        }
    return {"FileSystemTypeVersion": version, "LustreConfiguration": configuration}
