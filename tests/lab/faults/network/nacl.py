"""Network ACLs, which have no memory: answers must be let back to Lustre's low source ports."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.network.packets import account_of, dropped
from tests.lab.faults.registry import fault

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("nacl-return-ports-closed", cause="nacl-blocks-lustre")
def nacl_return_ports_closed(lab: "Lab") -> None:
    """The usual 1024-65535 for answers does not cover Lustre's source ports 1018-1023.

    A connect from any other port is answered, so that nc finds 988 open.
    """
    account = account_of(lab)
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
    _run_in_the_other_subnet(lab)
    symptoms.unreachable(lab)


@fault("nacl-denies-988", cause="nacl-blocks-lustre")
def nacl_denies_988(lab: "Lab") -> None:
    """A deny before the default allow."""
    account = account_of(lab)
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
    _run_in_the_other_subnet(lab)
    dropped(lab)


@fault("nacl-denies-answers", cause="nacl-blocks-lustre")
def nacl_denies_answers(lab: "Lab") -> None:
    """Requests come in; a deny with a lower number than the allow stops the answers to low ports on their way out."""
    account = account_of(lab)
    ec2 = lab.client("ec2")
    acl = ec2.create_network_acl(VpcId=account.vpc)["NetworkAcl"]["NetworkAclId"]
    for number, action, egress, ports in (
        (100, "allow", False, None),
        (100, "allow", True, None),
        (20, "deny", True, {"From": 0, "To": 1023}),
    ):
        ec2.create_network_acl_entry(
            NetworkAclId=acl,
            RuleNumber=number,
            Protocol="6" if ports else "-1",
            RuleAction=action,
            Egress=egress,
            CidrBlock="0.0.0.0/0",
            **({"PortRange": ports} if ports else {}),
        )
    _use_acl(lab, account.private_subnets[0], acl)
    _run_in_the_other_subnet(lab)
    symptoms.unreachable(lab)


def _run_in_the_other_subnet(lab: "Lab") -> None:
    """Inside one subnet no ACL applies: the pod stands on the node whose packets have to cross."""
    symptoms.pod(lab)["spec"]["nodeName"] = lab.site.node(2, 4)


def _use_acl(lab: "Lab", subnet: str, acl: str) -> None:
    ec2 = lab.client("ec2")
    present = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
    for association in present["NetworkAcls"][0]["Associations"]:
        if association["SubnetId"] == subnet:
            ec2.replace_network_acl_association(AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl)


@fault("nacl-without-988", cause="nacl-blocks-lustre")
def nacl_without_988(lab: "Lab") -> None:
    """A private ACL that thought of HTTPS and of ephemeral ports, on the nodes' side."""
    account = account_of(lab)
    ec2 = lab.client("ec2")
    acl = ec2.create_network_acl(VpcId=account.vpc)["NetworkAcl"]["NetworkAclId"]
    for number, egress, low, high in (
        (100, False, 1018, 65535),
        (100, True, 443, 443),
        (110, True, 1024, 65535),
    ):
        ec2.create_network_acl_entry(
            NetworkAclId=acl,
            RuleNumber=number,
            Protocol="6",
            RuleAction="allow",
            Egress=egress,
            CidrBlock="0.0.0.0/0",
            PortRange={"From": low, "To": high},
        )
    _use_acl(lab, account.private_subnets[1], acl)
    _run_in_the_other_subnet(lab)
    dropped(lab)


@fault("nacl-denies-first-of-all", cause="nacl-blocks-lustre")
def nacl_denies_first_of_all(lab: "Lab") -> None:
    """The deny has number 1: no entry can come before it."""
    account = account_of(lab)
    ec2 = lab.client("ec2")
    acl = ec2.create_network_acl(VpcId=account.vpc)["NetworkAcl"]["NetworkAclId"]
    for number, action, egress, ports in (
        (1, "deny", False, {"From": 988, "To": 988}),
        (100, "allow", False, None),
        (100, "allow", True, None),
    ):
        ec2.create_network_acl_entry(
            NetworkAclId=acl,
            RuleNumber=number,
            Protocol="6" if ports else "-1",
            RuleAction=action,
            Egress=egress,
            CidrBlock="0.0.0.0/0",
            **({"PortRange": ports} if ports else {}),
        )
    _use_acl(lab, account.private_subnets[0], acl)
    _run_in_the_other_subnet(lab)
    dropped(lab)
