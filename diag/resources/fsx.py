"""FSx file systems, in the API's own shape (fsx 2018-03-01)."""

from __future__ import annotations

import datetime

import msgspec

from diag.model.subject import Kind, Subject
from diag.resources.aws_shape import PascalShape


class FailureDetails(PascalShape, frozen=True):
    """Why FSx could not create, update or link."""

    message: str = ""


class DataRepositoryConfiguration(PascalShape, frozen=True):
    """The legacy S3 link of a file system."""

    lifecycle: str = ""
    import_path: str = ""
    export_path: str = ""
    auto_import_policy: str = ""
    failure_details: FailureDetails | None = None


class MetadataConfiguration(PascalShape, frozen=True):
    """Metadata IOPS of a PERSISTENT_2 file system."""

    mode: str = ""
    iops: int | None = None


class RootSquashConfiguration(PascalShape, frozen=True):
    """Root squash of a file system."""

    root_squash: str = ""
    no_squash_nids: tuple[str, ...] = ()


class LogConfiguration(PascalShape, frozen=True):
    """Where a file system logs the events of its data repositories."""

    level: str = ""
    destination: str = ""
    """ARN of a CloudWatch Logs log group, with or without a stream."""


class LustreConfiguration(PascalShape, frozen=True):
    """The Lustre half of a file system."""

    deployment_type: str = ""
    mount_name: str = ""
    per_unit_storage_throughput: int | None = None
    weekly_maintenance_start_time: str = ""
    data_repository_configuration: DataRepositoryConfiguration | None = None
    root_squash_configuration: RootSquashConfiguration | None = None
    metadata_configuration: MetadataConfiguration | None = None
    efa_enabled: bool = False
    data_compression_type: str = ""
    log_configuration: LogConfiguration | None = None


class AuditLogConfiguration(PascalShape, frozen=True):
    """Where a file system of another type logs who used its files."""

    audit_log_destination: str = ""
    """ARN of a log group or a delivery stream."""


class WindowsConfiguration(PascalShape, frozen=True):
    """The part of an FSx for Windows file system that writes to the same log groups as Lustre may."""

    audit_log_configuration: AuditLogConfiguration | None = None


class AdministrativeAction(PascalShape, frozen=True):
    """An update in progress or done."""

    administrative_action_type: str = ""
    status: str = ""
    progress_percent: int | None = None
    request_time: datetime.datetime | None = None
    failure_details: FailureDetails | None = None


class Tag(PascalShape, frozen=True):
    """A tag."""

    key: str = ""
    value: str = ""


class FileSystem(PascalShape, frozen=True):
    """One FSx file system of any type."""

    file_system_id: str
    owner_id: str = ""
    creation_time: datetime.datetime | None = None
    file_system_type: str = ""
    file_system_type_version: str = ""
    lifecycle: str = ""
    failure_details: FailureDetails | None = None
    storage_capacity: int | None = None
    """GiB."""
    storage_type: str = ""
    vpc_id: str = ""
    subnet_ids: tuple[str, ...] = ()
    network_interface_ids: tuple[str, ...] = ()
    dns_name: str = msgspec.field(default="", name="DNSName")
    kms_key_id: str = ""
    resource_arn: str = msgspec.field(default="", name="ResourceARN")
    tags: tuple[Tag, ...] = ()
    lustre_configuration: LustreConfiguration | None = None
    windows_configuration: WindowsConfiguration | None = None
    administrative_actions: tuple[AdministrativeAction, ...] = ()

    @property
    def subject(self) -> Subject:
        """The file system as the subject of findings."""
        return Subject(Kind.FILE_SYSTEM, self.file_system_id)

    @property
    def id(self) -> str:
        """FileSystemId."""
        return self.file_system_id

    @property
    def lustre(self) -> LustreConfiguration:
        """LustreConfiguration, empty when FSx gave none."""
        return self.lustre_configuration or LustreConfiguration()

    @property
    def is_lustre(self) -> bool:
        """A Lustre file system. An absent type (older stand-ins) counts as Lustre when it has a Lustre half."""
        return self.file_system_type == "LUSTRE" or (
            not self.file_system_type and self.lustre_configuration is not None
        )

    @property
    def log_destination(self) -> str:
        """ARN of the log group that it writes to; empty when it writes to none."""
        if self.lustre.log_configuration is not None:
            return self.lustre.log_configuration.destination
        audit = self.windows_configuration and self.windows_configuration.audit_log_configuration
        return audit.audit_log_destination if audit else ""

    @property
    def mount_name(self) -> str:
        """LustreConfiguration.MountName, empty when FSx gave none."""
        return self.lustre.mount_name

    @property
    def name(self) -> str:
        """The Name tag."""
        return next((tag.value for tag in self.tags if tag.key == "Name"), "")


class FileCache(PascalShape, frozen=True):
    """One Amazon File Cache."""

    file_cache_id: str
    lifecycle: str = ""
    dns_name: str = msgspec.field(default="", name="DNSName")
    lustre_configuration: LustreConfiguration | None = None

    @property
    def mount_name(self) -> str:
        """LustreConfiguration.MountName, empty when FSx gave none."""
        return self.lustre_configuration.mount_name if self.lustre_configuration else ""


class DataRepositoryAssociation(PascalShape, frozen=True):
    """A link between a path of a file system and S3."""

    association_id: str = ""
    file_system_id: str = ""
    lifecycle: str = ""
    file_system_path: str = ""
    data_repository_path: str = ""
    failure_details: FailureDetails | None = None
