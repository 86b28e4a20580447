"""Rights that a role lacks: the cause that they speak for, and how each is given, by whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from diag.advice.identity import Grant, allow, widen_boundary
from diag.advice.replace_class import replace_class
from diag.advice.steps import person
from diag.analysis.identity.permissions import BY_BOUNDARY, BY_SESSION, ONLY_WHERE, Right, owner_of, request_tag, weigh
from diag.analysis.identity.policy_language import Request
from diag.analysis.storage_classes import Demand
from diag.grammar.command import Verbatim
from diag.model.fix import Fix, Step
from diag.resources.iam import ManagedPolicy
from diag.sanitize import one_line

LACKS, BOUNDED = "iam-missing-permission", "iam-denied-by-boundary"


def cause_of(missing: Sequence[Right]) -> str:
    """The boundary's or session's cause where it alone refuses all of them."""
    return BOUNDED if all(right.why in (BY_BOUNDARY, BY_SESSION) for right in missing) else LACKS


def listed(missing: Sequence[Right]) -> str:
    """`fsx:CreateFileSystem, fsx:TagResource (no policy of the role allows it)`, each action and each reason once."""
    by_reason: dict[str, dict[str, None]] = {}
    for right in missing:
        by_reason.setdefault(right.why, {})[right.action] = None
    return "; ".join(f"{', '.join(actions)} ({why})" for why, actions in by_reason.items())


def give(
    role: str, missing: Sequence[Right], boundary: ManagedPolicy | None = None, demands: Sequence[Demand] = ()
) -> Fix:
    """An Allow helps only where no policy allows; what something else forbids is for its owner to change.

    A tag that policies ask of every new file system is given by the class.
    """
    tags = {tag: value for right in missing if (tag := _tag_of(right)) for value in [_value_of(right)]}
    if tags and all(_tag_of(right) for right in missing):
        return _tag(demands, tags)
    bounded = [right for right in missing if right.why == BY_BOUNDARY]
    lacking = [_grant(right) for right in missing if not owner_of(right.why)]
    asked = [right for right in missing if owner_of(right.why) and right not in bounded]
    steps = [
        person("let {permission} through: " + _plain(right), {"permission": right.action}, by=owner_of(right.why))
        for right in asked
    ]
    own = allow(role, lacking).steps if lacking else ()
    return Fix((*(_open(boundary, bounded) if bounded else ()), *steps, *own))


def _tag_of(right: Right) -> str:
    """The tag of the request that an action hangs on; empty where it hangs on something else."""
    return request_tag(right.decides.key) if right.decides else ""


def _value_of(right: Right) -> str:
    """The one value that the tag has to have; empty where a person chooses it."""
    clause = right.decides
    exact = clause is not None and clause.operator.lower() in ("stringequals", "stringequalsignorecase")
    return clause.wanted[0] if clause and exact and len(clause.wanted) == 1 and "${" not in clause.wanted[0] else ""


def _tag(demands: Sequence[Demand], tags: Mapping[str, str]) -> Fix:
    """The tags in the classes that claims wait for, where their values are known."""
    if not all(tags.values()) or not demands:
        names = ", ".join(one_line(tag) for tag in tags).replace("{", "(").replace("}", ")")
        text = f"Give the StorageClass extraTags with the tag {names}, with a value that the policy takes"
        return Fix((person(text, by="whoever owns the role's policies and its tags"),))
    steps: list[Step] = []
    for demand in demands:
        former = [one for one in demand.parameters.get("extraTags", "").split(",") if one.partition("=")[0] not in tags]
        written = ",".join([*filter(None, former), *(f"{tag}={value}" for tag, value in tags.items())])
        parameters = {"extraTags": Verbatim(written)}
        steps += replace_class(demand.storage_class, demand.claims_to_replace, parameters).steps
    return Fix(tuple(steps))


def _open(boundary: ManagedPolicy | None, bounded: Sequence[Right]) -> Iterator[Step]:
    """The boundary's new version where one more Allow is enough, else who has to change what in which policy."""
    owner = owner_of(BY_BOUNDARY)
    denied = [right for right in bounded if boundary and _is_denied(boundary, right)]
    if boundary and boundary.document is not None and not boundary.is_of_aws and not denied:
        yield from widen_boundary(boundary.arn, boundary.version, boundary.document, map(_grant, bounded)).steps
        return
    which = {"policy_arn": boundary.arn} if boundary else {}
    actions = ", ".join(dict.fromkeys(right.action for right in bounded))
    if denied:
        text = f"Take {actions} out of the Deny of the boundary {{policy_arn}}: no Allow overrules it"
    elif boundary and boundary.is_of_aws:
        text = f"Bound the role by another policy than AWS's own {{policy_arn}}, one that allows {actions}"
    else:
        text = (
            f"Add a statement to the boundary {{policy_arn}} that allows {actions} on the file systems of this account"
        )
    yield person(f"{text}. The role's own policies need no change.", which, by=owner)


def _is_denied(boundary: ManagedPolicy, right: Right) -> bool:
    """Whether a Deny of the boundary is about the action, so that one more Allow may change nothing."""
    document = boundary.document or {}
    return weigh((document,), right.action, right.resource, Request())[1] is not False


def _grant(right: Right) -> Grant:
    return Grant(right.action, right.whole_resource, right.service)


def _plain(right: Right) -> str:
    """Why a right is refused, as a sentence of a fix: what a policy's author wrote is no template."""
    overruled = "" if right.why.startswith(ONLY_WHERE) else ", and no Allow of the role overrules that"
    return f"{right.why}{overruled}".replace("{", "(").replace("}", ")")
