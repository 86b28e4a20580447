"""The version check takes the node's own module where a node was looked into, and says so."""

from checks.client.client_version import client_version
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.node_report import LoadedModule, NodeTruth, Via
from diag.resources.table import Table
from tests.checks import given


def finding(server: str, module: str, system: tuple[str, str] = given.AL2023) -> Finding:
    truth = NodeTruth(given.NODE, Via.EXEC, loaded_modules=(LoadedModule("lustre", module),))
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
