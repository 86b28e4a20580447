"""No process hangs in Lustre on the node."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.workload.node_blocked import node_has_no_hung_task
from diag.model.verdict import Verdict
from diag.resources.node_report import NodeReport
from diag.sources.nodes.parsers.answers import Answer
from diag.sources.nodes.parsers.kernel import seen_again
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


SILENT = (Target("mgc"), Target("mdc", in_flight=2, idle_s=600), Target("osc"))


def looked_twice(later: str, **says: Any) -> NodeReport:
    """A node whose second look, three seconds later, shows this."""
    found = truth(blocked=(WAITS,), fsname="x", **says)
    assert found.blocked is not None
    return msgspec.structs.replace(found, blocked=seen_again(found.blocked, Answer(0, f"later 3\n{later}")))


def test_a_process_that_has_moved_on_does_not_hang() -> None:
    for later in ("", "3692 S wait_woken 815 ll_file_read touch", WAITS.replace("3692", "3693")):
        assert only(node_has_no_hung_task, looked_twice(later, targets=MDT_LOST)).verdict is Verdict.PASS
    still = only(node_has_no_hung_task, looked_twice(WAITS, targets=MDT_LOST))
    assert still.verdict is Verdict.FAIL and "still there 3 s later" in still.evidence[0]


def test_without_a_second_look_the_first_one_counts() -> None:
    found = only(node_has_no_hung_task, truth(blocked=(WAITS,), fsname="x", targets=MDT_LOST))
    assert found.verdict is Verdict.FAIL and "later" not in found.evidence[0]


def test_a_process_whose_request_has_had_no_reply_for_minutes_hangs() -> None:
    found = only(node_has_no_hung_task, looked_twice(WAITS, targets=SILENT))
    assert found.verdict is Verdict.FAIL and "no reply for 10 min" in " ".join(found.evidence)


def test_it_says_since_when_the_target_is_lost() -> None:
    lost = (Target("mgc"), Target("mdc", 0, "DISCONN", ("FULL", "DISCONN"), 4, began=999999250))
    found = only(node_has_no_hung_task, looked_twice(WAITS, targets=lost))
    assert "not well for 13 min" in " ".join(found.evidence)
