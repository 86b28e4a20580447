"""What manifests, Helm values and Terraform plans say will be made, with the place of everything in its file."""

from __future__ import annotations

import enum
import re

import msgspec

from diag.model.finding import Correction, Location
from diag.model.subject import Kind, Subject
from diag.resources.ec2 import SecurityGroup
from diag.resources.kubernetes import (
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    ServiceAccount,
    StorageClass,
    Workload,
)

DEFAULT_NAMESPACE = "default"
"""Of an object whose manifest names none; `kubectl -n` may put it elsewhere."""


class Placed(msgspec.Struct, frozen=True):
    """The place of one object, and of its fields."""

    subject: Subject
    location: Location
    fields: dict[str, Location] = {}
    """By the field's own name: `mountname`, `volumeHandle`. Of fields with one name the first."""


class Problem(msgspec.Struct, frozen=True):
    """One document that cannot be taken for what it wants to be."""

    location: Location
    told: str
    correction: Correction | None = None


class ManifestFile(msgspec.Struct, frozen=True):
    """One file that was read."""

    name: str
    objects: int = 0
    """Objects in it that a Lustre volume depends on."""
    problems: tuple[Problem, ...] = ()
    seen: tuple[str, ...] = ()
    """What else is in it, counted: `2 ConfigMap`, `1 values of another Helm chart`."""
    unread: tuple[Problem, ...] = ()
    """What may be about Lustre and was not read, with the reason."""

    @property
    def subject(self) -> Subject:
        """The file as the subject of findings."""
        return Subject(Kind.MANIFEST, self.name)


class PlannedAccount(msgspec.Struct, frozen=True):
    """A service account of the driver that a manifest or Helm values make, with its role."""

    account: ServiceAccount
    is_ignored: bool = False
    """The values tell the chart not to create the account, so the annotation is dropped."""

    @property
    def subject(self) -> Subject:
        """The account as the subject of findings."""
        return self.account.subject


class Spelling(enum.Enum):
    """How a kind of file spells the members of CreateFileSystem."""

    API = "api"
    TERRAFORM = "terraform"
    HYPERPOD = "hyperpod"


_HYPERPOD = {"StorageCapacity": "SizeInGiB"}
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def spelt(member: str, spelling: Spelling) -> str:
    """The key that stands for a member in such a file. Sources: terraform-provider-aws fsx_lustre_file_system;
    sagemaker 2017-07-24 FSxLustreConfig.
    """
    if spelling is Spelling.TERRAFORM:
        return _CAPITAL.sub("_", member.removesuffix("GiB")).lower()
    return _HYPERPOD.get(member, member) if spelling is Spelling.HYPERPOD else member


class PlannedFileSystem(msgspec.Struct, frozen=True):
    """A Lustre file system that a Terraform plan, a template or a skeleton is to make."""

    address: str
    deployment_type: str = "SCRATCH_1"
    """Source: terraform-provider-aws, fsx_lustre_file_system, and fsx 2018-03-01: the default is SCRATCH_1."""
    version: str = ""
    """file_system_type_version; empty when the plan leaves it to FSx."""
    version_is_open: bool = False
    """It is known only after apply."""
    has_metadata_configuration: bool = False
    groups: tuple[str, ...] = ()
    """Addresses of planned security groups and ids of others that it is made with."""
    request: dict[str, str] = {}
    """What FSx is asked for, by the API's members (see `diag.knowledge.fsx_create`)."""
    open_members: tuple[str, ...] = ()
    """Members whose value nobody knows before apply."""
    spelling: Spelling = Spelling.TERRAFORM
    maker: str = ""
    """The tool that asks FSx, where its own validation is stricter: `parallelcluster`."""

    @property
    def subject(self) -> Subject:
        """The file system as the subject of findings."""
        return Subject(Kind.FILE_SYSTEM, self.address)


class PlannedMount(msgspec.Struct, frozen=True):
    """What names a file system that exists, beside Kubernetes: a cluster's storage, a script's settings."""

    name: str
    """Its place in the file: `SharedStorage.scratch`."""
    file_system_id: str = ""
    dns_name: str = ""
    mount_name: str = ""
    lacking: tuple[str, ...] = ()
    """Fields that are required there and absent."""
    beside: tuple[str, ...] = ()
    """Fields that may not be given beside the id."""

    @property
    def subject(self) -> Subject:
        """It as the subject of findings."""
        return Subject(Kind.FILE_SYSTEM, self.name)


class PlannedNodes(msgspec.Struct, frozen=True):
    """A node group that is to be made, as far as its Lustre client is decided by it."""

    name: str
    os_image: str
    kernel: str

    @property
    def subject(self) -> Subject:
        """The group as the subject of findings."""
        return Subject(Kind.NODE, self.name)


class PlannedGroup(msgspec.Struct, frozen=True):
    """An aws_security_group of a Terraform plan with the rules that the plan gives it."""

    group: SecurityGroup
    """Its group_id is the address in the plan."""
    is_open: bool = False
    """A rule's ports or protocol are known only after apply."""

    @property
    def subject(self) -> Subject:
        """The group as the subject of findings."""
        return self.group.subject


class Undecided(msgspec.Struct, frozen=True):
    """An object that cannot be judged before it is applied, and why."""

    subject: Subject
    why: str


class ManifestSet(msgspec.Struct, frozen=True):
    """Everything of one run's manifests; empty when none were given."""

    files: tuple[ManifestFile, ...] = ()
    volumes: tuple[PersistentVolume, ...] = ()
    claims: tuple[PersistentVolumeClaim, ...] = ()
    classes: tuple[StorageClass, ...] = ()
    pods: tuple[Pod, ...] = ()
    """Pods, and one for each pod template of a workload, under the workload's name."""
    accounts: tuple[PlannedAccount, ...] = ()
    drivers: tuple[Workload, ...] = ()
    """Workloads that run the driver's image."""
    file_systems: tuple[PlannedFileSystem, ...] = ()
    groups: tuple[PlannedGroup, ...] = ()
    mounts: tuple[PlannedMount, ...] = ()
    node_groups: tuple[PlannedNodes, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    places: tuple[Placed, ...] = ()

    @property
    def is_given(self) -> bool:
        """The run was given manifests."""
        return bool(self.files)
