"""What the controller's role is allowed, action by action."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from diag.analysis.claims import Provisioning
from diag.analysis.identity.irsa import RoleArn
from diag.analysis.identity.policy_language import (
    Document,
    Request,
    Tri,
    any_of,
    clauses_of,
    conditions_hold,
    covers_action,
    like,
    listed,
)
from diag.analysis.identity.policy_language import all_of as all_hold
from diag.knowledge.controller_actions import Action, Resource, Use, controller_actions
from diag.model.unavailable import Reason, Unavailable
from diag.resources.kubernetes import StorageClass
from diag.resources.table import Table

S3_PATH_KEYS = ("s3ImportPath", "s3ExportPath")
"""StorageClass keys that link a bucket. Source: aws-fsx-csi-driver v1.9.0 pkg/driver/controller.go."""


class Decision(enum.Enum):
    """What IAM says to one action on one resource."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


SOME_FILE_SYSTEM = "fs-0123456789abcdef0"
"""Stands for every file system where IAM is asked."""
BY_NOBODY = "no policy of the role allows it"
BY_DENY = "a policy denies it"
BY_BOUNDARY = "the role's permissions boundary does not allow it"
BY_ORGANIZATION = "a service control policy of the organization does not allow it"
OWNERS = {
    BY_DENY: "whoever wrote that Deny (a policy of the role, of a group of it, or of a VPC endpoint)",
    BY_BOUNDARY: "whoever owns the role's permissions boundary",
    BY_ORGANIZATION: "whoever manages the organization's service control policies",
}
"""Who can take back what no Allow of the role overrules. Source: IAM user guide, policy evaluation logic."""


class Right(msgspec.Struct, frozen=True):
    """One action on one resource."""

    action: str
    resource: str
    decision: Decision
    why: str = ""

    @property
    def whole_resource(self) -> str:
        """The resource with every file system where one stands for all."""
        return self.resource.replace(SOME_FILE_SYSTEM, "*")


class Rights(msgspec.Struct, frozen=True):
    """The rights of one role."""

    rights: tuple[Right, ...]
    unread: Unavailable | None = None
    """Why IAM itself could not be asked: then what the role's documents allow may still be forbidden elsewhere."""

    def denied(self, *uses: Use) -> tuple[Right, ...]:
        """What is refused of the actions that have one of the uses."""
        return self._with(Decision.DENIED, uses)

    def undecided(self, *uses: Use) -> tuple[Right, ...]:
        """What is not known of them."""
        return self._with(Decision.UNKNOWN, uses)

    def _with(self, decision: Decision, uses: Sequence[Use]) -> tuple[Right, ...]:
        names = {action.name for action in controller_actions() if action.use in uses}
        return tuple(right for right in self.rights if right.action in names and right.decision is decision)


def buckets_of(classes: Iterable[StorageClass]) -> tuple[str, ...]:
    """The S3 buckets that the classes link."""
    paths = ((item.parameters or {}).get(key, "") for item in classes for key in S3_PATH_KEYS)
    names = (path.removeprefix("s3://").partition("/")[0] for path in paths if path.startswith("s3://"))
    return tuple(dict.fromkeys(name for name in names if name))


def who_may_create(rights: Table[Rights] | Unavailable) -> str | Unavailable:
    """The first role that may create file systems, empty when none may, or why that is not known."""
    if isinstance(rights, Unavailable):
        return rights
    for arn, own in rights.values.items():
        if not own.denied(Use.CREATE):
            unsure = own.undecided(Use.CREATE)
            return Unavailable(f"rights of {arn}", Reason.NOT_ASKED, unsure[0].why) if unsure else arn
    return next(iter(rights.missing.values()), "")


def later_uses(provisioning: Provisioning) -> tuple[Use, ...]:
    """What the cluster does with file systems once they exist."""
    deletes = provisioning.dynamic or any(item.reclaim_policy == "Delete" for item in provisioning.classes)
    resizes = any(item.allow_volume_expansion for item in provisioning.classes)
    return (*((Use.DELETE,) if deletes else ()), *((Use.RESIZE,) if resizes else ()))


def unlinkable(rights: Rights, classes: Iterable[StorageClass]) -> tuple[str, ...]:
    """The buckets of the classes to which the role can open FSx no way, neither by a role of FSx nor by their policy.

    Source: FSx for Lustre user guide, setting-up, permissions for S3 data repositories.
    """
    if not rights.denied(Use.LINK):
        return ()
    shut = {right.resource.rpartition(":")[2] for right in rights.denied(Use.LINK_BY_BUCKET)}
    return tuple(bucket for bucket in buckets_of(classes) if bucket in shut)


def questions(role: RoleArn, region: str, buckets: Sequence[str]) -> tuple[tuple[Action, str], ...]:
    """Each action that the controller may need, with the ARN it is needed on."""
    partition, account = role.partition, role.account
    service_roles = f"arn:{partition}:iam::{account}:role/aws-service-role"
    arns = {
        Resource.ANY: ("*",),
        Resource.FILE_SYSTEM: (f"arn:{partition}:fsx:{region}:{account}:file-system/{SOME_FILE_SYSTEM}",),
        Resource.SERVICE_ROLE: (f"{service_roles}/fsx.amazonaws.com/AWSServiceRoleForAmazonFSx",),
        Resource.LINK_ROLE: (
            f"{service_roles}/s3.data-source.lustre.fsx.amazonaws.com/AWSServiceRoleForFSxS3Access_{SOME_FILE_SYSTEM}",
        )
        if buckets
        else (),
        Resource.BUCKET: tuple(f"arn:{partition}:s3:::{bucket}" for bucket in buckets),
    }
    return tuple((action, arn) for action in controller_actions() for arn in arns[action.resource])


def context_of(region: str) -> dict[str, tuple[str, ...]]:
    """The condition keys of the controller's calls that are known beforehand."""
    services = ("fsx.amazonaws.com", "s3.data-source.lustre.fsx.amazonaws.com")
    return {"aws:RequestedRegion": (region,), "iam:AWSServiceName": services, "aws:SecureTransport": ("true",)}


def simulated(results: Iterable[Mapping[str, Any]], asked: Sequence[tuple[Action, str]]) -> tuple[Right, ...]:
    """IAM's answers (SimulatePrincipalPolicy, EvaluationResults) to what was asked.

    With several resources IAM puts each one's decision under ResourceSpecificResults.
    Source: IAM API reference, EvaluationResult.
    """
    found: dict[tuple[str, str], Right] = {}
    for result in results:
        action = str(result.get("EvalActionName", ""))
        for part in (result, *(result.get("ResourceSpecificResults") or ())):
            arn = str(part.get("EvalResourceName", ""))
            decision, why = _read(part, result)
            found[action, arn] = Right(action, arn, decision, why)
    unasked = Decision.UNKNOWN
    return tuple(found.get((a.name, arn), Right(a.name, arn, unasked, "IAM did not answer")) for a, arn in asked)


def _read(part: Mapping[str, Any], whole: Mapping[str, Any]) -> tuple[Decision, str]:
    said = str(part.get("EvalResourceDecision") or part.get("EvalDecision") or "")
    if said == "allowed":
        return Decision.ALLOWED, ""
    missing = part.get("MissingContextValues") or ()
    if missing and said == "implicitDeny":
        return Decision.UNKNOWN, f"it hangs on {', '.join(map(str, missing))}"
    boundary = part.get("PermissionsBoundaryDecisionDetail") or whole.get("PermissionsBoundaryDecisionDetail") or {}
    organization = whole.get("OrganizationsDecisionDetail") or {}
    if organization.get("AllowedByOrganizations") is False:
        return Decision.DENIED, BY_ORGANIZATION
    if boundary.get("AllowedByPermissionsBoundary") is False:
        return Decision.DENIED, BY_BOUNDARY
    return Decision.DENIED, BY_DENY if said == "explicitDeny" else BY_NOBODY


def by_documents(
    documents: Sequence[Document],
    boundary: Document | None,
    asked: Sequence[tuple[Action, str]],
    context: Mapping[str, tuple[str, ...]],
) -> tuple[Right, ...]:
    """What the role's own documents say.

    They can only refuse: a service control policy may still forbid what they allow, so that stays unknown.
    """
    request = Request({key.lower(): values for key, values in context.items()})
    found = []
    for action, arn in asked:
        allowed = _allowed(documents, action.name, arn, request)
        bounded = None if boundary is None else _allowed((boundary,), action.name, arn, request)
        if allowed is False:
            found.append(Right(action.name, arn, Decision.DENIED, BY_NOBODY))
        elif bounded is False:
            found.append(Right(action.name, arn, Decision.DENIED, BY_BOUNDARY))
        else:
            found.append(Right(action.name, arn, Decision.UNKNOWN, "the organization's policies were not seen"))
    return tuple(found)


def _allowed(documents: Sequence[Document], action: str, arn: str, request: Request) -> Tri:
    allows: list[Tri] = []
    denies: list[Tri] = []
    for document in documents:
        for statement in (item for item in listed(document.get("Statement")) if isinstance(item, Mapping)):
            if covers_action(statement, action) and _covers_resource(statement, arn):
                held = conditions_hold(clauses_of(statement), request)
                (denies if statement.get("Effect") == "Deny" else allows).append(held)
    denied = any_of(denies)
    return all_hold((any_of(allows), None if denied is None else not denied))


def _covers_resource(statement: Document, arn: str) -> bool:
    key = "Resource" if "Resource" in statement else "NotResource"
    named = any(like(str(pattern), arn) for pattern in listed(statement.get(key)))
    return named if key == "Resource" else not named
