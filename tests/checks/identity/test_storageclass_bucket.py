"""The S3 buckets that a StorageClass links."""

from __future__ import annotations

from typing import Any

import pytest

from checks.identity.storageclass_bucket import buckets_can_be_linked
from diag import Reason, Table, Unavailable, Verdict
from diag.analysis.identity.controller import Given, Giver
from diag.model.finding import Finding
from diag.resources.class_data import Bucket, Policy
from diag.resources.eks import ClusterIdentity
from tests.checks.given import denied
from tests.checks.given_storage_class import asked, only, without

ACCOUNT, NAME = "111122223333", "training-data"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/fsx-csi"
OBJECTS = [f"arn:aws:s3:::{NAME}", f"arn:aws:s3:::{NAME}/*"]


NONE = Policy()


def denies(condition: Any = None, **fields: Any) -> Policy:
    usual = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": OBJECTS}
    return Policy({"Statement": [usual | ({"Condition": condition} if condition else {}) | fields]})


def judged(bucket: Any = None, policy: Any = NONE, path: str = f"s3://{NAME}/sets", **facts: Any) -> Finding:
    found = bucket or Bucket(NAME, "eu-west-1")
    usual: dict[str, Any] = {
        "class_buckets": Table({}, {NAME: found}) if isinstance(found, Unavailable) else Table({NAME: found}),
        "bucket_policies": Table({}, {NAME: policy}) if isinstance(policy, Unavailable) else Table({NAME: policy}),
        "controller_role": Given(Giver.WEB_IDENTITY, ROLE),
        "cluster_identity": ClusterIdentity(region="eu-west-1", account=ACCOUNT),
    }
    return only(buckets_can_be_linked, **asked(without(s3ImportPath=path), **(usual | facts)))


@pytest.mark.parametrize(
    "policy",
    [
        Policy(),
        denies({"Bool": {"aws:SecureTransport": "false"}}),
        denies(Principal={"AWS": "arn:aws:iam::111122223333:role/intern"}),
        denies(Resource=["arn:aws:s3:::another", "arn:aws:s3:::another/*"]),
        denies(Action="s3:DeleteObject"),
        denies({"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}),
    ],
)
def test_a_bucket_of_this_region_that_denies_neither_role_passes(policy: Policy) -> None:
    assert judged(policy=policy).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("bucket", "says"),
    [
        (Unavailable(NAME, Reason.ABSENT), f"there is no bucket {NAME}"),
        (Bucket(NAME, "us-west-2"), "is in us-west-2, the file system is made in eu-west-1"),
    ],
)
def test_a_bucket_that_is_not_here_fails(bucket: Any, says: str) -> None:
    found = judged(bucket)
    assert (found.verdict, found.cause) == (Verdict.FAIL, "s3-access-denied")
    assert says in found.message


@pytest.mark.parametrize(
    ("policy", "who"),
    [
        (denies({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}), "the controller's role"),
        (denies({"ArnNotLike": {"aws:PrincipalArn": ROLE}}), "FSx's own role"),
        (denies(Principal={"AWS": ROLE}, Action="s3:GetObject", Resource=OBJECTS[1]), "the controller's role"),
    ],
)
def test_a_deny_that_shuts_one_of_the_two_out_is_a_warning_for_its_owner(policy: Policy, who: str) -> None:
    found = judged(policy=policy)
    assert (found.verdict, found.cause) == (Verdict.WARN, "s3-access-denied")
    assert who in found.message
    assert found.fix and found.fix.steps[0].by == "whoever owns the bucket"


@pytest.mark.parametrize(
    ("bucket", "policy"), [(denied("s3:ListBucket"), Policy()), (None, denied("s3:GetBucketPolicy"))]
)
def test_what_may_not_be_read_is_unknown(bucket: Any, policy: Any) -> None:
    assert judged(bucket, policy).verdict is Verdict.UNKNOWN


def test_a_class_without_a_link_is_skipped() -> None:
    assert judged(path="").verdict is Verdict.SKIP
