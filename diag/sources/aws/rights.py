"""Asks IAM what the controller's role may do, and whether FSx has its role in the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from diag.analysis.binding import class_of
from diag.analysis.claims import Provisioning
from diag.analysis.driver.images import PULL_DENIED, pull_failures
from diag.analysis.identity.controller import Given, Giver, plugin_of
from diag.analysis.identity.irsa import role_arn_of
from diag.analysis.identity.permissions import (
    BY_BOUNDARY,
    BY_DENY,
    BY_NOBODY,
    RESOURCE_TAGS,
    SERVICE_NAME,
    TIMES,
    Context,
    Rights,
    buckets_of,
    by_documents,
    context_of,
    explained,
    located,
    questions,
    settled,
    simulated,
    tags_of_requests,
    tags_of_resources,
    times_of,
    within_session,
)
from diag.analysis.identity.policy_language import Document
from diag.knowledge.controller_actions import Action, Use
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable, Unreadable, value_or
from diag.registry import fact
from diag.resources.class_data import Key
from diag.resources.ec2 import Instance
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.iam import ManagedPolicy, Role
from diag.resources.kubernetes import Event, Node, PersistentVolume, Pod, Workload
from diag.resources.table import Table, table_of
from diag.sources.aws.failure import malformed_answer
from diag.sources.aws.session import Aws

SERVICE_ROLE = "AWSServiceRoleForAmazonFSx"
"""Source: FSx for Lustre user guide, using-service-linked-roles."""


DOCUMENTS = (
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
)
"""What reading a role's policies takes: only where IAM's answer hangs on their conditions, or needs an explanation."""


@fact(
    layer=Layer.IDENTITY,
    label="rights of",
    permissions=("iam:SimulatePrincipalPolicy",),
    optional_permissions=DOCUMENTS,
)
def controller_rights(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    provisioning: Provisioning,
    controller_roles: Table[Role],
    controller_role: Given | Unavailable,
    class_keys: Table[Key] | Unavailable,
    controller: Workload | Unavailable,
    volumes: tuple[PersistentVolume, ...] | Unavailable,
    file_systems: Table[FileSystem] | Unavailable,
    taken_at: str,
) -> Table[Rights]:
    """What the role that the controller acts as may do, by ARN; nothing is asked where nothing is provisioned.

    IAM answers all actions and resources in one paged call. Where that call is denied the role's policy documents
    are read instead, if that is allowed: they tell what is surely missing, and no more.
    """
    given = value_or(controller_role, Given(Giver.WEB_IDENTITY, ""))
    own = {arn: role for arn, role in controller_roles.values.items() if arn != given.by_role}
    roles = own if provisioning.in_use else {}
    keys = [key.arn for key in value_or(class_keys, Table[Key]()) if key.key_manager != "AWS"]
    asking = {class_of(claim) for claim in provisioning.pending}
    classes = [one for one in provisioning.classes if one.metadata.name in asking] or provisioning.classes
    tags = {} if isinstance(controller, Unavailable) else tags_of_requests(classes, _extra_tags(controller))
    made = {volume.handle for volume in value_or(volumes, ()) if volume.is_dynamic}
    systems = [system for system in value_or(file_systems, Table[FileSystem]()) if system.file_system_id in made]
    tagged = ({tag.key: tag.value for tag in system.tags} for system in systems)
    known = {**tags, **tags_of_resources(tagged, tags), **times_of(taken_at)}
    found = _rights_of(aws, cluster_identity.region, roles, buckets_of(provisioning.classes), keys, known)
    limited = {
        arn: within_session(rights, given.session_policy, {**context_of(cluster_identity.region, arn), **known})
        for arn, rights in found.values.items()
    }
    return Table(limited, controller_roles.missing | found.missing)


@fact(
    layer=Layer.IDENTITY,
    label="rights of",
    permissions=("iam:GetInstanceProfile", "iam:SimulatePrincipalPolicy"),
    optional_permissions=DOCUMENTS,
)
def node_rights(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    provisioning: Provisioning,
    controller_role: Given | Unavailable,
    controller_instances: Table[Instance],
) -> Table[Rights]:
    """What the instance roles of the controller's nodes may do, by ARN.

    Asked only where the controller has no role of its own while volumes are provisioned: it then acts as its node.
    """
    if isinstance(controller_role, Given) or controller_role.reason is not Reason.ABSENT or not provisioning.in_use:
        return Table()
    profiles = {i.iam_instance_profile.arn for i in controller_instances if i.iam_instance_profile}
    found = (role for arn in sorted(profiles) for role in _roles_of(aws, cluster_identity.region, arn))
    roles = {role.arn: role for role in found}
    return _rights_of(aws, cluster_identity.region, roles, buckets_of(provisioning.classes))


@fact(layer=Layer.DRIVER, label="role of", permissions=("iam:GetInstanceProfile",))
def refused_roles(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    driver_pods: tuple[Pod, ...],
    warning_events: tuple[Event, ...] | Unavailable,
    nodes: tuple[Node, ...],
    instances: Table[Instance],
) -> Table[Role]:
    """The roles of nodes that a registry refused an image of the driver, by the node's name; mostly none.

    Of nodes that mount, or may mount, a volume of this run: others have the same role as a rule.
    """
    failures = pull_failures(driver_pods, value_or(warning_events, ()))
    names = {failure.pod.spec.node_name for failure in failures if failure.cause == PULL_DENIED}
    profiles = {
        node.name: profile.arn
        for node in nodes
        if node.name in names and node.instance_id in instances
        if (profile := instances[node.instance_id].iam_instance_profile)
    }
    roles = {arn: _roles_of(aws, cluster_identity.region, arn) for arn in sorted(set(profiles.values()))}
    return Table({name: role for name, arn in profiles.items() for role in roles[arn]})


def _extra_tags(controller: Workload) -> str:
    """What the driver tags every file system with. Source: aws-fsx-csi-driver v1.9.0, option --extra-tags."""
    return dict(plugin_of(controller.spec.template.spec).flags).get("extra-tags", "")


def _roles_of(aws: Aws, region: str, profile: str) -> tuple[Role, ...]:
    """The roles of an instance profile: one, or none where somebody took it away."""
    answer = aws.one("iam", "GetInstanceProfile", region=region, InstanceProfileName=profile.rpartition("/")[2])
    found = answer.get("InstanceProfile", {}).get("Roles", ())
    return tuple(Role(str(raw.get("RoleName", "")), str(raw.get("Arn", ""))) for raw in found)


def _rights_of(
    aws: Aws,
    region: str,
    roles: Mapping[str, Role],
    buckets: Sequence[str],
    keys: Sequence[str] = (),
    tags: Context = MappingProxyType({}),
) -> Table[Rights]:
    arns = {arn: questions(parts, region, buckets, keys) for arn in roles if (parts := role_arn_of(arn)) is not None}
    return table_of(arns, lambda arn: _rights_of_one(aws, region, arn, roles[arn], arns[arn], tags))


def _rights_of_one(
    aws: Aws, region: str, arn: str, role: Role, asked: Sequence[tuple[Action, str]], tags: Context
) -> Rights:
    context = {**context_of(region, role.arn or arn, role.tags), **tags}
    bound = str((role.permissions_boundary or {}).get("PermissionsBoundaryArn", ""))
    try:
        found = simulated(_simulate(aws, region, role.arn or arn, asked, context), asked, context)
    except Unreadable as refused:
        if refused.unavailable.reason is not Reason.DENIED:
            raise
        try:
            documents = _documents(aws, region, role)
        except Unreadable:
            raise refused from None
        boundary = _boundary(aws, region, bound)[0] if bound else None
        found = by_documents(documents, boundary.document if boundary else None, asked, context)
        return Rights(found, refused.unavailable, boundary=boundary)
    unread = None
    try:
        if any(right.simulated for right in found):
            limit = _managed(aws, region, bound).document if bound else None
            found = settled(found, _documents(aws, region, role), limit, asked, context)
        unexplained = (r for r in found if r.why in (BY_NOBODY, BY_DENY))
        if any(right.use in (Use.CREATE, Use.DELETE, Use.RESIZE) for right in unexplained):
            found = explained(found, _documents(aws, region, role), asked, context)
    except Unreadable as refused:
        unread = refused.unavailable
    boundary = None
    if bound and any(right.why == BY_BOUNDARY for right in found):
        boundary, missing = _boundary(aws, region, bound)
        unread = missing or unread
    return Rights(found, boundary=boundary, unread_documents=unread)


def _simulate(
    aws: Aws,
    region: str,
    role_arn: str,
    asked: Sequence[tuple[Action, str]],
    context: Mapping[str, tuple[str, ...]],
) -> list[Mapping[str, Any]]:
    """IAM's answers: one call for each service name that a condition may ask for, and one for all the rest, IAM's own
    actions apart."""
    results: list[Mapping[str, Any]] = []
    groups: dict[tuple[str, bool], list[tuple[Action, str]]] = {}
    for action, arn in asked:
        groups.setdefault((action.service, action.name.startswith("iam:")), []).append((action, arn))
    for (service, _), group in groups.items():
        there = located(group[0][0], context)
        keys = {**there, SERVICE_NAME: (service,)} if service else there
        results += aws.pages(
            "iam", "SimulatePrincipalPolicy", "EvaluationResults", region=region, PolicySourceArn=role_arn,
            ActionNames=sorted({action.name for action, _ in group}), ResourceArns=sorted({arn for _, arn in group}),
            ContextEntries=[
                {
                    "ContextKeyName": key,
                    "ContextKeyValues": list(words),
                    "ContextKeyType": "date" if key in TIMES else "stringList",
                }
                for key, words in keys.items()
                if words and not key.startswith(RESOURCE_TAGS)
            ],
        )  # fmt: skip
    return results


def _boundary(aws: Aws, region: str, arn: str) -> tuple[ManagedPolicy, Unavailable | None]:
    """The policy that bounds a role; without its document, and why, where that could not be read."""
    try:
        return _managed(aws, region, arn), None
    except Unreadable as refused:
        return ManagedPolicy(arn), refused.unavailable


@fact(layer=Layer.IDENTITY, label="service-linked role of FSx", permissions=("iam:GetRole",))
def fsx_service_role(
    aws: Aws, cluster_identity: ClusterIdentity, file_systems: Table[FileSystem] | Unavailable
) -> bool:
    """Whether FSx has its service-linked role in the account: it does wherever a file system exists."""
    if len(value_or(file_systems, Table())):
        return True
    try:
        aws.one("iam", "GetRole", region=cluster_identity.region, RoleName=SERVICE_ROLE)
    except Unreadable as error:
        if error.unavailable.reason is Reason.ABSENT:
            return False
        raise
    return True


def _documents(aws: Aws, region: str, role: Role) -> tuple[Document, ...]:
    name = role.role_name
    attached = aws.pages("iam", "ListAttachedRolePolicies", "AttachedPolicies", region=region, RoleName=name)
    inline = aws.pages("iam", "ListRolePolicies", "PolicyNames", region=region, RoleName=name)
    found: list[Document] = [
        _managed(aws, region, str(policy.get("PolicyArn", ""))).document or {} for policy in attached
    ]
    for policy in map(str, inline):
        answer = aws.one("iam", "GetRolePolicy", region=region, RoleName=name, PolicyName=policy)
        found.append(_decoded(answer.get("PolicyDocument"), f"policy {policy} of role {name}"))
    return tuple(found)


def _managed(aws: Aws, region: str, arn: str) -> ManagedPolicy:
    policy = aws.one("iam", "GetPolicy", region=region, PolicyArn=arn)
    version = str(policy.get("Policy", {}).get("DefaultVersionId", ""))
    answer = aws.one("iam", "GetPolicyVersion", region=region, PolicyArn=arn, VersionId=version)
    return ManagedPolicy(arn, version, _decoded(answer.get("PolicyVersion", {}).get("Document"), f"policy {arn}"))


def _decoded(document: Any, what: str) -> dict[str, Any]:
    """The document, which botocore has decoded already. What is none would read as a policy that allows nothing."""
    if not isinstance(document, dict):
        raise Unreadable(malformed_answer(what, "it has no policy document"))
    return document
