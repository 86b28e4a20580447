"""Asks IAM what the controller's role may do, and whether FSx has its role in the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from diag.analysis.claims import Provisioning
from diag.analysis.identity.controller import Given
from diag.analysis.identity.irsa import role_arn_of
from diag.analysis.identity.permissions import Rights, buckets_of, by_documents, context_of, questions, simulated
from diag.analysis.identity.policy_language import Document
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable
from diag.registry import fact
from diag.resources.ec2 import Instance
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.iam import Role
from diag.resources.table import Table
from diag.sources.aws.failure import malformed_answer
from diag.sources.aws.session import Aws

SERVICE_ROLE = "AWSServiceRoleForAmazonFSx"
"""Source: FSx for Lustre user guide, using-service-linked-roles."""


@fact(layer=Layer.IDENTITY, label="rights of", permissions=("iam:SimulatePrincipalPolicy",))
def controller_rights(
    aws: Aws, cluster_identity: ClusterIdentity, provisioning: Provisioning, controller_roles: Table[Role]
) -> Table[Rights]:
    """What each of the controller's roles may do, by ARN; nothing is asked where nothing is provisioned.

    IAM answers all actions and resources in one paged call. Where that call is denied the role's policy documents
    are read instead, if that is allowed: they tell what is surely missing, and no more.
    """
    roles = controller_roles.values if provisioning.in_use else {}
    found = _rights_of(aws, cluster_identity.region, roles, buckets_of(provisioning.classes))
    return Table(found.values, controller_roles.missing | found.missing)


@fact(layer=Layer.IDENTITY, label="rights of", permissions=("iam:GetInstanceProfile", "iam:SimulatePrincipalPolicy"))
def node_rights(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    provisioning: Provisioning,
    controller_role: Given | Unavailable,
    controller_instances: Table[Instance],
) -> Table[Rights] | Unavailable:
    """What the instance roles of the controller's nodes may do, by ARN.

    Asked only where the controller has no role of its own while volumes are provisioned: it then acts as its node.
    """
    if isinstance(controller_role, Given) or controller_role.reason is not Reason.ABSENT or not provisioning.in_use:
        return Table()
    profiles = {i.iam_instance_profile.arn for i in controller_instances if i.iam_instance_profile}
    roles: dict[str, Role] = {}
    for arn in sorted(profiles):
        name = arn.rpartition("/")[2]
        answer = aws.one("iam", "GetInstanceProfile", region=cluster_identity.region, InstanceProfileName=name)
        if isinstance(answer, Unavailable):
            return answer
        for raw in answer.get("InstanceProfile", {}).get("Roles", ()):
            roles[str(raw.get("Arn", ""))] = Role(str(raw.get("RoleName", "")), str(raw.get("Arn", "")))
    return _rights_of(aws, cluster_identity.region, roles, buckets_of(provisioning.classes))


def _rights_of(aws: Aws, region: str, roles: Mapping[str, Role], buckets: Sequence[str]) -> Table[Rights]:
    values: dict[str, Rights] = {}
    missing: dict[str, Unavailable] = {}
    for arn, role in roles.items():
        parts = role_arn_of(arn)
        if parts is None:
            continue
        asked = questions(parts, region, buckets)
        context = context_of(region)
        found = aws.pages(
            "iam", "SimulatePrincipalPolicy", "EvaluationResults", region=region, PolicySourceArn=role.arn or arn,
            ActionNames=sorted({action.name for action, _ in asked}), ResourceArns=sorted({arn for _, arn in asked}),
            ContextEntries=[
                {"ContextKeyName": key, "ContextKeyValues": list(words), "ContextKeyType": "stringList"}
                for key, words in context.items()
            ],
        )  # fmt: skip
        if not isinstance(found, Unavailable):
            values[arn] = Rights(simulated(found, asked))
            continue
        documents = _documents(aws, region, role)
        if found.reason is not Reason.DENIED or isinstance(documents, Unavailable):
            missing[arn] = found
            continue
        bound = role.permissions_boundary or {}
        boundary = _managed(aws, region, str(bound["PermissionsBoundaryArn"])) if bound else None
        known = None if isinstance(boundary, Unavailable) else boundary
        values[arn] = Rights(by_documents(documents, known, asked, context), found)
    return Table(values, missing)


@fact(layer=Layer.IDENTITY, label="service-linked role of FSx", permissions=("iam:GetRole",))
def fsx_service_role(
    aws: Aws, cluster_identity: ClusterIdentity, file_systems: Table[FileSystem] | Unavailable
) -> bool | Unavailable:
    """Whether FSx has its service-linked role in the account: it does wherever a file system exists."""
    if not isinstance(file_systems, Unavailable) and len(file_systems):
        return True
    answer = aws.one("iam", "GetRole", region=cluster_identity.region, RoleName=SERVICE_ROLE)
    if isinstance(answer, Unavailable):
        return False if answer.reason is Reason.ABSENT else answer
    return True


def _documents(aws: Aws, region: str, role: Role) -> tuple[Document, ...] | Unavailable:
    attached = aws.pages("iam", "ListAttachedRolePolicies", "AttachedPolicies", region=region, RoleName=role.role_name)
    inline = aws.pages("iam", "ListRolePolicies", "PolicyNames", region=region, RoleName=role.role_name)
    if isinstance(attached, Unavailable):
        return attached
    if isinstance(inline, Unavailable):
        return inline
    found: list[Document] = []
    for policy in attached:
        document = _managed(aws, region, str(policy.get("PolicyArn", "")))
        if isinstance(document, Unavailable):
            return document
        found.append(document)
    for name in inline:
        answer = aws.one("iam", "GetRolePolicy", region=region, RoleName=role.role_name, PolicyName=str(name))
        if isinstance(answer, Unavailable):
            return answer
        document = _decoded(answer.get("PolicyDocument"), f"policy {name} of role {role.role_name}")
        if isinstance(document, Unavailable):
            return document
        found.append(document)
    return tuple(found)


def _managed(aws: Aws, region: str, arn: str) -> Document | Unavailable:
    policy = aws.one("iam", "GetPolicy", region=region, PolicyArn=arn)
    if isinstance(policy, Unavailable):
        return policy
    version = str(policy.get("Policy", {}).get("DefaultVersionId", ""))
    answer = aws.one("iam", "GetPolicyVersion", region=region, PolicyArn=arn, VersionId=version)
    if isinstance(answer, Unavailable):
        return answer
    return _decoded(answer.get("PolicyVersion", {}).get("Document"), f"policy {arn}")


def _decoded(document: Any, what: str) -> Document | Unavailable:
    """The document, which botocore has decoded already. What is none would read as a policy that allows nothing."""
    return document if isinstance(document, dict) else malformed_answer(what, "it has no policy document")
