"""Builders of facts about the network and names: one healthy VPC, and what may differ in it.

`network()` gives every read fact of that VPC; a test passes what differs by the fact's name.
"""

from __future__ import annotations

from typing import Any

import msgspec

from diag.resources.ec2 import (
    DhcpOptions,
    GroupPair,
    GroupRef,
    Instance,
    IpRange,
    NetworkAcl,
    NetworkInterface,
    Permission,
    PrefixListRef,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
)
from diag.resources.eks import SourceNat
from diag.resources.kubernetes import Node
from diag.resources.kubernetes.corefile import ServerBlock, blocks_of
from diag.resources.reachability import Connect, DnsAnswer, Resolution, TcpAnswer
from diag.resources.table import Table
from diag.resources.target import Settings
from diag.resources.transit_gateway import TransitNetwork
from tests.checks.given import FS, REGION, node

VPC, PEER = "vpc-0123456789abcdef0", "vpc-0fedcba9876543210"
SERVERS, NODES = "subnet-0123456789abcdef0", "subnet-0aaaaaaaaaaaaaaaa"
ENI, ENI_2 = "eni-0123456789abcdef0", "eni-0123456789abcdef1"
ADDRESS, ADDRESS_2 = "10.0.1.67", "10.0.1.68"
NODE_ADDRESS = "10.0.2.4"
SG_FSX, SG_NODES = "sg-0f5f5f5f5f5f5f5f5", "sg-0dddddddddddddddd"
NAME = f"{FS}.fsx.{REGION}.amazonaws.com"
DOPT = "dopt-0123456789abcdef0"
RESOLVER = "10.0.0.2"
COREFILE = """.:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
    }
    forward . /etc/resolv.conf
    cache 30
}
"""


def rule(
    low: int | None, high: int | None = None, *, groups: tuple[str, ...] = (), cidrs: tuple[str, ...] = (),
    lists: tuple[str, ...] = (), protocol: str = "tcp",
) -> Permission:  # fmt: skip
    """One rule of a security group; None for all ports."""
    return Permission(
        ip_protocol=protocol,
        from_port=low,
        to_port=high if high is not None else low,
        ip_ranges=tuple(IpRange(cidr) for cidr in cidrs),
        prefix_list_ids=tuple(PrefixListRef(id) for id in lists),
        user_id_group_pairs=tuple(GroupPair(id) for id in groups),
    )


def lustre(*groups: str) -> tuple[Permission, ...]:
    """The two rules that AWS documents, for traffic with the groups."""
    return rule(988, groups=groups), rule(1018, 1023, groups=groups)


EVERYTHING = (rule(None, cidrs=("0.0.0.0/0",), protocol="-1"),)


def group(id: str, *inbound: Permission, egress: tuple[Permission, ...] = EVERYTHING) -> SecurityGroup:
    """A security group; it lets everything out unless told otherwise."""
    return SecurityGroup(id, vpc_id=VPC, ip_permissions=inbound, ip_permissions_egress=egress)


def groups(*items: SecurityGroup) -> Table[SecurityGroup]:
    """Groups by id, with the healthy ones where the test gives none."""
    healthy = (group(SG_FSX, *lustre(SG_NODES, SG_FSX)), group(SG_NODES, *lustre(SG_FSX)))
    return Table({item.group_id: item for item in (*healthy, *items)})


def eni(id: str = ENI, address: str = ADDRESS, *, group: str = SG_FSX, **fields: Any) -> NetworkInterface:
    """An ENI of the file system."""
    usual: dict[str, Any] = {
        "status": "in-use",
        "subnet_id": SERVERS,
        "vpc_id": VPC,
        "groups": (GroupRef(group),) if group else (),
    }
    return NetworkInterface(id, private_ip_address=address, **(usual | fields))


def enis(*items: NetworkInterface) -> Table[NetworkInterface]:
    """ENIs by id."""
    return Table({item.network_interface_id: item for item in items})


def instance(of: Node, address: str = NODE_ADDRESS, *, group: str = SG_NODES, **fields: Any) -> Instance:
    """The EC2 instance under a node."""
    usual: dict[str, Any] = {"subnet_id": NODES, "vpc_id": VPC, "security_groups": (GroupRef(group),)}
    return Instance(of.instance_id, private_ip_address=address, **(usual | fields))


def instances(*items: Instance) -> Table[Instance]:
    """Instances by id."""
    return Table({item.instance_id: item for item in items})


def vpc(**fields: Any) -> Vpc:
    """The VPC, with both DNS attributes on."""
    usual: dict[str, Any] = {
        "cidr_block": "10.0.0.0/16",
        "dhcp_options_id": DOPT,
        "enable_dns_support": True,
        "enable_dns_hostnames": True,
    }
    return Vpc(VPC, **(usual | fields))


def dhcp(*servers: str, domain: str = "") -> tuple[DhcpOptions, ...]:
    """The VPC's DHCP options with their name servers and the domain that instances search."""
    raw = [{"Key": "domain-name-servers", "Values": [{"Value": server} for server in servers]}]
    raw += [{"Key": "domain-name", "Values": [{"Value": domain}]}] if domain else []
    return (msgspec.convert({"DhcpOptionsId": DOPT, "DhcpConfigurations": raw if servers else []}, DhcpOptions),)


def answered(*addresses: str, name: str = NAME, outcome: Resolution | None = None) -> tuple[DnsAnswer, ...]:
    """One server's answer to the name."""
    found = outcome or (Resolution.ANSWERED if addresses else Resolution.NO_NAME)
    return (DnsAnswer(name, RESOLVER, found, addresses),)


def connects(outcome: Connect = Connect.OPEN, *addresses: str, source: str = NODE_ADDRESS) -> tuple[TcpAnswer, ...]:
    """Connects to port 988, from inside the VPC unless the source is elsewhere."""
    return tuple(TcpAnswer(address, 988, outcome, source) for address in addresses or (ADDRESS,))


def routes(*ways: tuple[str, str], id: str, subnet: str = "", vpc: str = VPC, gone: tuple[str, ...] = ()) -> RouteTable:
    """A route table of (destination, target); without a subnet the VPC's main one. `gone` targets are black holes."""
    kinds = {
        "pcx": "VpcPeeringConnectionId",
        "tgw": "TransitGatewayId",
        "nat": "NatGatewayId",
        "eni": "NetworkInterfaceId",
    }
    told = [
        {
            "DestinationCidrBlock": to,
            kinds.get(target[:3], "GatewayId"): target,
            "State": "blackhole" if target in gone else "active",
        }
        for to, target in ways
    ]
    raw = {
        "RouteTableId": id,
        "VpcId": vpc,
        "Associations": [{"SubnetId": subnet} if subnet else {"Main": True}],
        "Routes": told,
    }
    return msgspec.convert(raw, RouteTable)


def acl(
    *entries: tuple[int, str, str, str, int, int, str], id: str = "acl-0123456789abcdef0", subnet: str
) -> NetworkAcl:
    """A network ACL of (number, in|out, allow|deny, protocol, low port, high port, CIDR)."""
    told = [
        {"RuleNumber": number, "Egress": way == "out", "RuleAction": action, "Protocol": protocol, "CidrBlock": cidr,
         "PortRange": {"From": low, "To": high}}
        for number, way, action, protocol, low, high, cidr in entries
    ]  # fmt: skip
    raw = {"NetworkAclId": id, "VpcId": VPC, "Associations": [{"SubnetId": subnet}], "Entries": told}
    return msgspec.convert(raw, NetworkAcl)


def open_acl(subnet: str) -> NetworkAcl:
    """The VPC's default ACL, which lets everything through."""
    everything = (0, 65535, "0.0.0.0/0")
    return acl(
        (100, "in", "allow", "-1", *everything), (100, "out", "allow", "-1", *everything), subnet=subnet, id="acl-0"
    )


def corefile(text: str = COREFILE) -> tuple[ServerBlock, ...]:
    """CoreDNS's server blocks."""
    return blocks_of(text)


def network() -> dict[str, Any]:
    """The read facts of the healthy VPC: file system and node in one VPC, in a subnet each."""
    return {
        "settings": Settings(),
        "network_interfaces": enis(eni()),
        "security_groups": groups(),
        "prefix_lists": Table(),
        "instances": instances(instance(node())),
        "subnets": Table(
            {
                SERVERS: Subnet(SERVERS, VPC, "10.0.1.0/24"),
                NODES: Subnet(NODES, VPC, "10.0.2.0/24"),
            }
        ),
        "vpcs": Table({VPC: vpc()}),
        "dhcp_options": dhcp("AmazonProvidedDNS"),
        "corefile": corefile(),
        "source_nat": SourceNat(),
        "dns_answers": answered(ADDRESS),
        "tcp_answers": connects(),
        "route_tables": (routes(("10.0.0.0/16", "local"), ("0.0.0.0/0", "nat-0"), id="rtb-main"),),
        "vpc_peerings": (),
        "transit_network": TransitNetwork(),
        "network_acls": (open_acl(SERVERS), open_acl(NODES)),
        "data_repository_associations": (),
    }
