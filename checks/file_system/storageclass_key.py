"""The KMS key that a StorageClass names."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from diag import Draft, Fix, Layer, Reason, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.replace_class import set_parameters
from diag.advice.steps import change, guard, person, save, undo
from diag.analysis.identity.controller import Given
from diag.analysis.identity.missing_rights import BOUNDED, LACKS, cause_of, give, listed
from diag.analysis.identity.permissions import Rights
from diag.analysis.identity.trust_policy import Answer, Trust, may_assume, role_at
from diag.analysis.storage_classes import Demand, keys_of
from diag.grammar.command import Value, Verbatim
from diag.grammar.ids import account_of
from diag.knowledge.controller_actions import VIA_SERVICE, Use, by_fsx_alone, via_fsx
from diag.model.fix import StepKind
from diag.model.unavailable import value_or
from diag.resources.class_data import Key, Policy
from diag.resources.eks import ClusterIdentity
from diag.resources.iam import statements_of

UNUSABLE, OWNER = "kms-key-unusable", "the owner of the key"
CREATE_GRANT = "kms:CreateGrant"
NEEDED = ("kms:DescribeKey", CREATE_GRANT)
"""What FSx does with the key in the caller's name. Source: FSx for Lustre user guide, encryption-at-rest."""


@check("storageclass-key", layer=Layer.FILE_SYSTEM, each="demands", speaks_for=(UNUSABLE, LACKS, BOUNDED))
def key_can_be_used(
    demand: Demand,
    class_keys: Table[Key],
    key_policies: Table[Policy],
    controller_role: Given | Unavailable,
    controller_rights: Table[Rights] | Unavailable,
    cluster_identity: ClusterIdentity,
) -> Iterator[Draft]:
    """The KMS key that the StorageClass names is enabled, and the controller may use it through FSx.

    FSx asks KMS for a grant in the name of whoever makes the file system. A key that is disabled or waits for its
    deletion ends the creation, and so does a key policy that neither names the controller's role nor leaves the
    decision to the account's own policies. Where it leaves it to them, the role's policies must allow the use.

    pass: it is enabled, encrypts, and its policy lets the role use it, or its account whose policies let the role
    warn: the role may have the key granted and not use it as FSx documents it
    fail: it does not exist, is disabled, waits for its deletion or is of another kind; or its policy refuses the role,
        or leaves it to IAM, which refuses
    unknown: the key, its policy or the role's rights could not be read, or a policy hangs on what only AWS knows
    skip: the class names no key of this Region (storageclass-parameters judges the others)
    source: FSx for Lustre user guide, encryption-at-rest; KMS developer guide, key-state and key-policy-default
    """
    names = keys_of((demand,), cluster_identity.region)
    if not names:
        yield skip(demand.storage_class, "it names no KMS key of this Region", concerns=demand.path)
        return
    (name,) = names
    key = class_keys.get(name)
    if isinstance(key, Unavailable):
        if key.reason is Reason.ABSENT:
            fix = set_parameters(demand.storage_class, demand.claims_to_replace, {"kmsKeyId": ""})
            yield fail(demand.storage_class, f"KMS has no key {name}", cause=UNUSABLE, fix=fix, concerns=demand.path)
        else:
            message = f"whether its key {name} can be used is not known: {key}"
            yield unknown(demand.storage_class, message, because=(key,), concerns=demand.path)
        return
    if flaw := _flaw_of(key):
        message = f"its key {key.key_id} {flaw}: FSx cannot use it"
        yield fail(demand.storage_class, message, cause=UNUSABLE, fix=_revive(key), concerns=demand.path)
        return
    if key.key_manager == "AWS":
        message = f"its key {key.key_id} is AWS's own for FSx"
        yield ok(demand.storage_class, message, rules_out=(UNUSABLE,), concerns=demand.path)
        return
    policy = key_policies.get(name)
    if isinstance(policy, Unavailable):
        yield _unseen(demand, key, policy)
        return
    account = account_of(key.arn)
    role = value_or(controller_role, None)
    caller = role.role_arn if role and role.role_arn else f"arn:{key.arn.split(':')[1]}:iam::{account}:root"
    refused, by_account = _by_policy(demand, key, policy, caller, cluster_identity.region)
    if refused is None and by_account:
        rights = controller_rights if isinstance(controller_rights, Unavailable) else controller_rights.get(caller)
        refused = _by_role(demand, key, caller, rights)
    message = f"its key {key.key_id} is enabled, and its policy lets {caller} use it"
    yield refused or ok(demand.storage_class, message, rules_out=(UNUSABLE,), concerns=demand.path)


def _by_role(demand: Demand, key: Key, caller: str, rights: Rights | Unavailable) -> Draft | None:
    """What IAM says, where the key's policy leaves the decision to the account; None where the role may use the key.

    A role that does not exist or is another account's is the matter of other checks.
    """
    about, name = demand.storage_class, caller.rpartition("/")[2]
    if isinstance(rights, Unavailable):
        return None
    missing = [right for right in rights.denied(Use.ENCRYPT) if right.resource == key.arn]
    unsure = [right for right in rights.undecided(Use.ENCRYPT) if right.resource == key.arn]
    if missing:
        say = fail if any(right.action in NEEDED for right in missing) else warn
        message = f"role {name} may not {listed(missing)} with its key {key.key_id}, whose policy leaves that to IAM"
        fix = give(name, missing, rights.boundary)
        return say(about, message, cause=cause_of(missing), fix=fix, concerns=demand.path)
    if unsure:
        open_question = Unavailable(f"rights of {caller}", Reason.NOT_ASKED, unsure[0].why)
        message = f"whether role {name} may {listed(unsure)} with its key {key.key_id} is not known"
        return unknown(about, message, because=(rights.unread or open_question,), concerns=demand.path)
    return None


def _by_policy(demand: Demand, key: Key, policy: Policy, caller: str, region: str) -> tuple[Draft | None, bool]:
    """What the key's policy refuses, and whether it lets the role in only with its whole account."""
    via = via_fsx(region)
    values = {"kms:calleraccount": (account_of(caller),), **({VIA_SERVICE.lower(): (via,)} if via else {})}
    own = {CREATE_GRANT: {"kms:grantisforawsresource": ("true",)}}
    askers = {action: role_at(caller, action, values | own.get(action, {})) for action in NEEDED}
    answers = {action: may_assume(policy.document, asker) for action, asker in askers.items()}
    for action, trust in answers.items():
        if trust.answer is Answer.REFUSED:
            message = f"the policy of its key {key.key_id} does not let {caller} {action}: {'; '.join(trust.reasons)}"
            fix = _let_in(key, policy, caller, region, trust)
            return fail(demand.storage_class, message, cause=UNUSABLE, fix=fix, concerns=demand.path), False
    for action, trust in answers.items():
        if trust.answer is Answer.UNDECIDED:
            why = Unavailable(f"policy of {key.key_id}", Reason.NOT_ASKED, "; ".join(trust.reasons))
            message = f"whether the policy of its key lets {caller} {action} is not known: {why}"
            return unknown(demand.storage_class, message, because=(why,), concerns=demand.path), False
    alone = (may_assume(policy.document, msgspec.structs.replace(asker, others=())) for asker in askers.values())
    return None, any(trust.answer is not Answer.ALLOWED for trust in alone)


def _unseen(demand: Demand, key: Key, policy: Unavailable) -> Draft:
    message = f"its key {key.key_id} is enabled; whether its policy lets the controller use it is not known: {policy}"
    return unknown(demand.storage_class, message, because=(policy,), concerns=demand.path)


def _flaw_of(key: Key) -> str:
    """Why no file system can be encrypted with it whatever its policy says; empty when one can."""
    if key.key_state not in ("Enabled", "Updating"):
        return {"Disabled": "is disabled", "PendingDeletion": "waits for its deletion"}.get(
            key.key_state, f"is in state {key.key_state or '(none)'}"
        )
    if key.key_usage not in ("", "ENCRYPT_DECRYPT") or key.key_spec not in ("", "SYMMETRIC_DEFAULT"):
        return f"is a {key.key_spec or '?'} key for {key.key_usage or '?'}, not a symmetric one"
    return ""


def _revive(kms: Key) -> Fix:
    names = {"key": kms.arn}
    enable = change(
        "aws kms enable-key --key-id {key}", names, changes="Make the key usable again, for all that it protects.",
        by=OWNER,
    )  # fmt: skip
    if kms.key_state == "Disabled":
        return Fix((enable, undo("aws kms disable-key --key-id {key}", names)))
    if kms.key_state == "PendingDeletion":
        cancel = change(
            "aws kms cancel-key-deletion --key-id {key}", names, changes="Stop the scheduled deletion.", by=OWNER
        )
        back = person("None that is safe: a deletion that is scheduled again ends all that the key protects.",
                      kind=StepKind.UNDO)  # fmt: skip
        return Fix((cancel, enable, back))
    return Fix((person("Bring the key into state Enabled, or name a symmetric key in the class.", by=OWNER),))


def _let_in(kms: Key, policy: Policy, caller: str, region: str, trust: Trust) -> Fix:
    """One more statement for the role, through FSx alone; what a Deny forbids is for its author to change."""
    if trust.is_denied:
        return Fix((person("Take back the Deny of the key's policy: no Allow overrules it.", by=OWNER),))
    statement = {
        "Effect": "Allow", "Principal": {"AWS": "{role_arn}"}, "Resource": "*",
        "Action": [*NEEDED, "kms:GenerateDataKey*", "kms:Decrypt"],
        "Condition": by_fsx_alone(region),
    }  # fmt: skip
    document = {"Version": "2012-10-17", "Statement": [*map(Verbatim, statements_of(policy.document)), statement]}
    names: dict[str, Value] = {"key": kms.arn, "role_arn": caller, "policy": document}
    put = "aws kms put-key-policy --key-id {key} --policy-name default --policy"
    keep = "aws kms get-key-policy --key-id {key} --policy-name default --query Policy --output text > key-policy.json"
    note = "Let the role use the key through FSx; the other statements stay as they are."
    return Fix(
        (
            guard("test ! -e key-policy.json"),
            save(keep, names),
            guard("grep -q Statement key-policy.json"),
            change(f"{put} {{policy}}", names, changes=note, by=OWNER),
            undo(f"{put} file://key-policy.json", names),
        )
    )
