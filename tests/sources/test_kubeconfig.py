"""What a kubeconfig tells of its cluster without a call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diag import Reason, Unavailable
from diag.resources.target import KubeContext
from diag.sources.kubernetes.kubeconfig import describe_context

SERVER = "https://0123456789ABCDEF0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
ARN = "arn:aws-us-gov:eks:us-gov-west-1:123456789012:cluster/train"


def kubeconfig(folder: Path, *, name: str = "c", server: str = SERVER, plugin: object = None) -> str:
    file = folder / "config"
    user = {"exec": plugin} if plugin else {"token": "t"}
    file.write_text(
        json.dumps(
            {
                "clusters": [{"name": name, "cluster": {"server": server}}],
                "contexts": [{"name": name, "context": {"cluster": name, "user": "u"}}],
                "users": [{"name": "u", "user": user}],
                "current-context": name,
            }
        )
    )
    return str(file)


def told(path: str, context: str | None = None) -> KubeContext:
    found = describe_context(path, context)
    assert isinstance(found, KubeContext)
    return found


def test_the_arn_that_aws_writes_tells_all(tmp_path: Path) -> None:
    found = told(kubeconfig(tmp_path, name=ARN))
    assert (found.cluster, found.region, found.account) == ("train", "us-gov-west-1", "123456789012")


def test_the_name_that_eksctl_writes_tells_cluster_and_region(tmp_path: Path) -> None:
    found = told(kubeconfig(tmp_path, name="me@train.eu-north-1.eksctl.io", server="https://x"))
    assert (found.cluster, found.region) == ("train", "eu-north-1")


@pytest.mark.parametrize("arguments", [["--region", "eu-west-3", "eks", "get-token", "--cluster-name", "train"],
                                       ["eks", "get-token", "--cluster-name=train", "--region=eu-west-3"]])  # fmt: skip
def test_the_arguments_of_get_token_tell_both(tmp_path: Path, arguments: list[str]) -> None:
    plugin = {"command": "aws", "args": arguments, "env": [{"name": "AWS_PROFILE", "value": "work"}]}
    found = told(kubeconfig(tmp_path, plugin=plugin))
    assert (found.cluster, found.region, found.profile) == ("train", "eu-west-3", "work")


def test_the_endpoint_tells_the_region(tmp_path: Path) -> None:
    assert told(kubeconfig(tmp_path)).region == "eu-west-1"


def test_a_cluster_that_is_not_eks_tells_nothing(tmp_path: Path) -> None:
    found = told(kubeconfig(tmp_path, name="kind", server="https://127.0.0.1:6443"))
    assert (found.cluster, found.region) == ("", "")


@pytest.mark.parametrize("text", ["", "[]", "a: [", "clusters: 3", "\x00"])
def test_a_file_that_is_no_kubeconfig_is_a_value(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    assert isinstance(describe_context(str(tmp_path / "config"), None), Unavailable)


def test_an_unknown_context_is_named(tmp_path: Path) -> None:
    found = describe_context(kubeconfig(tmp_path), "other")
    assert isinstance(found, Unavailable) and found.reason is Reason.ABSENT and "'other'" in found.detail
