"""Where each fact lies on the mount path, what its objects are called, and what changes by itself."""

from __future__ import annotations

import msgspec

from diag.model.layer import Layer


class Place(msgspec.Struct, frozen=True):
    """One fact in the order of the mount path."""

    layer: Layer
    called: str
    """What a person calls one of its objects."""


PLACES: dict[str, Place] = {
    "live_volumes": Place(Layer.REQUEST, "PersistentVolume"),
    "live_claims": Place(Layer.REQUEST, "PersistentVolumeClaim"),
    "live_classes": Place(Layer.REQUEST, "StorageClass"),
    "live_pods": Place(Layer.REQUEST, "Pod"),
    "live_driver_pods": Place(Layer.DRIVER, "Pod"),
    "csi_drivers": Place(Layer.DRIVER, "CSIDriver"),
    "daemon_sets": Place(Layer.DRIVER, "DaemonSet"),
    "deployments": Place(Layer.DRIVER, "Deployment"),
    "csi_nodes": Place(Layer.DRIVER, "CSINode"),
    "addons": Place(Layer.DRIVER, "add-on"),
    "service_accounts": Place(Layer.IDENTITY, "ServiceAccount"),
    "pod_identity_associations": Place(Layer.IDENTITY, "Pod Identity association"),
    "controller_roles": Place(Layer.IDENTITY, "role"),
    "driver_roles": Place(Layer.IDENTITY, "role"),
    "oidc_provider": Place(Layer.IDENTITY, "OIDC provider"),
    "controller_rights": Place(Layer.IDENTITY, "rights of"),
    "node_rights": Place(Layer.IDENTITY, "rights of"),
    "fsx_service_role": Place(Layer.IDENTITY, "service-linked role of FSx"),
    "static_keys": Place(Layer.IDENTITY, "static keys"),
    "cluster_identity": Place(Layer.IDENTITY, "cluster"),
    "eks_cluster": Place(Layer.IDENTITY, "EKS cluster"),
    "controller_instances": Place(Layer.IDENTITY, "instance"),
    "vpc_endpoints": Place(Layer.IDENTITY, "VPC endpoint"),
    "file_systems": Place(Layer.FILE_SYSTEM, "file system"),
    "data_repository_associations": Place(Layer.FILE_SYSTEM, "data repository association"),
    "described_vpcs": Place(Layer.DNS, "VPC"),
    "dns_support": Place(Layer.DNS, "enableDnsSupport of"),
    "dns_hostnames": Place(Layer.DNS, "enableDnsHostnames of"),
    "dhcp_options": Place(Layer.DNS, "DHCP options"),
    "corefile": Place(Layer.DNS, "Corefile"),
    "dns_answers": Place(Layer.DNS, "DNS answer"),
    "network_interfaces": Place(Layer.NETWORK, "ENI"),
    "security_groups": Place(Layer.NETWORK, "security group"),
    "lustre_groups": Place(Layer.NETWORK, "security group"),
    "network_acls": Place(Layer.NETWORK, "network ACL"),
    "subnets": Place(Layer.NETWORK, "subnet"),
    "route_tables": Place(Layer.NETWORK, "route table"),
    "prefix_lists": Place(Layer.NETWORK, "prefix list"),
    "instances": Place(Layer.NETWORK, "instance"),
    "source_nat": Place(Layer.NETWORK, "source NAT of the VPC CNI"),
    "tcp_answers": Place(Layer.NETWORK, "TCP connect"),
    "ladders": Place(Layer.LNET, "probe of"),
    "nodes": Place(Layer.CLIENT, "Node"),
    "node_truths": Place(Layer.CLIENT, "node"),
    "live_warnings": Place(Layer.MOUNT, "event"),
    "live_claim_events": Place(Layer.MOUNT, "event"),
}
"""In the order in which a mount meets them. A fact that is not listed comes last."""

_ORDER = {name: place for place, name in enumerate(PLACES)}


def place_of(fact: str, path: tuple[str, ...] = ()) -> Place:
    """Where a difference lies. What became of a pod is seen after the mount, whatever it asked for."""
    place = PLACES.get(fact, Place(Layer.WORKLOAD, fact.replace("_", " ")))
    if fact.endswith("_pods") and path[:1] == ("status",):
        return Place(Layer.WORKLOAD, place.called)
    return place


def order_of(fact: str) -> int:
    """Position among the facts of a layer."""
    return _ORDER.get(fact, len(_ORDER))


VOLATILE = frozenset(
    {
        "uid", "resourceVersion", "generation", "managedFields", "creationTimestamp", "CreationTime", "RequestTime",
        "lastTransitionTime", "firstTimestamp", "lastTimestamp", "eventTime", "series", "count", "startTime",
        "finishedAt", "elapsed_ms", "local_address", "local_port", "clock_skew_s", "bootID", "reportingInstance",
        "AvailableIpAddressCount", "probe", "taken_at", "kube-api-access", "podIP", "imageID", "ownerReferences",
    }
)  # fmt: skip
"""Fields that change from one look to the next and mean nothing by it."""
