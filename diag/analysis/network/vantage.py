"""Whether what this machine sees of the network says anything about the file system's VPC."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from diag.analysis.network.security_groups import holds
from diag.model.unavailable import Unavailable
from diag.resources.ec2 import Vpc
from diag.resources.reachability import TcpAnswer
from diag.resources.table import Table


def is_inside(answers: Iterable[TcpAnswer], vpcs: Table[Vpc] | Unavailable, vpc_id: str) -> bool:
    """Whether the connects left from an address of the VPC: then its resolver and its routes are this machine's too.

    The source address is the kernel's own choice for that route. When the VPC could not be read this is not known,
    and not known is outside: then only a success proves something.
    """
    vpc = vpcs if isinstance(vpcs, Unavailable) else vpcs.get(vpc_id)
    cidrs = () if isinstance(vpc, Unavailable) else vpc.cidrs
    return any(holds(cidr, answer.local_address) for answer in answers for cidr in cidrs if answer.local_address)


def is_within_reach(answers: Sequence[TcpAnswer], vpcs: Table[Vpc] | Unavailable, vpc_id: str) -> bool:
    """Whether a connect that fails from here would fail from the VPC too: it left from there, or never left here."""
    return is_inside(answers, vpcs, vpc_id) or any(_is_loopback(answer.local_address) for answer in answers)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
