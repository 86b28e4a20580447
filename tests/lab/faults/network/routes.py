"""Routes between the nodes and a file system in another VPC, and what happens to packets on the way."""

from typing import TYPE_CHECKING

from tests.lab.aws.moto_backends import ec2_backend
from tests.lab.faults import symptoms
from tests.lab.faults.network.packets import account_of, dropped
from tests.lab.faults.registry import fault
from tests.lab.setup import FILE_SYSTEM_ID

if TYPE_CHECKING:
    from tests.lab.lab import Lab

PEERED = "peered-vpc-by-address"


@fault("route-to-peer-absent", cause="route-missing", world=PEERED)
def route_to_peer_absent(lab: "Lab") -> None:
    """The peering stands, and the nodes' table does not know of it."""
    lab.client("ec2").delete_route(
        RouteTableId=account_of(lab).private_route_table, DestinationCidrBlock=lab.site.peer_cidr
    )
    dropped(lab)


@fault("route-back-absent", cause="route-missing", world=PEERED)
def route_back_absent(lab: "Lab") -> None:
    """Packets arrive and the answers find no way."""
    subnet = lab.aws.fsx.file_system(FILE_SYSTEM_ID)["SubnetIds"][0]
    ec2 = lab.client("ec2")
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["RouteTables"]
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock=lab.site.cidr())
    dropped(lab)


@fault("route-into-deleted-peering", cause="route-blackhole", world=PEERED)
def route_into_deleted_peering(lab: "Lab") -> None:
    """The peering was deleted; its routes stay behind in state blackhole."""
    ec2 = lab.client("ec2")
    (peering,) = ec2.describe_vpc_peering_connections(Filters=[{"Name": "status-code", "Values": ["active"]}])[
        "VpcPeeringConnections"
    ]
    peering_id = peering["VpcPeeringConnectionId"]
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
    dropped(lab)


@fault("peering-not-accepted", cause="route-blackhole", world=PEERED)
def peering_not_accepted(lab: "Lab") -> None:
    """The other side has not accepted the peering yet; until then its routes are black holes."""
    for peering in ec2_backend(lab.site.region).vpc_pcxs.values():
        peering._status.pending()
    dropped(lab)


@fault("name-asked-from-peered-vpc", cause="dns-outside-vpc", world=PEERED)
def name_asked_from_peered_vpc(lab: "Lab") -> None:
    """The DNS name, which resolves in the file system's own VPC only."""
    symptoms.attributes(lab)["dnsname"] = lab.aws.fsx.file_system(FILE_SYSTEM_ID)["DNSName"]
    symptoms.name_unresolved(lab)


@fault("peer-closed-to-nodes", cause="sg-missing-988", world=PEERED)
def peer_closed_to_nodes(lab: "Lab") -> None:
    """The file system's group lets in its own VPC only."""
    group = account_of(lab).file_system_group
    ec2 = lab.client("ec2")
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    ranges = [rule | {"UserIdGroupPairs": []} for rule in found["IpPermissions"] if rule["IpRanges"]]
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=ranges)
    dropped(lab)


@fault("source-port-rewritten", cause="source-port-rewritten-snat", world=PEERED)
def source_port_rewritten(lab: "Lab") -> None:
    """The VPC CNI translates what leaves the VPC, and takes a random source port for it."""
    for variable in lab.kube.get("daemonsets", "aws-node", "kube-system")["spec"]["template"]["spec"]["containers"][0][
        "env"
    ]:
        if variable["name"] == "AWS_VPC_K8S_CNI_EXTERNALSNAT":
            variable["value"] = "false"
    symptoms.unreachable(lab)
    plugin = next(
        pod
        for pod in lab.kube.all("pods", "fsx-csi-driver")
        if pod["metadata"]["labels"].get("app") == "fsx-csi-node"
        and pod["spec"]["nodeName"] == symptoms.pod(lab)["spec"]["nodeName"]
    )
    address = lab.file_system_addresses(FILE_SYSTEM_ID)[0]
    lab.api.logs["fsx-csi-driver", plugin["metadata"]["name"], "fsx-plugin"] = (
        "E1124 06:58:12.103377       1 mount_linux.go:272] Mount failed: exit status 5\n"
        f"LNetError: 3086:0:(socklnd_cb.c:1772:ksocknal_recv_hello()) Error -104 reading HELLO from {address}\n"
    )


NEW = 1_608_163_200
"""17 December 2020."""


@fault("old-file-system-from-shared-addresses", cause="non-rfc1918-client", world="peered-vpc-from-shared-addresses")
def old_file_system_from_shared_addresses(lab: "Lab") -> None:
    """A file system of 2019 does not answer clients of another VPC whose address is not private."""
    lab.aws.fsx.file_system(FILE_SYSTEM_ID)["CreationTime"] = NEW - 86_400 * 400
    symptoms.unreachable(lab)
