"""How fast `explain` reads a large node log, beside `grep -E -c`.

`python -m bench explain_throughput [MEGABYTES]`, 1 GiB if not given. Grep gets one alternation
of all signatures on a short log, because it takes minutes for more, and one of their plain texts alone on the whole log.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

from bench.timing import median_ms, paired, ratio
from diag.knowledge.runbooks import Knowledge, load_knowledge, texts_to_find
from tests.texts.healthy import healthy_lines

ROOT = Path(__file__).parent.parent

ROUNDS = 3
SHORT = 20
"""MiB for the whole signatures: grep needs minutes for a hundred."""
FAULTS_PER_MILLION = 200
# Written to /dev/null, grep stops at the first match: a pipe makes it count.
GREP = ["sh", "-c", 'grep $0 -E -c -f "$1" "$2" | cat']
FAULTS = (
    "kernel: [ 1000.100200] LustreError: 16a-d: Server MGS version (2.10.5.0) refused connection from this client with an "
    "incompatible version (2.15.6).  Client must be recompiled",
    "kernel: [ 1000.200200] LustreError: 156-2: The client profile 'ddyezbev-client' could not be read from the MGS.  Does "
    "that filesystem exist?",
    "kernel: [ 1000.300200] LustreError: 12:0:(super25.c:187:lustre_fill_super()) llite: Unable to mount <unknown>: rc = -22",
)


def write_log(path: Path, megabytes: int, faults_per_million: int) -> int:
    """A mixed log: healthy lines, every so often the kernel lines of a refused mount. Returns the number of lines.

    One line in fifty speaks of Lustre (a mount and its driver's calls every few seconds), one in twenty is somebody
    else's failure.
    """
    wanted = megabytes << 20
    written = lines = 0
    gap = 1_000_000 // max(1, faults_per_million)
    # A hundred thousand different lines are repeated: making each afresh would take longer than the measurement.
    every = [f"{line}\n".encode() for line in healthy_lines(150_000, trouble=0.05)]
    about = [line for line in every if _ABOUT_LUSTRE.search(line)]
    pool = [line for line in every if not _ABOUT_LUSTRE.search(line)]
    pool[::50] = about[: len(pool[::50])]
    with path.open("wb") as file:
        while written < wanted:
            for line in pool:
                written += file.write(line)
                lines += 1
                if lines % gap == 0:
                    stamp = line[:32]
                    for fault in FAULTS:
                        written += file.write(stamp + b" ip-10-0-1-11 " + fault.encode() + b"\n")
                        lines += 1
                if written >= wanted:
                    break
    return lines


_ABOUT_LUSTRE = re.compile(rb"(?i)lustre|lnet|fsx|@tcp")


def as_extended(pattern: str) -> str:
    """An RE2 pattern in POSIX extended syntax, as near as it gets."""
    pattern = re.sub(r"\(\?P<\w+>|\(\?[ims]*:", "(", pattern)
    pattern = re.sub(r"\(\?[ims]+\)", "", pattern)
    pattern = re.sub(r"([*+?}])\?", r"\1", pattern)
    # Large counts make grep's automaton explode (hours for a gigabyte); `*` is what a person would write.
    pattern = re.sub(r"\{\d*,?(?:\d{2,}|)\}", "*", pattern)

    def token(match: re.Match[str]) -> str:
        text = match[0]
        if text[0] == "[":
            return text.replace(r"\d", "0-9").replace(r"\w", "A-Za-z0-9_").replace(r"\s", "[:space:]").replace("\\", "")
        return _OUTSIDE.get(text, text)

    return re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", token, pattern)


_OUTSIDE = {r"\d": "[0-9]", r"\S": "[^[:space:]]", r"\s": "[[:space:]]", r"\'": "'", r"\"": '"', r"\-": "-", r"\/": "/"}


def alternation(knowledge: Knowledge) -> str:
    """All signatures as one pattern for grep -E."""
    patterns = dict.fromkeys(
        pattern
        for cause in knowledge.causes.values()
        for signature in cause.signatures
        for pattern in (signature.pattern, *signature.all)
        if pattern
    )
    return "|".join(f"({as_extended(pattern)})" for pattern in patterns)


def plain_alternation(knowledge: Knowledge) -> str:
    """Only the plain texts that the signatures demand: far less work for grep, and no answer as to the cause."""
    return "|".join(re.sub(r"[][.*+?(){}^$|\\]", r"\\\g<0>", text) for text in texts_to_find(knowledge))


READER = """
import sys
from diag.knowledge.runbooks import load_knowledge
from diag.sources.texts.streams import Texts
from diag.texts.symptoms import read_symptoms
assert read_symptoms(Texts([sys.argv[1]]), load_knowledge()).groups
"""


def main() -> None:
    """Runs the comparison and prints it."""
    megabytes = next((int(given) for given in sys.argv[1:] if given.isdecimal()), 1024)
    knowledge = load_knowledge()
    with tempfile.TemporaryDirectory() as folder:
        log, short = Path(folder) / "node.log", Path(folder) / "short.log"
        lines = write_log(log, megabytes, FAULTS_PER_MILLION)
        write_log(short, SHORT, FAULTS_PER_MILLION)
        plain, whole = Path(folder) / "plain", Path(folder) / "whole"
        plain.write_text(plain_alternation(knowledge), "utf-8")
        whole.write_text(alternation(knowledge), "utf-8")
        print(f"{megabytes} MiB, {lines} lines; memory is of the whole process")
        reader = [sys.executable, "-c", READER]
        _tell(
            "grep -E -c, plain texts",
            [*GREP, "-i", str(plain), str(log)],
            [*reader, str(log)],
            megabytes,
            ROUNDS,
        )
        _tell("grep -E -c, signatures", [*GREP, "-H", str(whole), str(short)], [*reader, str(short)], SHORT, 1)


def _tell(name: str, grep: list[str], reader: list[str], megabytes: int, rounds: int) -> None:
    ours, theirs = paired(reader, grep, rounds=rounds, env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C"})
    mine, other = median_ms(ours) / 1000, median_ms(theirs) / 1000
    print(
        f"{name:<26} {other:7.2f} s ({megabytes / other:6.1f} MiB/s); explain {mine:6.2f} s ({megabytes / mine:6.1f} "
        f"MiB/s), peak {max(run.peak_mib for run in ours):.0f} MiB; explain takes {ratio(ours, theirs):.2f} of its time"
    )


if __name__ == "__main__":
    main()
