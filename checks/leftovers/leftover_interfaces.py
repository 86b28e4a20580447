"""Every network interface with a Lustre group belongs to a file system or is attached."""

from __future__ import annotations

from collections.abc import Iterator

from checks.leftovers._teardown import LEFT, account, ask_owner, delete, scope
from diag import Draft, Fix, Layer, Table, check, ok, warn
from diag.analysis.file_systems import is_owned_by
from diag.resources.ec2 import NetworkInterface
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.teardown import LustreGroups


@check("leftover-interfaces", layer=Layer.NETWORK, opt_in=True, speaks_for=LEFT)
def interfaces_belong_to_something(
    lustre_groups: LustreGroups, file_systems: Table[FileSystem], cluster_identity: ClusterIdentity
) -> Iterator[Draft]:
    """Every network interface with a Lustre group belongs to a file system or is attached.

    An interface that nobody uses takes an address of the subnet and keeps its groups from being deleted.

    pass: every one does
    warn: one belongs to no file system and is attached to nothing; it is offered for deletion only where its tags say
        that it is this cluster's alone, since EC2 deletes an interface that somebody keeps for later just as well
    unknown: security groups, interfaces or file systems could not be read
    source: ec2 2016-11-15 DescribeNetworkInterfaces Status; fsx 2018-03-01 NetworkInterfaceIds
    """
    owned = {eni for file_system in file_systems for eni in file_system.network_interface_ids}
    left = [
        eni for eni in lustre_groups.interfaces if eni.network_interface_id not in owned and eni.status == "available"
    ]
    for eni in left:
        message = f"attached to nothing, and no file system's ({eni.description or 'no description'})"
        is_ours = is_owned_by(cluster_identity.cluster, eni.tag_set)
        yield warn(eni, message, scope(cluster_identity), cause=None, fix=_delete(eni) if is_ours else _ask(eni))
    if not left:
        yield ok(account(cluster_identity), f"all {len(lustre_groups.interfaces)} interface(s) belong to something")


def _delete(eni: NetworkInterface) -> Fix:
    command = "aws ec2 delete-network-interface --network-interface-id {network_interface}"
    return delete(command, "EC2 refuses it while something uses it", network_interface=eni.network_interface_id)


def _ask(eni: NetworkInterface) -> Fix:
    look = "Its tags and its maker: aws ec2 describe-network-interfaces --network-interface-ids {network_interface}"
    return ask_owner(look, network_interface=eni.network_interface_id)
