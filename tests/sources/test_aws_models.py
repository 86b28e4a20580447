"""The service models that clients are built from: the same as botocore's, less what could change anything."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from diag.sources.aws.models import ReadOnlyModels, _read
from diag.sources.aws.session import Aws

REGION = "eu-central-1"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")


def test_a_client_has_no_method_that_changes_something() -> None:
    client = Aws()._client("ec2", REGION)
    assert hasattr(client, "describe_vpcs")
    assert not [
        name for name in dir(client) if name.startswith(("delete_", "create_", "modify_", "authorize_", "run_"))
    ]


def test_of_what_changes_something_only_the_node_script_is_left() -> None:
    client = Aws()._client("ssm", REGION)
    assert hasattr(client, "send_command")
    assert hasattr(client, "cancel_command")
    assert not hasattr(client, "put_parameter")


@pytest.mark.parametrize("service", ["ec2", "eks", "fsx", "iam", "logs", "s3", "ssm", "sts", "cloudwatch"])
def test_what_is_left_is_botocores_own(service: str) -> None:
    _read.cache_clear()  # botocore edits the URLs of S3's operations when it makes a client
    ours = ReadOnlyModels().load_service_model(service, "service-2")
    theirs = Loader().load_service_model(service, "service-2")
    assert ours["metadata"] == theirs["metadata"]
    assert ours["shapes"].items() == list(theirs["shapes"].items())
    assert all(operation == theirs["operations"][name] for name, operation in ours["operations"].items())


def test_a_service_that_there_is_not_is_unknown() -> None:
    with pytest.raises(UnknownServiceError):
        ReadOnlyModels().load_service_model("lambada", "service-2")


def test_a_folder_of_the_users_own_comes_first(tmp_path: Path) -> None:
    folder = tmp_path / "fsx" / "2099-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps({"metadata": {"apiVersion": "2099"}, "operations": {}}))
    model = ReadOnlyModels(str(tmp_path)).load_service_model("fsx", "service-2")
    assert model["metadata"] == {"apiVersion": "2099"}


def test_the_clients_that_are_expected_are_built_with_the_first() -> None:
    aws = Aws()
    aws.expect(("list nodes", "eks:DescribeCluster", "sts:GetCallerIdentity"))
    aws._client("eks", REGION)
    for _ in range(200):
        if ("sts", REGION) in aws._clients:
            break
        threading.Event().wait(0.02)
    assert set(aws._clients) == {("eks", REGION), ("sts", REGION)}
