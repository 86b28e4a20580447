"""What a person sees in a terminal, at 60, 80 and 160 columns.

`python -m tests.reports.test_screen` writes the files in `screens/` again; look at them before you commit them.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.reports.report import AccountFileSystem, Coverage, Report, Selection
from diag.reports.terminal import Style, wrap
from diag.reports.text import status_lines, to_short_text, to_text
from diag.sanitize import in_ascii
from tests.html import reports as made
from tests.reports.made import finding, report

ROOT = Path(__file__).parents[2]
SCREENS = Path(__file__).parent / "screens"
WIDTHS = (60, 80, 160)
NO_KUBECONFIG = Unavailable(
    "kubeconfig", Reason.ABSENT, "/home/kim/.kube/config does not exist", remedy="give --kubeconfig and --context"
)


def unreachable(**fields: object) -> Report:
    """A run that could ask no cluster."""
    stopped = (finding(Verdict.UNKNOWN, check=f"check-{n}", unavailable=(NO_KUBECONFIG,)) for n in range(9))
    return report(*stopped, exit_code=5, coverage=Coverage(checks=9, questions=9, unknown=9), cluster="", **fields)


ACCOUNT = (
    AccountFileSystem("fs-0123456789abcdef0", "AVAILABLE", "2.10", "SCRATCH_2", 1200, {"2.15": ("Amazon Linux 2023",)}),
)
REPORTS = {
    "broken": made.BROKEN,
    "healthy": made.HEALTHY,
    "warned": made.WARNED,
    "no-kubeconfig": unreachable(),
    "account-alone": unreachable(account=ACCOUNT),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_fills_the_screen_that_was_looked_at(name: str, width: int) -> None:
    assert to_text(REPORTS[name], Style(width)) == (SCREENS / f"{name}-{width}.txt").read_text()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", REPORTS)
def test_lines_fit_but_for_what_is_copied(name: str, width: int) -> None:
    for line in to_text(REPORTS[name], Style(width)).splitlines():
        assert (
            len(line) <= width or max(map(len, line.split())) > width - 20 or "aws " in line or "lustre-doctor " in line
        )


def test_one_broken_mount_fits_a_screen_and_nothing_is_said_twice() -> None:
    shown = to_text(made.BROKEN, Style(80))
    assert len(shown.splitlines()) <= 32
    headline = made.BROKEN.diagnoses[0].headline
    assert " ".join(shown.split()).count(headline) == 1


def test_a_healthy_cluster_is_five_lines() -> None:
    assert len(to_text(made.HEALTHY, Style(80)).splitlines()) <= 5


def test_what_is_missing_is_said_first_and_once() -> None:
    shown = to_text(unreachable(), Style(160))
    assert shown.startswith("? kubeconfig: absent; /home/kim/.kube/config does not exist; 9 checks could not run\n")
    assert shown.count("kubeconfig: absent") == 1 and "check-1" not in shown
    assert Layer.REQUEST.value not in shown, "a layer that nobody asked has no line"


def test_the_short_text_names_what_is_missing_too() -> None:
    shown = to_short_text(unreachable(), Style(160))
    assert shown.splitlines()[0].startswith("? kubeconfig: absent") and "give --kubeconfig" in shown
    assert len(shown.splitlines()) < len(to_text(made.BROKEN, Style(160)).splitlines())


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("AWS credentials", "2 checks failed, AWS not asked"),
        ("kubeconfig", "2 checks failed, Kubernetes not asked"),
        ("Kubernetes API server https://k.example", "2 checks failed, Kubernetes not asked"),
        ("security group sg-1", "2 checks failed"),
    ],
)
def test_the_verdict_says_which_side_was_not_asked(what: str, words: str) -> None:
    missing = Unavailable(what, Reason.DENIED, "none were found", remedy="log in")
    shown = msgspec.structs.replace(made.BROKEN, unavailable=(missing,))
    assert f"{words}:" in " ".join(status_lines(shown, Style(160)))


@pytest.mark.parametrize(
    ("selection", "words"),
    [(Selection.USUAL, "Healthy"), (Selection.SOME, "Passed"), (Selection.LEFTOVERS, "Nothing is left over")],
)
def test_only_a_run_of_all_usual_checks_calls_a_cluster_healthy(selection: Selection, words: str) -> None:
    shown = to_text(msgspec.structs.replace(made.HEALTHY, selection=selection), Style(160))
    assert f"{words}:" in shown
    assert ("request" in shown) == (selection is not Selection.LEFTOVERS)


def test_a_command_within_a_sentence_stays_on_one_line() -> None:
    text = "give --kubeconfig and --context, or run `aws eks update-kubeconfig --name <cluster>` and again"
    assert any(
        "`aws eks update-kubeconfig --name <cluster>`" in line for line in wrap(text, Style(60), "  do  ", "      ")
    )


def test_the_account_alone_says_which_clients_a_file_system_refuses() -> None:
    shown = to_text(unreachable(account=ACCOUNT), Style(160))
    assert "fs-0123456789abcdef0  SCRATCH_2, AVAILABLE, Lustre 2.10, 1200 GiB" in shown
    assert "refuses 2.15 clients: Amazon Linux 2023" in shown
    assert "lustre-doctor run --file-system fs-0123456789abcdef0" in shown


def test_the_last_lines_say_what_is_broken_why_and_what_to_run_next() -> None:
    broken = made.BROKEN
    *_, what, following = status_lines(broken, Style(160))
    cause = broken.diagnoses[0].best
    assert cause is not None and cause.id in what and str(broken.diagnoses[0].subject) in what
    assert following.split(maxsplit=1) == ["next", f"lustre-doctor runbook {cause.id}"]


def test_colour_changes_no_letter() -> None:
    plain, coloured = (to_text(made.BROKEN, Style(80, colour=colour)) for colour in (False, True))
    assert coloured != plain and re.sub(r"\x1b\[\d*m", "", coloured) == plain


EVENT = """\
Warning  FailedMount  12s (x9)  kubelet  MountVolume.SetUp failed for volume "fsx-마운트" : rpc error: code = Internal
desc = Could not mount "fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com@tcp:/abcdebev": mount failed: exit status 19
Are the lustre modules loaded?
"""
TERMINALS = {
    "xterm": {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"},
    "dumb": {"TERM": "dumb", "PYTHONIOENCODING": "utf-8"},
    "euc-kr": {"TERM": "xterm-256color", "PYTHONIOENCODING": "euc-kr", "NO_COLOR": "1"},
}


def in_terminal(name: str) -> bytes:
    """What a real terminal of 80 columns gets as the last lines of an explanation."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "diag", "explain", "-q", "-"],
        env=environment | TERMINALS[name], stdin=subprocess.PIPE, stdout=theirs, stderr=theirs, cwd=ROOT,
    )  # fmt: skip
    os.close(theirs)
    assert process.stdin is not None
    process.stdin.write(EVENT.encode(TERMINALS[name]["PYTHONIOENCODING"]))
    process.stdin.close()
    seen = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while piece := os.read(ours, 65536):
            seen += piece
    os.close(ours)
    assert process.wait() == 0
    # The progress erases itself.
    return re.sub(rb"\r\x1b\[K(?:read: [^\r\n]*)?", b"", seen).replace(b"\r\n", b"\n")


def in_korean(shown: Report) -> str:
    """A report as a terminal shows it that has no marks beyond those of EUC-KR."""
    text = to_text(shown, Style(80))
    return "".join(letter if encodes(letter) else str(in_ascii(misfit(letter))[0]) for letter in text)


def encodes(letter: str) -> bool:
    with contextlib.suppress(UnicodeEncodeError):
        return bool(letter.encode("euc-kr"))
    return False


def misfit(letter: str) -> UnicodeEncodeError:
    return UnicodeEncodeError("euc-kr", letter, 0, 1, "no such letter")


@pytest.mark.parametrize("name", ["broken", "warned"])
def test_a_korean_terminal_shows_the_screen_that_was_looked_at(name: str) -> None:
    assert in_korean(REPORTS[name]) == (SCREENS / f"{name}-euc-kr.txt").read_text()


@pytest.mark.parametrize("name", TERMINALS)
def test_a_real_terminal_shows_the_screen_that_was_looked_at(name: str) -> None:
    shown = in_terminal(name)
    assert shown.decode(TERMINALS[name]["PYTHONIOENCODING"]) == (SCREENS / f"explain-{name}.txt").read_text()
    assert (b"\x1b" in shown) == (name == "xterm")


if __name__ == "__main__":
    SCREENS.mkdir(exist_ok=True)
    for name, shown in REPORTS.items():
        for width in WIDTHS:
            (SCREENS / f"{name}-{width}.txt").write_text(to_text(shown, Style(width)))
    for name, settings in TERMINALS.items():
        shown = in_terminal(name).decode(settings["PYTHONIOENCODING"])
        (SCREENS / f"explain-{name}.txt").write_text(shown)
    for name in ("broken", "warned"):
        (SCREENS / f"{name}-euc-kr.txt").write_text(in_korean(REPORTS[name]))
