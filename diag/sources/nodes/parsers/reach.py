"""What the name service and TCP answered on the node."""

from __future__ import annotations

import ipaddress
import re

from diag.model.unavailable import Unavailable
from diag.resources.node_report import NameAnswer
from diag.resources.reachability import Connect, TcpAnswer
from diag.sanitize import one_line
from diag.sources.nodes.parsers.answers import TIMED_OUT, Answer, no_answer

_TEXTS = (
    ("refused", Connect.REFUSED),
    ("timed out", Connect.TIMEOUT),
    ("no route", Connect.NO_ROUTE),
    ("unreachable", Connect.NO_ROUTE),
)
"""strerror(3) texts as bash, OpenBSD's nc, ncat and busybox print them in the C locale."""


def read_names(answer: Answer) -> tuple[NameAnswer, ...] | Unavailable:
    """Blocks of `name NAME STATUS` and the lines of `getent ahosts` after it."""
    if failed := no_answer(answer):
        return failed
    found: list[NameAnswer] = []
    for line in answer.lines:
        if match := re.fullmatch(r"name (\S{1,255}) (\d{1,3})", line):
            found.append(NameAnswer(match[1], (), int(match[2])))
        elif found and (address := _address(line)) and address not in found[-1].addresses:
            last = found[-1]
            found[-1] = NameAnswer(last.name, (*last.addresses, address)[:64], last.exit_status)
    return tuple(found)


def read_one_name(name: str, answer: Answer) -> NameAnswer | Unavailable:
    """`getent ahosts NAME` by itself. Exit status 2 is an answer: not found."""
    if answer.status not in (0, 2) and (failed := no_answer(answer)):
        return failed
    addresses = dict.fromkeys(address for line in answer.lines if (address := _address(line)))
    return NameAnswer(name, tuple(addresses)[:64], answer.status)


def _address(line: str) -> str:
    word = line.split(" ")[0].strip()
    try:
        return str(ipaddress.ip_address(word.partition("%")[0]))
    except ValueError:
        return ""


def read_connects(answer: Answer, port: int) -> tuple[TcpAnswer, ...] | Unavailable:
    """Lines of `ADDRESS STATUS TEXT`, in the order of the addresses."""
    if failed := no_answer(answer):
        return failed
    found = []
    for line in answer.lines:
        match = re.match(r"(\S+) (\d{1,3}) ?(.*)", line)
        if match and _address(match[1]):
            outcome = _outcome(int(match[2]), match[3].lower())
            detail = "" if outcome is Connect.OPEN else one_line(match[3])
            found.append(TcpAnswer(_address(match[1]), port, outcome, detail=detail))
    return tuple(sorted(found, key=lambda answer: ipaddress.ip_address(answer.address).packed))


def _outcome(status: int, text: str) -> Connect:
    if status == 0:
        return Connect.OPEN
    if status in TIMED_OUT:
        return Connect.TIMEOUT
    return next((outcome for words, outcome in _TEXTS if words in text), Connect.FAILED)
