"""uname, os-release, page size, lockdown, resolv.conf and the clock."""

from __future__ import annotations

import re

from diag.model.unavailable import Unavailable
from diag.resources.node_report import OsRelease, ResolverConfig
from diag.sanitize import one_line
from diag.sources.nodes.parsers.answers import NO_COMMAND, NO_FILE, Answer, absent, garbled, no_answer

_RELEASE = re.compile(r"\d+(?:\.\d+)*[\w.+~-]{0,100}")


_MACHINE = re.compile(r"[a-z0-9_]{2,20}")


_LOCKDOWN = re.compile(r"\[(none|integrity|confidentiality)\]")


_EPOCH = re.compile(r"(\d{9,11})(?:\.(\d{1,9}))?")


_FIELD = re.compile(r"([A-Z_]+)=(.*)")


def read_kernel(answer: Answer) -> str | Unavailable:
    """`uname -r`."""
    return no_answer(answer) or _word(answer, _RELEASE, "no kernel release")


def read_architecture(answer: Answer) -> str | Unavailable:
    """`uname -m`: `x86_64`, `aarch64`."""
    return no_answer(answer) or _word(answer, _MACHINE, "no machine name")


def read_page_size(answer: Answer) -> int | Unavailable:
    """`getconf PAGESIZE`, bytes."""
    text = answer.text.strip()
    if text in ("4096", "16384", "65536"):
        return int(text)
    return no_answer(answer) or garbled(f"no page size: {text}")


def read_lockdown(answer: Answer) -> str | Unavailable:
    """/sys/kernel/security/lockdown: the mode in brackets (kernel 5.4 and later)."""
    if failed := no_answer(answer):
        return failed
    match = _LOCKDOWN.search(answer.text)
    return match[1] if match else garbled(answer.text)


def read_clock_skew(answer: Answer, asked_at: float, answered_at: float) -> float | Unavailable:
    """Seconds the node's clock stands outside the time between question and answer; 0.0 while inside.

    `date -u +%s.%N`; busybox prints no fraction, then half a second is allowed for. Times are Unix seconds.
    """
    match = _EPOCH.match(answer.text.strip())
    if match is None:
        return no_answer(answer) or garbled(f"no time: {answer.text}")
    said = float(f"{match[1]}.{match[2] or '5'}")
    grain = 0.0 if match[2] else 0.5
    if said > answered_at + grain:
        return round(said - answered_at, 3)
    return round(min(0.0, said - asked_at + grain), 3)


def read_os_release(answer: Answer) -> OsRelease | Unavailable:
    """os-release(5): shell assignments, values quoted or not."""
    if failed := no_answer(answer):
        return failed
    fields: dict[str, str] = {}
    for line in answer.lines:
        if match := _FIELD.fullmatch(line.strip()):
            fields.setdefault(match[1], one_line(re.sub(r"\\(.)", r"\1", match[2].strip("\"'"))))
    if not fields:
        return garbled("no os-release")
    return OsRelease(fields.get("ID", ""), fields.get("VERSION_ID", ""), fields.get("PRETTY_NAME", ""))


def read_resolver(answer: Answer) -> ResolverConfig | Unavailable:
    """resolv.conf(5)."""
    if failed := no_answer(answer):
        return failed
    servers: list[str] = []
    search: tuple[str, ...] = ()
    for line in answer.lines:
        words = line.split("#")[0].split(";")[0].split()
        if len(words) > 1 and words[0] == "nameserver":
            servers.append(one_line(words[1], 64))
        elif len(words) > 1 and words[0] in ("search", "domain"):
            search = tuple(one_line(word, 255) for word in words[1:33])
    return ResolverConfig(tuple(servers[:16]), search)


def read_tools_version(answer: Answer) -> str | Unavailable:
    """`lctl --version`: `lctl 2.15.8`."""
    match = re.search(r"\blctl\s+(\d[\w.+-]{0,40})", answer.text)
    if match:
        return match[1]
    return no_answer(answer) or (absent("no version") if not answer.text else garbled(answer.text))


def _word(answer: Answer, shape: re.Pattern[str], otherwise: str) -> str | Unavailable:
    text = answer.text.strip()
    return text if shape.fullmatch(text) else garbled(f"{otherwise}: {text}")


def read_mount_helper(answer: Answer) -> str | Unavailable:
    """`mount.lustre -V`: `mount.lustre 2.15.8`; absent where the helper is not installed."""
    if answer.status in (NO_FILE, NO_COMMAND):
        return absent("there is no /sbin/mount.lustre")
    match = re.search(r"\bmount\.lustre\S*\s+(\d+\.\d[\w.+-]{0,40})", answer.text)
    return match[1] if match else no_answer(answer) or garbled(answer.text)
