"""What was never filled in, and what only looks like it."""

from __future__ import annotations

import pytest

from diag.grammar.unfilled import is_stand_in, is_unfilled


@pytest.mark.parametrize(
    "value",
    [
        "${KMS_KEY}", "$FSX", "$(terraform output id)", "{{ .Values.name }}", "<namespace>", "%FSX%", "@@ID@@",
        "__ID__", "#{FsxId}#", "None", "null", "CHANGEME", "change-me", "REPLACE_ME", "TODO", "TODO: ask", "???",
        "fs-xxxxx",
        "xxxxxxxx", "subnet-XXXXXXXX", "arn:aws:kms:eu-west-1:xxxxxxxxxxxx:key/1", "insert subnet id", "...",
        "<insert subnet ID>", "[your bucket]", "your-namespace", "your-file-system", "YOUR_VPC",
    ],
)  # fmt: skip
def test_what_was_never_filled_in(value: str) -> None:
    assert is_unfilled(value) and is_stand_in(value)


@pytest.mark.parametrize(
    "value",
    [
        "FSx_VOLUME_ID",
        "my-fsx-id",
        "FSX_DNS_NAME",
        "some-subnet-id",
        "fs-yourid",
        "fs-id",
        "fs-your-id",
        "fs-123abc...",
        "file-system-id",
        "filesystem_id",
        "subnet-id",
        "sg-id",
        "bucket-name",
        "volume-handle",
    ],
)
def test_stand_ins_for_an_id_that_a_name_may_be(value: str) -> None:
    assert is_stand_in(value) and not is_unfilled(value)


@pytest.mark.parametrize(
    "value",
    [
        "", "fs-0123456789abcdef0", "abcdebev", "xxxbev12", "todo-list", "my-data", "team-data", "settings", "1200Gi",
        "s3://your/data", "fsx-sc", "NEW_CHANGED_DELETED", "PERSISTENT_2", "USER_PROVISIONED", "ReadWriteMany",
        "fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com", "sg-0123456789abcdef0,sg-0123456789abcdef1",
        "fs-0123456789abcdef0-2", "yours", "yourapp", "vpc-cni", "fs-shared", "volume-1", "account-data",
    ],
)  # fmt: skip
def test_what_is_a_value(value: str) -> None:
    assert not is_unfilled(value) and not is_stand_in(value)
