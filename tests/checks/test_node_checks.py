"""Checks from the node's point of view: given what nodes say, these verdicts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.client.node_module import node_has_module
from checks.dns.node_dns import node_resolves_names
from checks.lnet.node_lnet import node_lnet_is_up
from checks.lnet.node_lnet_interface import node_lnet_has_own_address
from checks.lnet.node_lnet_options import node_lnet_options_are_right
from checks.lnet.node_port_988 import node_port_is_free
from checks.mount.node_mount_helper import node_has_mount_helper
from checks.network.node_source_port import node_keeps_source_ports
from checks.network.node_tcp_988 import node_reaches_988
from checks.workload.node_blocked import node_has_no_hung_task
from checks.workload.node_clock import node_clock_agrees
from checks.workload.node_targets import node_is_connected
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.registry import Check
from diag.resources.node_report import NodeReport
from diag.resources.table import Table
from diag.resources.via import Via
from tests.checks import given
from tests.checks.given_node_checks import NAME, findings, only, truth

CHECKS = (
    node_has_module, node_lnet_is_up, node_lnet_has_own_address, node_port_is_free, node_resolves_names,
    node_reaches_988, node_keeps_source_ports, node_is_connected, node_has_no_hung_task, node_clock_agrees,
    node_lnet_options_are_right, node_has_mount_helper,
)  # fmt: skip


HEALTHY: dict[str, Any] = {"fsname": "ddyezbev", "names": {NAME: ("10.0.3.7",)}, "connects": {"10.0.3.7": ""}}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_nobody_asked_is_a_skip_that_says_how_to_ask(check: Check) -> None:
    found = only(check)
    assert found.verdict is Verdict.SKIP and "--via" in found.message


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_healthy_node_gives_no_complaint(check: Check) -> None:
    found = only(check, truth(**HEALTHY))
    assert found.verdict in (Verdict.PASS, Verdict.SKIP), found.message


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_node_that_gave_no_answer_is_unknown_with_the_reason(check: Check) -> None:
    late = Unavailable("node node-b", Reason.TIMEOUT, "SSH gave no answer in time")
    good, silent = findings(
        check, node_truths=Table({"node-a": truth(**HEALTHY)}, {"node-b": late}), nodes=(given.node("node-a"),)
    )
    assert good.verdict is not Verdict.UNKNOWN
    assert silent.verdict is Verdict.UNKNOWN and silent.unavailable == (late,)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_an_answer_in_vain_is_unknown(check: Check) -> None:
    silent = NodeReport(
        "node-a",
        Via.SSH,
        missing={
            field: Unavailable(field, Reason.TIMEOUT, "no answer in time")
            for field in NodeReport.__struct_fields__
            if field not in ("node", "via", "vantage", "missing")
        },
    )
    assert only(check, silent).verdict is Verdict.UNKNOWN
