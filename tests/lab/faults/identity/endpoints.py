"""AWS endpoints that a cluster without a way out cannot reach."""

import json
from typing import TYPE_CHECKING, Any

from tests.lab.aws.moto_backends import ACCOUNT
from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault
from tests.lab.setup import ROLE

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("fsx-endpoint-absent", cause="aws-endpoint-unreachable", world="private-cluster")
def fsx_endpoint_absent(lab: "Lab") -> None:
    """Endpoints for images and STS, none for FSx: the controller's calls time out."""
    ec2, region = lab.client("ec2"), lab.site.region
    for endpoint in ec2.describe_vpc_endpoints()["VpcEndpoints"]:
        if endpoint["ServiceName"] == f"com.amazonaws.{region}.fsx":
            ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, exceeded maximum number of attempts, 8, https response error"
        f' StatusCode: 0, RequestID: , request send failed, Post "https://fsx.{region}.amazonaws.com/": dial tcp'
        " 52.95.193.18:443: i/o timeout",
    )


def _nat_leads_out(lab: "Lab") -> bool:
    ec2 = lab.client("ec2")
    (nat,) = ec2.describe_nat_gateways()["NatGateways"]
    tables = ec2.describe_route_tables()["RouteTables"]
    own = (t for t in tables if any(a.get("SubnetId") == nat["SubnetId"] for a in t["Associations"]))
    return any(route.get("GatewayId", "").startswith("igw-") for table in own for route in table["Routes"])


@fault("nat-in-a-subnet-that-leads-nowhere", cause="aws-endpoint-unreachable", gone=_nat_leads_out)
def nat_in_a_subnet_that_leads_nowhere(lab: "Lab") -> None:
    """The NAT gateway's own subnet has lost its route to the internet gateway."""
    ec2, region = lab.client("ec2"), lab.site.region
    (nat,) = ec2.describe_nat_gateways()["NatGateways"]
    for table in ec2.describe_route_tables()["RouteTables"]:
        if any(association.get("SubnetId") == nat["SubnetId"] for association in table["Associations"]):
            ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, exceeded maximum number of attempts, 8, https response error"
        f' StatusCode: 0, RequestID: , request send failed, Post "https://fsx.{region}.amazonaws.com/": dial tcp'
        " 52.95.193.18:443: i/o timeout",
    )


def _endpoint(lab: "Lab", service: str) -> dict[str, Any]:
    name = f"com.amazonaws.{lab.site.region}.{service}"
    wanted = [{"Name": "service-name", "Values": [name]}]
    found = lab.client("ec2").describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"]
    return next(dict(one) for one in found if one["State"] == "available")


def _admits_443(lab: "Lab") -> bool:
    (group,) = _endpoint(lab, "fsx")["Groups"]
    (found,) = lab.client("ec2").describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"]
    return bool(found["IpPermissions"])


def _leads_out(lab: "Lab") -> bool:
    assert lab.account is not None
    table = lab.account.private_route_table
    (found,) = lab.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return any(route.get("DestinationCidrBlock") == "0.0.0.0/0" for route in found["Routes"])


@fault("default-route-deleted", cause="aws-endpoint-unreachable", gone=_leads_out)
def default_route_deleted(lab: "Lab") -> None:
    """The NAT gateway was saved, and its route with it: the controller's calls hang, and no event says so yet."""
    assert lab.account is not None
    table = lab.account.private_route_table
    lab.client("ec2").delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    symptoms.provision_dynamically(lab)
    symptoms.claim(lab)["metadata"]["creationTimestamp"] = lab.site.time(40)
    symptoms.claim_waits(lab, ("ExternalProvisioning", symptoms.WAITING_FOR, "persistentvolume-controller"))


@fault("endpoint-group-closed", cause="aws-endpoint-unreachable", world="endpoints-with-policies", gone=_admits_443)
def endpoint_group_closed(lab: "Lab") -> None:
    """The group of the endpoints has lost its rule for the nodes."""
    (group,) = _endpoint(lab, "fsx")["Groups"]
    ec2, region = lab.client("ec2"), lab.site.region
    (found,) = ec2.describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=found["IpPermissions"])
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        " failed to retrieve credentials, operation error STS: AssumeRoleWithWebIdentity, exceeded maximum number of"
        f' attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, Post "https://sts.{region}'
        '.amazonaws.com/": dial tcp 10.0.1.77:443: i/o timeout',
    )


def _allow_alone(lab: "Lab", action: str) -> None:
    """The policy of the service's endpoint lets nothing but one action through."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    endpoint = _endpoint(lab, action.partition(":")[0])["VpcEndpointId"]
    lab.client("ec2").modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=document)


def allow_where(lab: "Lab", service: str, action: str, condition: dict[str, Any]) -> None:
    """The policy of the service's endpoint lets an action through on a condition alone."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.client("ec2").modify_vpc_endpoint(
        VpcEndpointId=_endpoint(lab, service)["VpcEndpointId"], PolicyDocument=document
    )


def lets_in(lab: "Lab", service: str, action: str) -> bool:
    """Whether a statement of the endpoint's policy names the action without a condition, as a fix writes it."""
    document = _endpoint(lab, service).get("PolicyDocument") or "{}"
    statements = json.loads(document).get("Statement", ())
    return any(action in one["Action"] and "Condition" not in one for one in statements)


def _policy_lets_in(lab: "Lab") -> bool:
    return lets_in(lab, "fsx", "fsx:CreateFileSystem")


@fault(
    "endpoint-policy-describes-alone", cause="iam-denied-by-endpoint-policy", world="endpoints-with-policies",
    gone=_policy_lets_in,
)  # fmt: skip
def endpoint_policy_describes_alone(lab: "Lab") -> None:
    """The endpoint of FSx has the policy of another team, which lets nobody of this account in."""
    _allow_alone(lab, "fsx:DescribeBackups")
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d42, api error AccessDeniedException: User:"
        f" arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/1764374400 is not authorized to perform: fsx:CreateFileSystem on"
        f" resource: arn:aws:fsx:{lab.site.region}:{ACCOUNT}:file-system/* because no VPC endpoint policy allows the"
        " fsx:CreateFileSystem action",
    )


@fault(
    "endpoint-policy-of-another-role", cause="iam-denied-by-endpoint-policy", world="endpoints-with-policies",
    gone=_policy_lets_in,
)  # fmt: skip
def endpoint_policy_of_another_role(lab: "Lab") -> None:
    """The endpoint of FSx lets the role of the backups in alone, and the claim waits without a word."""
    backup = {"ArnEquals": {"aws:PrincipalArn": lab.site.arn("iam", "role/backup")}}
    statement = {"Effect": "Allow", "Principal": "*", "Action": "fsx:*", "Resource": "*", "Condition": backup}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    endpoint = _endpoint(lab, "fsx")["VpcEndpointId"]
    lab.client("ec2").modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=document)
    symptoms.being_provisioned(lab)
    symptoms.claim(lab)["metadata"]["creationTimestamp"] = lab.site.time(40)


@fault("sts-endpoint-without-private-dns", cause="aws-endpoint-unreachable", world="private-cluster")
def sts_endpoint_without_private_dns(lab: "Lab") -> None:
    """The endpoint is there, and the SDK still resolves the public name."""
    ec2, region = lab.client("ec2"), lab.site.region
    for endpoint in ec2.describe_vpc_endpoints()["VpcEndpoints"]:
        if endpoint["ServiceName"] == f"com.amazonaws.{region}.sts":
            ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
            ec2.create_vpc_endpoint(
                VpcId=endpoint["VpcId"],
                VpcEndpointType="Interface",
                ServiceName=endpoint["ServiceName"],
                SubnetIds=endpoint["SubnetIds"],
                PrivateDnsEnabled=False,
            )
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        " failed to retrieve credentials, operation error STS: AssumeRoleWithWebIdentity, exceeded maximum number of"
        f' attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, Post "https://sts.{region}'
        '.amazonaws.com/": dial tcp 52.95.193.20:443: i/o timeout',
    )


def _sts_lets_in(lab: "Lab") -> bool:
    return "AssumeRole" in str(_endpoint(lab, "sts").get("PolicyDocument"))


@fault(
    "sts-endpoint-policy-without-tokens", cause="iam-denied-by-endpoint-policy", world="endpoints-with-policies",
    gone=_sts_lets_in,
)  # fmt: skip
def sts_endpoint_policy_without_tokens(lab: "Lab") -> None:
    """The endpoint of STS lets everybody ask who he is; what comes back reads like a trust policy's refusal."""
    _allow_alone(lab, "sts:GetCallerIdentity")
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        " failed to retrieve credentials, operation error STS: AssumeRoleWithWebIdentity, https response error"
        " StatusCode: 403, RequestID: 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d42, api error AccessDenied: Not authorized to"
        " perform sts:AssumeRoleWithWebIdentity",
    )


@fault(
    "endpoint-policy-denies-creation", cause="iam-denied-by-endpoint-policy", world="endpoints-with-policies",
    gone=lambda lab: "Deny" not in str(_endpoint(lab, "fsx").get("PolicyDocument")),
)  # fmt: skip
def endpoint_policy_denies_creation(lab: "Lab") -> None:
    """The endpoint of FSx lets everybody look, and nobody make anything; the claim waits without a word."""
    statements = [
        {"Effect": "Allow", "Principal": "*", "Action": "fsx:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": ["fsx:Create*", "fsx:Delete*"], "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    endpoint = _endpoint(lab, "fsx")["VpcEndpointId"]
    lab.client("ec2").modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=document)
    symptoms.being_provisioned(lab)
