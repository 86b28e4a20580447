"""The kubeconfig as kubectl reads it, and what it says of its cluster without a call."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from diag import Reason, Unavailable
from diag.model.unavailable import Unreadable
from diag.resources.target import KubeContext
from diag.sources.kubernetes import kubeconfig as module
from diag.sources.kubernetes.kubeconfig import Access, load_access, load_service_account

SERVER = "https://0123456789ABCDEF0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
ARN = "arn:aws-us-gov:eks:us-gov-west-1:123456789012:cluster/train"
ISSUER = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"


def document(name: str = "c", *, server: str = SERVER, user: Any = None, current: str | None = None) -> dict[str, Any]:
    return {
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "users": [{"name": name, "user": user or {"token": "t"}}],
        "current-context": name if current is None else current,
    }


def written(path: Path, content: dict[str, Any]) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    return str(path)


def described(folder: Path, **given: Any) -> KubeContext:
    return load_access(written(folder / "config", document(**given)), "").context


def refused(kubeconfig: str, context: str = "") -> Unavailable:
    with pytest.raises(Unreadable) as raised:
        load_access(kubeconfig, context)
    return raised.value.unavailable


def test_the_arn_that_aws_writes_says_all(tmp_path: Path) -> None:
    found = described(tmp_path, name=ARN)
    assert (found.cluster, found.region, found.account) == ("train", "us-gov-west-1", "123456789012")


def test_the_name_that_eksctl_writes_says_cluster_and_region(tmp_path: Path) -> None:
    found = described(tmp_path, name="me@train.eu-north-1.eksctl.io", server="https://x")
    assert (found.cluster, found.region) == ("train", "eu-north-1")


@pytest.mark.parametrize("arguments", [["--region", "eu-west-3", "eks", "get-token", "--cluster-name", "train"],
                                       ["eks", "get-token", "--cluster-name=train", "--region=eu-west-3"]])  # fmt: skip
def test_the_arguments_of_get_token_say_both(tmp_path: Path, arguments: list[str]) -> None:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": arguments,
        "env": [{"name": "AWS_PROFILE", "value": "work"}],
    }
    found = described(tmp_path, user={"exec": plugin})
    assert (found.cluster, found.region, found.profile) == ("train", "eu-west-3", "work")


def test_the_endpoint_says_the_region(tmp_path: Path) -> None:
    assert described(tmp_path).region == "eu-west-1"


def test_a_cluster_that_is_not_eks_says_nothing(tmp_path: Path) -> None:
    found = described(tmp_path, name="kind", server="https://127.0.0.1:6443")
    assert (found.cluster, found.region) == ("", "")


@pytest.mark.parametrize(
    "text",
    [
        "[]", "a: [", "clusters: 3", "\x00", "clusters: [3]", "contexts: [{}]", "clusters:\n- name: [1]",
        "current-context: c\ncontexts: [{name: c, context: {cluster: 3}}]",
    ],
)  # fmt: skip
def test_a_file_that_is_no_kubeconfig_is_malformed(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    assert refused(str(tmp_path / "config")).reason is Reason.GARBLED


@pytest.mark.parametrize("text", ["", "{}", "users: null", "current-context: ''"])
def test_an_empty_kubeconfig_names_no_context(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    assert "names no context" in refused(str(tmp_path / "config")).detail


def test_a_damaged_line_is_never_repeated(tmp_path: Path) -> None:
    (tmp_path / "config").write_text('users:\n- name: u\n  user: {token: "hunter2hunter2\n  x')
    assert "hunter2" not in str(refused(str(tmp_path / "config")))


def test_an_unknown_context_is_named(tmp_path: Path) -> None:
    found = refused(written(tmp_path / "config", document()), "other")
    assert found.reason is Reason.ABSENT and "'other'" in found.detail


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    found = refused(str(tmp_path / "config"))
    assert (found.reason, found.detail) == (Reason.ABSENT, f"{tmp_path}/config does not exist")


@pytest.mark.parametrize("missing", ["users", "clusters"])
def test_an_entry_that_the_context_names_must_be_there(tmp_path: Path, missing: str) -> None:
    found = refused(written(tmp_path / "config", {**document(), missing: []}))
    assert found.reason is Reason.ABSENT and "for context 'c'" in found.detail


def several(folder: Path, monkeypatch: pytest.MonkeyPatch, *documents: dict[str, Any]) -> Access:
    paths = [written(folder / f"{number}" / "config", each) for number, each in enumerate(documents)]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["", *paths, str(folder / "gone"), paths[0]]))
    return load_access("", "")


def test_of_several_files_the_first_current_context_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = document("a", server="https://a"), document("b", server="https://b")
    assert several(tmp_path, monkeypatch, first, second).context.server == "https://a"


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_current_context_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: str | None) -> None:
    first = {**document("a", server="https://a"), "current-context": empty}
    assert several(tmp_path, monkeypatch, first, document("b", server="https://b")).context.server == "https://b"


def test_of_several_files_the_first_entry_of_a_name_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = document(server="https://a", user={"token": "1"}), document(server="https://b", user={"token": "2"})
    found = several(tmp_path, monkeypatch, {**first, "current-context": ""}, second)
    assert (found.cluster.server, found.user.token) == ("https://a", "1")


def test_a_path_starts_at_the_folder_of_its_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    second = document("b", user={"tokenFile": "token", "client-key": "/abs/key"})
    plugin = document("c", user={"exec": {"command": "./bin/login", "apiVersion": "v"}})
    found = several(tmp_path, monkeypatch, {**document("a"), "current-context": "b"}, second, plugin)
    assert (found.user.token_file, found.user.client_key) == (str(tmp_path / "1" / "token"), "/abs/key")
    third = load_access("", "c").user.exec
    assert third is not None and third.command == str(tmp_path / "2" / "bin" / "login")


def test_a_command_without_a_slash_stays_one_of_path(tmp_path: Path) -> None:
    plugin = {"command": "aws", "apiVersion": "v", "args": None, "env": None}
    found = load_access(written(tmp_path / "config", document(user={"exec": plugin})), "").user.exec
    assert found is not None and found.command == "aws"


@pytest.mark.parametrize(("server", "skips"), [("https://x", True), ("http://x", False)])
def test_verification_that_is_switched_off_is_known(tmp_path: Path, server: str, skips: bool) -> None:
    content = document(server=server)
    content["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
    assert load_access(written(tmp_path / "config", content), "").context.skips_tls_verification is skips


def jwt(**claims: Any) -> bytes:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "RS256"}, claims))
    return b".".join((*parts, b"signature"))


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "172.20.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    (tmp_path / "token").write_bytes(jwt(iss=ISSUER) + b"\n")
    return tmp_path


def test_a_pod_s_token_says_the_issuer_and_the_region_of_its_cluster(pod: Path) -> None:
    found = load_service_account().context
    assert (found.server, found.issuer, found.region) == ("https://172.20.0.1:443", ISSUER, "eu-west-1")


@pytest.mark.parametrize(
    "token",
    [b"opaque", b"a.b.c", b"", jwt(), jwt(iss=3), jwt(iss="kubernetes/serviceaccount"), b"a.W10.c", b"\xff.\xff"],
)
def test_another_token_says_nothing(pod: Path, token: bytes) -> None:
    (pod / "token").write_bytes(token)
    assert (load_service_account().context.issuer, load_service_account().context.region) == ("", "")


def test_an_issuer_that_is_not_eks_s_has_no_region(pod: Path) -> None:
    (pod / "token").write_bytes(jwt(iss="https://kubernetes.default.svc"))
    assert load_service_account().context.region == ""


def test_an_address_of_version_6_stands_in_brackets(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    assert load_service_account().context.server == "https://[fd00::1]:443"


def test_outside_of_a_pod_there_is_no_service_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(Unreadable) as raised:
        load_service_account()
    assert raised.value.unavailable.reason is Reason.ABSENT
