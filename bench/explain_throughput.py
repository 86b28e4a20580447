"""How fast `explain` reads a large node log, beside `grep -E -c` with one alternation of all signatures.

`python bench/explain_throughput.py [MEGABYTES] [FAULTS_PER_MILLION]`: writes a mixed log to the temporary folder, runs
both in turn (same file, page cache warm), prints the best and median of each and the peak memory of the reader.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from diag.knowledge.runbooks import Knowledge, load_knowledge  # noqa: E402
from tests.symptoms.healthy import healthy_lines  # noqa: E402

ROUNDS = 5
FAULTS = (
    "kernel: [ 1000.100200] LustreError: 16a-d: Server MGS version (2.10.5.0) refused connection from this client with an "
    "incompatible version (2.15.6).  Client must be recompiled",
    "kernel: [ 1000.200200] LustreError: 156-2: The client profile 'ddyezbev-client' could not be read from the MGS.  Does "
    "that filesystem exist?",
    "kernel: [ 1000.300200] LustreError: 12:0:(super25.c:187:lustre_fill_super()) llite: Unable to mount <unknown>: rc = -22",
)


def write_log(path: Path, megabytes: int, faults_per_million: int) -> int:
    """A mixed log: healthy lines, every so often the kernel lines of a refused mount. Returns the number of lines."""
    wanted = megabytes << 20
    written = lines = 0
    gap = 1_000_000 // max(1, faults_per_million)
    # A hundred thousand different lines are repeated: making each afresh would take longer than the measurement.
    pool = [f"{line}\n".encode() for line in healthy_lines(100_000, trouble=0.05)]
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


READER = """
import resource, sys, time
from diag.knowledge.runbooks import load_knowledge
from diag.symptoms.read import read_symptoms
knowledge = load_knowledge()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
report = read_symptoms([sys.argv[1]], knowledge)
print(time.perf_counter() - start, len(report.groups), report.lines_read, before >> 10,
      resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""


def main() -> None:
    """Runs the comparison and prints it."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    faults = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as folder:
        log, patterns = Path(folder) / "node.log", Path(folder) / "signatures"
        lines = write_log(log, megabytes, faults)
        patterns.write_text(alternation(load_knowledge()), "utf-8")
        greps: list[float] = []
        reads: list[float] = []
        told = ""
        for _ in range(ROUNDS):
            start = time.perf_counter()
            grep = subprocess.run(
                ["grep", "-E", "-c", "-f", str(patterns), str(log)], capture_output=True, text=True, check=False
            )
            greps.append(time.perf_counter() - start)
            if grep.returncode > 1:
                sys.exit(grep.stderr)
            start = time.perf_counter()
            told = subprocess.run(
                [sys.executable, "-c", READER, str(log)], cwd=ROOT, capture_output=True, text=True, check=True
            ).stdout
            reads.append(time.perf_counter() - start)
        _, groups, seen, before, peak = told.split()
        print(
            f"{megabytes} MiB, {lines} lines, {grep.stdout.strip()} of them matched by grep; explain: {groups} groups"
        )
        print(f"grep -E -c      best {min(greps):6.2f} s  median {statistics.median(greps):6.2f} s")
        print(f"explain (all)   best {min(reads):6.2f} s  median {statistics.median(reads):6.2f} s, read {seen} lines")
        print(
            f"explain / grep  {statistics.median(reads) / statistics.median(greps):.2f} of grep's time (at most 2.00)"
        )
        print(f"memory          {before} MiB before reading, {peak} MiB at the peak")


if __name__ == "__main__":
    main()
