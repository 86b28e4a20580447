"""client-mixed, client-page-size, planned-upgrade: nodes that a pod may come to, and kernels that may come to nodes."""

from typing import Any

import pytest

from checks.client.client_mixed import client_mixed
from checks.client.client_page_size import client_page_size
from checks.client.planned_upgrade import planned_upgrade
from diag import Verdict
from diag.resources.kubernetes import Taint
from diag.resources.target import Settings
from tests.checks import given

UBUNTU_64K = ("Ubuntu 24.04.1 LTS", "6.14.0-1018-aws-64k")
EL_64K = ("Rocky Linux 9.4 (Blue Onyx)", "5.14.0-427.13.1.el9_4.aarch64+64k")
TO_AL2023 = given.AL2023[1]


def world(*nodes: Any, version: str, pod: Any = None) -> dict[str, Any]:
    """Nodes, a file system of that version, and one pod on the first node (or the pod given)."""
    fs = given.table(given.file_system(version=version))
    return {"nodes": nodes, "file_systems": fs, "pods": (pod or given.pod(node=nodes[0].name),)}


def test_a_pod_that_mounts_here_and_not_on_the_other_node_group() -> None:
    nodes = (given.node("old", given.AL2), given.node("new", given.AL2023, group="al2023"))
    (found,) = given.findings(client_mixed, **world(*nodes, version="2.10"))
    assert (found.verdict, found.cause) == (Verdict.WARN, "client-server-version-mismatch")
    assert "al2023" in found.message
    assert [s.name for s in found.concerns] == ["new"]


@pytest.mark.parametrize("version", ["2.12", "2.15"])
def test_mixed_groups_that_all_fit_pass(version: str) -> None:
    nodes = (given.node("old", given.AL2), given.node("new", given.AL2023))
    assert given.verdicts(client_mixed, **world(*nodes, version=version)) == (Verdict.PASS,)


@pytest.mark.parametrize("spec", [{"nodeSelector": {"eks.amazonaws.com/nodegroup": "workers"}}, {"tolerations": []}])
def test_a_group_that_the_pod_cannot_come_to_does_not_count(spec: dict[str, Any]) -> None:
    closed = given.node("new", given.AL2023, group="other", taints=(Taint("team", "b", "NoSchedule"),))
    pod = given.pod(node="old", **spec)
    assert given.verdicts(client_mixed, **world(given.node("old", given.AL2), closed, version="2.10", pod=pod)) == (
        Verdict.SKIP,
    )


def test_a_group_with_an_unlisted_kernel_is_not_asked_before_a_pod_is_there() -> None:
    nodes = (given.node("old", given.AL2), given.node("new", ("Ubuntu 26.04 LTS", "7.0.0-1001-aws")))
    assert given.verdicts(client_mixed, **world(*nodes, version="2.12")) == (Verdict.SKIP,)
    assert given.verdicts(client_mixed, nodes=given.denied("list nodes")) == (Verdict.UNKNOWN,)


@pytest.mark.parametrize(
    ("os", "verdict"),
    [
        (UBUNTU_64K, Verdict.PASS),
        (("Ubuntu 24.04.1 LTS", "6.8.0-1024-aws-64k"), Verdict.FAIL),
        (EL_64K, Verdict.WARN),
        (given.AL2023, Verdict.PASS),
    ],
)
def test_kernels_with_large_pages(os: tuple[str, str], verdict: Verdict) -> None:
    (found,) = given.findings(client_page_size, **world(given.node(os=os, arch="arm64"), version="2.15"))
    assert found.verdict is verdict
    assert given.verdicts(client_page_size, nodes=given.denied("list nodes")) == (Verdict.UNKNOWN,)


def test_nothing_planned_nothing_said() -> None:
    assert given.findings(planned_upgrade) == ()


@pytest.mark.parametrize(
    ("settings", "version", "verdict"),
    [
        (Settings(assume_kernel=TO_AL2023), "2.10", Verdict.FAIL),
        (Settings(assume_kernel=TO_AL2023), "2.12", Verdict.PASS),
        (Settings(assume_kernel=TO_AL2023, assume_server_version="2.15"), "2.10", Verdict.PASS),
        (Settings(assume_server_version="2.15"), "2.12", Verdict.PASS),
        (Settings(assume_server_version="2.10"), "2.12", Verdict.FAIL),
        (Settings(assume_server_version="2.17"), "2.12", Verdict.UNKNOWN),
        (Settings(assume_kernel="9.9.9-1.amzn2023.x86_64"), "2.12", Verdict.UNKNOWN),
        (Settings(assume_kernel="6.1.50-66.121.amzn2023.x86_64"), "2.12", Verdict.WARN),
    ],
)
def test_what_an_upgrade_of_al2_nodes_would_break(settings: Settings, version: str, verdict: Verdict) -> None:
    (found,) = given.findings(planned_upgrade, settings=settings, **world(given.node(os=given.AL2), version=version))
    assert found.verdict is verdict
    assert found.cause == "", "what would fail tomorrow is not why a mount fails today"
