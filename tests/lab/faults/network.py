"""The way to the file servers: security groups of each interface, NACLs, routes, and the source port."""

from typing import TYPE_CHECKING, Any

from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault
from tests.lab.ports import Behaviour
from tests.lab.setup import FILE_SYSTEM_ID, Account, lustre_rules

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("sg-without-988", cause="sg-missing-988")
def sg_without_988(lab: "Lab") -> None:
    """Only 1018-1023 were opened."""
    account = _account(lab)
    for source in (account.cluster_group, account.file_system_group):
        _revoke(lab, account.file_system_group, lustre_rules(source)[:1])
    _dropped(lab)


@fault("sg-without-988-on-second-interface", cause="sg-missing-988")
def sg_without_988_on_second_interface(lab: "Lab") -> None:
    """The groups were changed in the console on the first interface only; object servers stay closed."""
    account = _account(lab)
    ec2 = lab.client("ec2")
    closed = ec2.create_security_group(GroupName="lustre-old", Description="old rules", VpcId=account.vpc)["GroupId"]
    interfaces = lab.aws.fsx.file_system(FILE_SYSTEM_ID)["NetworkInterfaceIds"]
    for interface in interfaces[1:]:
        ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[closed])
    for address in lab.file_system_addresses(FILE_SYSTEM_ID)[1:]:
        lab.ports.set(address, Behaviour.DROPPED)
    symptoms.unreachable(lab)


@fault("sg-source-is-another-group", cause="sg-missing-988")
def sg_source_is_another_group(lab: "Lab") -> None:
    """The rules name the cluster's group, and the nodes carry their launch template's."""
    account = _account(lab)
    ec2 = lab.client("ec2")
    nodes = ec2.create_security_group(GroupName="gpu-nodes", Description="launch template", VpcId=account.vpc)[
        "GroupId"
    ]
    set_node_groups(lab, [nodes])
    _dropped(lab)


@fault("sg-default-group-only", cause="sg-missing-988")
def sg_default_group_only(lab: "Lab") -> None:
    """An empty --security-group-ids gave the file system the VPC's default group."""
    account = _account(lab)
    ec2 = lab.client("ec2")
    default = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [account.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"][0]["GroupId"]
    for interface in lab.aws.fsx.file_system(FILE_SYSTEM_ID)["NetworkInterfaceIds"]:
        ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[default])
    _dropped(lab)


@fault("sg-udp-instead-of-tcp", cause="sg-missing-988")
def sg_udp_instead_of_tcp(lab: "Lab") -> None:
    """The right ports of the wrong protocol."""
    account = _account(lab)
    for source in (account.cluster_group, account.file_system_group):
        _revoke(lab, account.file_system_group, lustre_rules(source))
        rules = [rule | {"IpProtocol": "udp"} for rule in lustre_rules(source)]
        lab.client("ec2").authorize_security_group_ingress(GroupId=account.file_system_group, IpPermissions=rules)
    _dropped(lab)


@fault("node-egress-closed", cause="sg-egress-blocked")
def node_egress_closed(lab: "Lab") -> None:
    """The nodes' group lets out HTTPS and DNS, and nothing else."""
    account = _account(lab)
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
    _dropped(lab)


@fault("sg-self-rule-absent", cause="sg-self-rule-missing")
def sg_self_rule_absent(lab: "Lab") -> None:
    """The incident's group: open to the nodes, closed to the file servers among themselves."""
    account = _account(lab)
    _revoke(lab, account.file_system_group, lustre_rules(account.file_system_group))


@fault("sg-988-only", cause="sg-lustre-rules-incomplete")
def sg_988_only(lab: "Lab") -> None:
    """988 as the driver's page says; 1018-1023 as AWS's page says are closed."""
    account = _account(lab)
    for source in (account.cluster_group, account.file_system_group):
        _revoke(lab, account.file_system_group, lustre_rules(source)[1:])


@fault("nacl-return-ports-closed", cause="nacl-blocks-lustre")
def nacl_return_ports_closed(lab: "Lab") -> None:
    """The usual 1024-65535 for answers does not cover Lustre's source ports 1018-1023."""
    account = _account(lab)
    ec2 = lab.client("ec2")
    acl = ec2.create_network_acl(VpcId=account.vpc)["NetworkAcl"]["NetworkAclId"]
    vpc = lab.site.cidr()
    for number, egress, low, high, cidr in (
        (100, False, 988, 988, vpc),
        (110, False, 1024, 65535, "0.0.0.0/0"),
        (120, False, 443, 443, vpc),
        (100, True, 1024, 65535, "0.0.0.0/0"),
        (110, True, 443, 443, "0.0.0.0/0"),
    ):
        ec2.create_network_acl_entry(
            NetworkAclId=acl,
            RuleNumber=number,
            Protocol="6",
            RuleAction="allow",
            Egress=egress,
            CidrBlock=cidr,
            PortRange={"From": low, "To": high},
        )
    _use_acl(lab, account.private_subnets[0], acl)
    _dropped(lab)


@fault("nacl-denies-988", cause="nacl-blocks-lustre")
def nacl_denies_988(lab: "Lab") -> None:
    """A deny before the default allow."""
    account = _account(lab)
    ec2 = lab.client("ec2")
    acl = ec2.create_network_acl(VpcId=account.vpc)["NetworkAcl"]["NetworkAclId"]
    for egress in (False, True):
        ec2.create_network_acl_entry(
            NetworkAclId=acl,
            RuleNumber=100,
            Protocol="-1",
            RuleAction="allow",
            Egress=egress,
            CidrBlock="0.0.0.0/0",
        )
    ec2.create_network_acl_entry(
        NetworkAclId=acl,
        RuleNumber=50,
        Protocol="6",
        RuleAction="deny",
        Egress=False,
        CidrBlock=lab.site.cidr(),
        PortRange={"From": 0, "To": 1023},
    )
    _use_acl(lab, account.private_subnets[0], acl)
    _dropped(lab)


@fault("interface-detached", cause="eni-not-in-use")
def interface_detached(lab: "Lab") -> None:
    """Somebody detached a file server's interface; AWS warns that this may be for good."""
    from tests.lab.aws.moto_backends import ec2_backend

    interface = lab.aws.fsx.file_system(FILE_SYSTEM_ID)["NetworkInterfaceIds"][0]
    ec2_backend(lab.site.region).enis[interface].status = "available"
    _dropped(lab)


@fault("port-refused", cause="mgs-unreachable-network")
def port_refused(lab: "Lab") -> None:
    """Every rule is right and still nothing listens there."""
    for address in lab.file_system_addresses(FILE_SYSTEM_ID):
        lab.ports.set(address, Behaviour.REFUSED)
    symptoms.unreachable(lab)


def set_node_groups(lab: "Lab", groups: list[str]) -> None:
    """Gives every node's primary interface these groups; moto keeps them on the instance as well."""
    ec2 = lab.client("ec2")
    for instance in _account(lab).instances.values():
        ec2.modify_instance_attribute(InstanceId=instance, Groups=groups)
        found = ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])
        for interface in found["NetworkInterfaces"]:
            ec2.modify_network_interface_attribute(NetworkInterfaceId=interface["NetworkInterfaceId"], Groups=groups)


def _account(lab: "Lab") -> Account:
    assert lab.account is not None
    return lab.account


def _revoke(lab: "Lab", group: str, rules: list[dict[str, Any]]) -> None:
    lab.client("ec2").revoke_security_group_ingress(GroupId=group, IpPermissions=rules)


def _dropped(lab: "Lab") -> None:
    """The packets to every file server are lost, and the mount ends as it does then."""
    for address in lab.file_system_addresses(FILE_SYSTEM_ID):
        lab.ports.set(address, Behaviour.DROPPED)
    symptoms.unreachable(lab)


def _use_acl(lab: "Lab", subnet: str, acl: str) -> None:
    ec2 = lab.client("ec2")
    present = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
    for association in present["NetworkAcls"][0]["Associations"]:
        if association["SubnetId"] == subnet:
            ec2.replace_network_acl_association(AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl)
