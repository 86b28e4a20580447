"""The API client against a real HTTPS server: what the world does comes back as values."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from diag import Reason, Unavailable
from diag.model.unavailable import Unreadable
from diag.resources.kubernetes import CsiNode, Node, Pod
from diag.sources.kubernetes import client, transport
from diag.sources.kubernetes.client import Kube, resource_of
from diag.sources.kubernetes.facts import daemon_sets, deployments
from diag.sources.kubernetes.namespaces import other_policies
from tests.lab.faults.network.policies import custom_policy
from tests.lab.kubernetes.api import Api
from tests.lab.kubernetes.certificates import make_certificates
from tests.lab.kubernetes.exec import ExecScript
from tests.lab.kubernetes.kubeconfig import write_kubeconfigs
from tests.lab.kubernetes.server import KubeServer
from tests.lab.kubernetes.world import Cluster
from tests.lab.lab import Lab
from tests.patience import in_time
from tests.peer import Behaviour, Peer, http, kubeconfig

pytestmark = pytest.mark.lab
Peers = Callable[[Behaviour | bytes], Peer]
NODES, PODS = "/api/v1/nodes", "/api/v1/pods"


@pytest.fixture
def lab(running_lab: Lab) -> Lab:
    running_lab.load("healthy")
    return running_lab


@pytest.fixture
def kube(lab: Lab) -> Kube:
    return Kube(kubeconfig=str(lab.kubeconfigs["token"]))


def failed(ask: Callable[..., object], *arguments: Any, **named: Any) -> Unavailable:
    with pytest.raises(Unreadable) as raised:
        ask(*arguments, **named)
    return raised.value.unavailable


def test_every_page_is_read(lab: Lab, kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE", 1)
    assert len(kube.list(NODES, Node)) == 3
    assert lab.calls().count("list nodes") == 3


def test_policies_of_a_kind_that_only_an_older_version_of_its_group_has_are_read(lab: Lab, kube: Kube) -> None:
    group = "policy.networking.k8s.io"
    custom_policy(lab, f"{group}/v1alpha1", "AdminNetworkPolicy", subject={"namespaces": {}}, egress=[])
    assert kube.groups()[group] == ("v1alpha1",)
    custom_policy(lab, f"{group}/v1alpha2", "ClusterNetworkPolicy", subject={"namespaces": {}}, egress=[])
    assert kube.groups()[group] == ("v1alpha2", "v1alpha1")
    found = other_policies(kube, kube.groups())
    assert [policy.kind for policy in found] == ["AdminNetworkPolicy", "ClusterNetworkPolicy"]


def test_the_authority_of_an_eks_cluster_is_trusted_where_python_is_strict(tmp_path: Path) -> None:
    certificates = make_certificates("admin", "system:masters", "127.0.0.1", like_eks=True)
    server = KubeServer(Api(Cluster()), ExecScript(), certificates, "token", "admin")
    written = write_kubeconfigs(tmp_path, server.url, "a-cluster", "eu-west-1", certificates, "token")
    kube, host = Kube(kubeconfig=str(written["certificate"])), urlsplit(server.url)
    strict = ssl.create_default_context(cadata=certificates.authority.decode())
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        assert kube.list(NODES, Node) == ()
        connection = socket.create_connection((host.hostname, host.port), 5)
        with connection, pytest.raises(ssl.SSLError, match="Key Identifier"):
            strict.wrap_socket(connection, server_hostname=host.hostname)
    finally:
        server.close()


def test_another_authority_than_the_cluster_s_is_not_trusted(lab: Lab, tmp_path: Path) -> None:
    stranger = make_certificates("admin", "system:masters", "127.0.0.1").authority
    config = json.loads(lab.kubeconfigs["token"].read_text())
    config["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(stranger).decode()
    (tmp_path / "config").write_text(json.dumps(config))
    assert "no trusted TLS connection" in failed(Kube(kubeconfig=str(tmp_path / "config")).list, NODES, Node).detail


def test_an_authority_that_is_no_certificate_is_reported(lab: Lab, tmp_path: Path) -> None:
    config = json.loads(lab.kubeconfigs["token"].read_text())
    config["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(b"nonsense").decode()
    (tmp_path / "config").write_text(json.dumps(config))
    found = failed(Kube(kubeconfig=str(tmp_path / "config")).list, NODES, Node)
    assert (found.what, found.reason) == ("kubeconfig", Reason.GARBLED)
    assert "certificate-authority" in found.remedy


def test_what_is_not_kept_is_dropped_page_by_page(kube: Kube) -> None:
    found = kube.list(PODS, Pod, keep=lambda pod: pod if pod.metadata.name == "pod-fsx" else None)
    assert [pod.metadata.name for pod in found] == ["pod-fsx"]


def test_the_first_of_a_collection_is_one_object_of_one_page(lab: Lab, kube: Kube) -> None:
    assert isinstance(kube.first(NODES, Node), Node)
    assert [call.query for call in lab.calls().kubernetes] == [{"limit": "1"}]


def test_an_empty_collection_has_no_first(tmp_path: Path, peer: Peers) -> None:
    server = peer(http({"kind": "NodeList", "metadata": {}, "items": []}))
    assert Kube(kubeconfig=kubeconfig(tmp_path, server.url)).first(NODES, Node) is None


def test_a_node_without_the_driver_does_not_break_the_list(lab: Lab, kube: Kube) -> None:
    next(lab.kube.all("csinodes"))["spec"]["drivers"] = None
    found = kube.list("/apis/storage.k8s.io/v1/csinodes", CsiNode)
    assert len(found) == 3 and frozenset() in {node.driver_names for node in found}


def test_what_an_older_api_server_writes_as_null_is_not_set(lab: Lab, kube: Kube) -> None:
    """Source: `kubectl get deployment -o json` of Kubernetes 1.34 and before."""
    for kind in ("deployments", "daemonsets"):
        for found in lab.kube.all(kind):
            found["spec"]["template"]["metadata"]["creationTimestamp"] = None
    read = (*deployments(kube), *daemon_sets(kube))
    assert {"fsx-csi-controller", "fsx-csi-node"} <= {workload.metadata.name for workload in read}
    assert all(workload.spec.template.metadata.creation_timestamp == "" for workload in read)


def test_one_object_of_another_shape_makes_the_list_malformed(lab: Lab, kube: Kube) -> None:
    """Without it the rest would pass for all there is."""
    next(lab.kube.all("nodes"))["status"]["nodeInfo"]["kernelVersion"] = 6.12
    found = failed(kube.list, NODES, Node)
    assert found.reason is Reason.GARBLED and "kernelVersion" in found.detail


def test_a_denied_list_names_the_permission(lab: Lab, kube: Kube) -> None:
    lab.deny_kube("list", "nodes")
    missing = failed(kube.list, NODES, Node)
    assert (missing.reason, missing.permission) == (Reason.DENIED, "list nodes")


def test_an_absent_object_is_absent(kube: Kube) -> None:
    assert failed(kube.get, "/api/v1/nodes/none", Node).reason is Reason.ABSENT


def test_an_expired_token_of_a_list_starts_it_over_once(lab: Lab, kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE", 1)
    lab.api.switches.expire_continue = 1
    assert len(kube.list(NODES, Node)) == 3


def test_unknown_credentials_are_reported_as_such(lab: Lab) -> None:
    stranger = Kube(kubeconfig=str(lab.kubeconfigs["expired"]))
    missing = failed(stranger.list, NODES, Node)
    assert (missing.what, missing.reason) == ("Kubernetes credentials", Reason.DENIED)


def test_a_server_that_never_answers_is_a_timeout(lab: Lab, kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "READ_TIMEOUT_S", 0.3)
    lab.delay(3600)
    with in_time():
        assert failed(kube.list, NODES, Node).reason is Reason.TIMEOUT


LOGIN = b"<html><title>Sign in</title><form action=/login></html>"
HEALTHY = {"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": [{"metadata": {"name": "n"}}]}
NOT_AN_ANSWER = {
    "a login page": http(LOGIN, kind="text/html; charset=utf-8"),
    "a login page that calls itself JSON": http(LOGIN),
    "an empty object": http({}),
    "nothing": http(b""),
    "null": http(None),
    "another kind": http({**HEALTHY, "kind": "PodList"}),
    "a Status": http({"kind": "Status", "metadata": {}, "status": "Success"}),
    "no items": http({"kind": "NodeList", "metadata": {}}),
    "no metadata": http({"kind": "NodeList", "items": []}),
    "null items": http({**HEALTHY, "items": None}),
    "items of a wrong type": http({**HEALTHY, "items": {}}),
    "an object of a wrong type": http({**HEALTHY, "items": [3]}),
    "a field of a wrong type": http({**HEALTHY, "items": [{"metadata": {"name": 7}}]}),
    "half of it": http(json.dumps(HEALTHY).encode()[:40]),
    "half of what was announced": http(HEALTHY)[:-9],
    "a chunk of no size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "what is not UTF-8": http(b'{"kind": "NodeList", "metadata": {}, "items": [{"metadata": {"name": "\xff"}}]}'),
    "nesting without end": http(b'{"kind": "NodeList", "metadata": {}, "items": ' + b"[" * 200_000),
    "the same page for ever": http({**HEALTHY, "metadata": {"continue": "again"}}),
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "an answer in gzip that is none": http(HEALTHY, headers="Content-Encoding: gzip\r\n"),
    "a redirect": http(b"", status="302 Found", headers="Location: http://login.example.com/\r\n"),
}


@pytest.mark.parametrize("what", NOT_AN_ANSWER)
def test_an_answer_that_is_no_answer_is_unknown_and_never_empty(tmp_path: Path, peer: Peers, what: str) -> None:
    server = peer(NOT_AN_ANSWER[what])
    found = failed(Kube(kubeconfig=kubeconfig(tmp_path, server.url)).list, NODES, Node)
    assert found.reason in (Reason.GARBLED, Reason.UNREACHABLE)
    assert "Sign in" not in str(found) and "/login" not in str(found)


def test_the_same_server_with_a_whole_answer_is_believed(tmp_path: Path, peer: Peers) -> None:
    (node,) = Kube(kubeconfig=kubeconfig(tmp_path, peer(http(HEALTHY)).url)).list(NODES, Node)
    assert node.name == "n"


def test_a_login_page_is_called_what_it_is(tmp_path: Path, peer: Peers) -> None:
    server = peer(NOT_AN_ANSWER["a login page"])
    found = failed(Kube(kubeconfig=kubeconfig(tmp_path, server.url)).list, NODES, Node)
    assert found.detail == f"the answer is {len(LOGIN)} bytes of text/html" and "proxy" in found.remedy


@pytest.mark.parametrize("body", [{}, None, [], {"kind": "Node"}, {"kind": "Node", "metadata": {}},
                                  {"kind": "Pod", "metadata": {"name": "n"}}])  # fmt: skip
def test_one_object_has_kind_and_name(tmp_path: Path, peer: Peers, body: object) -> None:
    kube = Kube(kubeconfig=kubeconfig(tmp_path, peer(http(body)).url))
    assert failed(kube.get, f"{NODES}/n", Node).reason is Reason.GARBLED


def test_an_answer_without_end_is_cut(tmp_path: Path, peer: Peers, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(connection: socket.socket) -> None:
        server.head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    monkeypatch.setattr(transport, "ANSWER_LIMIT", 1 << 20)
    server = peer(endless)
    found = failed(Kube(kubeconfig=kubeconfig(tmp_path, server.url)).list, NODES, Node)
    assert (found.reason, found.detail) == (Reason.GARBLED, "the answer is larger than 1 MiB")


def test_a_throttled_request_is_repeated_when_the_server_says(lab: Lab, kube: Kube) -> None:
    lab.api.switches.throttled["nodes"], lab.api.switches.retry_after = 2, 0
    assert len(kube.list(NODES, Node)) == 3
    assert lab.api.switches.throttled["nodes"] == 0
    assert lab.calls().count("list nodes") == 3


def test_a_server_that_stays_busy_is_a_timeout_and_not_waited_for(
    lab: Lab, kube: Kube, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", slept.append)
    lab.api.switches.throttled["nodes"], lab.api.switches.retry_after = 99, 86_400
    found = failed(kube.list, NODES, Node)
    assert (found.reason, found.remedy) == (Reason.TIMEOUT, "run again")
    assert [seconds for seconds in slept if seconds] == [transport.RETRY_AFTER_S] * transport.RETRIES


SECRET = "k8s-aws-v1.aHVudGVyMg"


@pytest.mark.parametrize("user", [{"token": SECRET}, {"username": "me", "password": SECRET}])
@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "500 Internal Server Error"])
def test_a_server_that_repeats_the_credentials_does_not_print_them(
    tmp_path: Path, peer: Peers, user: dict[str, str], status: str
) -> None:
    def echo(connection: socket.socket) -> None:
        head = server.head(connection).decode()
        line = next(line for line in head.split("\r\n") if line.startswith("Authorization: "))
        connection.sendall(http({"kind": "Status", "message": f"bad {line} and {SECRET}"}, status=status))
        connection.close()

    server = peer(echo)
    found = failed(Kube(kubeconfig=kubeconfig(tmp_path, server.url, user=user)).list, NODES, Node)
    assert "<credential>" in found.detail and SECRET not in str(found)
    assert base64.b64encode(f"me:{SECRET}".encode()).decode() not in str(found)


def test_a_body_that_is_no_status_is_not_printed(tmp_path: Path, peer: Peers) -> None:
    server = peer(http(b"your header was Authorization: Bearer t", status="400 Bad Request", kind="text/plain"))
    found = failed(Kube(kubeconfig=kubeconfig(tmp_path, server.url)).list, NODES, Node)
    assert found.detail == "the API server answered 400: 39 bytes of text/plain"


def port_without_listener() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("server", "reason", "detail"),
    [
        ("http://127.0.0.1:PORT", Reason.UNREACHABLE, "Connection refused"),
        ("https://127.0.0.1:PORT", Reason.UNREACHABLE, "Connection refused"),
        ("https://no-such-name.invalid", Reason.UNREACHABLE, "a name does not resolve"),
        ("http://user:hunter2@127.0.0.1:PORT", Reason.UNREACHABLE, "Connection refused"),
        ("http://[", Reason.ABSENT, "has no server URL"),
        ("gopher://x", Reason.ABSENT, "has no server URL"),
    ],
)
def test_a_server_that_cannot_be_reached(tmp_path: Path, server: str, reason: Reason, detail: str) -> None:
    path = kubeconfig(tmp_path, server.replace("PORT", str(port_without_listener())))
    found = failed(Kube(kubeconfig=path).list, NODES, Node)
    assert found.reason is reason and detail in found.detail
    assert "hunter2" not in str(found)


def test_a_server_without_tls_is_called_so(tmp_path: Path, peer: Peers) -> None:
    server = peer(lambda connection: connection.sendall(http(b"plain HTTP", status="400 Bad Request")))
    found = failed(Kube(kubeconfig=kubeconfig(tmp_path, f"https://127.0.0.1:{server.port}")).list, NODES, Node)
    assert found.reason is Reason.UNREACHABLE and found.detail.startswith("no TLS connection: ")


def with_cluster(lab: Lab, folder: Path, **settings: object) -> Kube:
    config = json.loads(lab.kubeconfigs["token"].read_text())
    config["clusters"][0]["cluster"] |= {key.replace("_", "-"): value for key, value in settings.items()}
    (folder / "config").write_text(json.dumps(config))
    return Kube(kubeconfig=str(folder / "config"))


def proxy_to(target: int) -> Behaviour:
    """Answers CONNECT and passes bytes on, whatever host was asked for."""

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                sink.sendall(piece)

    def behave(connection: socket.socket) -> None:
        asked = connection.recv(4096)
        assert asked.startswith(b"CONNECT ")
        upstream = socket.create_connection(("127.0.0.1", target), 5)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=pump, args=(upstream, connection), daemon=True).start()
        pump(connection, upstream)

    return behave


def test_the_proxy_of_the_kubeconfig_is_used_even_for_a_spared_host(
    lab: Lab, tmp_path: Path, peer: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    proxy = peer(proxy_to(urlsplit(lab.kube_server.url).port or 0))
    kube = with_cluster(lab, tmp_path, proxy_url=proxy.url)
    assert len(kube.list(NODES, Node)) == 3 and len(proxy.accepted) == 1
    kube.transport.close(kube.transport.connect(5.0))
    assert len(proxy.accepted) == 2


def test_the_proxy_of_the_environment_spares_hosts(
    lab: Lab, tmp_path: Path, peer: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = peer(proxy_to(urlsplit(lab.kube_server.url).port or 0))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    assert len(with_cluster(lab, tmp_path).list(NODES, Node)) == 3 and not proxy.accepted
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8")
    assert len(with_cluster(lab, tmp_path).list(NODES, Node)) == 3 and len(proxy.accepted) == 1


def test_the_official_client_is_loaded_where_a_proxy_may_apply_alone(
    lab: Lab, tmp_path: Path, peer: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "kubernetes.client.rest", None)
    assert len(with_cluster(lab, tmp_path).list(NODES, Node)) == 3
    proxy = peer(proxy_to(urlsplit(lab.kube_server.url).port or 0))
    for by_kubeconfig in (True, False):
        if not by_kubeconfig:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(ImportError):
            with_cluster(lab, tmp_path, **({"proxy_url": proxy.url} if by_kubeconfig else {})).list(NODES, Node)


@pytest.mark.parametrize("url", ["http://me:hunter2@127.0.0.1:PORT", "socks5://127.0.0.1:PORT", "x"])
def test_a_proxy_that_refuses_or_cannot_be_used(
    lab: Lab, tmp_path: Path, peer: Peers, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setitem(sys.modules, "urllib3.contrib.socks", None)
    proxy = peer(b"HTTP/1.1 407 Give me hunter2\r\nContent-Length: 0\r\n\r\n")
    kube = with_cluster(lab, tmp_path, proxy_url=url.replace("PORT", str(proxy.port)))
    found = failed(kube.list, NODES, Node)
    assert "proxy" in found.detail and "hunter2" not in str(found)
    assert failed(lambda: kube.transport.connect(5.0)).detail == found.detail


def test_the_server_s_certificate_may_be_for_another_name(tmp_path: Path) -> None:
    certificates = make_certificates("admin", "system:masters", "192.0.2.7")
    server = KubeServer(Api(Cluster()), ExecScript(), certificates, "token", "admin")
    authority = {"certificate-authority-data": base64.b64encode(certificates.authority).decode()}
    user = {"token": "token"}
    try:
        path = kubeconfig(tmp_path, server.url, user=user, cluster=authority)
        found = failed(Kube(kubeconfig=path).list, NODES, Node)
        assert "not valid for '127.0.0.1'" in found.detail and "tls-server-name" in found.remedy
        for settings in ({"tls-server-name": "localhost"}, {"insecure-skip-tls-verify": True}):
            path = kubeconfig(tmp_path, server.url, user=user, cluster=authority | settings)
            kube = Kube(kubeconfig=path)
            assert kube.list(NODES, Node) == ()
            kube.transport.close(kube.transport.connect(5.0))
    finally:
        server.close()


def test_no_key_is_written_to_a_disk(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert len(Kube(kubeconfig=str(lab.kubeconfigs["certificate"])).list(NODES, Node)) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_session_of_tls_is_resumed(lab: Lab) -> None:
    kube = Kube(kubeconfig=str(lab.kubeconfigs["certificate"]))
    kube.list(NODES, Node)
    first = kube.transport.connect(5.0)
    first.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
    assert first.recv(9) == b"HTTP/1.1 "
    kube.transport.close(first)
    second = kube.transport.connect(5.0)
    assert isinstance(second, ssl.SSLSocket) and second.session_reused
    kube.transport.close(second)


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/api/v1/nodes", "nodes"),
        ("/api/v1/namespaces/a/pods", "pods"),
        ("/api/v1/namespaces/a/pods/p/log", "pods/log"),
        ("/apis/apps/v1/daemonsets", "daemonsets"),
        ("/apis/apps/v1/namespaces/a/daemonsets/d", "daemonsets"),
        ("/api/v1/namespaces/a", "namespaces"),
    ],
)
def test_the_resource_of_a_path_is_what_rbac_calls_it(path: str, resource: str) -> None:
    assert resource_of(path) == resource
