"""The same failure as others would have pasted it: other names and versions, wrapped, stamped, quoted, redacted."""

from __future__ import annotations

import random
import re
import textwrap
from collections.abc import Callable

_HEX = "0123456789abcdef"


def renamed(text: str, dice: random.Random) -> str:
    """Other file systems, addresses, nodes, pods, versions and kernels, each replaced by the same one throughout."""
    chosen: dict[str, str] = {}

    def other(make: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            return chosen.setdefault(match[0], make(match[0]))

        return replace

    def hex_like(old: str) -> str:
        return "".join(dice.choice(_HEX) if char in _HEX else char for char in old)

    text = re.sub(r"\bfs-[0-9a-f]{17}\b", other(lambda old: "fs-" + hex_like(old[3:])), text)
    text = re.sub(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", other(hex_like), text)
    text = re.sub(r"\b[a-z2-7]{5}bev\b|\b[a-z2-7]{5}bmv\b", other(lambda _: _name(dice)), text)
    text = re.sub(
        r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?=@)",
        other(lambda _: f"10.{dice.randrange(256)}.{dice.randrange(256)}.9"),
        text,
    )
    text = re.sub(r"\(2\.10\.\d\.\d\)", other(lambda _: f"(2.10.{dice.randrange(9)}.{dice.randrange(9)})"), text)
    text = re.sub(r"\(2\.15\.\d\)", other(lambda _: f"(2.15.{dice.randrange(4, 9)})"), text)
    text = re.sub(
        r"\b\d\.\d{1,2}\.\d{1,3}-1\d{3}-aws\b", other(lambda _: f"6.8.0-1{dice.randrange(100, 999)}-aws"), text
    )
    text = re.sub(r"\b(?:us|eu|ap)-(?:east|west|northeast)-\d\b", other(lambda _: dice.choice(_REGIONS)), text)
    return re.sub(r"(?<=volume \")[\w-]+(?=\")", other(lambda _: f"pv-{_name(dice)}"), text)


def wrapped_at_words(text: str, dice: random.Random) -> str:
    """As a mail program or a chat wraps it, continuation lines indented."""
    width = dice.choice((60, 72, 88))
    return "\n".join(
        textwrap.fill(line, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    )


def wrapped_by_terminal(text: str, dice: random.Random) -> str:
    """As a terminal of fixed width cuts it, inside words too."""
    width = dice.choice((80, 100, 120))
    return "\n".join(
        line[place : place + width] for line in text.splitlines() for place in range(0, max(1, len(line)), width)
    )


def from_windows(text: str, _: random.Random) -> str:
    """CRLF line ends, colours and typographic quotes."""
    coloured = "\r\n".join(f"\x1b[31m{line}\x1b[0m" for line in text.splitlines())
    return coloured.replace("Can't", "Can’t")


def in_journal(text: str, dice: random.Random) -> str:
    """Every message with the stamp, host and program of a journal; lines that continue one stay bare."""
    host = f"ip-10-0-{dice.randrange(256)}-{dice.randrange(256)}"
    lines = []
    for number, line in enumerate(text.splitlines()):
        begins = number == 0 or re.match(r"\[|Lustre|LNet|mount[.:]|[IWEF]\d{4} ", line)
        line = re.sub(r"^\[ *\d+\.\d+\] ", "", line)
        lines.append(f"Nov 24 06:4{number % 10}:07 {host} kernel: {line}" if begins else line)
    return "\n".join(lines)


def without_tags(text: str, _: random.Random) -> str:
    """The numeric tags and the place in the source cut out, as people do and newer clients print."""
    text = re.sub(r"\b[0-9a-f]{2,3}-[0-9a-f]: ", "", text)
    return re.sub(r"\b\d+:\d+:\((\w+\.c):\d+:", r"(\1:123:", text)


def quoted(text: str, _: random.Random) -> str:
    """Inside a driver's structured log line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'E1124 06:48:01.123456       1 driver.go:105] "GRPC error" err="{escaped}"'


def redacted(text: str, _: random.Random) -> str:
    """Names and addresses taken out."""
    text = re.sub(r"\bfs-[0-9a-f]{17}\b", "fs-***", text)
    return re.sub(r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?=@)", "<redacted>", text)


def amid_noise(text: str, _: random.Random) -> str:
    """Between lines that have nothing to do with it."""
    before = 'I1124 06:48:00.000001    1234 kubelet.go:2430] "SyncLoop ADD" source="api"\n'
    return f"{before}\n{text}\n\n{before}"


VARIANTS: dict[str, Callable[[str, random.Random], str]] = {
    "renamed": renamed,
    "wrapped at words": wrapped_at_words,
    "wrapped by a terminal": wrapped_by_terminal,
    "from Windows": from_windows,
    "in a journal": in_journal,
    "without tags": without_tags,
    "quoted in a log": quoted,
    "redacted": redacted,
    "amid noise": amid_noise,
}

_REGIONS = ("us-east-1", "eu-west-1", "ap-northeast-2", "sa-east-1", "eu-central-1")


def _name(dice: random.Random) -> str:
    return "".join(dice.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(5)) + "bev"


def variants(text: str, seed: int) -> dict[str, str]:
    """Every variant of a text by its kind; all but the first also carry other names."""
    dice = random.Random(seed)
    return {kind: make(renamed(text, dice), dice) for kind, make in VARIANTS.items()}
