"""FSx has the file system that the PersistentVolume means, in this account and Region."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from diag import Draft, Layer, Reason, Table, Unavailable, check, fail, ok, skip, unknown
from diag.advice.replace_volume import replace_volume
from diag.analysis.attributes import DNS_NAME, is_address
from diag.analysis.file_systems import file_system_of, meant_id
from diag.analysis.pods import Progress
from diag.analysis.volume_usage import VolumeUse
from diag.resources.ec2 import Subnet
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, Pod
from diag.resources.reachability import DnsAnswer


@check("file-system-exists", layer=Layer.FILE_SYSTEM, each="volumes", speaks_for="file-system-not-found")
def file_system_exists(
    volume: PersistentVolume,
    file_systems: Table[FileSystem],
    cluster_identity: ClusterIdentity,
    claim_pods: dict[str, tuple[Pod, ...]] | Unavailable,
    volume_uses: tuple[VolumeUse, ...] | Unavailable,
    dns_answers: tuple[DnsAnswer, ...] | Unavailable,
    subnets: Table[Subnet] | Unavailable,
) -> Iterator[Draft]:
    """FSx has the file system that the PersistentVolume means, in this account and Region.

    A volume outlives its file system: nothing in Kubernetes notices when somebody deletes that. Then its name resolves
    no longer, and the mount ends in "Can't parse NID".

    pass: FSx has it
    fail: FSx has none of that id
    unknown: FSx could not be asked, or it may be another account's: the volume is mounted by address, a pod has it
        mounted now, its name resolves, or the nodes' subnets are shared by another account
    skip: the volume names no file system, or one of another Region (see mountname-match and dns-name)
    source: FSx API DescribeFileSystems
    """
    known, id = file_system_of(volume, file_systems), meant_id(volume)
    if not isinstance(known, Unavailable):
        name = f" ({known.name})" if known.name else ""
        yield ok(volume, f"FSx has {known.id}{name}, {known.storage_capacity or '?'} GiB", concerns=(known,))
        return
    name_parts = DNS_NAME.fullmatch((volume.dns_name or "").lower().removesuffix("."))
    region = cluster_identity.region
    if not id:
        yield skip(volume, f"the volume names no file system of FSx (volumeHandle {volume.handle!r})")
    elif name_parts and region and name_parts["region"] != region:
        yield skip(volume, f"{id} is of Region {name_parts['region']}, FSx was asked in {region}")
    elif known.reason is not Reason.ABSENT or is_address(volume.dns_name or ""):
        why = "; by address it may be another account's or Region's" if known.reason is Reason.ABSENT else ""
        yield unknown(volume, f"{known}{why}", because=(known,))
    elif sign := (
        _sign_of_use(volume, volume_uses)
        or _sign_of_a_name(volume, dns_answers)
        or _sign_of_another_owner(subnets, cluster_identity.account)
    ):
        message = f"FSx has no file system {id} in this account and Region, but {sign}: it may be another account's"
        yield unknown(volume, message, because=(known,))
    else:
        others = [fs.id for fs in file_systems if fs.is_lustre]
        near = difflib.get_close_matches(id, others, 1, 0.85)
        meant = f"; {near[0]} is meant?" if near else ""
        evidence = f"fsx:DescribeFileSystems in {region}: {', '.join(others[:5]) or 'no Lustre file system'}"
        fix = None
        if near:
            names = {"dnsname": file_systems[near[0]].dns_name, "mountname": file_systems[near[0]].mount_name}
            fix = replace_volume(volume, claim_pods, handle=near[0], attributes=names)
        yield fail(volume, f"FSx has no file system {id} in this account and Region{meant}", evidence, fix=fix)


def _sign_of_use(volume: PersistentVolume, volume_uses: tuple[VolumeUse, ...] | Unavailable) -> str:
    """A pod that runs with the volume mounted; empty when there is none."""
    if isinstance(volume_uses, Unavailable):
        return ""
    running = [use for found in volume_uses if found.volume.name == volume.name for use in found.at(Progress.UP)]
    alive = [use.who for use in running if use.mount.pod.status.phase == "Running"]
    return f"{alive[0]} runs with it mounted" if alive else ""


def _sign_of_a_name(volume: PersistentVolume, dns_answers: tuple[DnsAnswer, ...] | Unavailable) -> str:
    """That FSx's own name of it resolves. FSx takes the name away with the file system."""
    name = (volume.dns_name or "").lower()
    if isinstance(dns_answers, Unavailable) or not DNS_NAME.fullmatch(name.removesuffix(".")):
        return ""
    found = [answer for answer in dns_answers if answer.name.lower() == name and answer.addresses]
    return f"its name resolves to {found[0].addresses[0]}" if found else ""


def _sign_of_another_owner(subnets: Table[Subnet] | Unavailable, account: str) -> str:
    """That a subnet of the nodes belongs to another account, which then may have file systems beside them."""
    if isinstance(subnets, Unavailable) or not account:
        return ""
    shared = [subnet for subnet in subnets if subnet.owner_id not in ("", account)]
    return f"account {shared[0].owner_id} shares {shared[0].subnet_id} with this one" if shared else ""
