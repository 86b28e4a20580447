"""Routes, network ACLs, security groups, the Corefile and the maintenance window: what they say, worked out."""

from __future__ import annotations

import datetime
import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diag.analysis.file_systems import WINDOW, is_in_window
from diag.analysis.network.routing import Way, table_of, way_to
from diag.analysis.network.security_groups import admits, holds, peer, representatives
from diag.resources.ec2 import IpRange, Permission, Subnet
from diag.resources.kubernetes.corefile import blocks_of, imports_for, upstreams_for
from diag.resources.table import Table
from tests.checks.given_network import COREFILE, NODES, PEER, VPC, routes

NAME = "fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com"
ADDRESSES = st.integers(0, 255).map(lambda host: f"10.0.0.{host}")
NETWORKS = st.builds(lambda host, length: f"10.0.0.{host}/{length}", st.integers(0, 255), st.integers(24, 32))


def rules(*cidrs: str) -> tuple[Permission, ...]:
    return (Permission("tcp", 988, 988, tuple(IpRange(cidr) for cidr in cidrs)),)


@settings(max_examples=300)
@given(st.lists(ADDRESSES, min_size=1, max_size=20), st.lists(NETWORKS, max_size=5))
def test_ranges_admit_a_peer_exactly_when_they_admit_each_of_its_addresses(
    addresses: list[str], cidrs: list[str]
) -> None:
    alone = all(any(ipaddress.ip_address(a) in ipaddress.ip_network(c, strict=False) for c in cidrs) for a in addresses)
    assert bool(admits(rules(*cidrs), 988, peer((), addresses), Table())) is alone


@settings(max_examples=300)
@given(st.lists(ADDRESSES, min_size=1, max_size=20, unique=True), st.lists(NETWORKS, max_size=5))
def test_representatives_stand_for_every_address(addresses: list[str], cidrs: list[str]) -> None:
    chosen = representatives(tuple(addresses), tuple(cidrs))
    seen = {tuple(holds(cidr, address) for cidr in cidrs) for address in chosen}
    assert len(seen) == len(chosen)
    assert {tuple(holds(cidr, address) for cidr in cidrs) for address in addresses} == seen


@pytest.mark.parametrize(
    ("port", "low", "high", "protocol", "opens"),
    [
        (988, 988, 988, "tcp", True),
        (988, 0, 65535, "tcp", True),
        (988, None, None, "-1", True),
        (988, -1, -1, "tcp", True),
        (988, 988, None, "6", True),
        (988, 989, 1023, "tcp", False),
        (988, 988, 988, "udp", False),
        (1018, 1018, 1023, "tcp", True),
        (1017, 1018, 1023, "tcp", False),
    ],
)
def test_ports_of_a_rule(port: int, low: int | None, high: int | None, protocol: str, opens: bool) -> None:
    rule = Permission(protocol, low, high, (IpRange("10.0.0.0/8"),))
    assert bool(admits((rule,), port, peer((), ("10.1.2.3",)), Table())) is opens


def test_a_peer_without_an_address_is_admitted_by_its_group_alone() -> None:
    assert not admits(rules("0.0.0.0/0"), 988, peer(("sg-1",)), Table())
    assert not admits(rules("0.0.0.0/0"), 988, peer((), ("fd00::1", "no address")), Table())


def test_the_most_specific_route_wins_even_into_a_black_hole() -> None:
    table = routes(
        ("0.0.0.0/0", "nat-1"), ("10.0.0.0/8", "tgw-1"), ("10.0.0.0/16", "local"), ("10.0.9.0/24", "pcx-1"),
        id="rtb-1", gone=("pcx-1",),
    )  # fmt: skip
    assert way_to("10.0.1.1", table)[0] is Way.OPEN
    assert way_to("10.0.9.1", table)[0] is Way.BLACKHOLE
    assert way_to("10.7.1.1", table)[0] is Way.OPEN
    assert way_to("172.16.0.1", table)[0] is Way.INTERNET
    assert way_to("172.16.0.1", routes(("10.0.0.0/16", "local"), id="rtb-2"))[0] is Way.NONE
    assert way_to("no address", table)[0] is Way.NONE


@given(ADDRESSES, st.lists(st.tuples(NETWORKS, st.sampled_from(["local", "pcx-1", "nat-1"])), max_size=6))
def test_no_route_that_covers_the_address_is_longer_than_the_one_taken(
    address: str, ways: list[tuple[str, str]]
) -> None:
    way, route = way_to(address, routes(*ways, id="rtb-1"))
    covering = [ipaddress.ip_network(c, strict=False).prefixlen for c, _ in ways if holds(c, address)]
    assert (way is Way.NONE) is (not covering)
    if route is not None:
        assert ipaddress.ip_network(route.destination_cidr_block, strict=False).prefixlen == max(covering)


def test_a_subnet_uses_its_own_table_else_the_main_one_of_its_vpc() -> None:
    own = routes(id="rtb-own", subnet=NODES)
    main, elsewhere = routes(id="rtb-main"), routes(id="rtb-peer", vpc=PEER)
    subnet = Subnet(NODES, VPC)
    for tables in ((main, own, elsewhere), (own, main), (elsewhere, main, own)):
        assert table_of(subnet, tables) == own
    assert table_of(subnet, (elsewhere, main)) == main
    assert table_of(subnet, (elsewhere,)) is None


def test_the_usual_corefile_asks_the_node() -> None:
    assert upstreams_for(NAME, blocks_of(COREFILE)) == ("/etc/resolv.conf",)


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        (".:53 {\n forward . 10.0.0.2 10.0.0.3 {\n  prefer_udp\n }\n}", ("10.0.0.2", "10.0.0.3")),
        ("amazonaws.com {\n forward . 169.254.169.253\n}\n.:53 {\n forward . 10.9.9.9\n}", ("169.254.169.253",)),
        (
            "eu-west-1.amazonaws.com:53 amazonaws.com {\n proxy . 10.1.1.1\n}\n. {\n forward . 10.9.9.9\n}",
            ("10.1.1.1",),
        ),
        (". {\n forward corp.example 10.9.9.9\n forward . 10.0.0.2 # the VPC\n}", ("10.0.0.2",)),
        (". {\n forward corp.example 10.9.9.9\n}", ()),
        ("corp.example {\n forward . 10.9.9.9\n}", ()),
        ("zonaws.com {\n forward . 10.9.9.9\n}\n. {\n forward . 10.0.0.2\n}", ("10.0.0.2",)),
        ("dns://.:53 {\r\n  forward . 10.0.0.2\r\n}", ("10.0.0.2",)),
        (
            "(ours) {\n forward . 10.9.9.9 {\n  except amazonaws.com\n }\n}\n. {\n import ours\n}",
            (),
        ),
        ("(ours) {\n forward . 10.9.9.9\n}\n. {\n import ours\n}", ("10.9.9.9",)),
        ("# . {\n#  forward . 10.9.9.9\n# }", ()),
        ("", ()),
    ],
)
def test_whom_a_corefile_asks_for_the_name(text: str, servers: tuple[str, ...]) -> None:
    assert upstreams_for(NAME, blocks_of(text)) == servers


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (". {\n import custom/*.override\n forward . 10.0.0.2\n}", True),
        ("import custom/*.server\n. {\n forward . 10.0.0.2\n}", True),
        ("(ours) {\n errors\n}\n. {\n import ours\n forward . 10.0.0.2\n}", False),
        ("(ours) {\n forward . {args[0]}\n}\n. {\n import ours 10.0.0.2\n}", True),
        ("corp.example {\n import custom/corp\n}\n. {\n forward . 10.0.0.2\n}", False),
    ],
)
def test_a_file_that_is_imported_may_hide_another_server(text: str, hidden: bool) -> None:
    """One outside all blocks may bring a block for the name; a snippet of the Corefile itself hides nothing."""
    assert imports_for(NAME, blocks_of(text)) is hidden


@given(st.text(alphabet=".:{}# \nforwad10/etc-imp()", max_size=200))
def test_no_corefile_is_too_broken_to_be_read(text: str) -> None:
    upstreams_for(NAME, blocks_of(text))


@given(
    st.integers(1, 7), st.integers(0, 23), st.integers(0, 59),
    st.datetimes(datetime.datetime(2024, 1, 1), datetime.datetime(2030, 1, 1), timezones=st.just(datetime.UTC)),
)  # fmt: skip
def test_the_window_opens_half_an_hour_a_week(day: int, hour: int, minute: int, now: datetime.datetime) -> None:
    start = f"{day}:{hour:02}:{minute:02}"
    quarters = (now + datetime.timedelta(minutes=15 * n) for n in range(7 * 24 * 4))
    assert sum(is_in_window(start, moment) for moment in quarters) == 2


def test_the_window_is_in_utc_and_holds_its_start_but_not_its_end() -> None:
    monday = datetime.datetime(2026, 11, 23, 5, 0, tzinfo=datetime.UTC)
    assert is_in_window("1:05:00", monday)
    assert is_in_window("1:05:00", monday.astimezone(datetime.timezone(datetime.timedelta(hours=9))))
    assert not is_in_window("1:05:00", monday + WINDOW)
    assert is_in_window("7:23:50", datetime.datetime(2026, 11, 23, 0, 10, tzinfo=datetime.UTC)), "over midnight"
    for text in ("", "0:05:00", "8:05:00", "1:24:00", "1:5:00", "Monday"):
        assert not is_in_window(text, monday)
