"""One run of the command, forked or fresh."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120
"""How long a test waits for a command that should end: long enough for the busiest machine."""

_forked = multiprocessing.get_context("forkserver")
_forked.set_forkserver_preload(["tests.command.warm"])


@dataclass(frozen=True)
class Ran:
    """What one run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document it must be."""
        assert self.out, (self.code, self.err)
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def best(self) -> dict[str, Any]:
        """The first cause of the first diagnosis."""
        cause: dict[str, Any] = self.document["diagnoses"][0]["causes"][0]
        return cause

    def verdicts(self, check: str) -> set[str]:
        """The verdicts of one check."""
        return {finding["verdict"] for finding in self.document["findings"] if finding["check"] == check}


class Process:
    """A command under way. Its standard streams are files, so that it never waits for us."""

    def __init__(
        self, *arguments: str, env: Mapping[str, str | None] | None = None, stdin: str = "", cwd: Path | None = None
    ) -> None:
        """`env` is set on top of this process's environment; None removes a variable."""
        merged = {**os.environ, **(env or {})}
        environment = {key: value for key, value in merged.items() if value is not None}
        self._folder = tempfile.TemporaryDirectory(prefix="lustre-doctor-")
        folder = Path(self._folder.name)
        (folder / "0").write_text(stdin)
        self._process = _forked.Process(
            target=_become, args=(arguments, environment, folder, cwd or Path.cwd()), daemon=True
        )
        self._process.start()

    def send(self, number: int) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def result(self, within: float = PATIENCE_S) -> Ran:
        """What it left behind; a test that waits longer fails."""
        self._process.join(within)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
        out, err = (Path(self._folder.name, name).read_text() for name in ("1", "2"))
        self._folder.cleanup()
        assert code is not None, f"still running after {within} s: {err}"
        assert "Traceback" not in err, err
        return Ran(code, out, err)


def run(
    *arguments: str,
    env: Mapping[str, str | None] | None = None,
    stdin: str = "",
    cwd: Path | None = None,
    fresh: bool = False,
) -> Ran:
    """Run the command to its end; `fresh` in a Python that was not forked, with another seed of its hashes."""
    if not fresh:
        return Process(*arguments, env=env, stdin=stdin, cwd=cwd).result()
    merged = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    ran = subprocess.run(
        [sys.executable, "-m", "diag", *arguments],
        env={key: value for key, value in merged.items() if value is not None},
        input=stdin, capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd=cwd,
    )  # fmt: skip
    assert "Traceback" not in ran.stderr, ran.stderr
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def _become(arguments: tuple[str, ...], environment: dict[str, str], folder: Path, cwd: Path) -> None:
    """The forked process becomes the command: its environment, folder and streams, then its entry point."""
    # A suite that a shell started in the background ignores Ctrl-C, and so would whatever it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    for number, flags in enumerate((os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)):
        opened = os.open(folder / str(number), flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, mode, encoding="utf-8") for n, mode in enumerate("rww"))
    sys.argv = ["lustre-doctor", *arguments]
    from diag.cli import main

    main()
