"""Every policy of the account's own that speaks of FSx or Lustre is attached to something."""

from __future__ import annotations

from collections.abc import Iterator

from checks.leftovers._teardown import LEFT, account, ask_owner, scope
from diag import Draft, Layer, check, ok, warn
from diag.resources.eks import ClusterIdentity
from diag.resources.teardown import OwnPolicy


@check("leftover-policies", layer=Layer.IDENTITY, opt_in=True, speaks_for=LEFT)
def policies_are_attached(lustre_policies: tuple[OwnPolicy, ...], cluster_identity: ClusterIdentity) -> Iterator[Draft]:
    """Every policy of the account's own that speaks of FSx or Lustre is attached to something.

    IAM is one for all Regions, so that nothing says whose such a policy is. One that bounds a role is attached to
    nothing either.

    pass: every one is
    warn: one is attached to nothing, and bounds no role that was counted; nothing is offered for deletion
    unknown: policies could not be read
    source: iam 2010-05-08 ListPolicies AttachmentCount and PermissionsBoundaryUsageCount
    """
    left = [p for p in lustre_policies if not (p.attachment_count or p.permissions_boundary_usage_count)]
    for policy in left:
        message = f"policy {policy.policy_name} is attached to nothing"
        fix = ask_owner("Its tags: aws iam get-policy --policy-arn {policy_arn}", policy_arn=policy.arn)
        yield warn(account(cluster_identity), message, scope(cluster_identity), cause=None, fix=fix)
    if not left:
        yield ok(account(cluster_identity), f"all {len(lustre_policies)} policies for FSx or Lustre are attached")
