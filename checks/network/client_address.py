"""The nodes' addresses against the ranges that an older file system accepts."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator

from diag import Draft, Layer, Reason, Unavailable, Unreadable, check, fail, ok
from diag.advice.steps import advise
from diag.analysis.network.paths import Clients
from diag.resources.fsx import FileSystem

PRIVATE = tuple(ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""Source: RFC 1918."""

ANY_RANGE_SINCE = datetime.datetime(2020, 12, 17, tzinfo=datetime.UTC)
"""Source: FSx for Lustre user guide, mounting-on-premises."""


_FIX = advise(
    "Mount it from nodes with a private address, or restore a backup into a new file system, which accepts others.",
    by="whoever runs the nodes",
)


@check("client-address", layer=Layer.NETWORK, each="mounted_file_systems", speaks_for="non-rfc1918-client")
def addresses_are_accepted(file_system: FileSystem, clients: dict[str, Clients]) -> Iterator[Draft]:
    """The nodes have addresses that the file system accepts.

    A file system that was made before 17 December 2020 accepts clients of another VPC or network only from the private
    ranges of RFC 1918: 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16. Others get no answer.

    pass: the file system is newer, or every node is in its VPC or has a private address
    fail: it is older, and a node of another VPC has another address, such as one of 100.64.0.0/10
    unknown: the nodes' instances could not be read, or a node has such an address and FSx gave no time of creation
    source: FSx for Lustre user guide, mounting-on-premises; RFC 1918
    """
    made, known = file_system.creation_time, clients[file_system.id]
    if made is not None and made >= ANY_RANGE_SINCE:
        yield ok(file_system, f"{file_system.id} was made on {made:%Y-%m-%d}: it accepts addresses of any range")
        return
    outside = [group for group in known.groups if group.vpc_id != file_system.vpc_id]
    refused = [address for group in outside for address in group.peer.addresses if not _is_private(address)]
    if refused and made is not None:
        listed = ", ".join(refused[:3]) + (" …" if len(refused) > 3 else "")
        message = f"{file_system.id} was made on {made:%Y-%m-%d}: it does not answer {listed}, no private address"
        nodes = [node for group in outside if set(refused) & set(group.peer.addresses) for node in group.nodes]
        yield fail(file_system, message, fix=_FIX, concerns=nodes)
    elif refused:
        raise Unreadable(Unavailable(f"CreationTime of {file_system.id}", Reason.ABSENT, "FSx gave none"))
    elif known.unread:
        raise Unreadable(known.unread[0])
    else:
        yield ok(file_system, f"every node that mounts {file_system.id} is in its VPC or has a private address")


def _is_private(address: str) -> bool:
    return any(ipaddress.IPv4Address(address) in network for network in PRIVATE)
