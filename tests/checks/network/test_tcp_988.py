"""tcp-988: what a connect from here proves."""

from __future__ import annotations

from typing import Any

import pytest

from checks.network.tcp_988 import port_988_accepts
from diag import Verdict
from diag.model.finding import Finding
from diag.resources.fsx import AdministrativeAction
from diag.resources.reachability import Connect, TcpAnswer
from tests.checks import given, given_network
from tests.checks.given_network import ADDRESS, ADDRESS_2, ENI, ENI_2, connects

OUTSIDE = "192.168.178.20"
CLOSED = [outcome for outcome in Connect if outcome is not Connect.OPEN]
UPDATE = AdministrativeAction(administrative_action_type="FILE_SYSTEM_UPDATE", status="IN_PROGRESS")


def judge(*answers: TcpAnswer, fields: dict[str, Any] | None = None, **facts: Any) -> Finding:
    system = given.file_system(network_interface_ids=(ENI, ENI_2), **(fields or {}))
    usual = {
        "file_systems": given.table(system),
        "network_interfaces": given_network.enis(given_network.eni(), given_network.eni(ENI_2, ADDRESS_2)),
        "tcp_answers": answers,
    }
    (finding,) = given.findings(port_988_accepts, **(given_network.network() | usual | facts))
    return finding


def test_all_open_from_inside_passes_and_refutes_a_detached_eni_alone() -> None:
    found = judge(*connects(Connect.OPEN, ADDRESS, ADDRESS_2))
    assert found.verdict is Verdict.PASS
    assert found.rules_out == ("eni-not-in-use",), "that the nodes reach it is not proved"


def test_all_open_from_outside_passes_and_refutes_nothing_of_the_nodes() -> None:
    found = judge(*connects(Connect.OPEN, ADDRESS, ADDRESS_2, source=OUTSIDE))
    assert (found.verdict, found.rules_out) == (Verdict.PASS, ())


@pytest.mark.parametrize("outcome", CLOSED)
def test_a_closed_port_fails_from_inside(outcome: Connect) -> None:
    found = judge(*connects(outcome, ADDRESS, ADDRESS_2))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "mgs-unreachable-network")


@pytest.mark.parametrize("outcome", CLOSED)
def test_closed_ports_alone_say_nothing_from_outside(outcome: Connect) -> None:
    assert judge(*connects(outcome, ADDRESS, ADDRESS_2, source=OUTSIDE)).verdict is Verdict.SKIP


def test_a_machine_that_reaches_one_eni_has_a_path_to_the_others() -> None:
    found = judge(
        *connects(Connect.OPEN, ADDRESS, source=OUTSIDE), *connects(Connect.TIMEOUT, ADDRESS_2, source=OUTSIDE)
    )
    assert found.verdict is Verdict.FAIL
    assert ADDRESS_2 in found.message


def test_not_knowing_the_vpc_is_being_outside() -> None:
    answers = connects(Connect.TIMEOUT, ADDRESS, ADDRESS_2)
    assert judge(*answers, vpcs=given.denied("ec2:DescribeVpcs")).verdict is Verdict.SKIP


@pytest.mark.parametrize(
    "fields",
    [
        {"lifecycle": "FAILED"},
        {"lifecycle": "DELETING"},
        {"lifecycle": "MISCONFIGURED"},
        {"file_system_type": "ONTAP", "lustre_configuration": None},
        {"lifecycle": "UPDATING", "administrative_actions": (UPDATE,)},
    ],
)
def test_servers_that_fsx_itself_has_down_are_no_fault_of_the_network(fields: dict[str, Any]) -> None:
    assert judge(*connects(Connect.TIMEOUT, ADDRESS, ADDRESS_2), fields=fields).verdict is Verdict.SKIP


def test_a_finished_update_excuses_nothing() -> None:
    done = AdministrativeAction(administrative_action_type="FILE_SYSTEM_UPDATE", status="COMPLETED")
    fields = {"lifecycle": "UPDATING", "administrative_actions": (done,)}
    assert judge(*connects(Connect.TIMEOUT, ADDRESS, ADDRESS_2), fields=fields).verdict is Verdict.FAIL


def test_without_an_address_it_is_unknown() -> None:
    denied = given.denied("ec2:DescribeNetworkInterfaces")
    assert judge(*connects(), network_interfaces=denied).verdict is Verdict.UNKNOWN
    assert judge().verdict is Verdict.UNKNOWN
