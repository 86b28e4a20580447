"""Tokens, passwords, plugins and impersonation as kubectl sends them; never a word of them in a report."""

from __future__ import annotations

import base64
import datetime
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.resources.kubernetes import Node
from diag.sources import supervised
from diag.sources.kubernetes import credentials as module
from diag.sources.kubernetes.client import Kube
from tests.lab.kubernetes.certificates import make_certificates
from tests.peer import Behaviour, Peer, http, kubeconfig

Peers = Callable[[Behaviour | bytes], Peer]
NODES = http({"kind": "NodeList", "metadata": {}, "items": []})
VERSION = "client.authentication.k8s.io/v1"
SECRET = "k8s-aws-v1.aHVudGVyMg"


@pytest.fixture
def server(peer: Peers) -> Peer:
    return peer(NODES)


def ask(folder: Path, server: Peer, user: dict[str, Any]) -> None:
    assert Kube(kubeconfig=kubeconfig(folder, server.url, user=user)).list("/api/v1/nodes", Node) == ()


def failed(folder: Path, server: Peer, user: dict[str, Any]) -> Unavailable:
    with pytest.raises(Unreadable) as raised:
        Kube(kubeconfig=kubeconfig(folder, server.url, user=user)).list("/api/v1/nodes", Node)
    assert SECRET not in str(raised.value.unavailable)
    return raised.value.unavailable


def plugin(folder: Path, script: str, **more: Any) -> dict[str, Any]:
    """A user whose credentials a shell script prints."""
    file = folder / "plugin"
    file.write_text(f"#!/bin/sh\necho run >> {folder}/runs\n{script}\n")
    file.chmod(0o755)
    return {"exec": {"apiVersion": VERSION, "command": str(file), **more}}


def credential(**status: Any) -> str:
    return "cat <<'E'\n" + json.dumps({"apiVersion": VERSION, "kind": "ExecCredential", "status": status}) + "\nE"


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text().splitlines())


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "  \n"])
def test_a_token_that_ends_in_a_newline_is_sent_without(tmp_path: Path, server: Peer, end: str) -> None:
    (tmp_path / "token").write_text(SECRET + end)
    for user in ({"token": SECRET + end}, {"tokenFile": "token"}, plugin(tmp_path, credential(token=SECRET + end))):
        server.heads.clear()
        ask(tmp_path, server, user)
        assert server.header("Authorization") == [f"Bearer {SECRET}"]


def test_a_token_file_is_read_again_for_each_request_and_comes_before_a_token(tmp_path: Path, server: Peer) -> None:
    (tmp_path / "token").write_text("one")
    kube = Kube(kubeconfig=kubeconfig(tmp_path, server.url, user={"tokenFile": "token", "token": "old"}))
    for token in ("one", "two"):
        (tmp_path / "token").write_text(token)
        server.heads.clear()
        kube.list("/api/v1/nodes", Node)
        assert server.header("Authorization") == [f"Bearer {token}"]


@pytest.mark.parametrize("token", [f"{SECRET}\n{SECRET}", f"{SECRET}\x00{SECRET}", f"a\r\nX-Other: {SECRET}"])
def test_a_token_that_no_header_can_hold_is_malformed_and_not_printed(tmp_path: Path, server: Peer, token: str) -> None:
    found = failed(tmp_path, server, {"token": token})
    assert (found.what, found.reason) == ("Kubernetes credentials", Reason.GARBLED)
    assert "control character" in found.detail and server.heads == []


def test_a_token_file_that_is_not_there_is_named(tmp_path: Path, server: Peer) -> None:
    found = failed(tmp_path, server, {"tokenFile": "gone"})
    assert found.reason is Reason.ABSENT and f"{tmp_path}/gone" in found.detail


def test_name_and_password(tmp_path: Path, server: Peer) -> None:
    ask(tmp_path, server, {"username": "jürgen", "password": SECRET})
    assert server.header("Authorization") == ["Basic " + base64.b64encode(f"jürgen:{SECRET}".encode()).decode()]


def test_nobody_says_nothing(tmp_path: Path, server: Peer) -> None:
    ask(tmp_path, server, {"token": None})
    assert server.header("Authorization") == [] and server.header("Impersonate-User") == []


def test_impersonation_is_sent(tmp_path: Path, server: Peer) -> None:
    ask(
        tmp_path,
        server,
        {
            "token": SECRET,
            "as": "jane",
            "as-uid": "7",
            "as-groups": ["dev", "system:masters"],
            "as-user-extra": {"example.org/scopes": ["a", "b"]},
        },
    )
    assert server.header("Impersonate-User") == ["jane"]
    assert server.header("Impersonate-Uid") == ["7"]
    assert server.header("Impersonate-Group") == ["dev", "system:masters"]
    assert server.header("Impersonate-Extra-example.org%2Fscopes") == ["a", "b"]


def test_a_plugin_runs_once_while_its_token_lasts(tmp_path: Path, server: Peer) -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=14)
    user = plugin(tmp_path, credential(token="t", expirationTimestamp=soon.isoformat()))
    kube = Kube(kubeconfig=kubeconfig(tmp_path, server.url, user=user))
    for _ in range(3):
        kube.list("/api/v1/nodes", Node)
    assert runs(tmp_path) == 1


def test_a_plugin_runs_again_before_its_token_expires(tmp_path: Path, server: Peer) -> None:
    user = plugin(tmp_path, credential(token="t", expirationTimestamp="2020-01-01T00:00:00Z"))
    kube = Kube(kubeconfig=kubeconfig(tmp_path, server.url, user=user))
    for _ in range(2):
        kube.list("/api/v1/nodes", Node)
    assert runs(tmp_path) == 2


def test_a_static_token_comes_before_a_plugin(tmp_path: Path, server: Peer) -> None:
    ask(tmp_path, server, {**plugin(tmp_path, credential(token="other")), "token": "mine"})
    assert server.header("Authorization") == ["Bearer mine"] and not (tmp_path / "runs").exists()


def test_a_plugin_gets_its_environment_and_what_kubectl_tells_it(tmp_path: Path, server: Peer) -> None:
    script = f"printf '%s' \"$KUBERNETES_EXEC_INFO\" > {tmp_path}/info\n" + credential(token="t").replace("'E'", "E")
    user = plugin(
        tmp_path,
        script.replace('"t"', '"$MINE-$1"'),
        args=["x y"],
        env=[{"name": "MINE", "value": "its own"}],
        provideClusterInfo=True,
    )
    ask(tmp_path, server, user)
    assert server.header("Authorization") == ["Bearer its own-x y"]
    info = json.loads((tmp_path / "info").read_text())
    assert info["spec"] == {"interactive": False, "cluster": {"server": server.url}}
    assert (info["apiVersion"], info["kind"]) == (VERSION, "ExecCredential")


def test_a_plugin_may_give_a_certificate(tmp_path: Path) -> None:
    made = make_certificates("jane", "dev", "127.0.0.1").client
    user = plugin(
        tmp_path,
        credential(clientCertificateData=made.certificate.decode(), clientKeyData=made.key.decode()),
    )
    kube = Kube(kubeconfig=kubeconfig(tmp_path, "https://127.0.0.1:1", user=user))
    assert kube.transport.headers() == [("User-Agent", "lustre-doctor")]


def test_what_a_plugin_complains_of_is_not_ours_to_print(
    tmp_path: Path, server: Peer, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(tmp_path, server, plugin(tmp_path, "echo 'warning: old' >&2\n" + credential(token="t")))
    assert capfd.readouterr() == ("", "")


def test_why_a_plugin_failed_is_its_last_line(tmp_path: Path, server: Peer, capfd: pytest.CaptureFixture[str]) -> None:
    found = failed(tmp_path, server, plugin(tmp_path, "echo first >&2\necho 'SSO session expired' >&2\nexit 255"))
    assert found.reason is Reason.DENIED
    assert found.detail == "the plugin plugin of the kubeconfig ended with status 255: SSO session expired"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "script",
    [
        "true",
        "echo '{}'",
        f"echo '{SECRET}'",
        credential(),
        credential(token=7),
        credential(clientCertificateData="x"),
        credential(token="t").replace("ExecCredential", "Other"),
        credential(token="t").replace(VERSION, "client.authentication.k8s.io/v1alpha1"),
        credential(token="t", expirationTimestamp="tomorrow"),
        r"printf '\377'",
    ],
)
def test_an_answer_of_a_plugin_that_is_none(tmp_path: Path, server: Peer, script: str) -> None:
    found = failed(tmp_path, server, plugin(tmp_path, script))
    assert (found.what, server.heads) == ("Kubernetes credentials", [])
    assert found.reason in (Reason.GARBLED, Reason.DENIED)


def test_a_plugin_that_floods_is_cut(tmp_path: Path, server: Peer) -> None:
    found = failed(tmp_path, server, plugin(tmp_path, "yes x & yes y >&2"))
    assert found.reason is Reason.GARBLED and "256 KiB" in found.detail


def test_a_plugin_that_failed_is_not_run_again_for_each_request(tmp_path: Path, server: Peer) -> None:
    kube = Kube(kubeconfig=kubeconfig(tmp_path, server.url, user=plugin(tmp_path, "exit 1")))
    for _ in range(3):
        with pytest.raises(Unreadable):
            kube.list("/api/v1/nodes", Node)
    assert runs(tmp_path) == 1


def is_gone(pid: int) -> bool:
    return supervised.state_of(pid) in ("", "Z", "X")


def eventually(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 60
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return condition()


def test_a_plugin_that_hangs_is_ended_with_all_it_started(
    tmp_path: Path, server: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PLUGIN_S", 0.5)
    found = failed(tmp_path, server, plugin(tmp_path, f"sleep 600 & echo $! $$ > {tmp_path}/pids; wait"))
    assert found.reason is Reason.TIMEOUT
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2 and eventually(lambda: all(is_gone(pid) for pid in pids))


def test_a_plugin_under_way_is_ended_when_the_run_ends(
    tmp_path: Path, server: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervised, "_is_over", False)
    user = plugin(tmp_path, f"echo $$ > {tmp_path}/pid; sleep 600")
    asking = threading.Thread(target=lambda: failed(tmp_path, server, user), daemon=True)
    asking.start()
    assert eventually((tmp_path / "pid").exists) and eventually(lambda: bool((tmp_path / "pid").read_text()))
    supervised.end_all()
    pid = int((tmp_path / "pid").read_text())
    assert eventually(lambda: is_gone(pid))
    asking.join(60)
    assert not asking.is_alive()


def test_a_plugin_that_is_not_installed_says_how(tmp_path: Path, server: Peer) -> None:
    missing = {"exec": {"apiVersion": VERSION, "command": "no-such-plugin", "installHint": "brew install it"}}
    found = failed(tmp_path, server, missing)
    assert (found.reason, found.remedy) == (Reason.ABSENT, "brew install it")
    assert "no-such-plugin" in found.detail


def test_a_plugin_that_must_ask_a_person_is_not_run(tmp_path: Path, server: Peer) -> None:
    found = failed(tmp_path, server, plugin(tmp_path, credential(token="t"), interactiveMode="Always"))
    assert found.reason is Reason.NOT_ASKED and not (tmp_path / "runs").exists()


def id_token(expires: float) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).decode().rstrip("=")
    return f"e30.{payload}.s"


def test_an_oidc_token_of_the_kubeconfig_is_sent_while_it_lasts(tmp_path: Path, server: Peer) -> None:
    token = id_token(time.time() + 600)
    ask(tmp_path, server, {"auth-provider": {"name": "oidc", "config": {"id-token": token}}})
    assert server.header("Authorization") == [f"Bearer {token}"]


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        ({"name": "oidc", "config": {"id-token": id_token(1.0)}}, Reason.DENIED),
        ({"name": "oidc", "config": {"id-token": "x"}}, Reason.GARBLED),
        ({"name": "oidc"}, Reason.GARBLED),
        ({"name": "gcp", "config": {"access-token": "x"}}, Reason.NOT_ASKED),
    ],
)
def test_an_oidc_token_that_is_over_is_not_renewed_here(
    tmp_path: Path, server: Peer, provider: dict[str, Any], reason: Reason
) -> None:
    found = failed(tmp_path, server, {"auth-provider": provider})
    assert found.reason is reason and server.heads == []


def test_no_environment_of_ours_is_changed(tmp_path: Path, server: Peer) -> None:
    before = dict(os.environ)
    ask(tmp_path, server, plugin(tmp_path, credential(token="t"), env=[{"name": "MINE", "value": "1"}]))
    assert dict(os.environ) == before
