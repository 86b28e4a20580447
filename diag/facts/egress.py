"""Whether pods of a subnet reach the internet, as far as route tables tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diag.facts.ec2 import Instance, Subnet
from diag.facts.routing import RouteTable, Way, table_of, way_to

SOMEWHERE = "52.94.0.1"
"""An address of AWS's public ranges; only a default route, or one as wide, covers it."""


def subnets_without_way_out(instances: Iterable[Instance], tables: Sequence[RouteTable]) -> tuple[Subnet, ...]:
    """The instances' subnets whose route table leads no packet to AWS's public addresses.

    A route to a transit gateway, a peering or an appliance counts as a way: what lies behind it is not seen.
    """
    found: dict[str, Subnet] = {}
    for instance in instances:
        subnet = Subnet(instance.subnet_id, instance.vpc_id)
        table = table_of(subnet, tables)
        if table is not None and way_to(SOMEWHERE, table)[0] in (Way.NONE, Way.BLACKHOLE):
            found[subnet.subnet_id] = subnet
    return tuple(found.values())
