"""Builds the fleet on the healthy world's network."""

import time
from typing import TYPE_CHECKING

from tests.lab.aws.moto_backends import ACCOUNT, ec2_backend
from tests.lab.fleet import objects
from tests.lab.fleet.instances import FleetInstances
from tests.lab.fleet.objects import Fleet, Made
from tests.lab.incident import VOLUME, WORKLOAD, build_healthy
from tests.lab.setup import NAMESPACE, Account
from tests.lab.site import Site

if TYPE_CHECKING:
    from tests.lab.lab import Lab


def build_fleet(
    lab: "Lab", site: Site, nodes: int = 5_000, pods: int = 20_000, volumes: int = 1_000, file_systems: int = 200
) -> Account:
    """A healthy cluster of that size; every node is in one of four groups and two subnets."""
    account = build_healthy(lab, site)
    fleet = Fleet(
        site=site,
        nodes=nodes,
        pods=pods,
        volumes=volumes,
        file_systems=file_systems,
        node=next(lab.kube.all("nodes")),
        csinode=next(lab.kube.all("csinodes")),
        plugin=next(p for p in lab.kube.all("pods", NAMESPACE) if p["metadata"]["labels"]["app"] == "fsx-csi-node"),
        workload=lab.kube.get("pods", WORKLOAD, "default"),
        volume=lab.kube.get("persistentvolumes", VOLUME),
        claim=next(lab.kube.all("persistentvolumeclaims")),
    )
    lab.kube.add(*objects.team_namespaces())
    lab.kube.remove_all("events", lab.kube.all("events"))
    for plural, count, make in (
        ("nodes", nodes, objects.make_node),
        ("csinodes", nodes, objects.make_csinode),
        ("pods", pods, objects.make_pod),
        ("persistentvolumes", volumes, objects.make_volume),
        ("persistentvolumeclaims", volumes, objects.make_claim),
    ):
        lab.kube.serve_lazily(plural, Made(fleet, count, make))
    lab.kube.get("daemonsets", "fsx-csi-node", NAMESPACE)["status"] |= dict.fromkeys(
        (
            "currentNumberScheduled",
            "desiredNumberScheduled",
            "numberAvailable",
            "numberReady",
            "updatedNumberScheduled",
        ),
        nodes,
    )
    subnets = _subnets(lab, site, account)
    _file_systems(lab, fleet, account)
    lab.aws.fleet = FleetInstances(fleet, account.vpc, subnets, account.cluster_group)
    return account


def _subnets(lab: "Lab", site: Site, account: Account) -> tuple[str, str]:
    ec2 = lab.client("ec2")
    made = []
    for number, zone in ((32, site.zones[0]), (64, site.zones[1])):
        cidr = f"127.{site.octet}.{number}.0/19"
        subnet = ec2.create_subnet(VpcId=account.vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        ec2.associate_route_table(RouteTableId=account.private_route_table, SubnetId=subnet)
        made.append(str(subnet))
    return made[0], made[1]


def _file_systems(lab: "Lab", fleet: Fleet, account: Account) -> None:
    """Documents and interfaces put in place directly: 200 CreateFileSystem calls would take longer than a test may."""
    site = fleet.site
    backend = ec2_backend(site.region)
    subnet = backend.get_subnet(account.private_subnets[0])
    pattern = lab.aws.fsx.file_system(account.file_system)
    for number in range(fleet.file_systems):
        file_system = fleet.file_system_id(number)
        interfaces = []
        for server in range(2):
            # 127.octet.1xx.n, inside the VPC and outside the nodes' subnets.
            address = site.address(110 + number // 100, 10 + 2 * (number % 100) + server)
            eni = backend.create_network_interface(
                subnet,
                address,
                group_ids=[account.file_system_group],
                description=f"Created By Amazon FSx for file system {file_system}",
            )
            eni.status, eni.requester_managed = "in-use", True
            interfaces.append(str(eni.id))
        lab.aws.fsx.add(
            site.region,
            pattern
            | {
                "FileSystemId": file_system,
                "CreationTime": time.time(),
                "DNSName": f"{file_system}.fsx.{site.region}.{site.dns_suffix}",
                "ResourceARN": f"arn:{site.partition}:fsx:{site.region}:{ACCOUNT}:file-system/{file_system}",
                "NetworkInterfaceIds": interfaces,
                "LustreConfiguration": pattern["LustreConfiguration"] | {"MountName": fleet.mount_name(number)},
            },
        )
        lab.serve(file_system)
