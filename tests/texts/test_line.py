"""One line of a text: its stamps and headers, its moment, and its message as signatures see it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.texts.line import are_apart, normalise, parse_moment, read_prefix

KLOG = "E0613 15:46:25.752890       1 utils.go:58] "


@pytest.mark.parametrize(
    ("line", "time", "node", "program"),
    [
        (f"{KLOG}GRPC call", "0613 15:46:25.752890", "", ""),
        ("[640442.326609] Lustre: x", "", "", ""),
        ("[Tue Jun  5 17:20:02 2018] Lustre: x", "Tue Jun  5 17:20:02 2018", "", ""),
        ("Nov 23 21:12:01 ip-10-0-1-2 kernel: [  12.345678] Lustre: x", "Nov 23 21:12:01", "ip-10-0-1-2", "kernel"),
        ("2026-11-24T06:48:07+0000 node-1 kubelet[99]: " + KLOG, "2026-11-24T06:48:07+0000", "node-1", "kubelet"),
        ("2026-11-24T06:48:07.1Z stderr F " + KLOG, "2026-11-24T06:48:07.1Z", "", ""),
        ("<3>[   12.345678] LustreError: x", "", "", ""),
        ("kern  :err   : [   12.345678] LustreError: x", "", "", ""),
        ("02:52:01  Lustre: x", "02:52:01", "", ""),
        ("no prefix at all", "", "", ""),
    ],
)
def test_a_prefix_is_read(line: str, time: str, node: str, program: str) -> None:
    prefix = read_prefix(line)
    assert (prefix.time, prefix.node, prefix.program) == (time, node, program)


def test_the_message_is_what_is_left() -> None:
    line = f"2026-11-24T06:48:07.1Z stderr F {KLOG}GRPC call"
    assert line[read_prefix(line).length :] == "GRPC call"


@given(st.text())
def test_any_line_has_a_prefix_within_it(line: str) -> None:
    assert 0 <= read_prefix(line).length <= len(line)


def test_a_dmesg_stamp_is_seconds_since_boot() -> None:
    assert read_prefix("[640442.326609] Lustre: x").uptime == 640442.326609


@pytest.mark.parametrize(
    ("one", "other", "seconds"),
    [
        ("2026-11-24T06:48:07Z", "2026-11-24T07:48:07+01:00", 0),
        ("2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z", 1),
        ("2024-02-28T00:00:00Z", "2024-03-01T00:00:00Z", 2 * 86400),
        ("Nov 23 21:12:01", "1123 21:12:31", 30),
        ("Tue Jun  5 17:20:02 2018", "2018-06-05T17:20:12Z", 10),
    ],
)
def test_stamps_of_one_clock_compare(one: str, other: str, seconds: float) -> None:
    a, b = parse_moment(one), parse_moment(other)
    assert a is not None and b is not None and a.clock == b.clock
    assert abs(a.seconds - b.seconds) == seconds


def test_stamps_of_different_clocks_are_never_known_to_be_apart() -> None:
    assert not are_apart(parse_moment("2026-11-24T06:48:07Z"), parse_moment("Nov 01 00:00:00"), 1)
    assert not are_apart(parse_moment("", 5.0, "a.log"), parse_moment("", 5000.0, "b.log"), 1)
    assert are_apart(parse_moment("", 5.0, "a.log"), parse_moment("", 5000.0, "a.log"), 1)


@given(st.text(alphabet="0123456789-:TZ+ /.JanFeb"))
def test_a_garbled_stamp_never_fails(stamp: str) -> None:
    parse_moment(stamp)


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("a  b\t\tc\r\n   d", "a b c d"),
        ("\x1b[1;31mLustreError:\x1b[0m x", "LustreError: x"),
        ("^[[31mred^[[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        (r'err="Could not mount \"fs-1@tcp:/a\" at\n\tx"', 'err="Could not mount "fs-1@tcp:/a" at x"'),
        (r"rc \u003cunknown\u003e", "rc <unknown>"),
        ("one#012two", "one two"),
        ("Can’t parse NID “x”", 'Can\'t parse NID "x"'),
        ("nul\x00byte and \u202emark", "nul byte and mark"),
    ],
)
def test_what_is_seen(raw: str, seen: str) -> None:
    assert normalise(raw) == seen


@given(st.text())
def test_never_a_control_character_or_a_double_blank(raw: str) -> None:
    seen = normalise(raw)
    assert "  " not in seen and "\n" not in seen and "\x1b" not in seen and "\x00" not in seen
