"""The Lustre module in the node's own kernel, as the node says it."""

from __future__ import annotations

import msgspec
import pytest

from checks.client.node_module import node_has_module
from diag.model.verdict import Verdict
from diag.resources.node_report import NodeReport
from tests.checks import given
from tests.checks.given_node_checks import findings, only, truth


def test_no_module() -> None:
    found = only(node_has_module, truth(client="", kernel="6.1.66-93.164.amzn2023.x86_64"))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "lustre-module-missing")
    assert any("6.1.66" in line for line in found.evidence)


def test_a_module_on_disk_that_the_first_mount_will_load() -> None:
    found = only(node_has_module, truth(is_loaded=False))
    assert found.verdict is Verdict.PASS and "lustre-module-missing" in found.rules_out


def installed(**fields: str) -> NodeReport:
    base = truth(is_loaded=False)
    assert base.installed_module is not None
    return msgspec.structs.replace(base, installed_module=msgspec.structs.replace(base.installed_module, **fields))


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"vermagic": "5.15.0-1 SMP mod_unload "}, Verdict.FAIL),
        ({"vermagic": "5.14.0-427 SMP mod_unload modversions "}, Verdict.WARN),
        ({"vermagic": "5.14.0-427 SMP modversions", "filename": "/lib/modules/x/weak-updates/lustre.ko"}, Verdict.PASS),
    ],
)
def test_a_module_for_another_kernel(fields: dict[str, str], verdict: Verdict) -> None:
    found = only(node_has_module, installed(**fields))
    assert found.verdict is verdict
    assert found.cause == ("" if verdict is Verdict.PASS else "kernel-module-version-mismatch")


def test_a_container_cannot_tell_what_is_on_disk() -> None:
    found = only(node_has_module, truth(is_loaded=False, leave_out="installed_module"))
    assert found.verdict is Verdict.UNKNOWN


def test_equal_answers_are_one_row_with_what_sets_them_apart() -> None:
    old = "6.1.66-93.164.amzn2023.x86_64"
    good = [truth(f"good-{n}") for n in range(9)]
    bad = [truth(f"bad-{n}", client="", kernel=old) for n in range(3)]
    nodes = (
        *(given.node(t.node) for t in good),
        *(given.node(t.node, ("Amazon Linux 2023.3.20240108", old), group="gpu-b") for t in bad),
    )
    failing, passing = sorted(findings(node_has_module, *good, *bad, nodes=nodes), key=lambda f: f.verdict.rank)[::-1]
    assert failing.verdict is Verdict.FAIL
    assert failing.message.startswith("3 nodes: the kernel has no Lustre module")
    assert f"3 of 12 nodes; all 3 and only they: kernel {old}, OS image" in failing.message
    assert "node group gpu-b" in failing.message
    assert {s.name for s in failing.concerns} == {"bad-0", "bad-1", "bad-2"}
    assert passing.verdict is Verdict.PASS and len(passing.concerns) == 9
