"""What the controller's role is allowed, action by action."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from diag.analysis.claims import Provisioning
from diag.analysis.identity.irsa import RoleArn
from diag.analysis.identity.policy_language import (
    Clause,
    Document,
    Request,
    Tri,
    any_of,
    clauses_of,
    conditions_hold,
    covers_action,
    covers_resource,
)
from diag.analysis.identity.policy_language import all_of as all_hold
from diag.decode import decode_json
from diag.grammar.ids import account_of
from diag.knowledge.controller_actions import SOME_FILE_SYSTEM, Action, Use, arns_of, controller_actions, via_fsx
from diag.knowledge.partitions import partition_of
from diag.model.unavailable import Reason, Unavailable
from diag.resources.iam import ManagedPolicy, Tag, statements_of
from diag.resources.kubernetes import StorageClass
from diag.resources.table import Table

S3_PATH_KEYS = ("s3ImportPath", "s3ExportPath")
"""StorageClass keys that link a bucket. Source: aws-fsx-csi-driver v1.9.0 pkg/driver/controller.go."""


class Decision(enum.Enum):
    """What IAM says to one action on one resource."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


BY_NOBODY = "no policy of the role allows it"
BY_DENY = "a policy denies it"
BY_BOUNDARY = "the role's permissions boundary does not allow it"
BY_ORGANIZATION = (
    "IAM's simulation says that a service control policy does not allow it, without the keys that its conditions may"
    " ask for: see the denied call in CloudTrail"
)
"""The simulation names no key that a condition of such a policy misses, so that its No proves nothing.

Source: aws/aws-cli issue 10525 (2026-08-02), aws/aws-sdk issue 102, aws/aws-toolkit-vscode pull request 3106.
"""
BY_SESSION = "the session policy of its Pod Identity association does not allow it"
OWNERS = {
    BY_DENY: "whoever wrote that Deny (a policy of the role, of a group of it, or of a VPC endpoint)",
    BY_BOUNDARY: "whoever owns the role's permissions boundary",
    BY_SESSION: "whoever owns the Pod Identity association",
}
"""Who can take back what no Allow of the role overrules. Source: IAM user guide, policy evaluation logic."""
ONLY_WHERE = "a statement allows it only where "
BY_CONDITION = "whoever owns the role's policies and its tags"
PRINCIPAL_TAG = "aws:principaltag/"
SESSION_TAGS = frozenset(
    {"eks-cluster-arn", "eks-cluster-name", "kubernetes-namespace", "kubernetes-service-account", "kubernetes-pod-name",
     "kubernetes-pod-uid"}
)  # fmt: skip
"""Tags that Pod Identity adds to the role's own. Source: EKS user guide, pod-id-abac."""


def owner_of(why: str) -> str:
    """Who can change what refuses an action; empty where another Allow helps."""
    return BY_CONDITION if why.startswith(ONLY_WHERE) else OWNERS.get(why, "")


REQUEST_TAGS, RESOURCE_TAGS = "aws:RequestTag/", "aws:ResourceTag/"
"""As a key of a context: every tag of the request, or of the file systems, is given beside it."""
VOLUME_TAG, SOME_VOLUME = "CSIVolumeName", "pvc-00000000-0000-4000-8000-000000000000"
"""What the driver itself tags a file system with. Source: aws-fsx-csi-driver v1.9.0 pkg/cloud/cloud.go."""

Context = Mapping[str, tuple[str, ...]]
"""Condition keys of a request that are known."""


def request_tag(key: str) -> str:
    """The tag of the request that a condition key is about; empty for another key."""
    return key[len(REQUEST_TAGS) :] if key.lower().startswith(REQUEST_TAGS.lower()) else ""


def _is_absent(key: str, context: Context) -> bool:
    """Whether a tag that was not given to IAM with the others is none that the controller's session or request has."""
    if key.lower().startswith(RESOURCE_TAGS.lower()):
        return RESOURCE_TAGS in context and key.lower() not in map(str.lower, context)
    if request_tag(key):
        return REQUEST_TAGS in context
    name = key.lower()
    return name.startswith(PRINCIPAL_TAG) and name.removeprefix(PRINCIPAL_TAG) not in SESSION_TAGS


def tags_of_requests(classes: Iterable[StorageClass], of_driver: str = "") -> dict[str, tuple[str, ...]]:
    """The condition keys about tags of a CreateFileSystem: the driver's, its `--extra-tags`, and those of the class.

    Nothing where classes differ, since then the answer does.
    """
    written = {",".join(filter(None, (of_driver, (one.parameters or {}).get("extraTags", "")))) for one in classes}
    if len(written) != 1:
        return {}
    pairs = (pair.partition("=") for pair in written.pop().split(",") if "=" in pair)
    tags = {VOLUME_TAG: SOME_VOLUME, **{key.strip(): value.strip() for key, _, value in pairs}}
    return {REQUEST_TAGS: (), "aws:TagKeys": tuple(tags), **{f"{REQUEST_TAGS}{k}": (v,) for k, v in tags.items()}}


TIMES = ("aws:CurrentTime", "aws:TokenIssueTime")


def times_of(taken_at: str) -> dict[str, tuple[str, ...]]:
    """The condition keys about time, at that time: the driver's sessions are an hour old at most, so that whatever was
    revoked before that is renewed."""
    return dict.fromkeys(TIMES, (taken_at,))


def tags_of_resources(tagged: Iterable[Mapping[str, str]], asked: Context) -> dict[str, tuple[str, ...]]:
    """The condition keys about tags of the file systems that the driver changes and deletes.

    Those that all have which it made (`tagged`), else those that it would give the next one (`asked`).
    """
    own = [set(tags.items()) for tags in tagged]
    if own:
        common = set.intersection(*own)
        return {RESOURCE_TAGS: (), **{f"{RESOURCE_TAGS}{key}": (value,) for key, value in sorted(common)}}
    return {key.replace(REQUEST_TAGS, RESOURCE_TAGS): v for key, v in asked.items() if key.startswith(REQUEST_TAGS)}


def _depends(keys: Sequence[str]) -> str:
    """What an answer depends on, and who decides where that is a tag (attribute-based access control)."""
    tags = [key for key in keys if "tag/" in key.lower()]
    who = "whoever tags the file systems (extraTags of the StorageClass) or owns that policy decides"
    return f"it depends on {', '.join(keys)}{f'; {who}' if tags else ''}"


class Right(msgspec.Struct, frozen=True):
    """One action on one resource."""

    use: Use
    action: str
    resource: str
    decision: Decision
    why: str = ""
    simulated: str = ""
    """What IAM's simulation decided without condition keys that the role's policies ask for; empty when it had all."""
    decides: Clause | None = None
    """The condition that keeps a statement from allowing it, or with which one denies it, where that is known."""

    @property
    def service(self) -> str:
        """The service whose role the action makes; empty for other actions."""
        mine = (action for action in controller_actions() if (action.name, action.use) == (self.action, self.use))
        return next((action.service for action in mine), "")

    @property
    def whole_resource(self) -> str:
        """The resource with every file system where one stands for all."""
        return self.resource.replace(SOME_FILE_SYSTEM, "*")


class Rights(msgspec.Struct, frozen=True):
    """The rights of one role."""

    rights: tuple[Right, ...]
    unread: Unavailable | None = None
    """Why IAM itself could not be asked: then what the role's documents allow may still be forbidden elsewhere."""
    unread_documents: Unavailable | None = None
    """Why the documents of the role, or of its boundary, could not be read where conditions in them were asked for."""
    boundary: ManagedPolicy | None = None
    """The role's permissions boundary, where it refuses something."""

    def denied(self, *uses: Use) -> tuple[Right, ...]:
        """What is refused of the actions that have one of the uses."""
        return self._with(Decision.DENIED, uses)

    def undecided(self, *uses: Use) -> tuple[Right, ...]:
        """What is not known of them."""
        return self._with(Decision.UNKNOWN, uses)

    def _with(self, decision: Decision, uses: Sequence[Use]) -> tuple[Right, ...]:
        return tuple(right for right in self.rights if right.use in uses and right.decision is decision)


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
    deletes = provisioning.deleted_with_claim or any(item.reclaim_policy == "Delete" for item in provisioning.classes)
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


def questions(
    role: RoleArn, region: str, buckets: Sequence[str], keys: Sequence[str] = ()
) -> tuple[tuple[Action, str], ...]:
    """Each action that the controller may need, with the ARN it is needed on; `keys` are ARNs of KMS keys."""
    arns = arns_of(role.partition, role.account, region, buckets, keys)
    return tuple((action, arn) for action in controller_actions() for arn in arns[action.resource])


def context_of(region: str, role_arn: str, tags: Iterable[Tag] = ()) -> dict[str, tuple[str, ...]]:
    """The condition keys of the controller's calls that are known beforehand; `tags` are the role's own."""
    via = via_fsx(region)
    return {
        **{f"aws:PrincipalTag/{tag.key}": (tag.value,) for tag in tags},
        REQUESTED_REGION: (region,),
        "aws:SecureTransport": ("true",),
        "aws:PrincipalArn": (role_arn,),
        "aws:PrincipalAccount": (account_of(role_arn),),
        **({"kms:ViaService": (via,)} if via else {}),
        "kms:GrantIsForAWSResource": ("true",),
    }


REQUESTED_REGION = "aws:RequestedRegion"


def located(action: Action, context: Context) -> dict[str, tuple[str, ...]]:
    """The context with the Region that a request goes to: IAM is in one of a partition for all the others.

    Source: IAM user guide, reference_policies_condition-keys, aws:RequestedRegion.
    """
    if not action.name.startswith("iam:") or REQUESTED_REGION not in context:
        return dict(context)
    partition = partition_of(context[REQUESTED_REGION][0])
    own = {key: values for key, values in context.items() if key != REQUESTED_REGION}
    return {**own, REQUESTED_REGION: (partition.iam_region,)} if partition and partition.iam_region else own


def context_for(action: Action, context: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The keys that a request for one action has: the name of a service only where a service's role is made, tags of
    the request only where something is created, those of a file system only where there is one."""
    left_out = (RESOURCE_TAGS,) if action.use is Use.CREATE else ("aws:TagKeys", REQUEST_TAGS)
    there = located(action, context)
    own = {key: v for key, v in there.items() if key in (REQUEST_TAGS, RESOURCE_TAGS) or not key.startswith(left_out)}
    return {**own, SERVICE_NAME: (action.service,)} if action.service else own


SERVICE_NAME = "iam:AWSServiceName"
"""Each service's name has to be asked by itself: a condition for one of them says nothing of the other."""


def simulated(
    results: Iterable[Mapping[str, Any]], asked: Sequence[tuple[Action, str]], context: Context
) -> tuple[Right, ...]:
    """IAM's answers (SimulatePrincipalPolicy, EvaluationResults) to what was asked.

    With several resources IAM puts each one's decision under ResourceSpecificResults. A result that lacks condition
    keys may be wrong in both directions: an operator that negates is true for a key that is absent. A tag that the role
    does not have is absent from the real request as well.
    Source: IAM API reference, EvaluationResult.
    """
    found: dict[tuple[str, str], tuple[Decision, str, str]] = {}
    for result in results:
        action = str(result.get("EvalActionName", ""))
        for part in (result, *(result.get("ResourceSpecificResults") or ())):
            found[action, str(part.get("EvalResourceName", ""))] = _read(part, result, context)
    unasked = (Decision.UNKNOWN, "IAM did not answer", "")
    return tuple(Right(a.use, a.name, arn, *found.get((a.name, arn), unasked)) for a, arn in asked)


def _read(part: Mapping[str, Any], whole: Mapping[str, Any], context: Context) -> tuple[Decision, str, str]:
    said = str(part.get("EvalResourceDecision") or part.get("EvalDecision") or "")
    missing = [str(key) for key in part.get("MissingContextValues") or () if str(key) != SERVICE_NAME]
    if missing := [key for key in missing if not _is_absent(key, context)]:
        return Decision.UNKNOWN, _depends(missing), said
    if said == "allowed":
        return Decision.ALLOWED, "", ""
    boundary = part.get("PermissionsBoundaryDecisionDetail") or whole.get("PermissionsBoundaryDecisionDetail") or {}
    organization = whole.get("OrganizationsDecisionDetail") or {}
    if organization.get("AllowedByOrganizations") is False:
        return Decision.UNKNOWN, BY_ORGANIZATION, ""
    if boundary.get("AllowedByPermissionsBoundary") is False:
        return Decision.DENIED, BY_BOUNDARY, ""
    return Decision.DENIED, BY_DENY if said == "explicitDeny" else BY_NOBODY, ""


def by_documents(
    documents: Sequence[Document],
    boundary: Document | None,
    asked: Sequence[tuple[Action, str]],
    context: Mapping[str, tuple[str, ...]],
) -> tuple[Right, ...]:
    """What the role's own documents say.

    They can only refuse: a service control policy may still forbid what they allow, so that stays unknown.
    """
    found = []
    for action, arn in asked:
        allowed, why = _allowed_by(documents, boundary, action, arn, context)
        decision = Decision.DENIED if allowed is False else Decision.UNKNOWN
        why = why or "the organization's policies were not seen"
        found.append(Right(action.use, action.name, arn, decision, why))
    return tuple(found)


def settled(
    rights: Sequence[Right],
    documents: Sequence[Document],
    boundary: Document | None,
    asked: Sequence[tuple[Action, str]],
    context: Mapping[str, tuple[str, ...]],
) -> tuple[Right, ...]:
    """IAM's answers, with those decided that lacked keys which the role's documents do not ask for in this question.

    The simulation also lists the keys of statements about other actions. Source: boto/boto3 issue 3111.
    """
    found = []
    for right, (action, arn) in zip(rights, asked, strict=True):
        if right.simulated:
            allowed, why = _allowed_by(documents, boundary, action, arn, context)
            if allowed is True and right.simulated == "allowed":
                right = msgspec.structs.replace(right, decision=Decision.ALLOWED, why="")
            elif allowed is False and right.simulated != "allowed":
                right = msgspec.structs.replace(right, decision=Decision.DENIED, why=why)
        found.append(right)
    return tuple(found)


def explained(
    rights: Sequence[Right],
    documents: Sequence[Document],
    asked: Sequence[tuple[Action, str]],
    context: Mapping[str, tuple[str, ...]],
) -> tuple[Right, ...]:
    """The rights, each that nobody allows with the condition under which a statement of the role would allow it, and
    each that is denied for want of a tag with the condition about that."""
    found = []
    for right, (action, arn) in zip(rights, asked, strict=True):
        if right.why == BY_DENY:
            right = msgspec.structs.replace(right, decides=_tag_of_deny(documents, action, arn, context))
        if right.why == BY_NOBODY and (clause := _first_unmet(documents, action, arn, context)) is not None:
            values = {key.lower(): value for key, value in context_for(action, context).items()}
            present = " and ".join(values.get(clause.key.lower(), ())) or "absent"
            wanted = " or ".join(clause.wanted) or "nothing"
            why = f"{ONLY_WHERE}{clause.key} is {wanted} ({clause.operator}), and it is {present}"
            right = msgspec.structs.replace(right, why=why, decides=clause)
        found.append(right)
    return tuple(found)


def _tag_of_deny(documents: Iterable[Document], action: Action, arn: str, context: Context) -> Clause | None:
    """The condition about a tag of the request with which a statement denies an action; None where none does."""
    request = Request({key.lower(): value for key, value in context_for(action, context).items()})
    for document in documents:
        for statement in statements_of(document):
            clauses = clauses_of(statement)
            about = covers_action(statement, action.name) and covers_resource(statement, arn)
            if statement.get("Effect") == "Deny" and about and conditions_hold(clauses, request):
                return next((clause for clause in clauses if request_tag(clause.key)), None)
    return None


def _first_unmet(
    documents: Iterable[Document], action: Action, arn: str, context: Mapping[str, tuple[str, ...]]
) -> Clause | None:
    """The condition that keeps a statement from allowing an action; None where no statement is about it."""
    values = {key.lower(): value for key, value in context_for(action, context).items()}
    for document in documents:
        for statement in statements_of(document):
            if statement.get("Effect") != "Allow" or not covers_action(statement, action.name):
                continue
            clauses = clauses_of(statement) if covers_resource(statement, arn) else ()
            absent = {c.key.lower(): () for c in clauses if _is_absent(c.key, context) and c.key.lower() not in values}
            request = Request({**values, **absent})
            unmet = next((clause for clause in clauses if clause.holds(request) is False), None)
            if unmet is not None:
                return unmet
    return None


def within_session(rights: Rights, policy: str, context: Mapping[str, tuple[str, ...]]) -> Rights:
    """The rights that a session policy (JSON) leaves of them; all of them where there is none.

    Source: EKS API reference, PodIdentityAssociation policy: the intersection of the role's policies and this one.
    """
    if not policy:
        return rights
    try:
        document = decode_json(policy, dict[str, Any])
    except msgspec.DecodeError:
        document = None
    found = []
    for right in rights.rights:
        if right.decision is not Decision.DENIED:
            asked = next(a for a in controller_actions() if (a.name, a.use) == (right.action, right.use))
            allowed = None if document is None else _allowed_by((document,), None, asked, right.resource, context)[0]
            if allowed is False:
                right = msgspec.structs.replace(right, decision=Decision.DENIED, why=BY_SESSION)
            elif allowed is None:
                why = "it depends on a condition of the association's session policy"
                right = msgspec.structs.replace(right, decision=Decision.UNKNOWN, why=why)
        found.append(right)
    return msgspec.structs.replace(rights, rights=tuple(found))


def _allowed_by(
    documents: Sequence[Document],
    boundary: Document | None,
    action: Action,
    arn: str,
    context: Mapping[str, tuple[str, ...]],
) -> tuple[Tri, str]:
    """Whether the documents and the boundary allow an action, and which of them refuses it."""
    keys: dict[str, tuple[str, ...]] = {SERVICE_NAME: (), **context_for(action, context)}
    request = Request({key.lower(): values for key, values in keys.items()})
    allowed, denied = weigh(documents, action.name, arn, request)
    if denied:
        return False, BY_DENY
    if allowed is False:
        return False, BY_NOBODY
    within, out = (True, False) if boundary is None else weigh((boundary,), action.name, arn, request)
    if within is False or out:
        return False, BY_BOUNDARY
    return all_hold((allowed, within, denied is False or None, out is False or None)), ""


def weigh(documents: Iterable[Document], action: str, arn: str, request: Request) -> tuple[Tri, Tri]:
    """Whether a statement of the documents allows an action on a resource, and whether one denies it."""
    found: dict[str, list[Tri]] = {"Allow": [], "Deny": []}
    for document in documents:
        for statement in statements_of(document):
            if covers_action(statement, action):
                held = all_hold((covers_resource(statement, arn), conditions_hold(clauses_of(statement), request)))
                found.setdefault(str(statement.get("Effect")), []).append(held)
    return any_of(found["Allow"]), any_of(found["Deny"])
