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
        ({"vermagic": "5.14.0-427 SMP preempt mod_unload modversions "}, Verdict.WARN),
        (
            {
                "vermagic": "5.14.0-427 SMP preempt mod_unload modversions",
                "filename": "/lib/modules/x/weak-updates/lustre.ko",
            },
            Verdict.PASS,
        ),
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


KERNEL = "6.12.46-66.121.amzn2023.x86_64"


@pytest.mark.parametrize(
    ("wanted", "verdict"),
    [
        (f"{KERNEL} SMP preempt mod_unload modversions", Verdict.PASS),
        (f"{KERNEL} SMP PREEMPT mod_unload modversions", Verdict.FAIL),
        (f"{KERNEL} SMP preempt mod_unload", Verdict.FAIL),
    ],
)
def test_a_vermagic_is_compared_word_by_word_with_that_of_the_running_kernel(wanted: str, verdict: Verdict) -> None:
    report = msgspec.structs.replace(truth(is_loaded=False), kernel_vermagic=wanted)
    found = only(node_has_module, report)
    assert (found.verdict, found.cause) == (
        verdict,
        "" if verdict is Verdict.PASS else "kernel-module-version-mismatch",
    )


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (
            f"[ 14.1] libcfs: version magic '{KERNEL} SMP PREEMPT ' should be '{KERNEL} SMP preempt '",
            "kernel-module-version-mismatch",
        ),
        ("[ 14.1] ptlrpc: disagrees about version of symbol module_layout", "kernel-module-version-mismatch"),
        ("[ 14.1] lustre: Unknown symbol folio_wait_bit (err -2)", "kernel-module-version-mismatch"),
        ("[ 14.1] Lockdown: modprobe: unsigned module loading is restricted; see man", "secure-boot-module-signature"),
        ("[ 14.1] nvidia: disagrees about version of symbol module_layout", ""),
        ("[ 14.1] libcfs: loading out-of-tree module taints kernel.", ""),
    ],
)
def test_the_kernel_log_says_that_a_module_on_disk_was_refused(line: str, cause: str) -> None:
    found = only(node_has_module, truth(is_loaded=False, kernel_log=(line,)))
    assert (found.verdict, found.cause) == (Verdict.FAIL if cause else Verdict.PASS, cause)


@pytest.mark.parametrize(
    ("settings", "verdict"),
    [
        (("install lustre /bin/false",), Verdict.FAIL),
        (("install ptlrpc /usr/bin/true",), Verdict.FAIL),
        (("blacklist lustre",), Verdict.WARN),
        (("options lnet networks=tcp(eth0)",), Verdict.PASS),
        (("install lustre /sbin/modprobe --ignore-install lustre && /sbin/tune",), Verdict.PASS),
    ],
)
def test_modprobe_may_be_told_to_keep_it_out(settings: tuple[str, ...], verdict: Verdict) -> None:
    found = only(node_has_module, truth(is_loaded=False, module_settings=settings))
    assert (found.verdict, found.cause) == (verdict, "" if verdict is Verdict.PASS else "lustre-module-missing")


def test_what_is_loaded_needs_no_look_at_the_disk() -> None:
    report = truth(module_settings=("install lustre /bin/false",))
    assert only(node_has_module, report).verdict is Verdict.PASS


KERNEL = "6.1.66-93.164.amzn2023.x86_64"


@pytest.mark.parametrize(
    ("dkms", "says"),
    [
        (("lustre-client/2.15.5/source",), "DKMS has lustre-client 2.15.5 and has not built it for kernel 6.1.66"),
        (
            ("lustre-client/2.15.5/source", "lustre-client/2.15.5/6.1.61/x86_64/module"),
            "DKMS has lustre-client 2.15.5 and has not built it for kernel 6.1.66",
        ),
        (("lustre-client/2.15.5/source", f"lustre-client/2.15.5/{KERNEL}/x86_64/module"), "no Lustre module"),
        ((), "no Lustre module"),
        (None, "no Lustre module"),
    ],
)
def test_dkms_says_why_there_is_no_module(dkms: tuple[str, ...] | None, says: str) -> None:
    found = only(node_has_module, truth(client="", kernel=KERNEL, dkms=dkms))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "lustre-module-missing")
    assert says in found.message
