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


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ("Running", "Pending", Verdict.WARN),
        ("Succeeded", "Pending", Verdict.WARN),
        ("Succeeded", "Failed", Verdict.WARN),
        ("Pending", "Running", Verdict.PASS),
        ("Succeeded", "Succeeded", Verdict.PASS),
    ],
)
def test_a_mount_of_the_past_shows_nothing_of_now(before: str, after: str, verdict: Verdict) -> None:
    """Today's pod does not come up, yesterday's Job did; or the other way round."""
    old = given.pod("old", phase=before, created="2026-11-23T12:00:00Z")
    new = given.pod("new", phase=after, created="2026-11-24T11:00:00Z")
    assert judge(source_port_stays, **abroad(), pods=(old, new, given.plugin_pod())).verdict is verdict


@pytest.mark.parametrize("excluded", [("10.0.0.0/16",), ("no range", "10.0.1.0/24")])
def test_the_file_systems_subnet_among_the_excluded_ranges_passes(excluded: tuple[str, ...]) -> None:
    assert judge(source_port_stays, **abroad(source_nat=SourceNat(excluded=excluded)), **WAITING).verdict is (
        Verdict.PASS
    )


def test_a_fix_keeps_what_was_excluded_and_its_undo_writes_what_was_there() -> None:
    nat = SourceNat(randomize="hashrandom", excluded=("10.9.0.0/16", "10.0.1.128/25"))
    found = judge(source_port_stays, **abroad(source_nat=nat), **WAITING)
    assert found.verdict is Verdict.WARN and found.fix is not None
    (exclude,) = found.fix.alternatives
    assert found.fix.undo.endswith("AWS_VPC_K8S_CNI_RANDOMIZESNAT=hashrandom")
    assert exclude.commands[0].endswith("EXCLUDE_SNAT_CIDRS=10.9.0.0/16,10.0.1.128/25,10.0.1.0/24")
    assert exclude.undo.endswith("EXCLUDE_SNAT_CIDRS=10.9.0.0/16,10.0.1.128/25")


def test_the_list_is_deleted_again_only_where_there_was_none() -> None:
    found = judge(source_port_stays, **abroad(), **WAITING)
    assert found.fix is not None and found.fix.alternatives[0].undo.endswith("EXCLUDE_SNAT_CIDRS-")


def test_excluded_ranges_are_not_judged_without_the_subnets() -> None:
    nat = SourceNat(excluded=("10.9.0.0/16",))
    unread = {"subnets": given.denied("describe-subnets")}
    assert judge(source_port_stays, **{**abroad(source_nat=nat), **unread}, **WAITING).verdict is Verdict.SKIP
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
