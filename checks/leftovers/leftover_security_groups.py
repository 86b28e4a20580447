"""Every security group with a Lustre rule in the cluster's VPC is on a network interface."""

from __future__ import annotations

from collections.abc import Iterator

from checks.leftovers._teardown import LEFT, account, ask_owner, scope
from diag import Draft, Fix, Layer, check, ok, warn
from diag.resources.ec2 import SecurityGroup
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.kubernetes import FSX_DRIVER, StorageClass
from diag.resources.teardown import LustreGroups


@check("leftover-security-groups", layer=Layer.NETWORK, opt_in=True, speaks_for=LEFT)
def groups_are_used(
    lustre_groups: LustreGroups,
    eks_cluster: EksCluster,
    cluster_identity: ClusterIdentity,
    storage_classes: tuple[StorageClass, ...],
) -> Iterator[Draft]:
    """Every security group with a Lustre rule in the cluster's VPC is on a network interface.

    FSx keeps its interfaces for minutes after a deletion, so a script that deletes the group at once is refused and
    often hides the error. The next run then meets the name again, and falls back to the VPC's default group.

    pass: every such group is on an interface, or a StorageClass gives it to the next file system
    warn: one is neither; rules of other groups that name it keep it from being deleted. Launch templates, node classes
        and other clusters' classes are not read, and EC2 deletes a group that they name, so that none is offered for
        deletion
    unknown: security groups, interfaces, StorageClasses or the cluster could not be read
    source: ec2 2016-11-15 DeleteSecurityGroup; aws-cdk issue 31521
    """
    here = [group for group in lustre_groups.groups if group.vpc_id == eks_cluster.vpc_id]
    named = {
        id.strip()
        for item in storage_classes
        if item.provisioner == FSX_DRIVER
        for id in (item.parameters or {}).get("securityGroupIds", "").split(",")
    }
    left = [
        group
        for group in here
        if not lustre_groups.users_of(group.group_id) and group.group_name != "default" and group.group_id not in named
    ]
    for group in left:
        named_by = lustre_groups.named_by(group.group_id)
        others = [other for other in lustre_groups.groups if other.group_name == group.group_name]
        message = f"{group.group_name} is on no network interface"
        message += f"; rules of {', '.join(named_by)} still name it, so EC2 refuses to delete it" if named_by else ""
        same = f"{len(others) - 1} other group(s) of the region have that name: go by the id" if len(others) > 1 else ""
        yield warn(group, message, scope(cluster_identity), cause=None, fix=_ask(group, same))
    if not left:
        yield ok(account(cluster_identity), f"all {len(here)} group(s) with Lustre rules in the VPC are in use")


def _ask(group: SecurityGroup, same: str) -> Fix:
    look = "Launch templates, node classes and StorageClasses of other clusters may name {security_group}"
    return ask_owner(f"{look}; {same}" if same else look, security_group=group.group_id)
