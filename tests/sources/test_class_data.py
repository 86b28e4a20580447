"""Keys and buckets as KMS and S3 tell them: asked only for what a StorageClass names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from diag.analysis.storage_classes import Demand
from diag.model.unavailable import Reason, Unavailable
from diag.resources.class_data import Bucket, Key, Policy
from diag.resources.eks import ClusterIdentity
from diag.resources.table import Table
from diag.sources.aws.class_data import bucket_policies, class_buckets, class_keys, key_policies
from diag.sources.aws.session import RARE
from tests.checks.given import denied, storage_class
from tests.sources.account import Account

HERE = ClusterIdentity(region="eu-west-1", account="111122223333")
ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
METADATA = {"KeyId": ARN.rpartition("/")[2], "Arn": ARN, "KeyState": "Enabled", "KeyManager": "CUSTOMER"}
DOCUMENT = json.dumps({"Statement": []})


def demands(**parameters: str) -> tuple[Demand, ...]:
    return (Demand(storage_class(parameters=parameters)),)


def encrypted(key: str = ARN) -> tuple[Demand, ...]:
    return demands(deploymentType="PERSISTENT_1", kmsKeyId=key)


def test_a_key_is_described_as_the_class_names_it() -> None:
    account = Account({"kms:DescribeKey": {"KeyMetadata": METADATA}})
    assert class_keys(account, HERE, encrypted()).values == {ARN: Key(METADATA["KeyId"], ARN, "Enabled", "CUSTOMER")}
    assert account.asked == [("kms:DescribeKey", {"KeyId": ARN})]


@pytest.mark.parametrize(
    "named", [(), demands(), demands(kmsKeyId=ARN), encrypted(ARN.replace("eu-west-1", "us-east-1"))]
)
def test_nothing_is_asked_of_kms_where_no_key_of_this_region_is_named(named: tuple[Demand, ...]) -> None:
    assert len(class_keys(Account({}), HERE, named)) == 0
    assert len(key_policies(Account({}), HERE, Table())) == 0


def test_models_of_services_that_are_rarely_called_are_not_loaded_beforehand() -> None:
    assert {"kms", "route53profiles", "s3"} == RARE


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (denied("kms:DescribeKey"), Reason.DENIED),
        ({"KeyMetadata": {"KeyState": "Enabled"}}, Reason.GARBLED),
        ({"KeyMetadata": "yes"}, Reason.GARBLED),
        ({}, Reason.GARBLED),
    ],
)
def test_a_key_that_cannot_be_read_is_missing(answer: Any, reason: Reason) -> None:
    missing = class_keys(Account({"kms:DescribeKey": answer}), HERE, encrypted()).missing
    assert missing[ARN].reason is reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [({"Policy": "<html>"}, Reason.GARBLED), ({"Policy": "[]"}, Reason.GARBLED), ({}, Reason.GARBLED)],
)
def test_what_is_no_policy_is_malformed_not_one_that_says_nothing(answer: Any, reason: Reason) -> None:
    keys = Table({ARN: Key("1", ARN, "Enabled", "CUSTOMER")})
    assert key_policies(Account({"kms:GetKeyPolicy": answer}), HERE, keys).missing[ARN].reason is reason


def test_policies_of_other_accounts_and_of_aws_own_keys_are_not_asked_for() -> None:
    theirs = Key("1", ARN.replace("111122223333", "210987654321"), "Enabled", "CUSTOMER")
    found = key_policies(Account({}), HERE, Table({"theirs": theirs, "own": Key("2", ARN, "Enabled", "AWS")}))
    assert {name: why.reason for name, why in found.missing.items()} == {"theirs": Reason.NOT_ASKED}


def test_buckets_of_both_paths_are_asked_for_once_each() -> None:
    account = Account({"s3:HeadBucket": {"BucketRegion": "us-west-2"}})
    named = demands(s3ImportPath="s3://data/in", s3ExportPath="s3://data/out")
    assert class_buckets(account, HERE, named).values == {"data": Bucket("data", "us-west-2")}
    assert account.asked == [("s3:HeadBucket", {"Bucket": "data"})]
    assert len(class_buckets(Account({}), HERE, demands())) == 0


def test_a_refusal_names_the_right_that_iam_knows() -> None:
    account = Account({"s3:HeadBucket": denied("s3:HeadBucket")})
    assert class_buckets(account, HERE, demands(s3ImportPath="s3://data")).missing["data"].permission == "s3:ListBucket"


def test_a_bucket_without_a_policy_denies_nothing_and_one_elsewhere_is_not_asked() -> None:
    buckets = Table({"data": Bucket("data", "eu-west-1"), "west": Bucket("west", "us-west-2")})
    none = Account({"s3:GetBucketPolicy": Unavailable("policy", Reason.ABSENT)})
    assert bucket_policies(none, HERE, buckets).values == {"data": Policy()}
    some = Account({"s3:GetBucketPolicy": {"Policy": DOCUMENT}})
    assert bucket_policies(some, HERE, buckets).values == {"data": Policy({"Statement": []})}
