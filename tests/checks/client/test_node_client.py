"""The nodes' own Lustre modules against a file system's version, over the whole fleet that was looked into."""

from __future__ import annotations

import pytest

from checks.client.node_client import node_clients_fit
from diag.model.verdict import Verdict
from tests.checks import given
from tests.checks.given_node_checks import findings, truth


def test_the_fleet_s_clients_against_the_server() -> None:
    new = [truth(f"new-{n}") for n in range(3)]
    old = [truth(f"old-{n}", client="2.10.8", kernel="4.14.355-276.639.amzn2.x86_64") for n in range(2)]
    system = given.file_system(version="2.15")
    bad, good = findings(node_clients_fit, *old, *new, file_systems=given.table(system))
    assert (bad.verdict, bad.cause, good.verdict) == (Verdict.WARN, "client-server-version-mismatch", Verdict.PASS)
    assert "2 of 5 nodes; all 2 and only they: kernel 4.14" in bad.message and "Lustre client 2.10.8" in bad.message
    assert system.subject in bad.concerns
    (everywhere,) = findings(node_clients_fit, *new, file_systems=given.table(given.file_system(version="2.10")))
    assert "all 3 nodes alike, so no single node is to blame" in everywhere.message


ROCKY_10 = ("Rocky Linux 10.1 (Red Quartz)", "6.12.0-124.8.1.el10_1.x86_64")


@pytest.mark.parametrize(("system", "verdict"), [(ROCKY_10, Verdict.WARN), (given.AL2023, Verdict.PASS)])
def test_a_system_whose_client_talks_to_fewer_servers_keeps_its_exception(
    system: tuple[str, str], verdict: Verdict
) -> None:
    """RHEL and Rocky 10 speak to 2.15 servers alone, though a 2.15 client of another system speaks to 2.12 too."""
    facts = {"nodes": (given.node("new", system),), "file_systems": given.table(given.file_system(version="2.12"))}
    (found,) = findings(node_clients_fit, truth("new", client="2.15.6"), **facts)
    assert found.verdict is verdict, found.message
