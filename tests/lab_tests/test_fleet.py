"""The made-up fleet: what its lists, its instances and its file systems say of each other."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from tests.lab import Lab

pytestmark = pytest.mark.lab
NODES, PODS, VOLUMES, FILE_SYSTEMS = 700, 2_000, 60, 20


@pytest.fixture
def fleet(lab: Lab) -> Lab:
    lab.load("fleet", nodes=NODES, pods=PODS, volumes=VOLUMES, file_systems=FILE_SYSTEMS)
    return lab


def listed(lab: Lab, path: str, **selectors: str) -> Iterator[dict[str, Any]]:
    """Every object of a list, page by page."""
    pool = urllib3.PoolManager(ca_certs=str(lab.folder / "ca.pem"))
    headers = {"Authorization": f"Bearer {lab.kube_server.token}"}
    token = ""
    while True:
        fields = selectors | {"limit": "250"} | ({"continue": token} if token else {})
        page = json.loads(pool.request("GET", lab.kube_server.url + path, fields=fields, headers=headers).data)
        yield from page["items"]
        token = page["metadata"].get("continue", "")
        if not token:
            return


def test_lists_are_whole_and_names_are_their_own(fleet: Lab) -> None:
    for path, count in (
        ("/api/v1/nodes", NODES),
        ("/apis/storage.k8s.io/v1/csinodes", NODES),
        ("/api/v1/pods", PODS),
        ("/api/v1/persistentvolumes", VOLUMES),
        ("/api/v1/persistentvolumeclaims", VOLUMES),
    ):
        found = list(listed(fleet, path))
        assert len(found) == count
        assert len({item["metadata"]["uid"] for item in found}) == count
        assert len({(item["metadata"].get("namespace"), item["metadata"]["name"]) for item in found}) == count


def test_selectors_reach_into_what_is_made(fleet: Lab) -> None:
    (node, *_) = listed(fleet, "/api/v1/nodes")
    pods = list(listed(fleet, "/api/v1/pods", fieldSelector=f"spec.nodeName={node['metadata']['name']}"))
    assert {pod["spec"]["nodeName"] for pod in pods} == {node["metadata"]["name"]}
    assert 2 <= len(pods) <= 3
    plugins = list(listed(fleet, "/api/v1/pods", labelSelector="app=fsx-csi-node"))
    assert len(plugins) == NODES


def test_nodes_are_instances_at_the_same_address(fleet: Lab) -> None:
    nodes = {node["spec"]["providerID"].rpartition("/")[2]: node for node in listed(fleet, "/api/v1/nodes")}
    ec2 = fleet.client("ec2")
    every = [
        instance
        for page in ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 300})
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]
    assert {instance["InstanceId"] for instance in every} == set(nodes)
    for instance in every:
        assert instance["PrivateIpAddress"] == nodes[instance["InstanceId"]]["status"]["addresses"][0]["address"]
    filtered = ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": sorted(nodes)[:3]}])["Reservations"]
    assert [found["Instances"][0]["InstanceId"] for found in filtered] == sorted(nodes)[:3]


def test_volumes_lead_to_file_systems_with_interfaces_of_their_own(fleet: Lab) -> None:
    fsx, ec2 = fleet.client("fsx"), fleet.client("ec2")
    systems = {system["FileSystemId"]: system for system in fsx.describe_file_systems()["FileSystems"]}
    used = set()
    for volume in listed(fleet, "/api/v1/persistentvolumes"):
        source = volume["spec"]["csi"]
        system = systems[source["volumeHandle"]]
        assert source["volumeAttributes"]["dnsname"] == system["DNSName"]
        assert source["volumeAttributes"]["mountname"] == system["LustreConfiguration"]["MountName"]
        used.add(source["volumeHandle"])
    assert len(used) == FILE_SYSTEMS
    ids = [eni for name in used for eni in systems[name]["NetworkInterfaceIds"]]
    found = ec2.describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]
    assert len({interface["PrivateIpAddress"] for interface in found}) == 2 * FILE_SYSTEMS


def test_another_world_has_no_fleet(fleet: Lab) -> None:
    fleet.load("healthy")
    found = fleet.client("ec2").describe_instances()["Reservations"]
    assert len(found) == 3
