"""The options of LNet's module: what LNet reads, and where it stops.

The places are those of lnet/lnet/config.c (2.10 to 2.17); the first was seen on a 2.15.8 client.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.grammar.lnet_options import (
    Fault,
    Network,
    Networks,
    fault_in_routes,
    module_arguments,
    network_name,
    networks_of,
    read_ip2nets,
    read_networks,
)

TCP, TCP1 = Network("tcp", ("ens5",)), Network("tcp1", ("ens6",))


@pytest.mark.parametrize(
    ("value", "networks"),
    [
        ("", ()),
        ("tcp", (Network("tcp"),)),
        ("tcp0(ens5)", (TCP,)),
        ("tcp(ens5),tcp1(ens6)", (TCP, TCP1)),
        (" tcp ( ens5 ) , tcp1(ens6)", (TCP, TCP1)),
        ("tcp(ens5,ens6)", (Network("tcp", ("ens5", "ens6")),)),
        ("tcp(ens5)[0,1-3/2]", (TCP,)),
        ("tcp(ens5[0],ens6[1])", (Network("tcp", ("ens5", "ens6")),)),
        ("tcp(bond0.100)", (Network("tcp", ("bond0.100",)),)),
        ("tcp(ens5),", (TCP,)),
        ("lo,tcp(ens5)", (TCP,)),
        ("o2ib2(ib0)", (Network("o2ib2", ("ib0",)),)),
        ("efa", (Network("efa"),)),
    ],
)
def test_networks_that_lnet_reads(value: str, networks: tuple[Network, ...]) -> None:
    assert read_networks(value) == Networks(networks)


@pytest.mark.parametrize(
    ("value", "text", "offset"),
    [
        ("tcp(eth0", "eth0", 4),
        ("tcp(eth0),tcp1(eth1", "eth1", 15),
        ("tpc(eth0)", "tpc", 0),
        ("'tcp(eth0)'", "'tcp", 0),
        ("tcp()", ")", 4),
        ("tcp(eth0,)", ")", 9),
        ("tcp(,eth0)", ",eth0)", 4),
        ("tcp(eth0 eth1)", "eth1)", 9),
        ("tcp)", ")", 3),
        ("tcp:eth0", ":eth0", 3),
        ("tcp[0", "[0", 3),
        ("tcp(eth0[0)", "[0)", 8),
        ("tcp(eth0)[a]", "[a]", 9),
        ("tcp[0](eth0)", "(eth0)", 6),
        (",tcp", ",", 0),
        ("lo1", "lo1", 0),
        ("tcp1x(eth0)", "tcp1x", 0),
        ("eth0", "eth0", 0),
        ("192.168.0.1@tcp", "192.168.0.1@tcp", 0),
    ],
)
def test_the_place_where_lnet_stops(value: str, text: str, offset: int) -> None:
    found = read_networks(value)
    assert isinstance(found, Fault)
    assert (found.text, found.offset) == (text, offset)


def test_a_forgotten_comma_is_no_error_and_loses_a_network() -> None:
    assert read_networks("tcp(ens5) tcp1(ens6)") == Networks((TCP,), "tcp1(ens6)")


@pytest.mark.parametrize(
    ("value", "networks"),
    [
        ("tcp(ens5) 10.0.*.*", (TCP,)),
        ("tcp(ens5) 192.168.*.*", ()),
        ("tcp1(ens6) 172.16.*.*; tcp(ens5) 10.[0-3].*.*", (TCP,)),
        ("tcp(ens5),tcp1(ens6) 10.*.*.* # all cards", (TCP, TCP1)),
        ("# nothing\ntcp(ens5) 10.0.1.[1-9/3]", (TCP,)),
        ("tcp(ens5) 10.0.1.[1-9/2]", ()),
        ("tcp(ens5)", ()),
        ("tcp(ens5) 192.168.0.1 10.0.1.4", (TCP,)),
    ],
)
def test_the_rules_of_ip2nets_that_match(value: str, networks: tuple[Network, ...]) -> None:
    rules = read_ip2nets(value)
    assert not isinstance(rules, Fault)
    assert networks_of(rules, ("10.0.1.4",)) == Networks(networks)


@pytest.mark.parametrize(
    ("value", "text", "offset"),
    [
        ("tcp 10.0.0.0/16", "10.0.0.0/16", 4),
        ("tcp 10.0.*", "10.0.*", 4),
        ("tcp 10.0.300.*", "10.0.300.*", 4),
        ("tcp 10.0.0.x", "10.0.0.x", 4),
        ("tcp 10.*.*.*; tcp1 10.0.1", "10.0.1", 19),
        ("tcp(eth0, eth1) 10.*.*.*", "eth1)", 10),
        ("tcp 10.0.[1-].*", "10.0.[1-].*", 4),
    ],
)
def test_the_place_where_ip2nets_is_wrong(value: str, text: str, offset: int) -> None:
    found = read_ip2nets(value)
    assert isinstance(found, Fault)
    assert (found.text, found.offset) == (text, offset)


def test_the_networks_of_a_rule_are_read_when_it_matches() -> None:
    rules = read_ip2nets("tcp 192.168.*.*; tcp(ens5 10.*.*.*")
    assert not isinstance(rules, Fault)
    found = networks_of(rules, ("10.0.1.4",))
    assert isinstance(found, Fault) and (found.text, found.offset) == ("ens5", 21)
    assert networks_of(rules, ("192.168.3.4",)) == Networks((Network("tcp"),))
    twice = read_ip2nets("tcp,tcp0 10.*.*.*")
    assert not isinstance(twice, Fault)
    assert isinstance(networks_of(twice, ("10.0.1.4",)), Fault)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", None),
        ("tcp1 10.0.0.1@tcp", None),
        ("tcp1 2 10.0.0.[1-4]@tcp:1; o2ib 10.0.0.9@tcp", None),
        ("tcp[1-2] 10.0.0.1@tcp 10.0.0.2@tcp", None),
        ("tcp1", "tcp1"),
        ("tcp1 1", "1"),
        ("xyz 10.0.0.1@tcp", "xyz"),
        ("lo 10.0.0.1@tcp", "lo"),
        ("tcp1 10.0.0.1@tcp:x", "10.0.0.1@tcp:x"),
        ("tcp1 10.0.0@tcp", "10.0.0@tcp"),
        ("tcp1 10.0.0.[4-1]@tcp", "10.0.0.[4-1]@tcp"),
        ("tcp1 10.0.0.1@tcp; tcp2", "tcp2"),
        ("tcp1 10.0.0.1@xyz", "10.0.0.1@xyz"),
    ],
)
def test_routes(value: str, text: str | None) -> None:
    found = fault_in_routes(value)
    assert (None if found is None else found.text) == text


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ('networks="tcp(eth0), o2ib(ib0)" accept-port=988', {"networks": "tcp(eth0), o2ib(ib0)", "accept_port": "988"}),
        ("networks='tcp(eth0)'", {"networks": "'tcp(eth0)'"}),
        ("networks=tcp(a), tcp1(b)", {"networks": "tcp(a),", "tcp1(b)": ""}),
        ('networks="tcp(eth0) accept_port=1988', {"networks": "tcp(eth0) accept_port=1988"}),
        ("accept=all accept=none", {"accept": "none"}),
        ("", {}),
    ],
)
def test_the_kernel_splits_a_module_s_arguments(text: str, arguments: dict[str, str]) -> None:
    assert module_arguments(text) == arguments


@given(st.text(alphabet="tcpo2ib0(),[] -:;*.@/1#\n", max_size=40))
def test_any_option_is_read(value: str) -> None:
    networks = read_networks(value)
    if isinstance(networks, Fault):
        assert 0 <= networks.offset <= len(value)
    rules = read_ip2nets(value)
    if not isinstance(rules, Fault):
        networks_of(rules, ("10.0.1.4",))
    fault_in_routes(value)
    module_arguments(value)
    network_name(value)
