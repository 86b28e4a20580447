"""What commands print beside their documents, and terminals that cannot show every character."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from diag.cli._output import warn
from tests.test_sanitize import is_command

PROGRAM = str(Path(sys.executable).with_name("lustre-doctor"))
HOSTILE = "\x1b]52;c;cm0gLXJm\x07\x9b2J\u202egnp.exe ::error::x ##vso[task.x]y password=hunter2"
EVENT = 'MountVolume.SetUp failed for volume "fsx-마운트" : mount failed: exit status 22 … – “Invalid argument”'


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [PROGRAM, *arguments], env={**os.environ, **settings}, input=EVENT.encode(), capture_output=True, check=False
    )


def harmless(text: str) -> bool:
    is_plain = not set(text) & set("\x1b\x07\x9b\u202e") and "hunter2" not in text
    return is_plain and not any(map(is_command, text.splitlines()))


def test_a_warning_with_strangers_text_cannot_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    warn(f"the cluster's volumes are not known: {HOSTILE}")
    shown = capsys.readouterr().err
    assert shown.startswith("lustre-doctor: the cluster's volumes") and harmless(shown)


@pytest.mark.parametrize("arguments", [("run", "--pv", HOSTILE), ("explain", HOSTILE), ("run", "--snapshot", HOSTILE)])
def test_an_error_that_repeats_what_was_given_cannot_either(arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert ran.returncode == 2 and ran.stderr and harmless(ran.stderr.decode())


@pytest.mark.parametrize("encoding", ["euc-kr", "cp949", "iso8859-1", "ascii", "utf-8"])
def test_every_terminal_shows_the_report(encoding: str) -> None:
    ran = run("explain", "--all", PYTHONIOENCODING=encoding)
    text = ran.stdout.decode(encoding)
    assert ran.returncode == 0 and ran.stderr == b"", ran.stderr
    assert ("✗" in text) == (encoding == "utf-8") and "Invalid argument" in text
    assert ("마운트" in text) == (encoding in ("utf-8", "euc-kr", "cp949"))


@pytest.mark.parametrize("form", ["json", "html"])
def test_documents_are_utf_8_whatever_the_terminal_is(form: str) -> None:
    ran = run("explain", "--format", form, PYTHONIOENCODING="iso8859-1")
    assert "fsx-마운트" in ran.stdout.decode("utf-8")
