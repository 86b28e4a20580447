"""The file system's own network interfaces."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Reason, Table, Unavailable, Unreadable, check, fail, ok, skip
from diag.analysis.file_systems import has_no_servers
from diag.resources.ec2 import NetworkInterface
from diag.resources.fsx import FileSystem


@check("network-interfaces", layer=Layer.NETWORK, each="mounted_file_systems", speaks_for="eni-not-in-use")
def interfaces_are_in_use(file_system: FileSystem, network_interfaces: Table[NetworkInterface]) -> Iterator[Draft]:
    """Every ENI of the file system exists and is in use.

    FSx attaches them to its servers; AWS warns that changing or deleting one can cut the file system off for good.

    pass: each is in-use
    fail: one is detached or no longer exists
    unknown: EC2 could not be asked, or FSx names no ENI
    skip: the file system has no ENIs to look at (it is being created, deleted, or failed)
    source: FSx for Lustre user guide, limit-access-security-groups; EC2 API NetworkInterface status
    """
    if reason := has_no_servers(file_system):
        yield skip(file_system, reason)
        return
    ids = file_system.network_interface_ids
    if not ids:
        raise Unreadable(Unavailable(f"NetworkInterfaceIds of {file_system.id}", Reason.ABSENT, "FSx names none"))
    lost = []
    for id in ids:
        eni = network_interfaces.get(id)
        if isinstance(eni, Unavailable):
            if eni.reason is not Reason.ABSENT:
                raise Unreadable(eni)
            lost.append(f"{id} no longer exists")
        elif eni.status and eni.status != "in-use":
            lost.append(f"{id} ({eni.private_ip_address}) is {eni.status}")
    if lost:
        message = f"{'; '.join(lost)}: a server of {file_system.id} cannot be reached there, and only AWS can fix it"
        yield fail(file_system, message, "ec2:DescribeNetworkInterfaces")
    else:
        yield ok(file_system, f"all {len(ids)} ENI(s) of {file_system.id} are in use")
