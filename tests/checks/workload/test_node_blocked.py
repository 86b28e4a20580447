"""No process hangs in Lustre on the node."""

from __future__ import annotations

from typing import Any

import pytest

from checks.workload.node_blocked import node_has_no_hung_task
from diag.model.verdict import Verdict
from tests.checks.given_node_checks import only, truth
from tests.lab.nodes import Target

WAITS = "3692 S wait_woken 812 ptlrpc_set_wait,ptlrpc_queue_wait touch"
MDT_LOST = (Target("mgc"), Target("mdc", 0, "CONNECTING", attempts=4), Target("osc"))
OST_LOST = (Target("mgc"), Target("mdc"), Target("osc", 0, "DISCONN", attempts=4))
HUNG = ("[ 900.1] INFO: task umount:4711 blocked for more than 122 seconds.",)


@pytest.mark.parametrize(
    ("says", "verdict", "cause"),
    [
        ({"blocked": ("4712 cl_sync_io_wait python3",)}, Verdict.PASS, ""),
        ({"blocked": ("4711 ldlm_cli_cancel umount",)}, Verdict.WARN, "umount-stuck-terminating"),
        ({"blocked": ("4711 ptlrpc_set_wait umount",), "kernel_log": HUNG}, Verdict.FAIL, "umount-stuck-terminating"),
        ({"blocked": ("4712 cl_sync_io_wait python3",), "kernel_log": HUNG}, Verdict.PASS, ""),
        ({"blocked": (WAITS,), "fsname": "x"}, Verdict.PASS, ""),
        ({"blocked": (WAITS,), "fsname": "x", "targets": MDT_LOST}, Verdict.FAIL, ""),
        ({"blocked": ("4712 I cl_sync_io_wait 800 - dd",), "fsname": "x", "targets": OST_LOST}, Verdict.FAIL, ""),
        ({"blocked": (), "fsname": "x", "targets": MDT_LOST}, Verdict.PASS, ""),
        ({"blocked": ("4712 S wait_woken 800 - nginx",), "fsname": "x", "targets": MDT_LOST}, Verdict.PASS, ""),
        ({"blocked": ("4711 wait_on_page_bit umount",), "kernel_log": HUNG}, Verdict.PASS, ""),
    ],
)
def test_processes_that_wait(says: dict[str, Any], verdict: Verdict, cause: str) -> None:
    found = only(node_has_no_hung_task, truth(**says))
    assert (found.verdict, found.cause) == (verdict, cause)
