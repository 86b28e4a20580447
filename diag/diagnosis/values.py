"""The names and ids of one incident, for the commands of its runbook."""

from __future__ import annotations

from typing import Any

from diag.analysis.volumes import Mount
from diag.model.unavailable import Unavailable
from diag.resources.eks import identity_of
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, PersistentVolumeClaim, ServiceAccount
from diag.resources.table import Table


def of_cluster(facts: dict[str, Any]) -> dict[str, str]:
    """What all diagnoses of a run share."""
    identity = identity_of(facts)
    values = {"cluster": identity.cluster, "region": identity.region, "account": identity.account}
    account = facts.get("controller_account")
    if isinstance(account, ServiceAccount):
        role = account.role_arn or ""
        values |= {
            "service_account": account.metadata.name,
            "driver_namespace": account.metadata.namespace,
            "role": role.rpartition("/")[2],
        }
    return values


def of_volume(volume: PersistentVolume, file_systems: Table[FileSystem] | Unavailable | None) -> dict[str, str]:
    """A volume, and its file system as far as FSx told."""
    values = {
        "volume": volume.name,
        "file_system": volume.handle,
        "dns_name": volume.dns_name or "",
        "mount_name": volume.mount_name or "",
    }
    if (ref := volume.spec.claim_ref) is not None:
        values |= {"claim": ref.name, "namespace": ref.namespace}
    known = None if isinstance(file_systems, Unavailable | None) else file_systems.values.get(volume.handle)
    if known is not None:
        values |= {
            "server_version": known.file_system_type_version,
            "mount_name": known.mount_name or values["mount_name"],
            "dns_name": known.dns_name or values["dns_name"],
            "vpc": known.vpc_id,
            "subnet": known.subnet_ids[0] if known.subnet_ids else "",
            "deployment_type": known.lustre.deployment_type,
        }
    return values


def of_mount(mount: Mount) -> dict[str, str]:
    """The pod, claim and node of a mount."""
    return {"namespace": mount.pod.metadata.namespace, "claim": mount.claim.metadata.name,
            "pod": mount.pod.metadata.name, "node": mount.node_name}  # fmt: skip


def of_claim(claim: PersistentVolumeClaim) -> dict[str, str]:
    """A claim by itself."""
    return {"namespace": claim.metadata.namespace, "claim": claim.metadata.name}
