"""How fast `explain` reads a log of nothing but Lustre: `python -m bench explain_dense [LINES]`, 150,000 if not given.

Two logs: one of every message of the client's and LNet's sources (some 3,000 kinds of lines), one of 60 kinds. In both
every number and address differs from line to line; a node mounts a few file systems.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.timing import once
from tests.messages.instances import instances

_NUMBER = re.compile(r"\b\d{2,}\b|\b[0-9a-f]{8,}\b|\b\d{1,3}(?:\.\d{1,3}){3}\b")
_NAME = re.compile(r"\b(?!lustre\b)[a-z0-9]{8}(?=-(?:client|MDT|OST|mdc|osc))")
_FILE_SYSTEMS = 6
_CONSOLE = re.compile(r"(?:Lustre|LNet)(?:Error)?: ")


def kinds() -> list[str]:
    """One line of each message that the kernel's log can hold."""
    return [one.text for file in ("lustre", "lnet") for one in instances(file) if _CONSOLE.match(one.text)]


def write_log(path: Path, texts: Sequence[str], lines: int, seed: int = 7) -> None:
    """So many lines of these texts, as `dmesg` after syslog prints them, no two alike."""
    dice = random.Random(seed)

    def number(found: re.Match[str]) -> str:
        text = found[0]
        if "." in text:
            return f"10.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randrange(1, 255)}"
        if text.isdigit():
            return text if len(text) <= 3 else str(dice.randrange(10 ** (len(text) - 1), 10 ** len(text)))
        return f"{dice.getrandbits(4 * len(text)):0{len(text)}x}"

    names = [f"{dice.getrandbits(24):06x}ev" for _ in range(_FILE_SYSTEMS)]

    def name(found: re.Match[str]) -> str:
        return dice.choice(names)

    with path.open("w", encoding="utf-8") as file:
        for line in range(lines):
            second = line // 3
            text = _NAME.sub(name, _NUMBER.sub(number, dice.choice(texts)))
            stamp = f"Nov {23 + second // 86400:2d} {second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
            file.write(f"{stamp} ip-10-0-1-11 kernel: [{line / 3 + 1000:12.6f}] {text}\n")


def main() -> None:
    """Prints time, CPU time and memory of both."""
    lines = next((int(given) for given in sys.argv[1:] if given.isdecimal()), 150_000)
    program = str(Path(sys.executable).parent / "lustre-doctor")
    every = kinds()
    with tempfile.TemporaryDirectory() as folder:
        for texts in (every, random.Random(1).sample(every, 60)):
            log = Path(folder) / "messages"
            write_log(log, texts, lines)
            took = min((once([program, "explain", str(log)]) for _ in range(3)), key=lambda run: run.cpu_s)
            print(
                f"{lines} lines of {len(texts)} kinds, {log.stat().st_size >> 20} MiB: {took.wall_s:.2f} s, "
                f"{took.cpu_s:.2f} s of CPU time, {took.peak_mib:.0f} MiB"
            )


if __name__ == "__main__":
    main()
