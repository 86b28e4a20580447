"""Prefix-preserving stand-ins of IP addresses: whatever contains an address still contains it.

The mapping of Xu, Fan, Ammar and Moon ("Prefix-preserving IP address anonymization", 2002) with HMAC as its random
function: bit n of the result is bit n of the address, flipped or not as the n bits before it say. Two things are held
fixed: ranges whose class decides (10/8 stays private, 169.254/16 stays itself), and the first 16 addresses of each VPC
and service range, of which AWS and Kubernetes promise fixed meanings (+2 is the VPC's resolver, +10 the cluster's).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from diag.redaction.tokens import Tokens

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CLASSES: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "127.0.0.0/24", "169.254.0.0/16", "172.16.0.0/12",
        "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
        "::/96", "64:ff9b::/96", "fc00::/7", "fd00:ec2::/32", "fe80::/10", "ff00::/8", "2000::/3",
    )
)  # fmt: skip
"""Ranges that an address never leaves and never enters. Source: IANA special-purpose address registries, 2025."""

VERBATIM: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/8", "127.0.0.0/24", "169.254.0.0/16", "224.0.0.0/3", "::/96", "fd00:ec2::/32", "ff00::/8")
)
"""The same everywhere, so they reveal nothing: loopback, IMDS and the VPC's link-local services, masks, multicast.
Source: AWS, "Amazon EC2 instance metadata", "Amazon Time Sync Service", 2025."""

FIXED_TAIL_BITS = 4
"""Of each anchor the first 2**4 addresses keep their place."""


class Addresses:
    """Maps addresses and ranges of one case."""

    def __init__(self, tokens: Tokens, anchors: Iterable[str] = ()) -> None:
        """`anchors` are the CIDRs of VPCs and services; what is none is left out."""
        self._tokens = tokens
        self._anchors = tuple(network for text in anchors if (network := _network(text)) is not None)
        self._flips: dict[tuple[int, int, int], int] = {}
        self._known: dict[str, str] = {}

    def is_address(self, text: str) -> bool:
        """Whether a text is an address or, with `/length`, a range."""
        try:
            ipaddress.ip_interface(text)
        except ValueError:
            return False
        return True

    def address(self, text: str) -> str:
        """The stand-in of an address, or of a range with `/length`; what is neither comes back as it is."""
        if text not in self._known:
            self._known[text] = self._mapped(text)
        return self._known[text]

    def _mapped(self, text: str) -> str:
        bare, slash, length = text.partition("/")
        try:
            address = ipaddress.ip_address(bare)
        except ValueError:
            return text
        if any(address.version == range.version and address in range for range in VERBATIM):
            return text
        number = self._permuted(int(address), address.max_prefixlen)
        if slash and length.isdecimal() and int(length) <= address.max_prefixlen:
            tail = address.max_prefixlen - int(length)
            if not int(address) & ((1 << tail) - 1):
                number = number >> tail << tail
        made = ipaddress.IPv4Address(number) if address.version == 4 else ipaddress.IPv6Address(number)
        return self._tokens.keep(f"{made}{slash}{length}", text)

    def _permuted(self, number: int, bits: int) -> int:
        result = 0
        for place in range(bits):
            before = number >> (bits - place)
            bit = number >> (bits - place - 1) & 1
            result = result << 1 | (bit ^ self._flip(bits, place, before))
        return result

    def _flip(self, bits: int, length: int, prefix: int) -> int:
        """Whether the bit after a prefix of `length` bits is turned."""
        key = (bits, length, prefix)
        if key not in self._flips:
            held = _leads_to_class(bits, length, prefix) or self._is_anchored(bits, length, prefix)
            digest = self._tokens.digest("address", f"{bits}/{length}/{prefix}")
            self._flips[key] = 0 if held else digest[0] & 1
        return self._flips[key]

    def _is_anchored(self, bits: int, length: int, prefix: int) -> bool:
        for anchor in self._anchors:
            if anchor.max_prefixlen != bits or length < anchor.prefixlen:
                continue
            fixed = max(anchor.prefixlen, bits - FIXED_TAIL_BITS)
            base, shorter = int(anchor.network_address), min(length, fixed)
            if base >> (bits - shorter) == prefix >> (length - shorter):
                return True
        return False


def _leads_to_class(bits: int, length: int, prefix: int) -> bool:
    """Whether a class begins with this prefix, so that turning the next bit would swap it with what is beside it."""
    return any(
        network.max_prefixlen == bits
        and length < network.prefixlen
        and int(network.network_address) >> (bits - length) == prefix
        for network in CLASSES
    )


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
