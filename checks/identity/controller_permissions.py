"""What the controller's role may do at FSx, at IAM and at S3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diag import Draft, Layer, Reason, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.identity import create_service_role
from diag.analysis.claims import NOT_FOR_MOUNTS, NOT_IN_USE, Provisioning
from diag.analysis.driver.workloads import missing_component
from diag.analysis.identity.controller import Given, has_own_key
from diag.analysis.identity.missing_rights import BOUNDED, LACKS, cause_of, give, listed
from diag.analysis.identity.permissions import Rights, buckets_of, later_uses, unlinkable
from diag.analysis.storage_classes import Demand
from diag.knowledge.controller_actions import Use
from diag.model.unavailable import value_or
from diag.resources.kubernetes import ServiceAccount, Workload

NO_SERVICE_ROLE, NO_LINK = "service-linked-role-missing", "s3-access-denied"


@check("controller-permissions", layer=Layer.IDENTITY, speaks_for=(LACKS, BOUNDED, NO_SERVICE_ROLE, NO_LINK))
def controller_is_allowed_what_it_does(
    provisioning: Provisioning,
    controller_account: ServiceAccount | Unavailable,
    controller_role: Given | Unavailable,
    controller: Workload | Unavailable,
    controller_rights: Table[Rights],
    fsx_service_role: bool | Unavailable,
    demands: tuple[Demand, ...] | Unavailable,
) -> Iterator[Draft]:
    """The controller's role may create, tag, describe, resize and delete file systems, and what a link to S3 needs.

    One missing action stops provisioning with AccessDeniedException. The first file system of an account also needs
    the right to create FSx's service-linked role, and one linked to a bucket the right to prepare another.

    pass: everything that the cluster's StorageClasses ask for is allowed
    warn: a right to delete, to resize or to link a bucket is missing (a bucket's own policy may allow the link)
    fail: a right to create, tag or describe is missing, or FSx's service-linked role and the right to create it
    unknown: IAM lacked condition keys that a policy asks for, or names a service control policy, whose conditions it
        cannot judge; or IAM could not be asked and the role's documents do not refuse it
    skip: nothing is provisioned dynamically, or the controller has no role of its own
    source: aws-fsx-csi-driver v1.9.0 docs/install.md; FSx for Lustre user guide, setting-up
    """
    if isinstance(controller_account, Unavailable):
        yield missing_component("service account of the controller", controller_account)
        return
    account = controller_account
    rights: Rights | Unavailable | None = None
    if not provisioning.in_use:
        yield skip(account, NOT_IN_USE)
    elif isinstance(controller, Workload) and has_own_key(controller):
        yield skip(account, "the Deployment gives the controller an access key, so its role's rights count for nothing")
    elif isinstance(controller_role, Given):
        rights = controller_rights.get(controller_role.role_arn)
    else:
        rights = controller_role
    if isinstance(rights, Unavailable):
        if rights.reason is Reason.ABSENT:
            yield skip(account, "it has no role that exists")
        else:
            yield unknown(account, f"what the controller may do is not known: {rights}", because=(rights,))
    elif rights is not None and isinstance(controller_role, Given):
        waiting = [demand for demand in value_or(demands, ()) if demand.waiting]
        yield from _judge(account, controller_role.role_arn, rights, provisioning, fsx_service_role, waiting)


def _judge(
    account: ServiceAccount,
    arn: str,
    rights: Rights,
    provisioning: Provisioning,
    service_role: bool | Unavailable,
    waiting: Sequence[Demand],
) -> Iterator[Draft]:
    name, later = arn.rpartition("/")[2], later_uses(provisioning)
    now_missing, later_missing = rights.denied(Use.CREATE), rights.denied(*later)
    fix = give(name, (*now_missing, *later_missing), rights.boundary, waiting)
    bounded = (f"its permissions boundary is {rights.boundary.arn}",) if rights.boundary else ()
    if now_missing:
        message = f"role {name} may not {listed(now_missing)}; {NOT_FOR_MOUNTS}"
        yield fail(account, message, *bounded, cause=cause_of(now_missing), fix=fix)
    if later_missing:
        message = f"role {name} may not {listed(later_missing)}"
        yield warn(account, message, *bounded, cause=cause_of(later_missing), fix=fix)
    unsure = rights.undecided(Use.CREATE, *later)
    if unsure and not now_missing:
        open_question = Unavailable(f"rights of {arn}", Reason.NOT_ASKED, unsure[0].why)
        because = (rights.unread or rights.unread_documents or open_question,)
        yield unknown(account, f"whether role {name} may {listed(unsure)} is not known", because=because)
    if service_role is False and rights.denied(Use.FIRST):
        message = f"the account has no AWSServiceRoleForAmazonFSx, and role {name} may not iam:CreateServiceLinkedRole"
        yield fail(account, message, cause=NO_SERVICE_ROLE, fix=create_service_role())
    for bucket in unlinkable(rights, provisioning.classes):
        missing = rights.denied(Use.LINK)
        message = f"role {name} may neither {listed(missing)}, nor s3:PutBucketPolicy on {bucket}"
        hint = "FSx can link the bucket only if its policy lets FSx in already"
        yield warn(account, f"{message}: {hint}", cause=NO_LINK, fix=give(name, missing, rights.boundary))
    if not (now_missing or later_missing or unsure):
        has_roles = service_role is True and not buckets_of(provisioning.classes)
        proven = (LACKS, BOUNDED, NO_SERVICE_ROLE) if has_roles else (LACKS, BOUNDED)
        yield ok(account, f"role {name} may do all that the driver does at FSx", rules_out=proven)
