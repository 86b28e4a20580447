"""A name of a file system asked from another VPC than the file system's."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Table, Unavailable, check, fail, ok, skip, unknown
from diag.advice.replace_volume import replace_volume
from diag.analysis.attributes import DNS_NAME
from diag.analysis.file_systems import file_system_of
from diag.analysis.network.names import NameStanding
from diag.analysis.network.paths import Clients
from diag.resources.ec2 import NetworkInterface
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, Pod


@check("dns-vpc", layer=Layer.DNS, each="volumes", speaks_for="dns-outside-vpc")
def name_is_used_in_its_vpc(
    volume: PersistentVolume,
    file_systems: Table[FileSystem],
    clients: dict[str, Clients],
    network_interfaces: Table[NetworkInterface] | Unavailable,
    name_standings: dict[str, NameStanding],
    claim_pods: dict[str, tuple[Pod, ...]] | Unavailable,
) -> Iterator[Draft]:
    """A volume that is mounted by name has its file system in the nodes' own VPC.

    AWS offers the name to the file system's VPC alone. From a peered VPC, or through a transit gateway, a volume is
    mounted by the address of the file system's primary ENI.

    pass: file system and nodes share the VPC, or the name resolves for the nodes by resolver rules of your own
    fail: the nodes are in another VPC and the volume is mounted by name
    unknown: FSx or the nodes' instances could not be read
    skip: mounted by address or by a host name of your own, or FSx has no such file system
    source: FSx for Lustre user guide, mounting-on-premises
    """
    known = file_system_of(volume, file_systems)
    if not DNS_NAME.fullmatch((volume.dns_name or "").lower().removesuffix(".")) or isinstance(known, Unavailable):
        yield skip(volume, "no name of a file system is asked for this volume")
        return
    nodes = clients[known.id]
    others = sorted({group.vpc_id for group in nodes.groups} - {known.vpc_id})
    if not nodes.groups:
        yield unknown(volume, "the VPC of the nodes is not known", because=nodes.unread[:1])
    elif not others:
        yield ok(volume, f"nodes and {known.id} are in {known.vpc_id}", concerns=(known,))
    elif name_standings[volume.name].resolves:
        text = f"the nodes are in {', '.join(others)}, {known.id} in {known.vpc_id}; its name resolves all the same"
        yield ok(volume, text, concerns=(known,))
    else:
        message = (
            f"{known.id} is in {known.vpc_id}, the nodes are in {', '.join(others)}, where its name is not offered"
        )
        address = _primary_address(known, network_interfaces)
        fix = replace_volume(volume, claim_pods, attributes={"dnsname": address})
        yield fail(volume, message, fix=fix, concerns=(known,))


def _primary_address(known: FileSystem, enis: Table[NetworkInterface] | Unavailable) -> str:
    if isinstance(enis, Unavailable) or not known.network_interface_ids:
        return ""
    primary = enis.get(known.network_interface_ids[0])
    return "" if isinstance(primary, Unavailable) else primary.private_ip_address
