"""Every node's Lustre client can talk to the file system that it mounts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.client.client_version import client_version
from diag import Kind, Subject
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.kubernetes import Node, Pod
from diag.resources.node_report import LoadedModule, NodeReport
from diag.resources.table import Table
from diag.resources.via import Via
from tests.checks import given


def finding(server: str, module: str, system: tuple[str, str] = given.AL2023) -> Finding:
    truth = NodeReport(given.NODE, Via.EXEC, loaded_modules=(LoadedModule("lustre", module),))
    (found,) = given.findings(
        client_version,
        nodes=(given.node(given.NODE, system),),
        file_systems=given.table(given.file_system(version=server)),
        node_truths=Table({given.NODE: truth}) if module else Table(),
    )
    return found


def test_the_node_s_word_goes_before_the_table() -> None:
    assert finding("2.15", "").verdict is Verdict.PASS
    found = finding("2.15", "2.10.8")
    assert found.verdict is Verdict.FAIL and found.cause == "client-server-version-mismatch"
    assert any("own module is Lustre 2.10.8 (seen through exec)" in line for line in found.evidence)


def test_a_module_that_the_table_would_not_expect_mounts_all_the_same() -> None:
    assert finding("2.15", "", given.AL2).verdict is not Verdict.UNKNOWN
    found = finding("2.15", "2.15.6", ("Flatcar Container Linux 3760", "6.1.62-flatcar"))
    assert found.verdict is Verdict.PASS
    assert finding("2.15", "", ("Flatcar Container Linux 3760", "6.1.62-flatcar")).verdict is Verdict.UNKNOWN


def test_the_table_is_named_where_no_node_was_looked_into() -> None:
    found = finding("2.10", "")
    assert found.verdict is Verdict.FAIL
    assert not any("own module" in line for line in found.evidence)
    assert any("matrix" in line for line in found.evidence)


def test_a_version_that_no_table_has_is_unknown() -> None:
    found = finding("2.15", "2.99.1")
    assert found.verdict is Verdict.UNKNOWN and "2.99.1" in found.message


UBUNTU = ("Ubuntu 22.04.5 LTS", "6.8.0-1021-aws")
UNLISTED = ("Ubuntu 24.04.1 LTS", "6.14.0-1019-aws")
EL10 = ("Rocky Linux 10.1 (Red Quartz)", "6.12.0-124.21.1.el10_1.x86_64")
TOO_OLD = ("Amazon Linux 2023.0.20230315", "6.1.50-66.121.amzn2023.x86_64")
NO_MODULE = ("Bottlerocket OS 1.15.0 (aws-k8s-1.28)", "6.1.49")


def world(*nodes: Node, version: str = "2.15", used: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    """A file system of that version, and a pod with its claim on each of the `used` nodes."""
    pods: tuple[Pod, ...] = tuple(given.pod(f"pod-{name}", node=name) for name in used)
    return {"nodes": nodes, "pods": pods, "file_systems": given.table(given.file_system(version=version, **fields))}


def test_a_2_15_client_and_a_2_10_file_system_is_the_cause_of_exit_22() -> None:
    node = given.node("node-a", given.AL2023)
    (found,) = given.findings(client_version, **world(node, version="2.10", used=("node-a",)))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "client-server-version-mismatch")
    assert "runs Lustre 2.10, the client of node node-a is 2.15" in found.message
    assert given.AL2023[1] in found.message
    assert found.subject == Subject(Kind.FILE_SYSTEM, given.FS)
    assert found.concerns == (Subject(Kind.NODE, "node-a"),)
    assert any("2026" in line and "Amazon Linux 2023" in line for line in found.evidence)
    assert "FSx makes SCRATCH_2 with Lustre 2.10 when no version is named" in found.evidence
    assert found.fix is not None
    assert found.fix.commands == (
        f"aws fsx update-file-system --file-system-id {given.FS} --file-system-type-version 2.15",
    )


@pytest.mark.parametrize(
    ("os", "version"),
    [
        (given.AL2023, "2.15"), (given.AL2023, "2.12"), (given.AL2, "2.10"), (given.AL2, "2.15"), (UBUNTU, "2.12"),
        (EL10, "2.15"),
    ],
)  # fmt: skip
def test_a_supported_pair_passes_and_rules_the_mismatch_out(os: tuple[str, str], version: str) -> None:
    (found,) = given.findings(client_version, **world(given.node("node-a", os), version=version, used=("node-a",)))
    assert found.verdict is Verdict.PASS
    assert "client-server-version-mismatch" in found.rules_out
    assert "lustre-module-missing" not in found.rules_out, "the table cannot see whether a module is installed"


def test_el_10_is_refused_by_2_12_though_its_client_is_2_15() -> None:
    found = given.findings(client_version, **world(given.node("node-a", EL10), version="2.12", used=("node-a",)))
    assert [f.verdict for f in found] == [Verdict.FAIL]


def test_a_version_cannot_be_lowered_so_other_nodes_or_a_new_file_system_are_the_way() -> None:
    old = given.node("node-a", ("Amazon Linux 2", "5.10.98-87.1.amzn2.x86_64"))
    (found,) = given.findings(client_version, **world(old, version="2.15", used=("node-a",)))
    assert found.verdict is Verdict.FAIL
    assert found.fix is not None
    assert found.fix.commands == ()
    assert "cannot be lowered" in found.fix.note


@pytest.mark.parametrize(
    ("os", "version", "why"),
    [
        (UNLISTED, "2.15", "no row for kernel 6.14.0-1019-aws"), (given.AL2023, "", "no table"),
        (given.AL2023, "2.17", "no table"),
    ],
)  # fmt: skip
def test_what_no_table_knows_is_unknown(os: tuple[str, str], version: str, why: str) -> None:
    (found,) = given.findings(client_version, **world(given.node("node-a", os), version=version, used=("node-a",)))
    assert found.verdict is Verdict.UNKNOWN
    assert why in found.message


def test_a_kernel_known_to_have_no_client_fails_an_inferred_one_warns() -> None:
    nodes = (given.node("node-a", NO_MODULE), given.node("node-b", TOO_OLD))
    found = given.findings(client_version, **world(*nodes, used=("node-a", "node-b")))
    assert [(f.verdict, f.cause) for f in found] == [
        (Verdict.FAIL, "lustre-module-missing"),
        (Verdict.WARN, "lustre-module-missing"),
    ]


def test_a_kernel_with_large_pages_and_no_client_is_told_as_such() -> None:
    node = given.node("node-a", ("Ubuntu 24.04.1 LTS", "6.14.0-1012-aws-64k"), arch="arm64")
    (found,) = given.findings(client_version, **world(node, used=("node-a",)))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "large-page-kernel")


def test_many_equal_nodes_give_one_finding_that_names_them_all() -> None:
    nodes = tuple(given.node(f"node-{number}") for number in range(500))
    names = tuple(node.name for node in nodes)
    found = given.findings(client_version, **world(*nodes, version="2.10", used=names))
    assert len(found) == 1
    assert len(found[0].concerns) == 500


def test_a_node_that_mounts_something_else_is_not_blamed() -> None:
    nodes = (given.node("node-a", given.AL2), given.node("node-b", given.AL2023))
    found = given.findings(client_version, **world(*nodes, version="2.10", used=("node-a",)))
    assert [f.verdict for f in found] == [Verdict.PASS]


def test_an_unused_file_system_passes_when_one_kind_of_node_fits_and_fails_when_none_does() -> None:
    nodes = (given.node("node-a", given.AL2), given.node("node-b", given.AL2023))
    assert given.verdicts(client_version, **world(*nodes, version="2.10")) == (Verdict.PASS,)
    assert given.verdicts(client_version, **world(nodes[1], version="2.10")) == (Verdict.FAIL,)


def test_a_file_system_that_is_not_lustre_or_a_cluster_without_nodes_is_skipped() -> None:
    ontap = world(given.node(), file_system_type="ONTAP")
    assert given.verdicts(client_version, **ontap) == (Verdict.SKIP,)
    assert given.verdicts(client_version, **world()) == (Verdict.SKIP,)


@pytest.mark.parametrize(
    ("fact", "permission"),
    [("nodes", "list nodes"), ("file_systems", "fsx:DescribeFileSystems"), ("pods", "list pods")],
)
def test_without_nodes_pods_or_file_systems_the_answer_is_unknown(fact: str, permission: str) -> None:
    (found,) = given.findings(client_version, **{fact: given.denied(permission)})
    assert found.verdict is Verdict.UNKNOWN
    assert found.unavailable[0].permission == permission
