"""Checks from the node's point of view: given what nodes say, these verdicts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.client.node_client import node_clients_fit
from checks.client.node_module import node_has_module
from checks.dns.node_dns import node_resolves_names
from checks.lnet.node_lnet import node_lnet_is_up
from checks.lnet.node_lnet_interface import node_lnet_has_own_address
from checks.lnet.node_port_988 import node_port_is_free
from checks.mount.node_mounts import volume_mounts_everywhere
from checks.network.node_source_port import node_keeps_source_ports
from checks.network.node_tcp_988 import node_reaches_988
from checks.workload.node_blocked import node_has_no_hung_task
from checks.workload.node_clock import node_clock_agrees
from checks.workload.node_targets import node_is_connected
from diag.declare.check import Check
from diag.model.finding import Finding
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.resources.ec2 import Instance, NetworkInterface
from diag.resources.node_report import NodeTruth, Vantage, Via
from diag.resources.table import Table
from diag.sources.nodes.parsers.answers import parse_answers
from diag.sources.nodes.parsers.report import Reading, truth_of
from tests.checks import given
from tests.lab.nodes import NodeSays, Target

ADDRESS = "10.0.1.4"
"""InternalIP of given.node()."""
CHECKS = (
    node_has_module, node_lnet_is_up, node_lnet_has_own_address, node_port_is_free, node_resolves_names,
    node_reaches_988, node_keeps_source_ports, node_is_connected, node_has_no_hung_task, node_clock_agrees,
)  # fmt: skip
ENI = NetworkInterface("eni-1", private_ip_address="10.0.3.7")
NAME = "fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com"


def truth(name: str = "node-a", *, vantage: Vantage = Vantage.HOST, leave_out: str = "", **says: Any) -> NodeTruth:
    output = NodeSays(ADDRESS, clock="1000000000", **says).probe_output(leave_out).decode()
    return truth_of(Reading(name, Via.SSH, vantage, parse_answers(output), 1000000000.0, 1000000001.0))


def findings(check: Check, *truths: NodeTruth, **more: Any) -> tuple[Finding, ...]:
    facts: dict[str, Any] = {
        "node_truths": Table({t.node: t for t in truths}),
        "nodes": tuple(given.node(t.node) for t in truths) or (given.node(),),
        "instances": Table(),
        "network_interfaces": Table({"eni-1": ENI}),
    }
    return given.findings(check, **(facts | more))


def only(check: Check, *truths: NodeTruth, **more: Any) -> Finding:
    (found,) = findings(check, *truths, **more)
    return found


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
    silent = NodeTruth(
        "node-a",
        Via.SSH,
        missing={
            field: Unavailable(field, Reason.TIMEOUT, "no answer in time")
            for field in NodeTruth.__struct_fields__
            if field not in ("node", "via", "vantage", "missing")
        },
    )
    assert only(check, silent).verdict is Verdict.UNKNOWN


def test_no_module() -> None:
    found = only(node_has_module, truth(client="", kernel="6.1.66-93.164.amzn2023.x86_64"))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "lustre-module-missing")
    assert any("6.1.66" in line for line in found.evidence)


def test_a_module_on_disk_that_the_first_mount_will_load() -> None:
    found = only(node_has_module, truth(is_loaded=False))
    assert found.verdict is Verdict.PASS and "lustre-module-missing" in found.rules_out


def installed(**fields: str) -> NodeTruth:
    base = truth(is_loaded=False)
    assert base.installed_module is not None
    return msgspec.structs.replace(base, installed_module=msgspec.structs.replace(base.installed_module, **fields))


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"vermagic": "5.15.0-1 SMP mod_unload "}, Verdict.FAIL),
        ({"vermagic": "5.14.0-427 SMP mod_unload modversions "}, Verdict.WARN),
        ({"vermagic": "5.14.0-427 SMP modversions", "filename": "/lib/modules/x/weak-updates/lustre.ko"}, Verdict.PASS),
    ],
)
def test_a_module_for_another_kernel(fields: dict[str, str], verdict: Verdict) -> None:
    found = only(node_has_module, installed(**fields))
    assert found.verdict is verdict
    assert found.cause == ("" if verdict is Verdict.PASS else "kernel-module-version-mismatch")


def test_a_container_cannot_tell_what_is_on_disk() -> None:
    found = only(node_has_module, truth(is_loaded=False, leave_out="installed_module"))
    assert found.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("says", "verdict", "cause"),
    [
        ({}, Verdict.PASS, ""),
        ({"nids": ("10.0.1.4@tcp", "10.0.1.4@efa")}, Verdict.PASS, ""),
        ({"nids": ()}, Verdict.FAIL, "lnet-not-configured"),
        ({"nids": ("10.0.1.4@tcp9",)}, Verdict.FAIL, "lnet-wrong-network"),
        ({"is_loaded": False}, Verdict.SKIP, ""),
    ],
)
def test_lnet(says: dict[str, Any], verdict: Verdict, cause: str) -> None:
    found = only(node_lnet_is_up, truth(**says))
    assert (found.verdict, found.cause) == (verdict, cause)


@pytest.mark.parametrize(
    ("nids", "verdict"),
    [
        (("10.0.1.4@tcp",), Verdict.PASS),
        (("10.0.1.9@tcp", "10.0.1.4@tcp", "10.0.1.4@efa"), Verdict.PASS),
        (("10.0.1.9@tcp",), Verdict.WARN),
        (("172.17.0.1@tcp",), Verdict.FAIL),
    ],
)
def test_the_nid_is_an_address_of_the_node(nids: tuple[str, ...], verdict: Verdict) -> None:
    node = given.node("node-a")
    instance = msgspec.convert(
        {
            "InstanceId": node.instance_id,
            "PrivateIpAddress": ADDRESS,
            "NetworkInterfaces": [{"PrivateIpAddress": ADDRESS}, {"PrivateIpAddress": "10.0.1.9", "DeviceIndex": 1}],
        },
        Instance,
    )
    found = only(node_lnet_has_own_address, truth(nids=nids), instances=Table({node.instance_id: instance}))
    assert found.verdict is verdict
    assert found.cause == ("" if verdict is Verdict.PASS else "lnet-wrong-interface")


def tcp(local: str, remote: str, state: str = "01") -> str:
    def end(text: str) -> str:
        address, _, port = text.partition(":")
        return "".join(f"{int(part):02X}" for part in reversed(address.split("."))) + f":{int(port):04X}"

    return f"   0: {end(local)} {end(remote)} {state} 00000000:00000000"


@pytest.mark.parametrize(
    ("says", "verdict"),
    [
        ({"is_loaded": False, "sockets": (tcp("10.0.1.4:988", "10.0.9.9:2049"),)}, Verdict.FAIL),
        ({"is_loaded": False, "sockets": (tcp("0.0.0.0:988", "0.0.0.0:0", "0A"),)}, Verdict.FAIL),
        ({"is_loaded": False, "sockets": (tcp("10.0.1.4:1023", "10.0.3.7:988"),)}, Verdict.PASS),
        ({"is_loaded": False, "sockets": (tcp("10.0.1.4:988", "10.0.9.9:2049", "06"),)}, Verdict.PASS),
        ({"sockets": (tcp("0.0.0.0:988", "0.0.0.0:0", "0A"),)}, Verdict.PASS),
    ],
)
def test_port_988(says: dict[str, Any], verdict: Verdict) -> None:
    assert only(node_port_is_free, truth(**says)).verdict is verdict


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


def test_tcp_from_the_node() -> None:
    closed = {"10.0.3.7": "", "10.0.3.8": "bash: connect: Connection refused"}
    found = only(node_reaches_988, truth(connects=closed))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "mgs-unreachable-network")
    assert "1 of 2" in found.message and any("10.0.3.8" in line for line in found.evidence)
    assert only(node_reaches_988, truth(connects={"10.0.3.7": ""})).rules_out == ("mgs-unreachable-network",)
    assert only(node_reaches_988, truth(connects=closed, vantage=Vantage.POD)).verdict is Verdict.SKIP


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


@pytest.mark.parametrize(
    ("targets", "verdict", "cause"),
    [
        ((Target("mgc"), Target("mdc"), Target("osc", state="IDLE")), Verdict.PASS, ""),
        ((Target("mgc"), Target("mdc"), Target("osc", 3, "CONNECTING", attempts=9)), Verdict.FAIL, "ost-unavailable"),
        ((Target("mgc"), Target("mdc", 0, "DISCONN"), Target("osc")), Verdict.FAIL, "mdt-unavailable"),
        ((Target("mgc", state="CONNECTING", attempts=5), Target("mdc"), Target("osc")), Verdict.FAIL, "mgs-down"),
        ((Target("mdc", 0, "EVICTED"), Target("osc")), Verdict.FAIL, "client-evicted"),
        ((Target("mdc", history=("FULL", "EVICTED", "FULL")), Target("osc")), Verdict.WARN, "client-evicted"),
        ((Target("mdc", 0, "DISCONN"), Target("osc", 0, "DISCONN")), Verdict.FAIL, "connection-lost-network"),
        ((Target("mdc"), Target("osc", 0, "CONNECTING")), Verdict.WARN, ""),
    ],
)
def test_targets(targets: tuple[Target, ...], verdict: Verdict, cause: str) -> None:
    found = only(node_is_connected, truth(fsname="ddyezbev", targets=targets))
    assert (found.verdict, found.cause) == (verdict, cause)


HUNG = ("[ 900.1] INFO: task umount:4711 blocked for more than 122 seconds.",)


@pytest.mark.parametrize(
    ("says", "verdict", "cause"),
    [
        ({"blocked": ("4712 cl_sync_io_wait python3",)}, Verdict.PASS, ""),
        ({"blocked": ("4711 ldlm_cli_cancel umount",)}, Verdict.WARN, "umount-stuck-terminating"),
        ({"blocked": ("4711 ptlrpc_set_wait umount",), "kernel_log": HUNG}, Verdict.FAIL, "umount-stuck-terminating"),
        ({"blocked": ("4712 cl_sync_io_wait python3",), "kernel_log": HUNG}, Verdict.PASS, ""),
        ({"blocked": ("4711 wait_on_page_bit umount",), "kernel_log": HUNG}, Verdict.PASS, ""),
    ],
)
def test_processes_that_wait(says: dict[str, Any], verdict: Verdict, cause: str) -> None:
    found = only(node_has_no_hung_task, truth(**says))
    assert (found.verdict, found.cause) == (verdict, cause)


def test_a_clock_that_is_off() -> None:
    off = msgspec.structs.replace(truth(), clock_skew_s=-400.0)
    found = only(node_clock_agrees, off)
    assert found.verdict is Verdict.WARN and "behind" in found.message


def test_equal_answers_are_one_row_with_what_sets_them_apart() -> None:
    old = "6.1.66-93.164.amzn2023.x86_64"
    good = [truth(f"good-{n}") for n in range(9)]
    bad = [truth(f"bad-{n}", client="", kernel=old) for n in range(3)]
    nodes = (
        *(given.node(t.node) for t in good),
        *(given.node(t.node, ("Amazon Linux 2023.3.20240108", old), group="gpu-b") for t in bad),
    )
    failing, passing = sorted(findings(node_has_module, *good, *bad, nodes=nodes), key=lambda f: f.verdict.rank)[::-1]
    assert failing.verdict is Verdict.FAIL
    assert failing.message.startswith("3 nodes: the kernel has no Lustre module")
    assert f"3 of 12 nodes; all 3 and only they: kernel {old}, OS image" in failing.message
    assert "node group gpu-b" in failing.message
    assert {s.name for s in failing.concerns} == {"bad-0", "bad-1", "bad-2"}
    assert passing.verdict is Verdict.PASS and len(passing.concerns) == 9


def mounts(up: int, down: int) -> dict[str, Any]:
    nodes = [given.node(f"up-{n}") for n in range(up)] + [given.node(f"down-{n}", given.AL2) for n in range(down)]
    pods = [given.pod(f"pod-{n.name}", node=n.name, phase="Running" if "up" in n.name else "Pending") for n in nodes]
    return {"nodes": tuple(nodes), "pods": tuple(pods), "instances": Table()}


def test_a_volume_that_mounts_on_some_nodes_only() -> None:
    facts = mounts(5, 2)
    events = tuple(given.event(pod, "FailedMount", "x") for pod in facts["pods"] if "down" in pod.metadata.name)
    (found,) = given.findings(volume_mounts_everywhere, **facts, warning_events=events)
    assert found.verdict is Verdict.WARN
    assert "does not come up on 2 of 7 nodes; all 2 and only they: kernel 5.10" in found.message


def test_pods_that_only_start_are_no_failure_and_none_up_is_no_comparison() -> None:
    (found,) = given.findings(volume_mounts_everywhere, **mounts(5, 2), warning_events=())
    assert found.verdict is Verdict.PASS
    facts = mounts(0, 2)
    events = tuple(given.event(pod, "FailedMount", "x") for pod in facts["pods"])
    (found,) = given.findings(volume_mounts_everywhere, **facts, warning_events=events)
    assert found.verdict is Verdict.SKIP


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
