"""What still stands after a teardown and costs, and what a naive clean-up would wrongly take with it.

Never part of the default run: `lustre-doctor run --only leftovers`. Nothing is deleted; the commands are for a person.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from diag import Draft, Fix, Kind, Layer, Reason, Subject, Table, Unavailable, check, ok, unknown, warn
from diag.analysis.file_systems import Standing, meant_id, standing_of
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.fsx import DataRepositoryAssociation, FileSystem
from diag.resources.kubernetes import PersistentVolume, ServiceAccount
from diag.resources.teardown import (
    BucketNotices,
    Clusters,
    LogGroup,
    LustreGroups,
    OwnPolicy,
    TrustedRole,
    bucket_of,
    issuer_id,
)

LEFT = "leftover-resources"
NO_WAY_BACK = "there is none"


@check("leftover-file-systems", layer=Layer.FILE_SYSTEM, opt_in=True, speaks_for=LEFT)
def file_systems_are_used(
    file_systems: Table[FileSystem],
    persistent_volumes: tuple[PersistentVolume, ...],
    cluster_identity: ClusterIdentity,
    eks_cluster: EksCluster | Unavailable,
) -> Iterator[Draft]:
    """Every Lustre file system of this cluster is used by a claimed volume.

    A file system costs by the hour whether anybody mounts it or not. A volume with reclaim policy Retain leaves it
    standing when its claim goes, and a PersistentVolume deleted by hand never takes it along.

    pass: a claimed volume names it
    warn: nobody claims the volumes that name it, or none names it and its tags say that this cluster made it, or it
        stands in this cluster's VPC and nothing says whose it is (then ask first)
    unknown: file systems or volumes could not be read
    source: fsx 2018-03-01 DescribeFileSystems; Kubernetes documentation, reclaiming
    """
    vpc = "" if isinstance(eks_cluster, Unavailable) else eks_cluster.vpc_id
    for file_system in _lustre(file_systems):
        stood = standing_of(file_system, persistent_volumes, cluster_identity.cluster, vpc)
        told = f"{file_system.storage_capacity or '?'} GiB {file_system.lustre.deployment_type} stands and costs: "
        told += f"{stood.told}{_twin(file_system, file_systems)}"
        if stood.standing is Standing.USED:
            yield ok(file_system, stood.told, rules_out=())
        elif stood.standing is Standing.UNCLAIMED:
            look = f"aws fsx list-tags-for-resource --resource-arn {file_system.resource_arn or file_system.id}"
            note = "it may be another team's: delete nothing before its owner is known"
            yield warn(file_system, told, cause=None, fix=Fix((look,), note))
        elif stood.standing is not Standing.FOREIGN:
            first = [f"kubectl delete pv {shlex.quote(volume.name)}" for volume in stood.volumes]
            commands = (*first, f"aws fsx delete-file-system --file-system-id {file_system.id}")
            note = "deletes it with all its data; export what is not in S3 and ask its owner first"
            fix = Fix(commands, note, NO_WAY_BACK)
            yield warn(file_system, told, cause=None, fix=fix)


def _twin(file_system: FileSystem, file_systems: Table[FileSystem]) -> str:
    """Another file system that links the same bucket: a set-up that was run twice makes one each time."""
    link = file_system.lustre.data_repository_configuration
    if link is None or not link.import_path:
        return ""
    others = [
        other.id
        for other in _lustre(file_systems)
        if other.id != file_system.id
        and (theirs := other.lustre.data_repository_configuration)
        and theirs.import_path == link.import_path
    ]
    return f"; {', '.join(others)} links {link.import_path} too, as after a set-up that was run twice" if others else ""


@check("cleanup-hazards", layer=Layer.FILE_SYSTEM, opt_in=True)
def cleanup_would_spare_others(
    file_systems: Table[FileSystem],
    persistent_volumes: tuple[PersistentVolume, ...],
    cluster_identity: ClusterIdentity,
    eks_cluster: EksCluster,
) -> Iterator[Draft]:
    """A clean-up that goes by type or name alone would take nothing that is not this cluster's.

    Scripts that delete every file system with FileSystemType LUSTRE, or the first one of a list, delete other teams'
    data as well. There is no way back from that.

    pass: every Lustre file system of the region is this cluster's
    warn: one is another cluster's, or in another VPC
    unknown: file systems, volumes or the cluster could not be read
    source: a set-up's clean-up script, run against stand-ins; fsx 2018-03-01 DeleteFileSystem
    """
    found = False
    for file_system in _lustre(file_systems):
        stood = standing_of(file_system, persistent_volumes, cluster_identity.cluster, eks_cluster.vpc_id)
        if stood.standing is Standing.FOREIGN:
            found = True
            name = f" ({file_system.name})" if file_system.name else ""
            told = f"leave it alone{name}: {stood.told}; a script that deletes every Lustre file system would take it"
            yield warn(file_system, told)
    if not found:
        yield ok(_account(cluster_identity), "no Lustre file system of the region is known to be somebody else's")


@check("leftover-volumes", layer=Layer.REQUEST, opt_in=True, speaks_for=LEFT)
def volumes_have_a_file_system(
    volumes: tuple[PersistentVolume, ...], file_systems: Table[FileSystem]
) -> Iterator[Draft]:
    """Every PersistentVolume points at a file system that is there.

    A teardown of the account's side leaves the cluster's objects behind: the next pod that uses such a volume hangs.

    pass: the file system exists and is not being deleted
    warn: it is gone, or goes
    unknown: volumes or file systems could not be read
    source: fsx 2018-03-01 Lifecycle; a set-up's clean-up script, run against stand-ins
    """
    for volume in volumes:
        known = file_systems.get(meant_id(volume))
        lifecycle = "" if isinstance(known, Unavailable) else known.lifecycle
        gone = isinstance(known, Unavailable) and known.reason is Reason.ABSENT and bool(meant_id(volume))
        if gone or lifecycle == "DELETING":
            state = "is being deleted" if lifecycle else "does not exist any more"
            fix = Fix((f"kubectl delete pv {shlex.quote(volume.name)}",), "removes the object; delete its claim first")
            yield warn(volume, f"its file system {meant_id(volume)} {state}", cause=None, fix=fix)
        else:
            yield ok(volume, "its file system is there", rules_out=())


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
        told = f"{group.group_name} is on no network interface"
        told += f"; rules of {', '.join(named_by)} still name it, so EC2 refuses to delete it" if named_by else ""
        same = f"{len(others) - 1} other group(s) of the region have that name: go by the id" if len(others) > 1 else ""
        fix = Fix((f"aws ec2 delete-security-group --group-id {group.group_id}",), same or "refused while in use")
        yield warn(group, told, cause=None, fix=fix)
    if not left:
        yield ok(_account(cluster_identity), f"all {len(here)} group(s) with Lustre rules in the VPC are in use")


@check("leftover-interfaces", layer=Layer.NETWORK, opt_in=True, speaks_for=LEFT)
def interfaces_belong_to_something(
    lustre_groups: LustreGroups, file_systems: Table[FileSystem], cluster_identity: ClusterIdentity
) -> Iterator[Draft]:
    """Every network interface with a Lustre group belongs to a file system or is attached.

    An interface that nobody uses takes an address of the subnet and keeps its groups from being deleted.

    pass: every one does
    warn: one belongs to no file system and is attached to nothing
    unknown: security groups, interfaces or file systems could not be read
    source: ec2 2016-11-15 DescribeNetworkInterfaces Status; fsx 2018-03-01 NetworkInterfaceIds
    """
    owned = {eni for file_system in file_systems for eni in file_system.network_interface_ids}
    left = [
        eni for eni in lustre_groups.interfaces if eni.network_interface_id not in owned and eni.status == "available"
    ]
    for eni in left:
        command = f"aws ec2 delete-network-interface --network-interface-id {eni.network_interface_id}"
        told = f"attached to nothing, and no file system's ({eni.description or 'no description'})"
        yield warn(eni, told, cause=None, fix=Fix((command,), "refused while something uses it", NO_WAY_BACK))
    if not left:
        yield ok(_account(cluster_identity), f"all {len(lustre_groups.interfaces)} interface(s) belong to something")


@check("leftover-roles", layer=Layer.IDENTITY, opt_in=True, speaks_for=LEFT)
def roles_are_assumed(
    driver_roles: tuple[TrustedRole, ...],
    region_clusters: Clusters,
    service_accounts: tuple[ServiceAccount, ...],
    cluster_identity: ClusterIdentity,
) -> Iterator[Draft]:
    """Every IAM role made for the driver has a service account that may take it.

    A role of a cluster that is gone can still be taken by whoever gets that issuer's tokens; and one whose policy was
    attached by hand keeps eksctl's stack in DELETE_FAILED.

    pass: its cluster and its service account are there, or its cluster is another one
    warn: its trust policy names no cluster of the region, or a service account that this cluster does not have
    unknown: roles, clusters or service accounts could not be read
    source: iam 2010-05-08 ListRoles; EKS User Guide, IAM roles for service accounts
    """
    alive = {id: name for name, id in region_clusters.issuers.items() if id}
    there = {(account.metadata.namespace, account.metadata.name) for account in service_accounts}
    for role in driver_roles:
        clusters = [alive[id] for id in role.issuers if id in alive]
        missing = [
            f"{ns}/{name}" for ns, name in role.service_accounts if "*" not in ns + name and (ns, name) not in there
        ]
        if role.issuers and not clusters:
            told = "its trust policy names the issuer of no cluster that is here"
        elif clusters == [cluster_identity.cluster] and missing and len(missing) == len(role.service_accounts):
            told = f"its trust policy names the service account {', '.join(missing)}, which this cluster has not"
        else:
            yield ok(role, f"its cluster is there: {', '.join(clusters) or 'not told'}", rules_out=())
            continue
        name = shlex.quote(role.role_name)
        commands = (
            f"aws iam list-attached-role-policies --role-name {name}",
            f"aws iam detach-role-policy --role-name {name} --policy-arn <policy-arn>",
            f"aws iam delete-role --role-name {name}",
        )
        note = "detach every policy that the first command lists; a role of eksctl goes with its stack"
        yield warn(role, told, cause=None, fix=Fix(commands, note, NO_WAY_BACK))


@check("leftover-policies", layer=Layer.IDENTITY, opt_in=True, speaks_for=LEFT)
def policies_are_attached(lustre_policies: tuple[OwnPolicy, ...], cluster_identity: ClusterIdentity) -> Iterator[Draft]:
    """Every policy of the account's own that speaks of FSx or Lustre is attached to something.

    pass: every one is
    warn: one is attached to nothing
    unknown: policies could not be read
    source: iam 2010-05-08 ListPolicies AttachmentCount
    """
    left = [policy for policy in lustre_policies if policy.attachment_count == 0]
    for policy in left:
        command = f"aws iam delete-policy --policy-arn {policy.arn}"
        told = f"policy {policy.policy_name} is attached to nothing"
        note = "delete its older versions first where it has some"
        yield warn(_account(cluster_identity), told, cause=None, fix=Fix((command,), note, NO_WAY_BACK))
    if not left:
        yield ok(_account(cluster_identity), f"all {len(lustre_policies)} policies for FSx or Lustre are attached")


@check("leftover-oidc-providers", layer=Layer.IDENTITY, opt_in=True, speaks_for=LEFT)
def providers_have_a_cluster(
    eks_providers: tuple[str, ...], region_clusters: Clusters, cluster_identity: ClusterIdentity
) -> Iterator[Draft]:
    """Every IAM OIDC provider of an EKS issuer of this region has its cluster.

    pass: every one has
    warn: the cluster of one is gone
    unknown: providers or clusters could not be read
    source: iam 2010-05-08 ListOpenIDConnectProviders; EKS User Guide, OIDC provider
    """
    alive = set(region_clusters.issuers.values())
    left = [arn for arn in eks_providers if issuer_id(arn) not in alive]
    for arn in left:
        command = f"aws iam delete-open-id-connect-provider --open-id-connect-provider-arn {arn}"
        told = f"the OIDC provider {arn.partition('oidc-provider/')[2]} is of no cluster that is here"
        yield warn(_account(cluster_identity), told, cause=None, fix=Fix((command,), "roles that name it stop working"))
    if not left:
        yield ok(_account(cluster_identity), f"all {len(eks_providers)} OIDC provider(s) of EKS have their cluster")


@check("leftover-log-groups", layer=Layer.FILE_SYSTEM, opt_in=True, speaks_for=LEFT)
def log_groups_are_written(
    log_groups: tuple[LogGroup, ...],
    file_systems: Table[FileSystem],
    region_clusters: Clusters,
    cluster_identity: ClusterIdentity,
) -> Iterator[Draft]:
    """Every log group of FSx or of an EKS cluster still has a writer.

    CloudWatch keeps what was written, at a price, until somebody deletes the group or gives it a retention.

    pass: a file system logs to it, or its cluster is there
    warn: nobody writes to it any more
    unknown: log groups, clusters or file systems could not be read
    source: fsx 2018-03-01 LustreLogConfiguration; EKS User Guide, control plane logs
    """
    targets = [c.destination for fs in file_systems if (c := fs.lustre.log_configuration)]
    left = []
    for group in log_groups:
        cluster = re.fullmatch(r"/aws/eks/([^/]+)/cluster", group.log_group_name)
        of_fsx = group.log_group_name.startswith("/aws/fsx")
        if (of_fsx and not any(f":log-group:{group.log_group_name}" in target for target in targets)) or (
            cluster and cluster[1] not in region_clusters.issuers
        ):
            left.append(group)
    for group in left:
        name = shlex.quote(group.log_group_name)
        told = f"log group {group.log_group_name} ({group.stored_bytes} bytes) has no writer any more"
        fix = Fix((f"aws logs delete-log-group --log-group-name {name}",), "deletes what was logged", NO_WAY_BACK)
        yield warn(_account(cluster_identity), told, cause=None, fix=fix)
    if not left:
        yield ok(_account(cluster_identity), f"all {len(log_groups)} log group(s) of FSx and EKS have a writer")


@check("leftover-bucket-notifications", layer=Layer.FILE_SYSTEM, opt_in=True, speaks_for=LEFT)
def notifications_have_a_file_system(
    bucket_notices: Table[BucketNotices],
    file_systems: Table[FileSystem],
    data_repository_associations: tuple[DataRepositoryAssociation, ...],
    cluster_identity: ClusterIdentity,
) -> Iterator[Draft]:
    """Every bucket's notification of FSx has a file system that imports from the bucket.

    FSx puts a notification called FSx on a bucket for automatic import. One that stays keeps the next file system
    from making its own, whose link then ends MISCONFIGURED.

    pass: every one has
    warn: no file system of the region links the bucket any more
    unknown: a bucket could not be asked
    source: FSx for Lustre user guide, automatic import; s3 2006-03-01 GetBucketNotificationConfiguration
    """
    links = [link.import_path for fs in file_systems if (link := fs.lustre.data_repository_configuration)]
    linked = {bucket_of(path) for path in (*links, *(a.data_repository_path for a in data_repository_associations))}
    left = [notices for notices in bucket_notices if notices.of_fsx and notices.bucket not in linked]
    for notices in left:
        told = f"its notification {', '.join(notices.of_fsx)} is FSx's, and no file system of the region links it"
        look = f"aws s3api get-bucket-notification-configuration --bucket {shlex.quote(notices.bucket)}"
        note = "put back the configuration without that entry (put-bucket-notification-configuration replaces it all)"
        yield warn(Subject(Kind.BUCKET, notices.bucket), told, cause=None, fix=Fix((look,), note))
    for name, why in bucket_notices.missing.items():
        yield unknown(Subject(Kind.BUCKET, name), f"its notifications could not be read: {why}", because=(why,))
    if not left:
        told = f"none of {len(bucket_notices)} bucket(s) has a notification of a file system that is gone"
        yield ok(_account(cluster_identity), told)


def _lustre(file_systems: Table[FileSystem]) -> list[FileSystem]:
    return [found for found in file_systems if found.is_lustre and found.lifecycle != "DELETING"]


def _account(identity: ClusterIdentity) -> Subject:
    return Subject(Kind.ACCOUNT, identity.account or "(this account)")
