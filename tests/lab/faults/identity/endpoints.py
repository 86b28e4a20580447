"""AWS endpoints that a cluster without a way out cannot reach."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault

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
