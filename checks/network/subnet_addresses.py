"""Free addresses where a file system is to be made."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Table, Unavailable, check, fail, ok, skip, warn
from diag.advice.replace_class import replace_class
from diag.analysis.storage_classes import Demand
from diag.resources.ec2 import Subnet
from diag.resources.eks import EksCluster

OUT = "subnet-out-of-addresses"
OTHER = "a subnet of the cluster; see that it has free addresses and that the nodes reach it"


@check("subnet-addresses", layer=Layer.NETWORK, each="demands", speaks_for=OUT)
def subnet_has_addresses(
    demand: Demand, class_subnets: Table[Subnet], eks_cluster: EksCluster | Unavailable
) -> Iterator[Draft]:
    """The subnet of a StorageClass has free addresses for the servers of a new file system.

    Each file server takes one address of the subnet, besides what nodes and pods take. How many a size needs is not
    documented, so that only a subnet without any is known to fail. File systems that exist keep theirs.

    pass: the subnet has free addresses
    warn: it has none, and no claim waits for a file system there
    fail: it has none, and a claim waits
    unknown: EC2 could not be asked
    skip: the class names no subnet that EC2 has (see storageclass-network), or EC2 gives no count
    source: EC2 API Subnet AvailableIpAddressCount; FSx for Lustre user guide, file system addresses
    """
    id = demand.parameters.get("subnetId", "")
    if id not in class_subnets:
        yield skip(demand.storage_class, "it names no subnet that EC2 has", concerns=demand.path)
        return
    subnet = class_subnets[id]
    free, text = subnet.available_ip_address_count, f"ec2:DescribeSubnets {id} {subnet.cidr_block}"
    if free is None:
        yield skip(demand.storage_class, f"EC2 gives no count of free addresses of {id}", concerns=demand.path)
    elif free > 0:
        yield ok(demand.storage_class, f"{id} has {free} free addresses", text, concerns=demand.path)
    else:
        fix = replace_class(
            demand.storage_class,
            demand.claims_to_replace,
            {"subnetId": "{subnet}"},
            warning=OTHER,
            subnet=_another(id, eks_cluster),
        )
        say = fail if demand.waiting else warn
        message = f"{id} has no free address, so no file server fits in"
        yield say(demand.storage_class, message, text, cause=OUT, fix=fix, concerns=demand.path)


def _another(id: str, cluster: EksCluster | Unavailable) -> str:
    """Another subnet of the cluster; empty where there is none that is known."""
    subnets = () if isinstance(cluster, Unavailable) else cluster.resources_vpc_config.subnet_ids
    return next((subnet for subnet in subnets if subnet != id), "")
