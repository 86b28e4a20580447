"""Plugins of third parties in a whole run: each costs only its own answer, and standard output stays one document."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HEALTHY = ROOT / "examples" / "mended"


class Plugins:
    """A folder of installed plugins, and the command as it runs with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, text: str) -> None:
        """Install a module, as a wheel does."""
        (self.folder / f"{name}.py").write_text("from diag import *\n" + text)
        about = self.folder / f"{name}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[lustre_doctor.checks]\n{name} = {name}\n")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Any command, without a cluster or an account."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "KUBE"))}
        environment |= {"PYTHONPATH": os.pathsep.join((str(ROOT), str(self.folder))), "HOME": str(self.folder)}
        environment["AWS_EC2_METADATA_DISABLED"] = "true"
        command = [sys.executable, "-m", "diag", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)

    def report(self, *arguments: str) -> dict[str, Any]:
        """The report of an offline run over healthy manifests; standard output holds nothing else."""
        ran = self.command("run", "--offline", "-f", str(HEALTHY), "--format", "json", *arguments)
        assert "Traceback" not in ran.stderr, ran.stderr
        document: dict[str, Any] = json.loads(ran.stdout)
        return document


@pytest.fixture
def plugins(tmp_path: Path) -> Plugins:
    return Plugins(tmp_path)


def a_check(body: str, id: str = "theirs", signature: str = "(manifest_set: object)") -> str:
    return f"""
@check("{id}", layer=Layer.REQUEST)
def rule{signature}:
    '''It holds.'''
    {body}
    yield ok(Subject(Kind.CLUSTER, "x"), "it holds")
"""


def healthy_without(document: dict[str, Any], *checks: str) -> dict[str, str]:
    return {f["check"]: f["verdict"] for f in document["findings"] if f["check"] not in checks}


def test_a_good_one_is_a_check_like_any_other(plugins: Plugins) -> None:
    plugins.install("good", a_check("pass"))
    document = plugins.report()
    assert document["errors"] == []
    assert [f["message"] for f in document["findings"] if f["check"] == "theirs"] == ["it holds"]


BAD = {
    "absent": ("import no.such.module", "plugin absent (absent) cannot be loaded: ModuleNotFoundError"),
    "leaving": ("raise SystemExit(3)", "plugin leaving (leaving) cannot be loaded: SystemExit: 3"),
    "nameless": (a_check("pass", "nameless", "(manifest_set)"), "its parameter 'manifest_set' has no annotation"),
    "unknown": (a_check("pass", "unknown", "(nothing: object)"), "no fact 'nothing'"),
    "exiting": (a_check("raise SystemExit(3)", "exiting"), "check exiting (exiting) crashed"),
    "quitting": (a_check("import os; os._exit(0)", "quitting"), "check quitting (quitting) gave a malformed finding"),
    "thief": (a_check("pass", "mountname-match"), "checks.request.mountname_match has one of that name"),
    "speaking": (
        a_check("pass", "speaking").replace("REQUEST)", "REQUEST, speaks_for='their-cause')"),
        "check speaking names the cause 'their-cause', which no runbook has",
    ),
    "printing": (a_check("print('hello', flush=True); 1 / 0", "printing"), "check printing (printing) crashed"),
    "shouting": ("print('hello', flush=True); raise ValueError('odd')", "cannot be loaded: ValueError: odd"),
}


def test_every_bad_one_is_reported_and_costs_nothing_else(plugins: Plugins) -> None:
    alone = plugins.report()
    for name, (text, _) in BAD.items():
        plugins.install(name, text)
    plugins.install("good", a_check("pass"))
    document = plugins.report()
    assert healthy_without(document, "theirs", *BAD) == healthy_without(alone)
    assert "theirs" in {f["check"] for f in document["findings"]}
    messages = "\n".join(error["message"] for error in document["errors"])
    assert {name for name, (_, message) in BAD.items() if message not in messages} == set()
    assert len(document["errors"]) == len(BAD)
    assert document["exit_code"] == 1


HOLD = "import re; re.match(r'(a+)+$', 'a' * 60 + 'b')"


def test_a_check_that_holds_the_interpreter_is_left_behind(plugins: Plugins) -> None:
    plugins.install("stuck", a_check(HOLD, "stuck"))
    plugins.install("good", a_check("pass"))
    document = plugins.report("--deadline", "3")
    assert "theirs" in {f["check"] for f in document["findings"]}
    assert ["did not return within" in error["message"] for error in document["errors"]] == [True]


FACT = f"""
@fact()
def held(taken_at: str) -> int:
    {HOLD}
    return 1
"""


@pytest.mark.parametrize("text", [HOLD, FACT + a_check("pass", signature="(held: int)")], ids=["a module", "a fact"])
def test_what_holds_the_interpreter_elsewhere_ends_the_process(plugins: Plugins, text: str) -> None:
    """Nothing else could: no other thread gets its turn."""
    plugins.install("stuck", text)
    ran = plugins.command("run", "--only", "theirs", "--deadline", "2")
    assert ran.returncode == 1
    assert 'stuck.py", line' in ran.stderr


NOISE = "import os, subprocess; os.write(1, b'noise'); subprocess.run(['echo', 'noise'], check=True)"

NOISY_FACT = f"""
@fact()
def noisy(taken_at: str) -> int:
    {NOISE}
    return 1
"""


@pytest.mark.parametrize(
    "text", [NOISE + a_check("pass"), NOISY_FACT + a_check("pass", signature="(noisy: int)"), a_check(NOISE)],
    ids=["a module", "a fact", "a check"],
)  # fmt: skip
def test_what_writes_to_the_descriptor_itself_writes_to_standard_error(plugins: Plugins, text: str) -> None:
    plugins.install("noisy", text)
    ran = plugins.command("run", "--offline", "-f", str(HEALTHY), "--format", "json")
    assert [f["message"] for f in json.loads(ran.stdout)["findings"] if f["check"] == "theirs"] == ["it holds"]
    assert ran.stderr.count("noise") == 2


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_crash(plugins: Plugins, tmp_path: Path, closed: str) -> None:
    line = f'"$0" -m diag run --offline -f "$1" --output json={tmp_path}/report {closed}'
    ran = subprocess.run(["sh", "-c", line, sys.executable, HEALTHY], capture_output=True, text=True, cwd=ROOT)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads((tmp_path / "report").read_text())["exit_code"] == 0
