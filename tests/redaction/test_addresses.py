"""An address becomes another that lies in the same ranges."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.redaction.addresses import CLASSES, VERBATIM, Addresses
from diag.redaction.tokens import Tokens

KEYS = st.binary(min_size=32, max_size=32)
V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6)


def mapper(key: bytes = b"k" * 32, *anchors: str) -> Addresses:
    return Addresses(Tokens(key), anchors)


def common(one: str, other: str) -> int:
    a, b = ipaddress.ip_address(one), ipaddress.ip_address(other)
    return a.max_prefixlen - (int(a) ^ int(b)).bit_length()


@given(KEYS, V4, V4)
def test_two_addresses_share_as_many_leading_bits_as_before(
    key: bytes, one: ipaddress.IPv4Address, other: ipaddress.IPv4Address
) -> None:
    addresses = mapper(key, "10.0.0.0/16", "172.20.0.0/16")
    assert common(addresses.address(str(one)), addresses.address(str(other))) == common(str(one), str(other))


@given(KEYS, V6, st.integers(0, 128))
def test_what_contains_an_address_contains_its_stand_in(key: bytes, one: ipaddress.IPv6Address, length: int) -> None:
    addresses = mapper(key)
    network = ipaddress.ip_network((one, length), strict=False)
    mapped = ipaddress.ip_network(addresses.address(str(network)))
    assert mapped.prefixlen == length
    assert ipaddress.ip_address(addresses.address(str(one))) in mapped


@given(KEYS, st.one_of(V4, V6))
def test_no_address_leaves_or_enters_a_class(key: bytes, one: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    made = ipaddress.ip_address(mapper(key).address(str(one)))
    for range in (*CLASSES, *VERBATIM):
        if range.version == one.version:
            assert (one in range) == (made in range)


@given(KEYS)
def test_the_promised_addresses_of_a_vpc_keep_their_place(key: bytes) -> None:
    addresses = mapper(key, "10.44.0.0/16", "172.20.0.0/16")
    for range, offset in (("10.44.0.0/16", 2), ("172.20.0.0/16", 10)):
        base = ipaddress.ip_network(range).network_address
        mapped = ipaddress.ip_network(addresses.address(range)).network_address
        assert addresses.address(str(base + offset)) == str(mapped + offset)


@pytest.mark.parametrize(
    "same", ["169.254.169.254", "0.0.0.0/0", "::/0", "127.0.0.1", "255.255.255.0", "fd00:ec2::254"]
)
def test_what_is_the_same_everywhere_stays(same: str) -> None:
    assert mapper().address(same) == same


def test_other_keys_give_other_addresses() -> None:
    made = {mapper(bytes([n]) * 32).address("10.1.2.3") for n in range(50)}
    assert len(made) > 40 and "10.1.2.3" not in made


def test_a_host_with_a_length_stays_a_host_and_a_range_stays_a_range() -> None:
    addresses = mapper()
    assert addresses.address("10.9.8.0/24").endswith(".0/24")
    assert ipaddress.ip_interface(addresses.address("10.9.8.7/24")).network == ipaddress.ip_network(
        addresses.address("10.9.8.0/24")
    )
