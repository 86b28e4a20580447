"""Which objects of a world a mount or a provisioning depends on, and the part that each of them plays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from diag.sources.aws.rights import SERVICE_ROLE
from tests.lab.incident import WORKLOAD
from tests.mutations.recorded import Document, World

_COMPONENTS: Mapping[str, Mapping[str, str]] = {
    "pods": {
        rf"default/{WORKLOAD}": "workload",
        r"fsx-csi-driver/fsx-csi-controller-.*": "controller",
        r"fsx-csi-driver/fsx-csi-node-.*": "plugin",
        r"kube-system/coredns-.*": "coredns",
        r"kube-system/aws-node-.*": "aws-node",
        r"kube-system/eks-pod-identity-agent-.*": "agent",
    },
    "serviceaccounts": {
        r"default/default": "workload",
        r"fsx-csi-driver/fsx-csi-driver-controller-sa": "controller",
        r"fsx-csi-driver/fsx-csi-node-sa": "plugin",
    },
    "configmaps": {r"kube-system/coredns": "coredns"},
    "services": {r"kube-system/kube-dns": "kube-dns"},
    "namespaces": {r"default": "workload", r"fsx-csi-driver": "driver", r"kube-system": "system"},
    "daemonsets": {
        r"fsx-csi-driver/.*": "plugin",
        r"kube-system/aws-node": "aws-node",
        r"kube-system/eks-pod-identity-agent": "agent",
    },
    "deployments": {r"fsx-csi-driver/.*": "controller", r"kube-system/coredns": "coredns"},
    "replicasets": {
        r"fsx-csi-driver/.*": "controller",
        r"kube-system/coredns-.*": "coredns",
        r"default/.*": "workload",
    },
    "resourcequotas": {r"default/.*": "workload"},
    "limitranges": {r"default/.*": "workload"},
    "networkpolicies": {r"fsx-csi-driver/.*": "driver"},
    "endpointslices": {r"kube-system/kube-dns-.*": "kube-dns"},
    "leases": {r"fsx-csi-driver/fsx-csi-aws-com": "provisioner"},
    "clusterroles": {r"fsx-csi-external-provisioner-role": "controller", r"fsx-csi-node-role": "plugin"},
    "clusterrolebindings": {
        r"fsx-csi-external-provisioner-binding": "controller",
        r"fsx-csi-node-getter-binding": "plugin",
    },
    "roles": {r"fsx-csi-driver/.*": "controller"},
    "rolebindings": {r"fsx-csi-driver/.*": "controller"},
}
_NOT_WALKED = frozenset({"events", "secrets", "controllerrevisions"})
"""What was said of objects, not what they are; events are the matter of the faults' matrix."""


def roles_of(world: World, kind: str) -> dict[int, str]:
    """The objects of a kind that are on the way, by their number, each with its part; "" where all play the same."""
    if kind in _NOT_WALKED:
        return {}
    found = ((index, _role(world, kind, item)) for index, item in enumerate(world.objects[kind]))
    return {index: role for index, role in found if role is not None}


def _role(world: World, kind: str, item: Document) -> str | None:
    if kind in _COMPONENTS:
        name = "/".join(filter(None, (item["metadata"].get("namespace", ""), item["metadata"]["name"])))
        return next((role for pattern, role in _COMPONENTS[kind].items() if re.fullmatch(pattern, name)), None)
    match kind:
        case "nodes" | "csinodes":
            return _role_of_node(world, item["metadata"]["name"])
        case "Instance":
            node = next(
                (n for n in world.objects["nodes"] if n["spec"]["providerID"].endswith(item["InstanceId"])), None
            )
            return _role_of_node(world, node["metadata"]["name"]) if node else None
        case "FileSystem":
            return ""
        case "NetworkInterface":
            ids = [id for system in world.objects["FileSystem"] for id in system["NetworkInterfaceIds"]]
            if item["NetworkInterfaceId"] not in ids:
                return None
            return "primary" if item["NetworkInterfaceId"] in {ids[0]} else "server"
        case "SecurityGroup":
            return _join(
                ("file-system", item["GroupId"] in _server_groups(world)), ("node", item["GroupId"] in _groups(world))
            )
        case "Subnet":
            return _sides(world, {item["SubnetId"]})
        case "RouteTable" | "NetworkAcl":
            return _sides(world, {association.get("SubnetId") for association in item["Associations"]})
        case "Vpc" | "VpcAttribute":
            return _join(
                ("file-system", item["VpcId"] in {system["VpcId"] for system in world.objects["FileSystem"]}),
                ("node", item["VpcId"] in {instance["VpcId"] for instance in world.objects["Instance"]}),
            )
        case "Role" if item["RoleName"] == SERVICE_ROLE:
            return "service"
        case "Role":
            return {"eks-cluster-role": None, "eks-node-role": "node"}.get(item["RoleName"], "controller")
        case "RolePolicy":
            return {"eks-cluster-role": None, "eks-node-role": "node"}.get(item["RoleName"], "controller")
        case "HostedZone":
            vpcs = {system["VpcId"] for system in world.objects["FileSystem"]}
            return "shadowing" if item["VPCId"] in vpcs and "amazonaws.com" in item["Name"] else None
        case "ResourceRecordSet":
            names = {system["DNSName"] for system in world.objects["FileSystem"]}
            return "name" if item["Name"].rstrip(".") in names else None
        case "VpcEndpoint":
            return item["ServiceName"].rpartition(".")[2]
    return ""


def _join(*parts: tuple[str, bool]) -> str | None:
    return "+".join(name for name, holds in parts if holds) or None


def _role_of_node(world: World, name: str) -> str:
    """`mounting` for the node of the workload, `controller` for one of the driver's controller, else `spare`."""
    on_it = [pod["metadata"]["name"] for pod in world.objects["pods"] if pod["spec"].get("nodeName") == name]
    if WORKLOAD in on_it:
        return "mounting"
    return "controller" if any(pod.startswith("fsx-csi-controller") for pod in on_it) else "spare"


def _server_groups(world: World) -> set[str]:
    ids = {id for system in world.objects["FileSystem"] for id in system["NetworkInterfaceIds"]}
    enis = (eni for eni in world.objects["NetworkInterface"] if eni["NetworkInterfaceId"] in ids)
    return {group["GroupId"] for eni in enis for group in eni["Groups"]}


def _groups(world: World) -> set[str]:
    return {group["GroupId"] for instance in world.objects["Instance"] for group in instance["SecurityGroups"]}


def _sides(world: World, subnets: set[Any]) -> str | None:
    servers = {id for system in world.objects["FileSystem"] for id in system["SubnetIds"]}
    nodes = {instance["SubnetId"] for instance in world.objects["Instance"]}
    return _join(("file-system", bool(subnets & servers)), ("node", bool(subnets & nodes)))
