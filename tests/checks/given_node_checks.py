"""Checks from the node's point of view: given what nodes say, these verdicts."""

from __future__ import annotations

from typing import Any

from diag.model.finding import Finding
from diag.registry import Check
from diag.resources.ec2 import NetworkInterface
from diag.resources.node_report import NodeReport, Vantage
from diag.resources.table import Table
from diag.resources.via import Via
from diag.sources.nodes.parsers.answers import parse_answers
from diag.sources.nodes.parsers.report import Reading, report_of
from tests.checks import given
from tests.lab.nodes import NodeSays

ADDRESS = "10.0.1.4"
"""InternalIP of given.node()."""
ENI = NetworkInterface("eni-1", private_ip_address="10.0.3.7")
NAME = "fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com"


def truth(name: str = "node-a", *, vantage: Vantage = Vantage.HOST, leave_out: str = "", **says: Any) -> NodeReport:
    output = NodeSays(ADDRESS, clock="1000000000", **says).probe_output(leave_out).decode()
    return report_of(Reading(name, Via.SSH, vantage, parse_answers(output), 1000000000.0, 1000000001.0))


def findings(check: Check, *truths: NodeReport, **more: Any) -> tuple[Finding, ...]:
    facts: dict[str, Any] = {
        "node_truths": Table({t.node: t for t in truths}),
        "nodes": tuple(given.node(t.node) for t in truths) or (given.node(),),
        "instances": Table(),
        "network_interfaces": Table({"eni-1": ENI}),
    }
    return given.findings(check, **(facts | more))


def only(check: Check, *truths: NodeReport, **more: Any) -> Finding:
    (found,) = findings(check, *truths, **more)
    return found
