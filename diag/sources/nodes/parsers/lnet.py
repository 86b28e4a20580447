"""LNet's own view of its networks: `lnetctl net show` and `lctl list_nids`."""

from __future__ import annotations

import re

from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import LnetInterface, NodeInterface
from diag.sanitize import one_line
from diag.sources.nodes.parsers.answers import NO_FILE, Answer, absent, garbled, no_answer

NID = re.compile(r"[0-9A-Za-z.:]{1,64}@(?:lo|tcp|o2ib|kfi|efa|gni)\d{0,5}")
"""Source: Lustre 2.15 and 2.17 libcfs/util/nidstrings.c."""

_NOT_LOADED = ("opening /dev/lnet failed: No such", "failed to resolve Netlink family", "modules may not be loaded")


_STACK_DOWN = ("Network is down", "LNet stack down")


def read_lnet_interfaces(answer: Answer) -> tuple[LnetInterface, ...] | Unavailable:
    """`lnetctl net show`: block YAML of 2.12 to 2.17, whose indentation differs. Absent while LNet is not loaded.

    2.15 ends with 0 and 2.17 with 234 when the module is missing, so the text decides.
    """
    if (missing := _not_up(answer)) is not None:
        return missing
    found: list[LnetInterface] = []
    nid, status, cards = "", "", list[str]()
    in_cards = False

    def close() -> None:
        if nid:
            found.append(LnetInterface(nid, status, tuple(cards)))

    for line in answer.lines:
        key, _, value = line.strip().removeprefix("-").strip().partition(":")
        value = value.strip().strip("\"'")
        if key == "nid":
            match = NID.fullmatch(value)
            close()
            nid, status, cards, in_cards = match[0] if match else "", "", [], False
        elif key == "net type":
            close()
            nid, status, cards, in_cards = "", "", [], False
        elif key == "status":
            status = one_line(value, 20)
        elif key == "interfaces":
            in_cards = True
        elif in_cards and key.isdigit() and len(cards) < 64:
            cards.append(one_line(value, 20))
        elif key:
            in_cards = False
    close()
    if not found and not any(line.strip().startswith("net:") for line in answer.lines):
        return no_answer(answer) or (garbled(answer.text) if answer.text.strip() else absent("LNet has no network"))
    return tuple(found)


def read_nids(answer: Answer) -> tuple[str, ...] | Unavailable:
    """`lctl list_nids`, one a line."""
    if (missing := _not_up(answer)) is not None:
        return missing
    nids = tuple(line.strip() for line in answer.lines if NID.fullmatch(line.strip()))
    return nids or no_answer(answer) or (garbled(answer.text) if answer.text.strip() else ())


LINES = 200
"""Lines of a file or log that are kept."""


def read_lnet_parameters(answer: Answer) -> tuple[str, ...] | Unavailable:
    """Lines of `MODULE NAME=VALUE` out of /sys/module; absent while LNet is not loaded."""
    if answer.status == NO_FILE:
        return absent("LNet is not loaded: there is no /sys/module/lnet")
    if failed := no_answer(answer):
        return failed
    lines = (one_line(line.removesuffix("(null)"), 4096) for line in answer.lines)
    return tuple(line for line in lines if re.match(r"(?:lnet|ksocklnd) [a-z_0-9]{1,40}=", line))[:LINES]


def read_lnet_conf(answer: Answer) -> tuple[str, ...] | Unavailable:
    """/etc/lnet.conf; absent where there is none."""
    return absent("there is no /etc/lnet.conf") if answer.status == NO_FILE else read_lines(answer)


def read_lines(answer: Answer) -> tuple[str, ...] | Unavailable:
    """Lines that are neither empty nor comments."""
    if failed := no_answer(answer):
        return failed
    lines = (one_line(line, 500) for line in answer.lines if line.strip() and not line.lstrip().startswith("#"))
    return tuple(lines)[:LINES]


def read_interfaces(answer: Answer) -> tuple[NodeInterface, ...] | Unavailable:
    """Lines of `NAME up` or `NAME down`."""
    if failed := no_answer(answer):
        return failed
    found = (line.rpartition(" ") for line in answer.lines)
    return tuple(NodeInterface(one_line(n, 20), word == "up") for n, _, word in found if n and word in ("up", "down"))


def _not_up(answer: Answer) -> Unavailable | None:
    if "Permission denied" in answer.text:
        return no_answer(answer) or Unavailable("", Reason.DENIED, one_line(answer.text), permission="root on the node")
    if any(text in answer.text for text in _NOT_LOADED):
        return absent(f"LNet is not loaded: {answer.text}")
    if any(text in answer.text for text in _STACK_DOWN):
        return absent(f"LNet is loaded and has no network: {answer.text}")
    return None
