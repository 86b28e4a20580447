"""The driver's objects, found and counted."""

from typing import TYPE_CHECKING, Any

from tests.lab.setup import NAMESPACE

if TYPE_CHECKING:
    from tests.lab.lab import Lab

DRIVER = "fsx.csi.aws.com"
CONTROLLER, NODE = "fsx-csi-controller", "fsx-csi-node"


def node_pods(lab: "Lab") -> list[dict[str, Any]]:
    """The node plugin's pods."""
    return [pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"].get("app") == NODE]


def count(daemonset: dict[str, Any], scheduled: int, ready: int) -> None:
    """Sets what the DaemonSet says of its pods."""
    daemonset["status"] |= {
        "currentNumberScheduled": scheduled,
        "desiredNumberScheduled": scheduled,
        "updatedNumberScheduled": scheduled,
        "numberAvailable": ready,
        "numberReady": ready,
        "numberUnavailable": scheduled - ready,
    }


def private_endpoints(lab: "Lab") -> None:
    """What a cluster without a way out has instead of a NAT gateway."""
    assert lab.account is not None
    ec2, region = lab.client("ec2"), lab.site.region
    for service in ("ecr.api", "ecr.dkr", "ec2", "sts", "fsx"):
        ec2.create_vpc_endpoint(
            VpcId=lab.account.vpc,
            ServiceName=f"com.amazonaws.{region}.{service}",
            VpcEndpointType="Interface",
            SubnetIds=list(lab.account.private_subnets),
            PrivateDnsEnabled=True,
        )
    ec2.create_vpc_endpoint(
        VpcId=lab.account.vpc,
        ServiceName=f"com.amazonaws.{region}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[lab.account.private_route_table],
    )
