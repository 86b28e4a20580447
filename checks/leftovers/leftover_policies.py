"""Every policy of the account's own that speaks of FSx or Lustre is attached to something."""

from __future__ import annotations

from collections.abc import Iterator

from checks.leftovers._teardown import LEFT, account, delete
from diag import Draft, Layer, check, ok, warn
from diag.resources.eks import ClusterIdentity
from diag.resources.teardown import OwnPolicy


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
        message = f"policy {policy.policy_name} is attached to nothing"
        note = "delete its older versions first where it has some"
        fix = delete("aws iam delete-policy --policy-arn {policy_arn}", note, policy_arn=policy.arn)
        yield warn(account(cluster_identity), message, cause=None, fix=fix)
    if not left:
        yield ok(account(cluster_identity), f"all {len(lustre_policies)} policies for FSx or Lustre are attached")
