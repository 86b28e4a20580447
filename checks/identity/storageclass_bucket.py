"""The S3 buckets that a StorageClass links."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Reason, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.steps import advise
from diag.analysis.identity.controller import Given
from diag.analysis.identity.permissions import buckets_of
from diag.analysis.identity.trust_policy import about, may_assume, role_at
from diag.analysis.storage_classes import Demand
from diag.grammar.ids import partition_of
from diag.knowledge.controller_actions import SOME_FILE_SYSTEM
from diag.model.unavailable import value_or
from diag.resources.class_data import Bucket, Policy
from diag.resources.eks import ClusterIdentity

DENIED = "s3-access-denied"
USES = (("s3:ListBucket", ""), ("s3:GetObject", "/*"))
"""What the caller's role and FSx's own role both need. Source: FSx for Lustre user guide, setting-up."""
NAMER = "whoever knows where the data is"


@check("storageclass-bucket", layer=Layer.IDENTITY, each="demands", speaks_for=DENIED)
def buckets_can_be_linked(
    demand: Demand,
    class_buckets: Table[Bucket],
    bucket_policies: Table[Policy],
    controller_role: Given | Unavailable,
    cluster_identity: ClusterIdentity,
) -> Iterator[Draft]:
    """The S3 buckets that the StorageClass links exist in this Region, and their policies do not deny FSx.

    FSx looks at the bucket when it makes the file system, with the controller's rights, and works later through a role
    of its own. A bucket's Deny that asks for a VPC endpoint shuts FSx out, whose calls come through none.

    pass: they exist in this Region, and their policies deny neither of the two
    warn: a policy of theirs denies one of them
    fail: there is no such bucket, or it is in another Region
    unknown: the bucket or its policy could not be read, as of another account
    skip: the class links no bucket
    source: FSx for Lustre user guide, setting-up and create-dra-linked-data-repo; S3 API reference, HeadBucket
    """
    names, region = buckets_of((demand.storage_class,)), cluster_identity.region
    if not names:
        yield skip(demand.storage_class, "it links no bucket", concerns=demand.path)
    for name in names:
        bucket = class_buckets.get(name)
        if isinstance(bucket, Unavailable) and bucket.reason is Reason.ABSENT:
            yield _unlinkable(demand, f"there is no bucket {name}", region)
        elif isinstance(bucket, Unavailable):
            message = f"whether its bucket {name} can be linked is not known: {bucket}"
            yield unknown(demand.storage_class, message, because=(bucket,), concerns=demand.path)
        elif bucket.region not in ("", region):
            yield _unlinkable(
                demand, f"bucket {name} is in {bucket.region}, the file system is made in {region}", region
            )
        else:
            yield _by_policy(demand, name, bucket_policies.get(name), controller_role, cluster_identity)


def _unlinkable(demand: Demand, message: str, region: str) -> Draft:
    request = f"Name a bucket of {region} in s3ImportPath and s3ExportPath of a class that replaces it."
    fix = advise(request, by=NAMER)
    return fail(demand.storage_class, message, cause=DENIED, fix=fix, concerns=demand.path)


def _by_policy(
    demand: Demand,
    name: str,
    policy: Policy | Unavailable,
    controller_role: Given | Unavailable,
    cluster: ClusterIdentity,
) -> Draft:
    if isinstance(policy, Unavailable):
        message = f"whether the policy of its bucket {name} lets FSx in is not known: {policy}"
        return unknown(demand.storage_class, message, because=(policy,), concerns=demand.path)
    role = value_or(controller_role, None)
    partition = partition_of(role.role_arn) if role else ""
    own = (
        f"arn:{partition or 'aws'}:iam::{cluster.account}:role/aws-service-role/s3.data-source.lustre.fsx"
        f".amazonaws.com/AWSServiceRoleForFSxS3Access_{SOME_FILE_SYSTEM}"
    )
    arn = f"arn:{partition or 'aws'}:s3:::{name}"
    from_aws: dict[str, tuple[str, ...]] = {"aws:sourcevpce": (), "aws:sourcevpc": ()}
    for caller, who in ((role.role_arn if role else "", "the controller's role"), (own, "FSx's own role")):
        for action, below in USES if caller else ():
            trust = may_assume(about(policy.document, arn + below), role_at(caller, action, from_aws))
            if trust.is_denied:
                message = f"the policy of its bucket {name} denies {action} to {who} ({caller})"
                request = f"Let {who} through the Deny in the policy of {name}: no Allow overrules it."
                fix = advise(request, by="whoever owns the bucket")
                return warn(demand.storage_class, message, cause=DENIED, fix=fix, concerns=demand.path)
    return ok(demand.storage_class, f"bucket {name} is in {cluster.region}, and its policy does not deny FSx",
              rules_out=(), concerns=demand.path)  # fmt: skip
