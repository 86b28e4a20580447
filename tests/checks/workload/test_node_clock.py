"""The node's clock agrees with this machine's."""

from __future__ import annotations

import msgspec

from checks.workload.node_clock import node_clock_agrees
from diag.model.verdict import Verdict
from tests.checks.given_node_checks import only, truth


def test_a_clock_that_is_off() -> None:
    off = msgspec.structs.replace(truth(), clock_skew_s=-400.0)
    found = only(node_clock_agrees, off)
    assert found.verdict is Verdict.WARN and "behind" in found.message
    assert found.cause == "node-clock-wrong", "AWS takes no request of five minutes ago"
    near = msgspec.structs.replace(truth(), clock_skew_s=90.0)
    assert only(node_clock_agrees, near).cause == ""
