"""routes, network-acls, network-interfaces, source-port: the way between nodes and file servers."""

from __future__ import annotations

from typing import Any

from diag import Table
from diag.model.finding import Finding
from diag.registry import Check
from diag.resources.ec2 import RouteTable, Subnet
from tests.checks import given, given_network
from tests.checks.given_network import NODES, PEER, SERVERS, VPC

# The file system stays in 10.0.0.0/16; the nodes move to a VPC of their own.
ABROAD = "10.8.2.4"


def judge(check: Check, **facts: Any) -> Finding:
    (finding,) = given.findings(check, **(given_network.network() | facts))
    return finding


def abroad(*tables: RouteTable, **facts: Any) -> dict[str, Any]:
    """Nodes in another VPC."""
    return {
        "instances": given_network.instances(given_network.instance(given.node(), ABROAD, vpc_id=PEER)),
        "subnets": Table({SERVERS: Subnet(SERVERS, VPC, "10.0.1.0/24"), NODES: Subnet(NODES, PEER, "10.8.2.0/24")}),
        "route_tables": tables,
        **facts,
    }
