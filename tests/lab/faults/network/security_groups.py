"""Security groups, of each interface and of the nodes."""

from typing import TYPE_CHECKING, Any

from tests.lab.faults import symptoms
from tests.lab.faults.network.packets import account_of, dropped
from tests.lab.faults.registry import fault
from tests.lab.physics.network import Network
from tests.lab.ports import Behaviour
from tests.lab.setup import FILE_SYSTEM_ID, lustre_rules

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("sg-without-988", cause="sg-missing-988")
def sg_without_988(lab: "Lab") -> None:
    """Only 1018-1023 were opened."""
    account = account_of(lab)
    for source in (account.cluster_group, account.file_system_group):
        _revoke(lab, account.file_system_group, lustre_rules(source)[:1])
    dropped(lab)


@fault("sg-without-988-on-second-interface", cause="sg-missing-988")
def sg_without_988_on_second_interface(lab: "Lab") -> None:
    """The groups were changed in the console on the first interface only; object servers stay closed."""
    account = account_of(lab)
    ec2 = lab.client("ec2")
    closed = ec2.create_security_group(GroupName="lustre-old", Description="old rules", VpcId=account.vpc)["GroupId"]
    interfaces = lab.aws.fsx.file_system(FILE_SYSTEM_ID)["NetworkInterfaceIds"]
    for interface in interfaces[1:]:
        ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[closed])
    for address in lab.file_system_addresses(FILE_SYSTEM_ID)[1:]:
        lab.ports.set(address, Behaviour.DROPPED)
    symptoms.unreachable(lab)


@fault("sg-by-group-through-a-firewall", cause="sg-missing-988")
def sg_by_group_through_a_firewall(lab: "Lab") -> None:
    """A firewall between the nodes' subnet and the servers': rules that name a group admit nobody any more."""
    put_a_firewall_between(lab)
    dropped(lab)


def put_a_firewall_between(lab: "Lab") -> None:
    """Packets between the two private subnets go over an appliance's interface; the pod runs in the second one."""
    account, ec2, site = account_of(lab), lab.client("ec2"), lab.site
    subnet = ec2.create_subnet(VpcId=account.vpc, CidrBlock=site.cidr(7), AvailabilityZone=site.zones[0])
    box = ec2.create_network_interface(SubnetId=subnet["Subnet"]["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
    for own, other in ((account.private_subnets[1], site.cidr(1)), (account.private_subnets[0], site.cidr(2))):
        table = ec2.create_route_table(VpcId=account.vpc)["RouteTable"]["RouteTableId"]
        (shared,) = ec2.describe_route_tables(RouteTableIds=[account.private_route_table])["RouteTables"]
        for association in shared["Associations"]:
            if association.get("SubnetId") == own:
                ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
        ec2.associate_route_table(RouteTableId=table, SubnetId=own)
        (nat,) = (route["NatGatewayId"] for route in shared["Routes"] if "NatGatewayId" in route)
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=other, NetworkInterfaceId=box)
    symptoms.pod(lab)["spec"]["nodeName"] = site.node(2, 4)


@fault("sg-source-is-another-group", cause="sg-missing-988")
def sg_source_is_another_group(lab: "Lab") -> None:
    """The rules name the cluster's group, and the nodes carry their launch template's."""
    account = account_of(lab)
    ec2 = lab.client("ec2")
    nodes = ec2.create_security_group(GroupName="gpu-nodes", Description="launch template", VpcId=account.vpc)[
        "GroupId"
    ]
    set_node_groups(lab, [nodes])
    dropped(lab)


@fault("sg-default-group-only", cause="sg-missing-988")
def sg_default_group_only(lab: "Lab") -> None:
    """An empty --security-group-ids gave the file system the VPC's default group."""
    account = account_of(lab)
    ec2 = lab.client("ec2")
    default = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [account.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"][0]["GroupId"]
    for interface in lab.aws.fsx.file_system(FILE_SYSTEM_ID)["NetworkInterfaceIds"]:
        ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[default])
    dropped(lab)


@fault("sg-udp-instead-of-tcp", cause="sg-missing-988")
def sg_udp_instead_of_tcp(lab: "Lab") -> None:
    """The right ports of the wrong protocol."""
    account = account_of(lab)
    for source in (account.cluster_group, account.file_system_group):
        _revoke(lab, account.file_system_group, lustre_rules(source))
        rules = [rule | {"IpProtocol": "udp"} for rule in lustre_rules(source)]
        lab.client("ec2").authorize_security_group_ingress(GroupId=account.file_system_group, IpPermissions=rules)
    dropped(lab)


@fault("node-egress-closed", cause="sg-egress-blocked")
def node_egress_closed(lab: "Lab") -> None:
    """The nodes' group lets out HTTPS and DNS, and nothing else."""
    account = account_of(lab)
    ec2 = lab.client("ec2")
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.revoke_security_group_egress(GroupId=account.cluster_group, IpPermissions=[everything])
    ec2.authorize_security_group_egress(
        GroupId=account.cluster_group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        ],
    )
    dropped(lab)


def _servers_talk(lab: "Lab") -> bool:
    """Whether the file servers reach each other on every port that AWS documents."""
    group = account_of(lab).file_system_group
    return not Network(lab).lacks_lustre_rules([group], [group])


def _all_ports_open(lab: "Lab") -> bool:
    """Whether nodes and file servers reach the file system on every port that AWS documents."""
    account = account_of(lab)
    peers = [account.cluster_group, account.file_system_group]
    return not Network(lab).lacks_lustre_rules([account.file_system_group], peers)


@fault("sg-self-rule-absent", cause="sg-self-rule-missing", gone=_servers_talk)
def sg_self_rule_absent(lab: "Lab") -> None:
    """The incident's group: open to the nodes, closed to the file servers among themselves."""
    account = account_of(lab)
    _revoke(lab, account.file_system_group, lustre_rules(account.file_system_group))


@fault("sg-988-only", cause="sg-lustre-rules-incomplete", gone=_all_ports_open)
def sg_988_only(lab: "Lab") -> None:
    """988 as the driver's page says; 1018-1023 as AWS's page says are closed."""
    account = account_of(lab)
    for source in (account.cluster_group, account.file_system_group):
        _revoke(lab, account.file_system_group, lustre_rules(source)[1:])


def _revoke(lab: "Lab", group: str, rules: list[dict[str, Any]]) -> None:
    lab.client("ec2").revoke_security_group_ingress(GroupId=group, IpPermissions=rules)


def set_node_groups(lab: "Lab", groups: list[str]) -> None:
    """Gives every node's primary interface these groups; moto keeps them on the instance as well."""
    ec2 = lab.client("ec2")
    for instance in account_of(lab).instances.values():
        ec2.modify_instance_attribute(InstanceId=instance, Groups=groups)
        found = ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])
        for interface in found["NetworkInterfaces"]:
            ec2.modify_network_interface_attribute(NetworkInterfaceId=interface["NetworkInterfaceId"], Groups=groups)
