"""From the controller's subnets there is a way to the endpoints of FSx and of its credentials."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checks.identity.aws_endpoints import controller_reaches_aws as aws_endpoints
from diag.model.finding import Finding
from diag.model.fix import StepKind
from diag.model.verdict import Verdict
from diag.resources.ec2 import (
    AclEntry,
    GroupPair,
    GroupRef,
    IpRange,
    NatGateway,
    Permission,
    PortRange,
    PrefixListRef,
    Route,
    RouteTable,
    VpcEndpoint,
)
from diag.resources.eks import SourceNat
from diag.resources.kubernetes import Event
from diag.resources.table import Table
from tests.checks import given
from tests.checks.given_controller_region import BARE, CLOSED, region
from tests.checks.given_driver_objects import PENDING
from tests.checks.given_identity import (
    CLUSTER,
    INSTANCE,
    NODE_GROUP,
    ROLE_ARN,
    SUBNET,
    VPC,
    acl,
    controller_pod,
    instance,
    open_group,
    route_table,
    world,
)

NOTHING_PROVISIONED = {"storage_classes": (given.storage_class(provisioner="ebs.csi.aws.com"),)}


@pytest.mark.parametrize("facts", [NOTHING_PROVISIONED, {"pods": ()}, {"deployments": ()}])
def test_without_provisioning_or_controller_there_is_nothing_to_judge(facts: dict[str, Any]) -> None:
    assert region(**{**BARE, **CLOSED, **facts}).verdict is Verdict.SKIP
    (finding,) = given.findings(aws_endpoints, **world(**facts, route_tables=(route_table(),)))
    assert finding.verdict in (Verdict.SKIP, Verdict.WARN)


SHOWN = "sts:AssumeRoleWithWebIdentity"


def endpoints(*services: str, **fields: Any) -> tuple[VpcEndpoint, ...]:
    usual: dict[str, Any] = {"vpc_id": VPC, "state": "available", "private_dns_enabled": True}
    return tuple(
        VpcEndpoint(f"vpce-{name}", f"com.amazonaws.{given.REGION}.{name}", **(usual | fields)) for name in services
    )


def reach(**facts: Any) -> Finding:
    (finding,) = given.findings(aws_endpoints, **world(**facts))
    return finding


PRIVATE = {"route_tables": (route_table(),)}


def test_a_default_route_is_a_way_but_proves_nothing() -> None:
    finding = reach()
    assert (finding.verdict, finding.rules_out) == (Verdict.PASS, ())


NAT, OUTSIDE = "nat-0123456789abcdef0", "subnet-0fedcba9876543210"


@pytest.mark.parametrize(
    ("nat", "verdict"),
    [
        (NatGateway(NAT, "available", OUTSIDE, VPC), Verdict.PASS),
        (NatGateway(NAT, "available", "", VPC), Verdict.PASS),
        (NatGateway(NAT, "available", SUBNET, VPC, "private"), Verdict.PASS),
        (NatGateway(NAT, "failed", OUTSIDE, VPC), Verdict.WARN),
        (NatGateway(NAT, "available", SUBNET, VPC), Verdict.WARN),
        (NatGateway(NAT, "available", "subnet-0aaaaaaaaaaaaaaaa", VPC), Verdict.WARN),
    ],
)
def test_a_nat_gateway_leads_where_its_own_subnet_does(nat: NatGateway, verdict: Verdict) -> None:
    def table(id: str, subnet: str, *routes: Route) -> RouteTable:
        made = route_table()
        association = given.replace(made.associations[0], subnet_id=subnet, main=False)
        return given.replace(made, route_table_id=id, associations=(association,), routes=(*made.routes, *routes))

    tables = (
        table("rtb-1", SUBNET, Route("0.0.0.0/0", nat_gateway_id=NAT, state="active")),
        table("rtb-2", OUTSIDE, Route("0.0.0.0/0", gateway_id="igw-0123456789abcdef0", state="active")),
        table("rtb-3", "subnet-0aaaaaaaaaaaaaaaa"),
    )
    finding = reach(route_tables=tables, nat_gateways=(nat,))
    assert finding.verdict is verdict
    assert verdict is Verdict.PASS or NAT in finding.evidence[0]


@pytest.mark.parametrize(
    ("nat", "route", "leads"),
    [
        (NatGateway(NAT, "available", OUTSIDE, VPC), None, True),
        (NatGateway(NAT, "available", OUTSIDE, "vpc-0eeeeeeeeeeeeeeee"), None, False),
        (NatGateway(NAT, "deleting", OUTSIDE, VPC), None, False),
        (NatGateway(NAT, "available", OUTSIDE, VPC), Route("0.0.0.0/0", gateway_id="eigw-0", state="blackhole"), False),
    ],
)
def test_where_a_nat_gateway_stands_ready_the_route_to_it_is_the_fix(
    nat: NatGateway, route: Route | None, leads: bool
) -> None:
    """A default route that is there is replaced, not made, and only its owner knows by what."""
    own = route_table()
    outside = given.replace(
        own,
        route_table_id="rtb-2",
        associations=(given.replace(own.associations[0], subnet_id=OUTSIDE, main=False),),
        routes=(*own.routes, Route("0.0.0.0/0", gateway_id="igw-0123456789abcdef0", state="active")),
    )
    own = given.replace(own, routes=(*own.routes, *([route] if route else [])))
    finding = reach(route_tables=(own, outside), nat_gateways=(nat,))
    assert finding.verdict is Verdict.WARN and finding.fix is not None
    assert any(NAT in command for command in finding.fix.commands) is leads


def test_an_endpoint_of_another_region_s_service_takes_no_call() -> None:
    elsewhere = tuple(given.replace(e, service_name=e.service_name.replace(given.REGION, "us-west-2"))
                      for e in endpoints("fsx", "sts"))  # fmt: skip
    assert reach(**PRIVATE, vpc_endpoints=endpoints("fsx", "sts")).verdict is Verdict.PASS
    assert reach(**PRIVATE, vpc_endpoints=elsewhere).verdict is Verdict.WARN


@pytest.mark.parametrize(("public", "verdict"), [("", Verdict.WARN), ("203.0.113.7", Verdict.PASS)])
def test_an_internet_gateway_is_a_way_for_nodes_with_a_public_address_alone(public: str, verdict: Verdict) -> None:
    table = route_table()
    gateway = Route("0.0.0.0/0", gateway_id="igw-0123456789abcdef0", state="active")
    node = given.replace(instance(), public_ip_address=public)
    facts = {"route_tables": (given.replace(table, routes=(*table.routes, gateway)),)}
    assert reach(**facts, controller_instances=Table({INSTANCE: node})).verdict is verdict


@pytest.mark.parametrize(
    ("nat", "spec", "verdict"),
    [
        (SourceNat(), {}, Verdict.PASS),
        (SourceNat(external=True), {}, Verdict.WARN),
        (SourceNat(external=True), {"host_network": True}, Verdict.PASS),
        (given.denied("list daemonsets"), {}, Verdict.PASS),
    ],
)
def test_pods_that_keep_their_own_address_leave_by_no_internet_gateway(
    nat: Any, spec: dict[str, Any], verdict: Verdict
) -> None:
    table = route_table()
    gateway = Route("0.0.0.0/0", gateway_id="igw-0123456789abcdef0", state="active")
    public = Table({INSTANCE: given.replace(instance(), public_ip_address="203.0.113.7")})
    facts = {"route_tables": (given.replace(table, routes=(*table.routes, gateway)),), "controller_instances": public}
    finding = reach(**facts, source_nat=nat, pods=(controller_pod(**spec),))
    assert finding.verdict is verdict
    assert verdict is Verdict.PASS or "EXTERNALSNAT" in finding.evidence[0]


def test_a_private_cluster_needs_fsx_and_sts() -> None:
    finding = reach(**PRIVATE)
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "aws-endpoint-unreachable")
    assert finding.fix
    services = [command.partition(f"{given.REGION}.")[2].partition(" ")[0] for command in finding.fix.commands]
    assert services == ["fsx", "sts"]


def test_with_both_it_passes() -> None:
    assert reach(**PRIVATE, vpc_endpoints=endpoints("fsx", "sts", "ec2")).verdict is Verdict.PASS


@pytest.mark.parametrize("fields", [{"private_dns_enabled": False}, {"state": "failed"}])
def test_an_endpoint_that_is_not_at_work_does_not_count(fields: dict[str, Any]) -> None:
    assert reach(**PRIVATE, vpc_endpoints=endpoints("fsx", "sts", **fields)).verdict is Verdict.WARN


def test_pod_identity_needs_eks_auth_instead_of_sts() -> None:
    pods = (controller_pod("AWS_REGION", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),)
    assert reach(**PRIVATE, pods=pods, vpc_endpoints=endpoints("fsx", "eks-auth")).verdict is Verdict.PASS
    assert reach(**PRIVATE, pods=pods, vpc_endpoints=endpoints("fsx", "sts")).verdict is Verdict.WARN


def test_a_proxy_is_another_way() -> None:
    pods = (controller_pod("AWS_REGION", "HTTPS_PROXY"),)
    assert reach(**PRIVATE, pods=pods).verdict is Verdict.SKIP


def test_endpoints_that_may_not_be_read_are_unknown() -> None:
    finding = reach(**PRIVATE, vpc_endpoints=given.denied("ec2:DescribeVpcEndpoints"))
    assert finding.unavailable[0].permission == "ec2:DescribeVpcEndpoints"


GROUP = "sg-0eeeeeeeeeeeeeeee"
HTTPS_FROM_NODES = Permission("tcp", 443, 443, user_id_group_pairs=(GroupPair(NODE_GROUP),))
SERVING = endpoints("fsx", "sts", groups=(GroupRef(GROUP),))


DENIED = AclEntry(1, "deny", True, "6", "0.0.0.0/0", PortRange(443, 443))


def guarded(*inbound: Permission) -> dict[str, Any]:
    """Endpoints whose group has these rules."""
    groups = Table({NODE_GROUP: open_group(NODE_GROUP), GROUP: open_group(GROUP, *inbound)})
    return {"vpc_endpoints": SERVING, "controller_groups": groups}


@pytest.mark.parametrize("way", [PRIVATE, {}])
@pytest.mark.parametrize(
    "inbound",
    [
        HTTPS_FROM_NODES,
        Permission("-1", user_id_group_pairs=(GroupPair(NODE_GROUP),)),
        Permission("tcp", 443, 443, ip_ranges=(IpRange("10.0.0.0/16"),)),
        Permission("tcp", 0, 65535, ip_ranges=(IpRange("0.0.0.0/0"),)),
    ],
)
def test_an_endpoint_whose_group_admits_the_nodes_is_a_way(inbound: Permission, way: dict[str, Any]) -> None:
    assert reach(**guarded(inbound), **way).verdict is Verdict.PASS


@pytest.mark.parametrize("way", [PRIVATE, {}])
@pytest.mark.parametrize(
    "inbound",
    [
        (),
        (Permission("tcp", 80, 80, user_id_group_pairs=(GroupPair(NODE_GROUP),)),),
        (Permission("tcp", 443, 443, user_id_group_pairs=(GroupPair("sg-0dddddddddddddddd"),)),),
        (Permission("tcp", 443, 443, ip_ranges=(IpRange("10.9.0.0/16"),)),),
    ],
)
def test_an_endpoint_takes_the_calls_even_where_a_route_leads_out(
    inbound: tuple[Permission, ...], way: dict[str, Any]
) -> None:
    finding = reach(**guarded(*inbound), **way)
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "aws-endpoint-unreachable")
    assert GROUP in finding.message
    assert finding.fix and f"--group-id {GROUP}" in finding.fix.commands[0]


def test_endpoints_of_other_services_take_no_calls_of_the_controller() -> None:
    others = endpoints("ecr.api", "ssm", groups=(GroupRef("sg-0dddddddddddddddd"),))
    assert reach(vpc_endpoints=others).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("facts", "who"),
    [
        ({"controller_groups": Table({NODE_GROUP: open_group(NODE_GROUP, outbound=())})}, NODE_GROUP),
        (
            {
                "controller_groups": Table(
                    {NODE_GROUP: open_group(NODE_GROUP, outbound=(Permission("tcp", 988, 988),))}
                )
            },
            NODE_GROUP,
        ),
        ({"network_acls": (acl(*acl().entries[1:]),)}, "acl-"),
        ({"network_acls": (acl(*acl().entries[:1]),)}, "no answer"),
        ({"network_acls": (acl(DENIED, *acl().entries),)}, "acl-"),
        ({"network_acls": (acl(*(AclEntry(1, "allow", e, "-1", "10.0.0.0/8") for e in (True, False))),)}, "acl-"),
    ],
)  # fmt: skip
def test_groups_and_acls_must_let_the_calls_out_and_the_answers_in(facts: dict[str, Any], who: str) -> None:
    finding = reach(**facts)
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "aws-endpoint-unreachable")
    assert who in finding.message


@pytest.mark.parametrize(
    "facts",
    [
        {"network_acls": ()},
        {"network_acls": (acl(
            AclEntry(100, "allow", True, "6", "0.0.0.0/0", PortRange(443, 443)),
            AclEntry(100, "allow", False, "6", "0.0.0.0/0", PortRange(1024, 65535)),
        ),)},
        {"network_acls": (acl(
            AclEntry(100, "allow", True, "6", "52.94.0.0/15", PortRange(443, 443)),
            AclEntry(100, "allow", False, "6", "52.94.0.0/15", PortRange(32768, 60999)),
        ),)},
        {"controller_groups": Table({NODE_GROUP: open_group(
            NODE_GROUP, outbound=(Permission("tcp", 443, 443, prefix_list_ids=(PrefixListRef("pl-1"),)),)
        )})},
    ],
)  # fmt: skip
def test_what_opens_a_part_of_awss_addresses_counts_as_open(facts: dict[str, Any]) -> None:
    assert reach(**facts).verdict is Verdict.PASS


def policy(**statement: Any) -> str:
    usual = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [usual | statement]})


@pytest.mark.parametrize("statement", [{"Action": "s3:*"}, {"Effect": "Deny"}, {"Action": ["fsx:CreateFileSystem"]}])
def test_a_policy_of_an_endpoint_that_refuses_the_first_call_is_named(statement: dict[str, Any]) -> None:
    serving = endpoints("fsx", "sts", policy_document=policy(**statement))
    finding = reach(**PRIVATE, vpc_endpoints=serving)
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "iam-denied-by-endpoint-policy")
    assert "vpce-fsx" in finding.message
    assert finding.fix and any(step.by for step in finding.fix.steps)


def statements(*added: dict[str, Any]) -> str:
    everything = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    return json.dumps({"Statement": [everything, *({"Effect": "Deny", "Resource": "*", **one} for one in added)]})


@pytest.mark.parametrize(
    ("denied", "verdict"),
    [
        ({"Principal": "*", "Action": "fsx:Create*"}, Verdict.WARN),
        ({"Principal": "*", "Action": "fsx:TagResource"}, Verdict.WARN),
        ({"Principal": "*", "Action": "fsx:CreateBackup"}, Verdict.PASS),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:role/backup"}, "Action": "fsx:Create*"}, Verdict.PASS),
    ],
)
def test_a_policy_that_lets_nobody_make_a_file_system(denied: dict[str, Any], verdict: Verdict) -> None:
    serving = endpoints("fsx", "sts", policy_document=statements(denied))
    assert reach(**PRIVATE, vpc_endpoints=serving).verdict is verdict


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        policy(),
        policy(Action=["fsx:*", "sts:*"]),
        policy(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
    ],
)  # fmt: skip
def test_a_policy_that_lets_them_through_or_decides_by_what_is_not_known_is_no_obstacle(text: str) -> None:
    assert reach(**PRIVATE, vpc_endpoints=endpoints("fsx", "sts", policy_document=text)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("service", "injected", "statement", "verdict"),
    [
        ("sts", "AWS_WEB_IDENTITY_TOKEN_FILE", {"Resource": ROLE_ARN}, Verdict.PASS),
        ("sts", "AWS_WEB_IDENTITY_TOKEN_FILE", {"Resource": "arn:aws:iam::111122223333:role/*"}, Verdict.PASS),
        ("sts", "AWS_WEB_IDENTITY_TOKEN_FILE", {"Resource": f"{ROLE_ARN}-2"}, Verdict.WARN),
        ("eks-auth", "AWS_CONTAINER_CREDENTIALS_FULL_URI", {"Resource": CLUSTER.arn}, Verdict.PASS),
        ("eks-auth", "AWS_CONTAINER_CREDENTIALS_FULL_URI", {"Action": "eks:*"}, Verdict.WARN),
    ],
)
def test_a_call_for_credentials_is_about_the_role_or_the_cluster(
    service: str, injected: str, statement: dict[str, Any], verdict: Verdict
) -> None:
    """FSx is called about no resource; what STS and EKS are called about stands in a policy's Resource."""
    narrow = endpoints(service, policy_document=policy(**statement))
    facts = {"vpc_endpoints": (*endpoints("fsx"), *narrow), "pods": (controller_pod("AWS_REGION", injected),)}
    assert reach(**PRIVATE, **facts).verdict is verdict


ELSEWHERE = endpoints("fsx", "sts", subnet_ids=("subnet-0bbbbbbbbbbbbbbbb",))
CLOSED_ACL = {"network_acls": (acl(AclEntry(100, "allow", True, "6", "0.0.0.0/0", PortRange(80, 80))),)}


def test_an_acl_stands_between_the_controller_and_an_endpoint_of_another_subnet() -> None:
    finding = reach(**PRIVATE, vpc_endpoints=ELSEWHERE, **CLOSED_ACL)
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "aws-endpoint-unreachable")
    here = endpoints("fsx", "sts", subnet_ids=(SUBNET,))
    assert reach(**PRIVATE, vpc_endpoints=here, **CLOSED_ACL).verdict is Verdict.PASS
    local = (acl(*(AclEntry(100, "allow", egress, "-1", "10.0.0.0/16") for egress in (True, False))),)
    assert reach(**PRIVATE, vpc_endpoints=ELSEWHERE, network_acls=local).verdict is Verdict.PASS


@pytest.mark.parametrize("fact", ["controller_groups", "network_acls"])
def test_what_may_not_be_read_is_unknown(fact: str) -> None:
    assert reach(**{fact: given.denied("ec2:DescribeNetworkAcls")}).verdict is Verdict.UNKNOWN


def test_a_refusal_that_is_sure_fails_where_a_claim_waits() -> None:
    serving = endpoints("fsx", "sts", policy_document=policy(Action="fsx:DescribeBackups"))
    finding = reach(**PRIVATE, vpc_endpoints=serving, claims=(PENDING,))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "iam-denied-by-endpoint-policy")
    assert finding.concerns == (PENDING.subject,)


@pytest.mark.parametrize(("service", "action"), [("fsx", "fsx:CreateFileSystem"), ("sts", SHOWN)])
def test_a_refusal_that_the_provisioner_reports_names_the_one_endpoint_and_its_whole_policy(
    service: str, action: str
) -> None:
    """Its condition decides by what no API shows; the words of AWS do not name the endpoint."""
    unsure = policy(Action=["fsx:*", "sts:*"], Condition={"StringEquals": {"aws:PrincipalTag/team": "storage"}})
    serving = (*endpoints("fsx", "sts", policy_document=unsure), *endpoints(service, state="deleted"))
    facts: dict[str, Any] = {**PRIVATE, "vpc_endpoints": serving, "claims": (PENDING,)}
    said = refused(f"{action} on resource: * because no VPC endpoint policy allows the {action} action")
    finding = reach(**facts, warning_events=(said,))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "iam-denied-by-endpoint-policy")
    assert f"the policy of vpce-{service} ({service}) refused {action}" in finding.message
    assert finding.fix is not None
    (write,) = (step for step in finding.fix.steps if step.kind is StepKind.CHANGE)
    kept, added = json.loads(write.argv[-1])["Statement"]
    assert (kept, action in added["Action"]) == (json.loads(unsure)["Statement"][0], True)
    denied = refused(f"{action} on resource: * with an explicit deny in a VPC endpoint policy")
    narrowed = reach(**facts, warning_events=(denied,))
    assert narrowed.fix is not None and not narrowed.fix.steps[0].argv
    two = (*serving, *endpoints(service))
    assert reach(**(facts | {"vpc_endpoints": two}), warning_events=(said,)).verdict is Verdict.PASS
    assert reach(**facts, warning_events=()).verdict is Verdict.PASS


def refused(text: str) -> Event:
    return given.event(PENDING, "ProvisioningFailed", f"User: u is not authorized to perform: {text}")
