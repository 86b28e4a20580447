"""The StorageClasses that somebody provisions from, and what is wrong with the network that they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from diag.advice.replace_class import Waiting
from diag.analysis.binding import class_of_volume
from diag.analysis.claims import ClaimCase, Why, why_pending
from diag.grammar.ids import SECURITY_GROUP, SUBNET, region_of
from diag.grammar.unfilled import is_stand_in
from diag.knowledge.lustre_versions import default_version
from diag.knowledge.storage_class import misspelt
from diag.model.layer import Layer
from diag.model.subject import Subject
from diag.model.unavailable import Reason, Unavailable
from diag.registry import fact
from diag.resources.ec2 import SecurityGroup, Subnet
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import FSX_DRIVER, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass
from diag.resources.manifests import ManifestSet
from diag.resources.table import Table
from diag.resources.target import Target

MISSING, SEVERAL, UNEXPANDED, MISSPELT = (
    "storageclass-network-missing", "multiple-subnets-not-supported", "unexpanded-variable",
    "storageclass-unknown-parameter",
)  # fmt: skip


class Flaw(msgspec.Struct, frozen=True):
    """One thing that is wrong, or that could not be looked at."""

    key: str
    message: str
    cause: str = MISSING
    unread: Unavailable | None = None


def keys_of(demands: Iterable[Demand], region: str) -> tuple[str, ...]:
    """The KMS keys that the classes name for file systems which take one, each once; those of other Regions left out.

    Source: fsx 2018-03-01 CreateFileSystem KmsKeyId: SCRATCH file systems take none.
    """
    given = (one.parameters.get("kmsKeyId", "") for one in demands if one.deployment_type.startswith("PERSISTENT"))
    return tuple(dict.fromkeys(key for key in given if key and not is_stand_in(key) and region_of(key) in ("", region)))


def subnet_ids(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """The subnet of the parameters, if it is well-formed."""
    given = parameters.get("subnetId", "")
    return (given,) if SUBNET.fits(given) else ()


def group_ids(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """The well-formed security groups of the parameters."""
    return tuple(id for id in parameters.get("securityGroupIds", "").split(",") if SECURITY_GROUP.fits(id))


def network_flaws(
    parameters: Mapping[str, str], subnets: Table[Subnet] | Unavailable, groups: Table[SecurityGroup] | Unavailable
) -> tuple[Flaw, ...]:
    """Everything that keeps FSx from making a file system where the parameters say."""
    keys = ("subnetId", "securityGroupIds")
    if not any(parameters.get(key) or misspelt(parameters, key) for key in keys):
        return (Flaw("subnetId", "it has neither subnetId nor securityGroupIds: the driver refuses without a subnet"),)
    return (*_subnet_flaws(parameters, subnets), *_group_flaws(parameters, subnets, groups))


def _subnet_flaws(parameters: Mapping[str, str], subnets: Table[Subnet] | Unavailable) -> tuple[Flaw, ...]:
    given = parameters.get("subnetId", "")
    if not given and (written := misspelt(parameters, "subnetId")):
        return (Flaw("subnetId", f"the driver ignores {written!r}; without subnetId it refuses", MISSPELT),)
    if not given:
        return (Flaw("subnetId", "it has no subnetId, so the driver refuses: SubnetId is required"),)
    if is_stand_in(given):
        return (Flaw("subnetId", f"its subnetId is {given!r}, a variable that was never filled in", UNEXPANDED),)
    if "," in given or len(given.split()) > 1:
        return (Flaw("subnetId", f"its subnetId names several subnets ({given}); Lustre takes one", SEVERAL),)
    if not SUBNET.fits(given):
        return (Flaw("subnetId", f"its subnetId is {given!r}, which is no subnet id"),)
    return _absent("subnetId", given, subnets)


def _group_flaws(
    parameters: Mapping[str, str], subnets: Table[Subnet] | Unavailable, groups: Table[SecurityGroup] | Unavailable
) -> tuple[Flaw, ...]:
    key, given = "securityGroupIds", parameters.get("securityGroupIds", "")
    if not given and (written := misspelt(parameters, key)):
        return (Flaw(key, f"the driver ignores {written!r}; it reads {key!r}, and FSx refuses without", MISSPELT),)
    if not given:
        return (Flaw(key, "it has no securityGroupIds; the driver then sends one empty id, which FSx refuses"),)
    if is_stand_in(given):
        return (Flaw(key, f"its securityGroupIds are {given!r}, a variable that was never filled in", UNEXPANDED),)
    found: list[Flaw] = []
    for id in given.split(","):
        if SECURITY_GROUP.fits(id):
            found.extend(_absent(key, id, groups))
        elif SECURITY_GROUP.fits(id.strip()):
            found.append(Flaw(key, f"the group id {id!r} has blanks; the driver does not trim them, FSx refuses it"))
        else:
            found.append(Flaw(key, f"{id!r} among its securityGroupIds is no security-group id"))
    return (*found, *_elsewhere(parameters, subnets, groups))


def _absent(key: str, id: str, table: Table[Subnet] | Table[SecurityGroup] | Unavailable) -> tuple[Flaw, ...]:
    found = table if isinstance(table, Unavailable) else table.get(id)
    if not isinstance(found, Unavailable):
        return ()
    if found.reason is Reason.ABSENT:
        return (Flaw(key, f"{id} does not exist in this account and region"),)
    return (Flaw(key, f"it is unknown whether {id} exists", unread=found),)


def _elsewhere(
    parameters: Mapping[str, str], subnets: Table[Subnet] | Unavailable, groups: Table[SecurityGroup] | Unavailable
) -> tuple[Flaw, ...]:
    """Groups of another VPC than the subnet's: CreateFileSystem takes none (fsx 2018-03-01 InvalidNetworkSettings)."""
    if isinstance(subnets, Unavailable) or isinstance(groups, Unavailable):
        return ()
    home = next((subnets.values[id].vpc_id for id in subnet_ids(parameters) if id in subnets), "")
    strangers = [groups.values[id] for id in group_ids(parameters) if id in groups]
    return tuple(
        Flaw("securityGroupIds", f"{group.group_id} is of {group.vpc_id}, the subnet of {home}")
        for group in strangers
        if home and group.vpc_id and group.vpc_id != home
    )


class Demand(msgspec.Struct, frozen=True):
    """One StorageClass of the driver with who asks it for volumes.

    A class that only static volumes and their claims name is never provisioned from, whatever its parameters.
    """

    storage_class: StorageClass
    waiting: tuple[PersistentVolumeClaim, ...] = ()
    """Claims for which a volume is to be made of it."""
    made: tuple[PersistentVolume, ...] = ()
    """Volumes that the driver made of it."""
    pods: tuple[Pod, ...] = ()
    """Pods that name a waiting claim."""

    @property
    def subject(self) -> Subject:
        """The class as the subject of findings."""
        return self.storage_class.subject

    @property
    def claims_to_replace(self) -> Waiting:
        """What waits for a volume of the class."""
        return Waiting(self.waiting, self.pods)

    @property
    def parameters(self) -> dict[str, str]:
        """The class's parameters."""
        return self.storage_class.parameters or {}

    @property
    def deployment_type(self) -> str:
        """The deployment type that is made. Source: fsx 2018-03-01 DeploymentType, default SCRATCH_1."""
        return self.parameters.get("deploymentType") or "SCRATCH_1"

    @property
    def named_version(self) -> str:
        """The Lustre version that the class asks for; empty when it leaves it to FSx."""
        return self.parameters.get("fileSystemTypeVersion", "")

    @property
    def version(self) -> str:
        """The Lustre version that is made; empty for a deployment type that no table knows."""
        metadata = bool(self.parameters.get("metadataConfigurationMode"))
        return self.named_version or default_version(self.deployment_type, metadata_configuration=metadata)

    def made_with(self, version: str, file_systems: Table[FileSystem] | Unavailable) -> tuple[PersistentVolume, ...]:
        """Its volumes whose file system still has that Lustre version; none when FSx could not be asked."""
        if isinstance(file_systems, Unavailable):
            return ()
        return tuple(
            volume
            for volume in self.made
            if (found := file_systems.values.get(volume.handle)) and found.file_system_type_version == version
        )

    @property
    def path(self) -> tuple[Subject, ...]:
        """The claims and volumes that depend on it."""
        return (*(claim.subject for claim in self.waiting), *(volume.subject for volume in self.made))


def _is_satisfied(case: ClaimCase) -> bool:
    """Whether the binder has a volume for the claim, at once or with its first pod."""
    pending = why_pending(case)
    return pending.volume is not None and pending.why in (Why.BINDS_SOON, Why.WAITS_FOR_POD)


@fact(layer=Layer.REQUEST)
def demands(
    storage_classes: tuple[StorageClass, ...],
    lustre_claims: tuple[ClaimCase, ...],
    volumes: tuple[PersistentVolume, ...],
    target: Target,
    claim_pods: dict[str, tuple[Pod, ...]] | Unavailable,
    manifest_set: ManifestSet | Unavailable,
) -> tuple[Demand, ...]:
    """The driver's classes that a waiting claim or a volume that it made depends on.

    Where there is neither a Lustre volume nor a claim for one, a class is there to be judged by itself; so is one of
    the manifests, unless only static volumes are of it. A claim that a free volume satisfies has nothing made for it.
    """
    ours = (item for item in storage_classes if item.provisioner == FSX_DRIVER)
    alone = target.is_everything and not volumes and not lustre_claims
    static = {class_of_volume(volume) for volume in volumes if not volume.is_dynamic}
    written = set() if isinstance(manifest_set, Unavailable) else {c.metadata.name for c in manifest_set.classes}
    found = []
    for item in ours:
        name = item.metadata.name
        waiting = tuple(
            case.claim
            for case in lustre_claims
            if case.is_dynamic
            and not case.is_bound
            and case.storage_class
            and case.storage_class.metadata.name == name
            and not _is_satisfied(case)
        )
        made = tuple(volume for volume in volumes if volume.is_dynamic and class_of_volume(volume) == name)
        if waiting or made or alone or name in written - static:
            pods = () if isinstance(claim_pods, Unavailable) else [claim_pods.get("/".join(c.key), ()) for c in waiting]
            found.append(Demand(item, waiting, made, tuple(pod for own in pods for pod in own)))
    return tuple(found)
