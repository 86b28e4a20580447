"""What the gate says of files of public repositories, held against the log of what a person read of each verdict.

`python -m tests.gate.public_files FOLDER` judges the files again, from clones at FOLDER/<owner>/<name>, and prints what
differs. None of the files is in this repository.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from diag.cli.run import command
from diag.model.verdict import Verdict
from diag.run.execute import execute
from diag.run.report import report_on
from diag.run.request import build_request

LOG = Path(__file__).with_name("public_files.tsv")
SEVERE = (Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN)


class Judged(NamedTuple):
    """One row of the log."""

    repository: str
    commit: str
    path: str
    code: str
    findings: str
    judgement: str
    """`right`, or what was wrong when the file was first read, and is right since."""


def read_log() -> list[Judged]:
    """The rows, without the comments at the head."""
    lines = [line for line in LOG.read_text().splitlines() if not line.startswith("#")]
    return [Judged(*row) for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def verdict_on(path: Path) -> tuple[str, str]:
    """The exit code and the findings by check, as the log has them."""
    request = build_request(command.make_context("run", ["-f", str(path), "--offline"]).params)
    report = report_on(execute(request), request)
    found = Counter(f"{f.verdict.value} {f.check}" for f in report.findings if f.verdict in SEVERE)
    return str(int(report.exit_code)), ", ".join(f"{n} {what}" for what, n in sorted(found.items())) or "-"


def main(folder: Path) -> int:
    """Judge every single file of the log again; 1 where a verdict is another."""
    differ = 0
    for row in read_log():
        clone = folder / row.repository
        commit = row.commit.split()[-1]
        asked = ["git", "-C", str(clone), "show", f"{commit}:{row.path}"]
        shown = subprocess.run(asked, capture_output=True, check=False)
        if not clone.is_dir() or shown.returncode or shown.stdout.startswith(b"tree "):
            continue  # a folder, or what a program renders
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / Path(row.path).name
            path.write_bytes(shown.stdout)
            now = verdict_on(path)
        if now != (row.code, row.findings):
            differ += 1
            print(f"{row.repository} {row.path}: was {row.code} {row.findings}, is {now[0]} {now[1]}")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
