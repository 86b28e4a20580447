"""Real privileged ports, drops, rejects and address translation, in network namespaces."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from diag.model.verdict import Verdict
from diag.resources.lnet_probe import Ladder, Step
from diag.sources.lnet.ladder import World, climb
from diag.sources.lnet.nid import Nid
from diag.sources.lnet.target import Depth, Options, Target
from tests.lab.lustre import LustreServer
from tests.lnet.climbing import NO_LNET, rung
from tests.lnet.namespaces import Host, Network, why_not
from tests.patience import in_time

pytestmark = pytest.mark.skipif(bool(reason := why_not()), reason=reason or "-")

SERVER = "10.77.0.2"
REAL_PORTS = range(1, 1024)


@contextmanager
def serving(host: Host, **more: object) -> Iterator[LustreServer]:
    server = LustreServer(address=SERVER, port=988, privileged=REAL_PORTS, **more)  # type: ignore[arg-type]
    host.do(server.__enter__)
    try:
        yield server
    finally:
        server.__exit__()
        assert server.mistakes == []


def probe(
    host: Host,
    address: str = SERVER,
    *,
    timeout: float = 3.0,
    nid: str | None = None,
    source_ip: str | None = None,
    depth: Depth = Depth.FULL,
) -> Ladder:
    how = Options(timeout=timeout, nid=Nid.parse(nid) if nid else None, source_ip=source_ip, depth=depth)
    return host.do(lambda: climb(Target(address, 988, "ddyezbev"), how, World(host=lambda: NO_LNET)))


def test_the_ports_that_aws_documents_come_first_and_are_used_again() -> None:
    with Network() as net, serving(net.server) as server:
        ladders = [probe(net.client) for _ in range(8)]
    assert [ladder.verdict for ladder in ladders] == [Verdict.PASS] * 8
    # A port in TIME_WAIT is taken over, so that a series does not wander out of 1018 to 1023.
    assert {ladder.source_port for ladder in ladders} <= {*range(1018, 1024)}
    assert ladders[0].source_port == 1023
    assert {ladder.source_address for ladder in ladders} == {"10.77.0.1"}
    assert server.log == []


def test_a_port_that_another_program_holds_is_left_to_it() -> None:
    with Network() as net, serving(net.server):
        holder = net.client.do(lambda: socket.create_server(("10.77.0.1", 1023)))
        ladder = probe(net.client)
        holder.close()
    assert (ladder.verdict, ladder.source_port) == (Verdict.PASS, 1022)


def test_a_port_with_a_live_connection_to_the_server_is_left_to_it() -> None:
    def call() -> socket.socket:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", 1023))
        sock.connect((SERVER, 988))
        return sock

    with Network() as net, serving(net.server, accept_timeout=0.5):
        live = net.client.do(call)
        ladder = probe(net.client)
        live.close()
    assert (ladder.verdict, ladder.source_port) == (Verdict.PASS, 1022)


def test_the_silent_question_logs_nothing_and_speaks_to_no_service() -> None:
    with Network() as net, serving(net.server) as server:
        ladder = probe(net.client, depth=Depth.CONNECT)
    assert (ladder.verdict, ladder.source_port) == (Verdict.PASS, 1023)
    assert (server.log, server.node.pings) == ([], 0)


def test_a_chosen_source_address() -> None:
    with Network() as net, serving(net.server) as server:
        net.client.run("ip", "addr", "add", "10.77.0.9/24", "dev", _device(net.client))
        ladder = probe(net.client, source_ip="10.77.0.9")
        assert ladder.source_address == "10.77.0.9"
        assert server.node.discovered == {0x000200000A4D0009}
    assert ladder.verdict is Verdict.PASS


def _device(host: Host) -> str:
    links = subprocess.run(["ip", "-n", host.name, "-j", "link"], check=True, capture_output=True, text=True).stdout
    return next(str(link["ifname"]) for link in json.loads(links) if link["ifname"] != "lo")


def filtered(host: Host, hook: str, rule: str) -> None:
    host.run("nft", "add", "table", "inet", "t")
    host.run("nft", "add", "chain", "inet", "t", "c", f"{{ type filter hook {hook} priority 0 ; }}")
    host.nft(f"add rule inet t c {rule}")


@pytest.mark.parametrize(
    ("rule", "cause", "word"),
    [
        ("tcp dport 988 drop", "mgs-unreachable-network", "dropped"),
        ("tcp dport 988 reject with tcp reset", "mgs-down", "refuses"),
        ("tcp dport 988 reject", "mgs-unreachable-network", "ICMP type 3 code 3 from 10.77.0.2"),
        ("tcp dport 988 reject with icmp type port-unreachable", "mgs-unreachable-network", "a firewall rejects"),
        ("tcp dport 988 reject with icmp type admin-prohibited", "mgs-unreachable-network", "code 13"),
        ("tcp dport 988 reject with icmp type host-unreachable", "mgs-unreachable-network", "No route to host"),
        ("tcp dport 988 reject with icmp type net-unreachable", "mgs-unreachable-network", "unreachable"),
    ],
)
def test_a_firewall_before_the_server(rule: str, cause: str, word: str) -> None:
    with in_time(), Network() as net, serving(net.server):
        filtered(net.server, "input", rule)
        ladder = probe(net.client, timeout=1.5)
    assert (ladder.verdict, ladder.cause) == (Verdict.FAIL, cause)
    assert [rung.step for rung in ladder.rungs] == [Step.NAME, Step.TCP]
    assert word in ladder.headline


def test_a_firewall_that_lets_only_the_answers_of_high_ports_through() -> None:
    """A network ACL with the usual 1024-65535 return rule: Lustre's source ports are below, so no answer comes back."""
    with Network() as net, serving(net.server):
        filtered(net.client, "input", "tcp sport 988 tcp dport < 1024 drop")
        ladder = probe(net.client, timeout=1.5)
    assert ladder.cause == "mgs-unreachable-network"
    assert "512-1023" in rung(ladder, Step.TCP).fix


def test_a_firewall_on_this_host() -> None:
    with Network() as net, serving(net.server):
        filtered(net.client, "output", "tcp dport 988 reject with icmp type admin-prohibited")
        rejected = probe(net.client, timeout=1.5)
    assert rejected.cause == "mgs-unreachable-network"


def test_nothing_listens() -> None:
    with Network() as net:
        ladder = probe(net.client)
    assert ladder.cause == "mgs-down"
    assert ladder.failed is not None and ladder.failed.beside == "mgs-unreachable-network"
    assert "ICMP" not in ladder.headline


def test_a_kernel_that_keeps_no_icmp_message_leaves_both_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux before 5.9."""
    monkeypatch.setattr("diag.sources.lnet.dial._icmp_error", lambda sock: None)
    with Network() as net, serving(net.server):
        filtered(net.server, "input", "tcp dport 988 reject")
        ladder = probe(net.client, timeout=1.5)
    assert ladder.cause == "mgs-down"
    assert ladder.failed is not None and ladder.failed.beside == "mgs-unreachable-network"


def test_no_route() -> None:
    with Network() as net:
        ladder = probe(net.client, "10.99.0.1")
    assert ladder.cause == "mgs-unreachable-network"
    assert "Network is unreachable" in ladder.headline


def test_nobody_has_the_address() -> None:
    with Network() as net:
        ladder = probe(net.client, "10.77.0.66", timeout=5)
    assert ladder.cause == "mgs-unreachable-network"


def test_packets_that_get_lost_in_the_middle_end_in_time() -> None:
    with Network() as net, serving(net.server):
        filtered(net.client, "input", "tcp sport 988 meta length > 180 drop")
        ladder = probe(net.client, timeout=2.5)
    assert ladder.verdict is not Verdict.PASS
    assert ladder.elapsed_ms < 3500


def translated(router: Host, hook: str, rule: str) -> None:
    router.run("nft", "add", "table", "ip", "n")
    router.run("nft", "add", "chain", "ip", "n", hook, f"{{ type nat hook {hook} priority 0 ; }}")
    router.nft(f"add rule ip n {hook} {rule}")


def test_nat_that_rewrites_the_source_port() -> None:
    with Network(routed=True) as net, serving(net.server) as server:
        assert net.router is not None
        translated(net.router, "postrouting", "ip protocol tcp ip saddr 10.78.0.1 snat to 10.77.0.254:20000-30000")
        ladder = probe(net.client)
    assert (ladder.verdict, ladder.cause) == (Verdict.FAIL, "source-port-rewritten-snat")
    assert len(server.log) == 2 and all("insecure port" in line for line in server.log)


def test_nat_that_keeps_the_source_port_is_no_fault() -> None:
    with Network(routed=True) as net, serving(net.server):
        assert net.router is not None
        translated(net.router, "postrouting", "ip protocol tcp ip saddr 10.78.0.1 snat to 10.77.0.254:1018-1023")
        ladder = probe(net.client)
    assert ladder.verdict is Verdict.PASS


def test_a_server_behind_nat_needs_its_own_nid() -> None:
    with Network(routed=True) as net, serving(net.server) as server:
        assert net.router is not None
        translated(net.router, "prerouting", f"ip daddr 10.78.0.254 tcp dport 988 dnat to {SERVER}")
        assert probe(net.client, "10.78.0.254").cause == "lnet-wrong-network"
        ladder = probe(net.client, "10.78.0.254", nid=f"{SERVER}@tcp")
    assert ladder.verdict is Verdict.PASS
    assert ladder.server_nids[0].nid == f"{SERVER}@tcp"
    assert len(server.log) == 1 and "No matching NI" in server.log[0]


UNPRIVILEGED = """
import msgspec
from diag.sources.lnet.ladder import climb
from diag.sources.lnet.target import Options, Target
print(msgspec.json.encode(climb(Target("10.77.0.2", 988, "ddyezbev"), Options(timeout=3))).decode())
"""


def test_without_the_capability_it_does_what_it_can() -> None:
    """Root without CAP_NET_BIND_SERVICE, a process of its own."""
    drop = ("setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service", sys.executable)
    with Network() as net, serving(net.server) as server:
        done = subprocess.run(
            ("ip", "netns", "exec", net.client.name, *drop, "-c", UNPRIVILEGED), capture_output=True, check=True
        )
    ladder = json.loads(done.stdout)
    assert (ladder["verdict"], ladder["cause"], ladder["privileged"]) == ("unknown", None, False)
    assert [rung["verdict"] for rung in ladder["rungs"]] == ["pass", "pass", "unknown"]
    assert "it lacks CAP_NET_BIND_SERVICE" in ladder["headline"]
    assert len(server.log) == 1
