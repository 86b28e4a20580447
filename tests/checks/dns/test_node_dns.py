"""The volumes' DNS names resolve on every node, to an address of a file system's ENI."""

from __future__ import annotations

import pytest

from checks.dns.node_dns import node_resolves_names
from diag.model.verdict import Verdict
from diag.resources.node_report import Vantage
from tests.checks.given_node_checks import NAME, only, truth


@pytest.mark.parametrize(
    ("names", "verdict", "cause"),
    [
        ({NAME: ("10.0.3.7",)}, Verdict.PASS, ""),
        ({NAME: ()}, Verdict.FAIL, "dns-resolution-failure"),
        ({NAME: ("198.51.100.7",)}, Verdict.FAIL, "dns-wrong-address"),
        ({}, Verdict.SKIP, ""),
    ],
)
def test_names(names: dict[str, tuple[str, ...]], verdict: Verdict, cause: str) -> None:
    found = only(node_resolves_names, truth(names=names))
    assert (found.verdict, found.cause) == (verdict, cause)


def test_only_where_mount_lustre_runs_does_a_name_that_resolves_refute() -> None:
    names = {NAME: ("10.0.3.7",)}
    assert only(node_resolves_names, truth(names=names)).rules_out == ()
    assert only(node_resolves_names, truth(names=names, vantage=Vantage.POD)).rules_out
