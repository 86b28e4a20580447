"""The real command in a process of its own, against the lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.lab import Lab


@dataclass(frozen=True)
class Ran:
    """What one run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document it must be."""
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


@dataclass(frozen=True)
class Doctor:
    """`lustre-doctor` with the lab's environment."""

    lab: Lab

    def __call__(
        self, *arguments: str, env: dict[str, str | None] | None = None, stdin: str = "", timeout: float = 60
    ) -> Ran:
        """Run the command; `env` overrides, None removes a variable."""
        merged: dict[str, str | None] = {**os.environ, **self.lab.env, **(env or {})}
        environment = {key: value for key, value in merged.items() if value is not None}
        dns = ["--dns-server", self.lab.env["LUSTRE_DOCTOR_DNS"]] if arguments[:1] == ("run",) else []
        ran = subprocess.run(
            [sys.executable, "-m", "diag", *arguments[:1], *dns, *arguments[1:]],
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(scope="module")
def one_lab() -> Iterator[Lab]:
    with Lab.start(world="incident") as lab:
        yield lab


@pytest.fixture
def lab(one_lab: Lab) -> Lab:
    """The incident, as new."""
    one_lab.load("incident")
    return one_lab


@pytest.fixture
def doctor(lab: Lab) -> Doctor:
    return Doctor(lab)
