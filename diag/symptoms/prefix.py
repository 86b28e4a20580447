"""What stands before a log line's message: time, host, program, klog header; several may be stacked."""

from __future__ import annotations

import re
from typing import NamedTuple

_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_SYSLOG = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?"
_ASCTIME = r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}"
_KLOG = r"\d{4} \d\d:\d\d:\d\d\.\d{1,9}"
_PRIORITY = r"(?:<\d{1,3}>|\w{1,8} *:\w{1,8} *: )?"
_PROGRAM = r"(?:[\w./-]{1,64}(?:\[\d{1,10}\])?: )"

_STEPS = (
    ("stamped", re.compile(rf"(?P<time>{_ISO}|{_SYSLOG})(?:\s(?P<node>[\w.-]{{1,253}})\s(?P<program>{_PROGRAM}))?\s*")),
    ("cri", re.compile(r"(?P<stream>stdout|stderr) [FP] ")),
    ("csv", re.compile(r'(?:\d{13})?,"')),
    ("export", re.compile(r"MESSAGE=")),
    ("pod", re.compile(r"\[pod/(?P<pod>[\w.-]{1,253})/[\w.-]{1,253}\]\s+")),
    ("dmesg", re.compile(rf"{_PRIORITY}\[ *(?P<time>\d{{1,10}}\.\d{{3,9}}|{_ASCTIME})\](?: \[ *[TC]\d+\])?\s*")),
    ("klog", re.compile(rf"[IWEF](?P<time>{_KLOG})\s+\d{{1,10}} [\w./-]{{1,128}}:\d{{1,6}}\]\s*")),
    ("clock", re.compile(r"(?P<time>\d\d:\d\d:\d\d(?:\.\d{1,9})?)\s+")),
    ("go", re.compile(r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?)\s+")),
)
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
    kernel: bool = False
    csv: bool = False
    """The message is a quoted field of a table, its quotes doubled."""
    length: int = 0
    """Characters that the prefixes take."""


def read_prefix(line: str) -> Prefix:
    """Reads all prefixes at the start of a line, outermost first; the first wall-clock time wins."""
    position = 0
    values: dict[str, str] = {}
    uptime: float | None = None
    kinds: set[str] = set()
    for _ in range(_MOST_STEPS):
        for kind, pattern in _STEPS:
            found = pattern.match(line, position)
            if found is None or kind in kinds:
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
        kernel="dmesg" in kinds or program == "kernel",
        csv="csv" in kinds,
        length=position,
    )
