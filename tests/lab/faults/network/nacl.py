"""Network ACLs, which have no memory: answers must be let back to Lustre's low source ports."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.network.packets import account_of, dropped
from tests.lab.faults.registry import fault

if TYPE_CHECKING:
    from tests.lab.lab import Lab


EVERY = "0.0.0.0/0"
Ports = tuple[int, int] | None
"""From and to, of TCP; None is every protocol."""


@fault("nacl-return-ports-closed", cause="nacl-blocks-lustre")
def nacl_return_ports_closed(lab: "Lab") -> None:
    """The usual 1024-65535 for answers does not cover Lustre's source ports 1018-1023.

    A connect from any other port is answered, so that nc finds 988 open.
    """
    vpc = lab.site.cidr()
    _put_acl(
        lab, 0,
        (100, "allow", "in", (988, 988), vpc), (110, "allow", "in", (1024, 65535), EVERY),
        (120, "allow", "in", (443, 443), vpc), (100, "allow", "out", (1024, 65535), EVERY),
        (110, "allow", "out", (443, 443), EVERY),
    )  # fmt: skip
    symptoms.unreachable(lab)


@fault("nacl-denies-988", cause="nacl-blocks-lustre")
def nacl_denies_988(lab: "Lab") -> None:
    """A deny before the default allow."""
    _put_acl(
        lab, 0,
        (100, "allow", "in", None, EVERY), (100, "allow", "out", None, EVERY),
        (50, "deny", "in", (0, 1023), lab.site.cidr()),
    )  # fmt: skip
    dropped(lab)


@fault("nacl-denies-answers", cause="nacl-blocks-lustre")
def nacl_denies_answers(lab: "Lab") -> None:
    """Requests come in; a deny with a lower number than the allow stops the answers to low ports on their way out."""
    _put_acl(
        lab, 0,
        (100, "allow", "in", None, EVERY), (100, "allow", "out", None, EVERY), (20, "deny", "out", (0, 1023), EVERY),
    )  # fmt: skip
    symptoms.unreachable(lab)


def _put_acl(lab: "Lab", which: int, *entries: tuple[int, str, str, Ports, str]) -> None:
    """Gives one of the private subnets an ACL of these entries: number, action, direction, ports and addresses.

    Inside one subnet no ACL applies: the pod stands on the node whose packets have to cross.
    """
    account = account_of(lab)
    ec2 = lab.client("ec2")
    acl = ec2.create_network_acl(VpcId=account.vpc)["NetworkAcl"]["NetworkAclId"]
    for number, action, direction, ports, cidr in entries:
        ec2.create_network_acl_entry(
            NetworkAclId=acl,
            RuleNumber=number,
            Protocol="6" if ports else "-1",
            RuleAction=action,
            Egress=direction == "out",
            CidrBlock=cidr,
            **({"PortRange": {"From": ports[0], "To": ports[1]}} if ports else {}),
        )
    _use_acl(lab, account.private_subnets[which], acl)
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
    _put_acl(
        lab, 1,
        (100, "allow", "in", (1018, 65535), EVERY), (100, "allow", "out", (443, 443), EVERY),
        (110, "allow", "out", (1024, 65535), EVERY),
    )  # fmt: skip
    dropped(lab)


@fault("nacl-denies-first-of-all", cause="nacl-blocks-lustre")
def nacl_denies_first_of_all(lab: "Lab") -> None:
    """The deny has number 1: no entry can come before it."""
    _put_acl(
        lab, 0,
        (1, "deny", "in", (988, 988), EVERY), (100, "allow", "in", None, EVERY), (100, "allow", "out", None, EVERY),
    )  # fmt: skip
    dropped(lab)
