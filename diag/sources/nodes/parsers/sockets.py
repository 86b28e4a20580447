"""Sockets with the Lustre port at one end, and what connection tracking makes of them."""

from __future__ import annotations

import ipaddress
import re

from diag.model.unavailable import Unavailable
from diag.resources.node_report import Socket, Translation
from diag.sources.nodes.parsers.answers import Answer, no_answer

STATES = {
    "01": "ESTABLISHED", "02": "SYN_SENT", "03": "SYN_RECV", "04": "FIN_WAIT1", "05": "FIN_WAIT2", "06": "TIME_WAIT",
    "07": "CLOSE", "08": "CLOSE_WAIT", "09": "LAST_ACK", "0A": "LISTEN", "0B": "CLOSING", "0C": "NEW_SYN_RECV",
}  # fmt: skip
"""Source: Linux include/net/tcp_states.h."""

_LINE = re.compile(
    r"\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{2}) .*"
)


_FLOW = re.compile(r"src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)")


def read_sockets(answer: Answer) -> tuple[Socket, ...] | Unavailable:
    """Lines of /proc/net/tcp and tcp6. Source: Linux net/ipv4/tcp_ipv4.c get_tcp4_sock; little-endian words."""
    if failed := no_answer(answer):
        return failed
    found = []
    for line in answer.lines:
        if match := _LINE.fullmatch(line):
            local, remote = _address(match[1]), _address(match[3])
            found.append(Socket(local, int(match[2], 16), remote, int(match[4], 16), STATES.get(match[5], match[5])))
    return tuple(found)


def _address(text: str) -> str:
    raw = b"".join(bytes.fromhex(text[start : start + 8])[::-1] for start in range(0, len(text), 8))
    address = ipaddress.ip_address(raw)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def read_translations(answer: Answer) -> tuple[Translation, ...] | Unavailable:
    """Lines of /proc/net/nf_conntrack: a flow as the client sent it, then as the answer is expected.

    Source: Linux net/netfilter/nf_conntrack_standalone.c ct_seq_show.
    """
    if failed := no_answer(answer):
        return failed
    found = []
    for line in answer.lines:
        flows = _FLOW.findall(line)
        if len(flows) != 2 or not all(_is_port(port) for flow in flows for port in flow[2:]):
            continue
        (source, server, port, _), (_, seen, _, seen_port) = flows
        if all(_is_address(address) for address in (source, server, seen)):
            found.append(Translation(server, source, int(port), seen, int(seen_port)))
    return tuple(found)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and int(text) < 65536
