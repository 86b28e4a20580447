"""The API client against a real HTTPS server: what the world does comes back as values."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from diag import Reason, Unavailable
from diag.resources.kubernetes import CsiNode, Node, Pod
from diag.sources.kubernetes import client
from diag.sources.kubernetes.client import Kube, Listed, resource_of
from tests.lab.kubernetes.api import Api
from tests.lab.kubernetes.certificates import make_certificates
from tests.lab.kubernetes.exec import ExecScript
from tests.lab.kubernetes.kubeconfig import write_kubeconfigs
from tests.lab.kubernetes.server import KubeServer
from tests.lab.kubernetes.world import Cluster
from tests.lab.lab import Lab

pytestmark = pytest.mark.lab
NODES, PODS = "/api/v1/nodes", "/api/v1/pods"


@pytest.fixture(scope="module")
def one_lab() -> Iterator[Lab]:
    with Lab.start(world="healthy") as lab:
        yield lab


@pytest.fixture
def lab(one_lab: Lab) -> Lab:
    one_lab.load("healthy")
    return one_lab


@pytest.fixture
def kube(lab: Lab) -> Kube:
    return Kube(kubeconfig=str(lab.kubeconfigs["token"]))


def listed(found: Listed[Node] | Unavailable) -> Listed[Node]:
    assert isinstance(found, Listed)
    return found


def failed(found: object) -> Unavailable:
    assert isinstance(found, Unavailable)
    return found


def test_every_page_is_read(lab: Lab, kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE", 1)
    assert len(listed(kube.list(NODES, Node)).items) == 3
    assert lab.calls().count("list nodes") == 3


def test_the_authority_of_an_eks_cluster_is_trusted_where_python_is_strict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_in_3_13(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        context = default(*args, **kwargs)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    default = ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", as_in_3_13)
    certificates = make_certificates("admin", "system:masters", "127.0.0.1", like_eks=True)
    server = KubeServer(Api(Cluster()), ExecScript(), certificates, "token", "admin")
    written = write_kubeconfigs(tmp_path, server.url, "a-cluster", "eu-west-1", certificates, "token")
    kube = Kube(kubeconfig=str(written["certificate"]))
    try:
        assert listed(kube.list(NODES, Node)).items == ()
        strict, host = as_in_3_13(cafile=kube.configuration().ssl_ca_cert), urlsplit(kube.server)
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
    assert "no trusted TLS connection" in failed(Kube(kubeconfig=str(tmp_path / "config")).list(NODES, Node)).detail


def test_an_authority_that_is_no_certificate_is_told(lab: Lab, tmp_path: Path) -> None:
    config = json.loads(lab.kubeconfigs["token"].read_text())
    config["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(b"nonsense").decode()
    (tmp_path / "config").write_text(json.dumps(config))
    found = failed(Kube(kubeconfig=str(tmp_path / "config")).list(NODES, Node))
    assert (found.what, found.reason) == ("kubeconfig", Reason.GARBLED)
    assert "certificate-authority" in found.remedy


def test_what_is_not_kept_is_dropped_page_by_page(kube: Kube) -> None:
    found = kube.list(PODS, Pod, keep=lambda pod: pod if pod.metadata.name == "pod-fsx" else None)
    assert isinstance(found, Listed) and [pod.metadata.name for pod in found.items] == ["pod-fsx"]


def test_a_node_without_the_driver_does_not_break_the_list(lab: Lab, kube: Kube) -> None:
    next(lab.kube.all("csinodes"))["spec"]["drivers"] = None
    found = kube.list("/apis/storage.k8s.io/v1/csinodes", CsiNode)
    assert isinstance(found, Listed) and len(found.items) == 3
    assert frozenset() in {node.driver_names for node in found.items}


def test_one_object_of_another_shape_is_told_apart_from_the_rest(lab: Lab, kube: Kube) -> None:
    next(lab.kube.all("nodes"))["status"]["nodeInfo"]["kernelVersion"] = 6.12
    found = listed(kube.list(NODES, Node))
    assert len(found.items) == 2
    [bad] = found.garbled
    assert bad.reason is Reason.GARBLED and "kernelVersion" in bad.detail


def test_a_denied_list_names_the_permission(lab: Lab, kube: Kube) -> None:
    lab.deny_kube("list", "nodes")
    missing = failed(kube.list(NODES, Node))
    assert (missing.reason, missing.permission) == (Reason.DENIED, "list nodes")


def test_an_absent_object_is_absent(kube: Kube) -> None:
    assert failed(kube.get("/api/v1/nodes/none", Node)).reason is Reason.ABSENT


def test_an_expired_token_of_a_list_starts_it_over_once(lab: Lab, kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE", 1)
    lab.api.switches.expire_continue = 1
    assert len(listed(kube.list(NODES, Node)).items) == 3


def test_unknown_credentials_are_told_as_such(lab: Lab) -> None:
    stranger = Kube(kubeconfig=str(lab.kubeconfigs["expired"]))
    missing = failed(stranger.list(NODES, Node))
    assert (missing.what, missing.reason) == ("Kubernetes credentials", Reason.DENIED)


def test_a_server_that_never_answers_is_a_timeout(lab: Lab, kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "READ_TIMEOUT_S", 0.3)
    lab.delay(3)
    started = time.monotonic()
    assert failed(kube.list(NODES, Node)).reason is Reason.TIMEOUT
    assert time.monotonic() - started < 2


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
