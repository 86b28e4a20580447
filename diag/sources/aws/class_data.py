"""Facts read about the KMS keys and S3 buckets that StorageClasses name; nothing is loaded or asked where none does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from diag.analysis.identity.permissions import buckets_of
from diag.analysis.storage_classes import Demand, keys_of
from diag.decode import decode_json
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.registry import fact
from diag.resources.class_data import Bucket, Key, Policy
from diag.resources.eks import ClusterIdentity
from diag.resources.table import Table, table_of
from diag.sources.aws.failure import as_action, malformed_answer
from diag.sources.aws.session import Aws, shaped


@fact(layer=Layer.FILE_SYSTEM, label="KMS key", permissions=("kms:DescribeKey",))
def class_keys(aws: Aws, cluster_identity: ClusterIdentity, demands: tuple[Demand, ...]) -> Table[Key]:
    """The keys that file systems are to be encrypted with, as the classes name them. One of another Region is not
    asked for: that it is one says all."""

    def read(key: str) -> Key:
        answer = aws.one("kms", "DescribeKey", region=cluster_identity.region, KeyId=key)
        return shaped(answer.get("KeyMetadata"), Key, f"key {key}")

    return table_of(keys_of(demands, cluster_identity.region), read)


@fact(layer=Layer.FILE_SYSTEM, label="policy of KMS key", permissions=("kms:GetKeyPolicy",))
def key_policies(aws: Aws, cluster_identity: ClusterIdentity, class_keys: Table[Key]) -> Table[Policy]:
    """Their policies, by the key's name in the class. Those of other accounts and of AWS's own keys are not read."""

    def read(name: str) -> Policy:
        key = class_keys[name]
        if cluster_identity.account and f":{cluster_identity.account}:" not in key.arn:
            raise Unreadable(Unavailable(f"policy of {name}", Reason.NOT_ASKED, "the key is another account's"))
        answer = aws.one("kms", "GetKeyPolicy", region=cluster_identity.region, KeyId=key.key_id, PolicyName="default")
        return _policy(answer.get("Policy"), f"policy of key {key.key_id}")

    return table_of((name for name, key in class_keys.values.items() if key.key_manager != "AWS"), read)


@fact(layer=Layer.IDENTITY, label="bucket", permissions=("s3:ListBucket",))
def class_buckets(aws: Aws, cluster_identity: ClusterIdentity, demands: tuple[Demand, ...]) -> Table[Bucket]:
    """The buckets that file systems are to be linked with. HeadBucket takes the right s3:ListBucket."""

    def read(name: str) -> Bucket:
        with as_action("s3:ListBucket"):
            answer = aws.one("s3", "HeadBucket", region=cluster_identity.region, Bucket=name)
        return Bucket(name, str(answer.get("BucketRegion") or ""))

    return table_of(_buckets(demands), read)


@fact(layer=Layer.IDENTITY, label="policy of bucket", permissions=("s3:GetBucketPolicy",))
def bucket_policies(aws: Aws, cluster_identity: ClusterIdentity, class_buckets: Table[Bucket]) -> Table[Policy]:
    """The policies of the buckets that exist in this Region; a bucket without one denies nothing."""

    def read(name: str) -> Policy:
        try:
            answer = aws.one("s3", "GetBucketPolicy", region=cluster_identity.region, Bucket=name)
        except Unreadable as error:
            if error.unavailable.reason is Reason.ABSENT:
                return Policy()
            raise
        return _policy(answer.get("Policy"), f"policy of bucket {name}")

    here = ("", cluster_identity.region)
    return table_of((name for name, bucket in class_buckets.values.items() if bucket.region in here), read)


def _buckets(demands: Iterable[Demand]) -> tuple[str, ...]:
    return buckets_of(demand.storage_class for demand in demands)


def _policy(text: object, what: str) -> Policy:
    """The document, which KMS and S3 send as text. What is none would read as a policy that says nothing."""
    try:
        return Policy(decode_json(text if isinstance(text, str) else "", dict[str, Any]))
    except msgspec.DecodeError as error:
        raise Unreadable(malformed_answer(what, "it has no policy document")) from error
