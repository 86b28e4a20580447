"""Port 988 of every ENI of the file systems accepts a TCP connection from the node."""

from __future__ import annotations

from checks.network.node_tcp_988 import node_reaches_988
from diag.model.verdict import Verdict
from diag.resources.node_report import Vantage
from tests.checks.given_node_checks import only, truth


def test_tcp_from_the_node() -> None:
    closed = {"10.0.3.7": "", "10.0.3.8": "bash: connect: Connection refused"}
    found = only(node_reaches_988, truth(connects=closed))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "mgs-unreachable-network")
    assert "1 of 2" in found.message and any("10.0.3.8" in line for line in found.evidence)
    assert only(node_reaches_988, truth(connects={"10.0.3.7": ""})).rules_out == ("mgs-unreachable-network",)
    assert only(node_reaches_988, truth(connects=closed, vantage=Vantage.POD)).verdict is Verdict.SKIP
