"""Every security group with a Lustre rule in the cluster's VPC is on a network interface."""

from __future__ import annotations

from collections.abc import Iterator

from checks.leftovers._teardown import LEFT, account, delete
from diag import Draft, Layer, check, ok, warn
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.teardown import LustreGroups


@check("leftover-security-groups", layer=Layer.NETWORK, opt_in=True, speaks_for=LEFT)
def groups_are_used(
    lustre_groups: LustreGroups, eks_cluster: EksCluster, cluster_identity: ClusterIdentity
) -> Iterator[Draft]:
    """Every security group with a Lustre rule in the cluster's VPC is on a network interface.

    FSx keeps its interfaces for minutes after a deletion, so a script that deletes the group at once is refused and
    often hides the error. The next run then meets the name again, and falls back to the VPC's default group.

    pass: every such group is in use
    warn: one is on no interface, so it is left over; rules of other groups that name it keep it from being deleted
    unknown: security groups, interfaces or the cluster could not be read
    source: ec2 2016-11-15 DeleteSecurityGroup; aws-cdk issue 31521
    """
    here = [group for group in lustre_groups.groups if group.vpc_id == eks_cluster.vpc_id]
    left = [g for g in here if not lustre_groups.users_of(g.group_id) and g.group_name != "default"]
    for group in left:
        named_by = lustre_groups.named_by(group.group_id)
        others = [other for other in lustre_groups.groups if other.group_name == group.group_name]
        message = f"{group.group_name} is on no network interface"
        message += f"; rules of {', '.join(named_by)} still name it, so EC2 refuses to delete it" if named_by else ""
        same = f"{len(others) - 1} other group(s) of the region have that name: go by the id" if len(others) > 1 else ""
        command = "aws ec2 delete-security-group --group-id {security_group}"
        fix = delete(command, same or "EC2 refuses it while in use", security_group=group.group_id)
        yield warn(group, message, cause=None, fix=fix)
    if not left:
        yield ok(account(cluster_identity), f"all {len(here)} group(s) with Lustre rules in the VPC are in use")
