"""EC2 networking, in the API's own shape (ec2 2016-11-15)."""

from __future__ import annotations

from typing import Any

import msgspec

from diag.decode import decode_json
from diag.model.subject import Kind, Subject
from diag.resources.aws_shape import Cidr4, Ipv4, PascalShape


class Tag(PascalShape, frozen=True):
    """A tag."""

    key: str = ""
    value: str = ""


class GroupRef(PascalShape, frozen=True):
    """A security group on an interface or instance."""

    group_id: str = ""
    group_name: str = ""


class PrivateAddress(PascalShape, frozen=True):
    """One private IPv4 address of an interface."""

    private_ip_address: Ipv4 = ""
    primary: bool = False


class NetworkInterface(PascalShape, frozen=True):
    """An ENI."""

    network_interface_id: str
    private_ip_address: Ipv4 = ""
    private_ip_addresses: tuple[PrivateAddress, ...] = ()
    groups: tuple[GroupRef, ...] = ()
    status: str = ""
    subnet_id: str = ""
    vpc_id: str = ""
    availability_zone: str = ""
    interface_type: str = ""
    description: str = ""
    requester_id: str = ""
    tag_set: tuple[Tag, ...] = ()

    @property
    def subject(self) -> Subject:
        """The interface as the subject of findings."""
        return Subject(Kind.NETWORK_INTERFACE, self.network_interface_id)

    @property
    def group_ids(self) -> tuple[str, ...]:
        """Ids of its security groups."""
        return tuple(group.group_id for group in self.groups)


class IpRange(PascalShape, frozen=True):
    """An IPv4 range of a rule."""

    cidr_ip: Cidr4 = ""


class Ipv6Range(PascalShape, frozen=True):
    """An IPv6 range of a rule."""

    cidr_ipv6: str = msgspec.field(default="", name="CidrIpv6")


class PrefixListRef(PascalShape, frozen=True):
    """A prefix list of a rule."""

    prefix_list_id: str = ""


class GroupPair(PascalShape, frozen=True):
    """A peer group of a rule."""

    group_id: str = ""
    user_id: str = ""
    vpc_id: str = ""
    vpc_peering_connection_id: str = ""
    peering_status: str = ""


class Permission(PascalShape, frozen=True):
    """One rule of a security group. Ports are absent or -1 for all."""

    ip_protocol: str = ""
    from_port: int | None = None
    to_port: int | None = None
    ip_ranges: tuple[IpRange, ...] = ()
    ipv6_ranges: tuple[Ipv6Range, ...] = ()
    prefix_list_ids: tuple[PrefixListRef, ...] = ()
    user_id_group_pairs: tuple[GroupPair, ...] = ()


class SecurityGroup(PascalShape, frozen=True):
    """A security group with its rules."""

    group_id: str
    group_name: str = ""
    vpc_id: str = ""
    ip_permissions: tuple[Permission, ...] = ()
    ip_permissions_egress: tuple[Permission, ...] = ()
    tags: tuple[Tag, ...] = ()

    @property
    def subject(self) -> Subject:
        """The group as the subject of findings."""
        return Subject(Kind.SECURITY_GROUP, self.group_id)


class PrefixList(PascalShape, frozen=True):
    """A managed prefix list with its entries."""

    prefix_list_id: str
    cidrs: tuple[str, ...] = ()


class InstanceInterface(PascalShape, frozen=True):
    """An interface of an instance."""

    network_interface_id: str = ""
    private_ip_address: Ipv4 = ""
    groups: tuple[GroupRef, ...] = ()
    subnet_id: str = ""
    device_index: int = 0
    interface_type: str = ""
    """`interface`, `efa`, `efa-only`, `trunk` …"""


class MetadataOptions(PascalShape, frozen=True):
    """IMDS options of an instance."""

    http_tokens: str = ""
    http_put_response_hop_limit: int | None = None
    http_endpoint: str = ""


class InstanceProfile(PascalShape, frozen=True):
    """The instance profile's ARN."""

    arn: str = ""


class Instance(PascalShape, frozen=True):
    """An EC2 instance under a node."""

    instance_id: str
    image_id: str = ""
    instance_type: str = ""
    private_ip_address: Ipv4 = ""
    public_ip_address: Ipv4 = ""
    security_groups: tuple[GroupRef, ...] = ()
    network_interfaces: tuple[InstanceInterface, ...] = ()
    subnet_id: str = ""
    vpc_id: str = ""
    metadata_options: MetadataOptions | None = None
    iam_instance_profile: InstanceProfile | None = None

    @property
    def primary_groups(self) -> tuple[str, ...]:
        """Security groups of the primary interface: those that Lustre traffic leaves through."""
        for interface in self.network_interfaces:
            if interface.device_index == 0 and interface.groups:
                return tuple(group.group_id for group in interface.groups)
        return tuple(group.group_id for group in self.security_groups)

    @property
    def efa_groups(self) -> tuple[str, ...]:
        """Security groups of its EFA interfaces; none where it has no such interface."""
        interfaces = (one for one in self.network_interfaces if one.interface_type.startswith("efa"))
        return tuple(dict.fromkeys(group.group_id for one in interfaces for group in one.groups))


class Subnet(PascalShape, frozen=True):
    """A subnet."""

    subnet_id: str
    vpc_id: str = ""
    cidr_block: Cidr4 = ""
    availability_zone: str = ""
    available_ip_address_count: int | None = None
    owner_id: str = ""
    """The account. Another one's where a VPC is shared."""


class CidrAssociation(PascalShape, frozen=True):
    """One CIDR of a VPC."""

    cidr_block: Cidr4 = ""


class Vpc(PascalShape, frozen=True):
    """A VPC with its two DNS attributes (None: not read)."""

    vpc_id: str
    cidr_block: Cidr4 = ""
    cidr_block_association_set: tuple[CidrAssociation, ...] = ()
    dhcp_options_id: str = ""
    enable_dns_support: bool | None = None
    enable_dns_hostnames: bool | None = None

    @property
    def subject(self) -> Subject:
        """The VPC as the subject of findings."""
        return Subject(Kind.VPC, self.vpc_id)

    @property
    def cidrs(self) -> tuple[str, ...]:
        """Every IPv4 CIDR of the VPC."""
        return tuple(dict.fromkeys((self.cidr_block, *(a.cidr_block for a in self.cidr_block_association_set))))


AMAZON_PROVIDED = "AmazonProvidedDNS"
"""Stands for the VPC's own resolver. Source: Amazon VPC user guide, DHCP option sets."""


class DhcpValue(PascalShape, frozen=True):
    """One value of one option."""

    value: str = ""


class DhcpConfiguration(PascalShape, frozen=True):
    """One option."""

    key: str = ""
    values: tuple[DhcpValue, ...] = ()


class DhcpOptions(PascalShape, frozen=True):
    """A set of DHCP options."""

    dhcp_options_id: str
    dhcp_configurations: tuple[DhcpConfiguration, ...] = ()

    @property
    def name_servers(self) -> tuple[str, ...]:
        """`domain-name-servers`; empty when the set names none, and instances then get no resolver."""
        return self._of("domain-name-servers")

    @property
    def domains(self) -> tuple[str, ...]:
        """`domain-name`: what a Linux instance searches in; some write several into one value."""
        return tuple(domain for value in self._of("domain-name") for domain in value.split())

    def _of(self, key: str) -> tuple[str, ...]:
        return tuple(v.value for c in self.dhcp_configurations if c.key == key for v in c.values)


class PeeringStatus(PascalShape, frozen=True):
    """Where a peering stands: `active`, `pending-acceptance`, `deleted`, `expired`, …"""

    code: str = ""


class PeeringSide(PascalShape, frozen=True):
    """The account, VPC and region at one end of a peering."""

    owner_id: str = ""
    vpc_id: str = ""
    region: str = ""


class VpcPeering(PascalShape, frozen=True):
    """A VPC peering connection."""

    vpc_peering_connection_id: str
    status: PeeringStatus = PeeringStatus()
    accepter_vpc_info: PeeringSide = PeeringSide()

    @property
    def waits_for_its_accepter(self) -> bool:
        """Whether it carries nothing because the other side has not accepted it yet."""
        return self.status.code == "pending-acceptance"


class VpcEndpoint(msgspec.Struct, frozen=True, rename="pascal"):
    """A VPC endpoint."""

    vpc_endpoint_id: str
    service_name: str = ""
    vpc_id: str = ""
    state: str = ""
    private_dns_enabled: bool = False
    subnet_ids: tuple[str, ...] = ()
    groups: tuple[GroupRef, ...] = ()
    """None of a gateway endpoint."""
    policy_document: str = ""
    """JSON; empty where the service takes no policy."""

    @property
    def group_ids(self) -> tuple[str, ...]:
        """Ids of the security groups of its interfaces."""
        return tuple(group.group_id for group in self.groups)

    @property
    def takes_calls(self) -> bool:
        """Whether it takes the place of the service's public name in its VPC."""
        return self.state == "available" and self.private_dns_enabled

    @property
    def document(self) -> dict[str, Any] | None:
        """The policy; None without one, or where it is none."""
        try:
            return decode_json(self.policy_document, dict[str, Any]) if self.policy_document else None
        except msgspec.DecodeError:
            return None

    def is_of(self, region: str) -> bool:
        """Whether it takes the calls to a Region's service; one of another Region's answers to another name."""
        return not region or self.service_name.endswith(f".{region}.{self.service}")

    @property
    def service(self) -> str:
        """`sts` of `com.amazonaws.eu-west-1.sts` or `cn.com.amazonaws.cn-north-1.sts`."""
        return self.service_name.rpartition(".")[2]


class PortRange(PascalShape, frozen=True):
    """Ports of an entry."""

    from_: int = msgspec.field(default=0, name="From")
    to: int = 65535


class AclEntry(PascalShape, frozen=True):
    """One entry; the lowest rule number that fits decides."""

    rule_number: int = 0
    rule_action: str = ""
    egress: bool = False
    protocol: str = ""
    cidr_block: Cidr4 = ""
    port_range: PortRange | None = None


class AclAssociation(PascalShape, frozen=True):
    """Which subnet an ACL guards."""

    subnet_id: str = ""


class NetworkAcl(PascalShape, frozen=True):
    """A network ACL."""

    network_acl_id: str
    vpc_id: str = ""
    associations: tuple[AclAssociation, ...] = ()
    entries: tuple[AclEntry, ...] = ()


class Route(PascalShape, frozen=True):
    """One route of a table; the one target that is set says where it leads."""

    destination_cidr_block: Cidr4 = ""
    destination_prefix_list_id: str = ""
    state: str = ""
    gateway_id: str = ""
    """`local`, an internet gateway, a virtual private gateway or a gateway endpoint."""
    nat_gateway_id: str = ""
    vpc_peering_connection_id: str = ""
    transit_gateway_id: str = ""
    network_interface_id: str = ""
    instance_id: str = ""
    local_gateway_id: str = ""
    carrier_gateway_id: str = ""
    core_network_arn: str = ""

    @property
    def target(self) -> str:
        """Id of what it leads to."""
        return next((id for id in (
            self.gateway_id, self.nat_gateway_id, self.vpc_peering_connection_id, self.transit_gateway_id,
            self.network_interface_id, self.instance_id, self.local_gateway_id, self.carrier_gateway_id,
            self.core_network_arn,
        ) if id), "")  # fmt: skip


class RouteTableAssociation(PascalShape, frozen=True):
    """Which subnet uses a table; `main` tables serve every subnet without its own."""

    subnet_id: str = ""
    main: bool = False


class RouteTable(PascalShape, frozen=True):
    """A route table."""

    route_table_id: str
    vpc_id: str = ""
    associations: tuple[RouteTableAssociation, ...] = ()
    routes: tuple[Route, ...] = ()


class NatGateway(PascalShape, frozen=True):
    """A NAT gateway."""

    nat_gateway_id: str
    state: str = ""
    subnet_id: str = ""
    """Empty of a regional one, which has its own way out."""
    vpc_id: str = ""
    connectivity_type: str = "public"
