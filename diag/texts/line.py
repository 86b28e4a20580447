"""One line of a text: its stamps and headers, the message in its wrapping, and that message as signatures see it.

Nov 23 21:12:01 ip-10-0-1-2 kernel: [  12.345678] LustreError: 156-2: The client   profile …
└───────────── read_prefix, parse_moment ───────┘ └─ normalise: one line, single blanks ─┘
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from diag.late import late

# --- the message as signatures see it ---------------------------------------------------------------------------

_ANSI = late(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)|[@-Z\\-_])")
_BARE_COLOUR = late(r"\^\[\[[0-9;]{0,32}m|#033\[[0-9;]{0,32}m")
_CONTROL = late(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
# One level of quoting as JSON, klog and Go's %q write it, and rsyslog's own form of a line break.
_QUOTED = late(r"\\+(?:[nrt]|[\"'/]|u00(?:3c|3e|26|22|27|0a))|#012|#011", re.IGNORECASE)
_UNQUOTED = {"n": " ", "r": " ", "t": " ", '"': '"', "'": "'", "/": "/"}
_UNQUOTED |= {"u003c": "<", "u003e": ">", "u0026": "&", "u0022": '"', "u0027": "'", "u000a": " "}
_CURLY = str.maketrans(
    {chr(0xFF01 + code): chr(0x21 + code) for code in range(94)}
    | {"：": ": ", "，": ", ", "；": "; ", "（": " (", "）": ") "}
    | {**dict.fromkeys("‘’‚‹›", "'"), **dict.fromkeys("“”„«»", '"'), "–": "-", "…": "..."}
)
"""Full-width marks of Chinese and Japanese, and those of typesetting, as programs write them."""


def normalise(text: str) -> str:
    """The text on one line: colours and control characters gone, one level of quoting undone, blanks single."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "[" in text and ("^[" in text or "#033" in text):
        text = _BARE_COLOUR.sub("", text)
    if "\\" in text or "#01" in text:
        text = _QUOTED.sub(_unquote, text)
    if not text.isascii():
        text = text.translate(_CURLY)
    text = " ".join(text.split())
    return text if text.isprintable() else " ".join(_CONTROL.sub(" ", text).split())


def remove_blanks(text: str) -> str:
    """A normalised text without its blanks: what a wrap in the middle of a word cannot change."""
    return text.replace(" ", "")


def _unquote(match: re.Match[str]) -> str:
    token = match.group()
    if token[0] == "#":
        return " "
    return _UNQUOTED.get(token.lstrip("\\").lower(), token)


# --- stamps and headers before the message ----------------------------------------------------------------------

_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_SYSLOG = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?"
_ASCTIME = r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}"
_KLOG = r"\d{4} \d\d:\d\d:\d\d\.\d{1,9}"
_PRIORITY = r"(?:<\d{1,3}>|\w{1,8} *:\w{1,8} *: )?"
_NO_LEVEL = r"(?!(?:SUBDEBUG|DDEBUG|DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL)\s)"
_PROGRAM = r"(?:[\w./-]{1,64}(?:\[\d{1,10}\])?: )"

_DIGITS, _SMALL, _CAPITALS = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_STEPS = (
    (
        "stamped",
        _DIGITS + _CAPITALS,
        late(rf"(?P<time>{_ISO}|{_SYSLOG})(?:\s{_NO_LEVEL}(?P<node>[\w.-]{{1,253}})\s(?P<program>{_PROGRAM}))?\s*"),
    ),
    ("cri", "s", late(r"(?P<stream>stdout|stderr) [FP] ")),
    ("csv", _DIGITS + ",", late(r'(?:\d{13})?,"')),
    ("export", "M", late(r"MESSAGE=")),
    ("pod", "[", late(r"\[pod/(?P<pod>[\w.-]{1,253})/[\w.-]{1,253}\]\s+")),
    (
        "dmesg",
        "[<" + _SMALL + _DIGITS + "_" + _CAPITALS,
        late(rf"{_PRIORITY}\[ *(?P<time>\d{{1,10}}\.\d{{3,9}}|{_ASCTIME})\](?: \[ *[TC]\d+\])?\s*"),
    ),
    (
        "klog",
        "IWEF",
        late(rf"(?P<level>[IWEF])(?P<time>{_KLOG})\s+\d{{1,10}} (?P<source>[\w./-]{{1,128}}):\d{{1,6}}\]\s*"),
    ),
    ("clock", _DIGITS, late(r"(?P<time>\d\d:\d\d:\d\d(?:\.\d{1,9})?)\s+")),
    ("go", _DIGITS, late(r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?)\s+")),
)
"""Kinds of prefixes: with what each begins, and all of it."""
_MOST_STEPS = 5


class Prefix(NamedTuple):
    """What the prefixes of one line say; empty where they say nothing."""

    time: str = ""
    """RFC 3339 where the prefix has it, else the stamp as written."""
    uptime: float | None = None
    """Seconds since boot, from a dmesg stamp."""
    node: str = ""
    program: str = ""
    klog: bool = False
    level: str = ""
    """klog's: I, W, E or F."""
    source: str = ""
    """The source file that klog names."""
    kernel: bool = False
    csv: bool = False
    """The message is a quoted field of a table, its quotes doubled."""
    length: int = 0
    """Characters that the prefixes take."""


NO_PREFIX = Prefix()


def read_prefix(line: str) -> Prefix:
    """Reads all prefixes at the start of a line, outermost first; the first wall-clock time wins."""
    position = 0
    values: dict[str, str] = {}
    uptime: float | None = None
    kinds: set[str] = set()
    for _ in range(_MOST_STEPS):
        first = line[position : position + 1]
        for kind, begins, pattern in _STEPS if first else ():
            if first not in begins or kind in kinds or (found := pattern.match(line, position)) is None:
                continue
            kinds.add(kind)
            position = found.end()
            for name, value in found.groupdict().items():
                if kind == "dmesg" and name == "time" and value[0].isdigit():
                    uptime = float(value)
                elif value:
                    values.setdefault(name, value.strip())
            break
        else:
            break
    program = values.get("program", "").rstrip(":").split("[")[0]
    return Prefix(
        time=values.get("time", ""),
        uptime=uptime,
        node=values.get("node", ""),
        program=program,
        klog="klog" in kinds,
        level=values.get("level", ""),
        source=values.get("source", ""),
        kernel="dmesg" in kinds or program == "kernel",
        csv="csv" in kinds,
        length=position,
    )


# --- messages inside a wrapping: rows of kubectl's event tables, JSON log lines -----------------------------------

_DESCRIBED = late(
    r"(?:Warning|Normal) (?P<reason>[A-Z]\w{2,40}) (?P<age>[\w<>.]{1,16})"
    r"(?: \(x(?P<count>\d{1,9}) over [\w<>]{1,16}\))? "
    r"(?P<from>[\w./-]{1,253}(?:, [\w.-]{1,253})?) (?P<message>.+)"
)
_LISTED = late(
    r"(?:(?P<namespace>[a-z0-9-]{1,63}) )?[0-9<][\w<>.]{0,15}(?: \(x(?P<count>\d{1,9}) over [\w<>]{1,16}\))? "
    r"(?:Warning|Normal) (?P<reason>[A-Z]\w{2,40}) (?P<kind>[a-z]{2,32})/(?P<name>[\w.-]{1,253}) (?P<message>.+)"
)
_POD_DESCRIPTION = late(r"Name: +(?P<name>\S{1,253}) Namespace: +(?P<namespace>\S{1,63}) ")
_POD_NODE = late(r" Node: +(?P<node>[\w.-]{1,253})/")
_MESSAGE_KEYS = ("MESSAGE", "message", "msg", "log", "err", "error")
_TIME_KEYS = ("time", "ts", "timestamp", "@timestamp")


class Row(NamedTuple):
    """One wrapped message."""

    message: str
    reason: str = ""
    time: str = ""
    node: str = ""
    pod: str = ""
    program: str = ""
    times: int = 1


def parse_event_row(flat: str) -> Row | None:
    """A row of `kubectl describe`'s or `kubectl get events`' table, already on one line; None when it is none."""
    if "Warning " not in flat and "Normal " not in flat:
        return None
    if found := _DESCRIBED.match(flat):
        return Row(found["message"], found["reason"], times=int(found["count"] or 1))
    if found := _LISTED.match(flat):
        pod = f"{found['namespace'] or 'default'}/{found['name']}" if found["kind"] == "pod" else ""
        return Row(found["message"], found["reason"], pod=pod, times=int(found["count"] or 1))
    return None


def parse_json_row(line: str) -> Row | None:
    """A log line that is a JSON object (klog's JSON format, journald's export, a container runtime's file)."""
    try:
        fields: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    messages = [text for key in _MESSAGE_KEYS if (text := _text_of(fields.get(key))) is not None]
    if not messages:
        return None
    time = next((fields[key] for key in _TIME_KEYS if isinstance(fields.get(key), str)), "") or _time_of_journal(fields)
    node = fields.get("_HOSTNAME") or fields.get("hostname") or ""
    program = fields.get("SYSLOG_IDENTIFIER") or ""
    return Row(
        " ".join(messages),
        time=time,
        node=node if isinstance(node, str) else "",
        program=program if isinstance(program, str) else "",
    )


def _text_of(value: Any) -> str | None:
    """A text; journald writes one as a list of bytes that has colours or is not UTF-8."""
    if isinstance(value, list) and value and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _time_of_journal(fields: dict[str, Any]) -> str:
    """RFC 3339 of the microseconds that journald writes."""
    micros = fields.get("__REALTIME_TIMESTAMP")
    if not isinstance(micros, str) or not micros.isdecimal() or len(micros) > 17:
        return ""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(int(micros) / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_described_pod(flat: str) -> tuple[str, str] | None:
    """`namespace/name` and node of a pod whose description begins here; None when none does."""
    found = _POD_DESCRIPTION.match(flat)
    if found is None:
        return None
    node = _POD_NODE.search(flat)
    return f"{found['namespace']}/{found['name']}", node["node"] if node else ""


# --- stamps as moments that can be compared, where they can be ----------------------------------------------------

_ISO_STAMP = late(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)?")
_KLOG_STAMP = late(r"(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)")
_SYSLOG_STAMP = late(r"(?:[A-Z][a-z]{2} )?([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.\d+)?(?: (\d{4}))?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = 86400


class Moment(NamedTuple):
    """Seconds on one clock. Only moments of the same clock can be compared."""

    clock: str
    seconds: float


def parse_moment(stamp: str, uptime: float | None = None, origin: str = "") -> Moment | None:
    """The moment that a stamp names: RFC 3339, syslog's, klog's or asctime's; else the seconds since boot.

    Stamps without a year are on a clock of their own; seconds since boot are comparable within one file only.
    """
    if stamp and (moment := _moment_of(stamp)) is not None:
        return moment
    return None if uptime is None else Moment(f"uptime of {origin}", uptime)


def _moment_of(stamp: str) -> Moment | None:
    if found := _ISO_STAMP.match(stamp):
        year, month, day, hour, minute, second = map(int, found.groups()[:6])
        return Moment("utc", _seconds(year, month, day, hour, minute, second) - _offset(found[8] or "Z"))
    if found := _KLOG_STAMP.match(stamp):
        month, day, hour, minute, second = map(int, found.groups())
        return Moment("year-less", _seconds(2000, month, day, hour, minute, second))
    if (found := _SYSLOG_STAMP.match(stamp)) and found[1] in _MONTHS:
        day, hour, minute, second = map(int, found.groups()[1:5])
        month = _MONTHS.index(found[1]) + 1
        clock, year = ("utc", int(found[6])) if found[6] else ("year-less", 2000)
        return Moment(clock, _seconds(year, month, day, hour, minute, second))
    return None


def are_apart(one: Moment | None, other: Moment | None, seconds: float) -> bool:
    """Whether two moments are known to be further apart than that."""
    if one is None or other is None or one.clock != other.clock:
        return False
    return abs(one.seconds - other.seconds) > seconds


def _seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> float:
    """Seconds of the proleptic Gregorian calendar; a stamp with a month or day out of range is only approximate."""
    years = year - (month <= 2)
    era_day = years * 365 + years // 4 - years // 100 + years // 400
    year_day = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day
    return (era_day + year_day) * _DAY + hour * 3600 + minute * 60 + second


def _offset(zone: str) -> float:
    if zone == "Z":
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60
    return -seconds if zone[0] == "-" else seconds
