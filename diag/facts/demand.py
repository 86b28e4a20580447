"""The StorageClasses that somebody really provisions from."""

from __future__ import annotations

import msgspec

from diag.declare.fact import fact
from diag.facts.binding import class_of_volume
from diag.facts.claims import ClaimCase
from diag.facts.fsx import FileSystem
from diag.facts.kubernetes import FSX_DRIVER, PersistentVolume, PersistentVolumeClaim, StorageClass
from diag.facts.table import Table
from diag.facts.target import Target
from diag.knowledge.lustre_versions import default_version
from diag.model.subject import Subject
from diag.model.unavailable import Unavailable


class Demand(msgspec.Struct, frozen=True):
    """One StorageClass of the driver with who asks it for volumes.

    A class that only static volumes and their claims name is never provisioned from, whatever its parameters.
    """

    storage_class: StorageClass
    waiting: tuple[PersistentVolumeClaim, ...] = ()
    """Claims for which a volume is to be made of it."""
    made: tuple[PersistentVolume, ...] = ()
    """Volumes that the driver made of it."""

    @property
    def subject(self) -> Subject:
        """The class as the subject of findings."""
        return self.storage_class.subject

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


@fact()
def demands(
    storage_classes: tuple[StorageClass, ...],
    lustre_claims: tuple[ClaimCase, ...],
    volumes: tuple[PersistentVolume, ...],
    target: Target,
) -> tuple[Demand, ...]:
    """The driver's classes that a waiting claim or a volume that it made depends on.

    Where there is neither a Lustre volume nor a claim for one, a class is there to be judged by itself.
    """
    ours = (item for item in storage_classes if item.provisioner == FSX_DRIVER)
    alone = target.is_everything and not volumes and not lustre_claims
    found = []
    for item in ours:
        name = item.metadata.name
        waiting = tuple(
            case.claim
            for case in lustre_claims
            if case.is_dynamic and not case.is_bound and case.storage_class and case.storage_class.metadata.name == name
        )
        made = tuple(volume for volume in volumes if volume.is_dynamic and class_of_volume(volume) == name)
        if waiting or made or alone:
            found.append(Demand(item, waiting, made))
    return tuple(found)
