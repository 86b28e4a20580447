"""The node does not rewrite the source port of Lustre's connections."""

from __future__ import annotations

import pytest

from checks.network.node_source_port import node_keeps_source_ports
from diag.model.verdict import Verdict
from tests.checks.given_node_checks import ADDRESS, only, truth


def flow(source: str, port: int, seen: str, seen_port: int) -> str:
    return (
        f"ipv4 2 tcp 6 431999 ESTABLISHED src={source} dst=10.0.3.7 sport={port} dport=988 "
        f"src=10.0.3.7 dst={seen} sport=988 dport={seen_port} [ASSURED]"
    )


@pytest.mark.parametrize(
    ("flows", "verdict"),
    [
        ((flow(ADDRESS, 1023, ADDRESS, 1023),), Verdict.PASS),
        ((flow(ADDRESS, 1023, ADDRESS, 1023), flow(ADDRESS, 1022, ADDRESS, 54021)), Verdict.FAIL),
        ((flow(ADDRESS, 1023, "10.0.9.9", 1023),), Verdict.PASS),
        ((flow("10.0.1.77", 1021, ADDRESS, 54021),), Verdict.SKIP),
        ((flow(ADDRESS, 40000, ADDRESS, 54021),), Verdict.SKIP),
        ((), Verdict.SKIP),
    ],
)
def test_source_ports(flows: tuple[str, ...], verdict: Verdict) -> None:
    assert only(node_keeps_source_ports, truth(translations=flows)).verdict is verdict
