"""The names and ids of one incident, for the commands of its runbook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from diag.advice.driver import values_of
from diag.advice.platform import UNKNOWN, Platform
from diag.advice.replace_node import KARPENTER, NODE_GROUP
from diag.advice.workloads import owners_of
from diag.analysis.binding import class_of
from diag.analysis.claims import ClaimCase
from diag.analysis.identity.controller import Given, is_auto_mode
from diag.analysis.network.routing import table_of
from diag.analysis.volumes import Mount
from diag.grammar.ids import account_of
from diag.knowledge.partitions import partition_of
from diag.model.unavailable import Unavailable
from diag.resources.ec2 import Instance, NetworkInterface, Subnet
from diag.resources.eks import Addon, EksCluster, PodIdentityAssociation, identity_of
from diag.resources.fsx import FileSystem
from diag.resources.iam import Role
from diag.resources.kubernetes import Node, PersistentVolume, Pod, ServiceAccount, Workload
from diag.resources.quantity import bytes_of
from diag.resources.table import Table

Facts = Mapping[str, Any]


def of_cluster(facts: Facts) -> dict[str, str]:
    """What all diagnoses of a run share."""
    identity = identity_of(facts)
    values = {"cluster": identity.cluster, "region": identity.region, "account": identity.account}
    if (partition := partition_of(identity.region)) is not None:
        values["partition"] = partition.id
    cluster = facts.get("eks_cluster")
    if isinstance(cluster, EksCluster):
        values |= {"node_vpc": cluster.vpc_id, "provider_arn": cluster.provider_arn, "issuer": cluster.issuer,
                   "endpoint_security_group": cluster.resources_vpc_config.cluster_security_group_id}  # fmt: skip
    node_plugin, controller = facts.get("node_plugin"), facts.get("controller")
    for workload, name in ((node_plugin, "node_plugin"), (controller, "controller")):
        if isinstance(workload, Workload):
            values |= {**values_of(workload), name: workload.metadata.name}
    if isinstance(node_plugin, Workload):
        values["node_service_account"] = node_plugin.spec.template.spec.service_account_name
    account = facts.get("controller_account")
    if isinstance(account, ServiceAccount):
        role = account.role_arn or ""
        # By its name alone a command would change a role of this account in place of the other one's.
        is_elsewhere = identity.account and account_of(role) not in ("", identity.account)
        values |= {
            "service_account": account.metadata.name,
            "driver_namespace": account.metadata.namespace,
            "role": "" if is_elsewhere else role.rpartition("/")[2],
            "role_arn": role,
            "role_account": account_of(role) if is_elsewhere else "",
        }
        if is_elsewhere:
            # STS looks for the provider beside the role.
            values["provider_arn"] = values.get("provider_arn", "").replace(identity.account, account_of(role))
    given = facts.get("controller_role")
    known = _row(facts.get("controller_roles"), given.role_arn) if isinstance(given, Given) else None
    if isinstance(known, Role) and known.permissions_boundary:
        values["boundary"] = str(known.permissions_boundary.get("PermissionsBoundaryArn", ""))
    associations = _known(facts.get("pod_identity_associations"))
    if len(associations) == 1 and isinstance(associations[0], PodIdentityAssociation):
        values["association_role"] = associations[0].role_arn.rpartition("/")[2]
    for addon in _known(facts.get("addons")):
        if isinstance(addon, Addon):
            values |= {"addon": addon.addon_name, "addon_version": addon.addon_version}
    return {name: value for name, value in values.items() if value}


def of_volume(volume: PersistentVolume, facts: Facts) -> dict[str, str]:
    """A volume, and its file system as far as FSx and EC2 answered."""
    name, _, directory = (volume.mount_name or "").partition("/")
    values = {
        "volume": volume.name,
        "volume_uid": volume.metadata.uid,
        "file_system": volume.handle,
        "dns_name": volume.dns_name or "",
        "mount_name": name,
        "volume_subdirectory": directory,
        "mount_options": ",".join(volume.spec.mount_options or ()),
    }
    if (ref := volume.spec.claim_ref) is not None:
        values |= {"claim": ref.name, "namespace": ref.namespace, **_owner((ref.namespace, ref.name), facts, ())}
    known = _row(facts.get("file_systems"), volume.handle)
    if isinstance(known, FileSystem):
        values |= {
            "server_version": known.file_system_type_version,
            "mount_name": known.mount_name or values["mount_name"],
            "dns_name": known.dns_name or values["dns_name"],
            "right_mountname": known.mount_name,
            "right_dnsname": known.dns_name,
            "vpc": known.vpc_id,
            "subnet": known.subnet_ids[0] if known.subnet_ids else "",
            "deployment_type": known.lustre.deployment_type,
            "capacity": str(known.storage_capacity or ""),
            "key": known.kms_key_id,
            "network_interface": known.network_interface_ids[0] if known.network_interface_ids else "",
        }
        values |= _of_subnet(values["subnet"], facts)
        eni = _row(facts.get("network_interfaces"), values["network_interface"])
        if isinstance(eni, NetworkInterface) and eni.group_ids:
            values["security_group"] = eni.group_ids[0]
    return values


def _of_subnet(subnet: str, facts: Facts) -> dict[str, str]:
    """The range and the route table of a file system's subnet."""
    known = _row(facts.get("subnets"), subnet)
    if not isinstance(known, Subnet):
        return {}
    table = table_of(known, _known(facts.get("route_tables")))
    return {"subnet_cidr": known.cidr_block, "subnet_route_table": table.route_table_id if table else ""}


def of_mount(mount: Mount, facts: Facts) -> dict[str, str]:
    """The pod, claim and node of a mount."""
    values = {"namespace": mount.pod.metadata.namespace, "claim": mount.claim.metadata.name,
              "pod": mount.pod.metadata.name,
              **_owner(mount.claim.key, facts, (mount.pod,))}  # fmt: skip
    if (user := mount.pod.spec.security_context) is not None and user.run_as_user is not None:
        group = user.run_as_group if user.run_as_group is not None else user.fs_group
        values |= {"user_id": str(user.run_as_user), "group_id": "" if group is None else str(group)}
    node = next((node for node in _known(facts.get("nodes")) if node.name == mount.node_name), None)
    return {**values, **(of_node(node, facts) if node else {"node": mount.node_name})}


def _owner(claim: tuple[str, str], facts: Facts, seen: Iterable[Pod]) -> dict[str, str]:
    """What runs the pods of a claim; `seen` are those of them that are known anyway."""
    users = facts.get("claim_pods")
    pods: Iterable[Pod] = users.get("/".join(claim), ()) if isinstance(users, Mapping) else seen
    owners = owners_of(pods)
    if len(owners) != 1:
        return {}
    return {"workload": f"{owners[0].kind.lower()}/{owners[0].name}", "replicas": str(owners[0].replicas)}


def of_node(node: Node, facts: Facts) -> dict[str, str]:
    """A node, its instance and its network."""
    is_karpenter = is_auto_mode(node) or node.metadata.label("karpenter.sh/nodepool")
    group = node.metadata.label("eks.amazonaws.com/nodegroup")
    info = node.status.node_info
    nodes = [other for other in _known(facts.get("nodes")) if _system(other) == _system(node)]
    alike = {other.metadata.label("eks.amazonaws.com/nodegroup") for other in nodes}
    values = {
        "node": node.name,
        "os_image": info.os_image,
        "instance": node.instance_id,
        "kernel": info.kernel_version,
        "nodegroup": group,
        "nodegroups": ",".join(sorted(alike - {""})),
        "node_manager": KARPENTER if is_karpenter else NODE_GROUP if group else "",
    }
    instance = _row(facts.get("instances"), node.instance_id)
    if isinstance(instance, Instance):
        groups = sorted(instance.primary_groups)
        table = table_of(Subnet(instance.subnet_id, instance.vpc_id), _known(facts.get("route_tables")))
        values |= {"node_subnet": instance.subnet_id, "node_vpc": instance.vpc_id,
                   "node_security_group": groups[0] if groups else "",
                   "route_table": table.route_table_id if table else ""}  # fmt: skip
        own = _row(facts.get("subnets"), instance.subnet_id)
        values["node_cidr"] = own.cidr_block if isinstance(own, Subnet) else ""
    plugin = next((pod for pod in _known(facts.get("driver_pods")) if _is_plugin(pod, node)), None)
    return values | ({"plugin_pod": plugin.metadata.name} if plugin else {})


def _system(node: Node) -> tuple[str, str]:
    return node.status.node_info.os_image, node.status.node_info.kernel_version


def _is_plugin(pod: Pod, node: Node) -> bool:
    owners = pod.metadata.owner_references or ()
    return pod.spec.node_name == node.name and any(owner.kind == "DaemonSet" for owner in owners)


def of_claim(case: ClaimCase, facts: Facts) -> dict[str, str]:
    """A claim by itself, and what its class can have instead."""
    claim = case.claim
    given = case.storage_class.parameters or {} if case.storage_class else {}
    return {
        "namespace": claim.metadata.namespace,
        "claim": claim.metadata.name,
        "claim_uid": claim.metadata.uid,
        "storage_class": class_of(claim),
        "quantity": _next_size((claim.spec.resources.requests or {}).get("storage", "")),
        "other_subnet": _in_another_zone(given.get("subnetId", ""), facts),
    }


def _in_another_zone(subnet: str, facts: Facts) -> str:
    """A subnet of the nodes or of a file system, in the same VPC as one and in another zone."""
    here = _row(facts.get("class_subnets"), subnet)
    known = facts.get("subnets")
    if not isinstance(here, Subnet) or not isinstance(known, Table):
        return ""
    others = (item for item in known if isinstance(item, Subnet) and item.vpc_id == here.vpc_id)
    return next((item.subnet_id for item in others if item.availability_zone != here.availability_zone), "")


def _next_size(asked: str) -> str:
    """The next size that every type of file system on SSD comes in: 1200 GiB, or a multiple of 2400.

    Source: FSx API Reference, CreateFileSystem, StorageCapacity.
    """
    size = bytes_of(asked)
    if not size:
        return ""
    gib = -(-size // 2**30)
    return "1200Gi" if gib <= 1200 else f"{-(-gib // 2400) * 2400}Gi"


def platform_of_nodes(facts: Facts) -> Platform:
    """Where a cluster's nodes are, by their provider."""
    clouds = {"aws": "aws", "azure": "azure", "gce": "gcp"}
    ids = (node.spec.provider_id.partition("://")[0] for node in _known(facts.get("nodes")))
    cloud = next((clouds[id] for id in ids if id in clouds), None)
    return Platform(cloud, True) if cloud else UNKNOWN


def _row(table: Any, key: str) -> Any:
    return table.values.get(key) if isinstance(table, Table) else None


def _known(value: Any) -> Any:
    return () if value is None or isinstance(value, Unavailable) else value
