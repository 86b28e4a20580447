"""Address translation that rewrites the client's source port."""

from __future__ import annotations

import pytest

from checks.network.source_port import source_port_stays
from diag import Verdict
from diag.resources.eks import SourceNat
from tests.checks import given
from tests.checks.given_routes_and_acls import abroad, judge

WAITING = {"pods": (given.pod(phase="Pending"), given.plugin_pod())}


def test_inside_the_vpc_nothing_is_translated() -> None:
    found = judge(source_port_stays, **WAITING)
    assert found.verdict is Verdict.PASS
    assert "source-port-rewritten-snat" in found.rules_out


@pytest.mark.parametrize("randomize", ["prng", "hashrandom"])
def test_from_another_vpc_the_cni_chooses_the_ports_which_only_warns(randomize: str) -> None:
    found = judge(source_port_stays, **abroad(source_nat=SourceNat(randomize=randomize)), **WAITING)
    assert (found.verdict, found.cause) == (Verdict.WARN, "source-port-rewritten-snat")


@pytest.mark.parametrize("nat", [SourceNat(external=True), SourceNat(randomize="none")])
def test_settings_that_keep_the_port_pass(nat: SourceNat) -> None:
    assert judge(source_port_stays, **abroad(source_nat=nat), **WAITING).verdict is Verdict.PASS


def test_a_mounted_volume_shows_that_the_servers_take_the_ports() -> None:
    found = judge(source_port_stays, **abroad())
    assert (found.verdict, found.rules_out) == (Verdict.PASS, ())


def test_ranges_that_are_excluded_are_not_known() -> None:
    assert judge(source_port_stays, **abroad(source_nat=SourceNat(excludes_ranges=True)), **WAITING).verdict is (
        Verdict.SKIP
    )
    denied = given.denied("list daemonsets")
    assert judge(source_port_stays, **abroad(source_nat=denied), **WAITING).verdict is Verdict.UNKNOWN


def test_what_another_network_plugin_translates_is_not_asked() -> None:
    from diag import Reason, Unavailable

    other = Unavailable("DaemonSet kube-system/aws-node", Reason.ABSENT)
    assert judge(source_port_stays, **abroad(source_nat=other), **WAITING).verdict is Verdict.SKIP
    assert judge(source_port_stays, source_nat=other).verdict is Verdict.PASS


def test_a_pod_that_failed_before_it_started_does_not_show_that_the_ports_stay() -> None:
    failed = {"pods": (given.pod(phase="Failed"), given.plugin_pod())}
    assert judge(source_port_stays, **abroad(), **failed).verdict is Verdict.WARN
