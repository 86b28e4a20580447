"""Holds a redacted case against the run it was made of: the same verdicts, the same causes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

from diag.cli.collect import command as collect
from diag.cli.run import command as run
from tests.lab.faults import FAULTS
from tests.lab.lab import Lab
from tests.lab.variants import VARIANTS

LEVELS = ("shareable", "strict")
WORLDS = (*FAULTS, *VARIANTS)


def invoke(command: click.Command, *arguments: str, env: dict[str, str] | None = None) -> Any:
    """One command in this process; a crash of it is a crash here."""
    ran = CliRunner().invoke(command, list(arguments), env=env or {}, standalone_mode=False)
    if ran.exception is not None:
        raise ran.exception
    return ran


def record(lab: Lab, world: str, folder: Path) -> Path:
    """A snapshot of a world, unredacted."""
    if world in FAULTS:
        lab.load(FAULTS[world].world)
        lab.inject(world)
    else:
        lab.load(world)
    saved = folder / "snapshot.json"
    invoke(run, "--dns-server", lab.env["LUSTRE_DOCTOR_DNS"], "--save", str(saved), env=lab.env)
    return saved


def judged(path: Path) -> dict[str, Any]:
    """The JSON report over a snapshot or case."""
    document: dict[str, Any] = json.loads(invoke(run, "--snapshot", str(path), "--format", "json").stdout)
    return document


def verdicts(report: dict[str, Any]) -> tuple[Counter[tuple[str, ...]], list[tuple[Any, ...]]]:
    """What must not change: how often each check says what, and the causes of each diagnosis."""
    findings = Counter((f["check"], f["verdict"], f["subject"]["kind"], f["cause"]) for f in report["findings"])
    diagnoses = sorted(_causes(diagnosis) for diagnosis in report["diagnoses"])
    return findings, diagnoses


def _causes(diagnosis: dict[str, Any]) -> tuple[Any, ...]:
    causes = [(cause["id"], cause["verdict"]) for cause in diagnosis["causes"]]
    return diagnosis["subject"]["kind"], causes[0][0] if causes else "", tuple(sorted(causes))


def differences(lab: Lab, world: str, level: str, folder: Path) -> list[str]:
    """What a redacted case of a world is judged otherwise; empty when nothing."""
    saved, case = record(lab, world, folder), folder / "case.tar.gz"
    invoke(collect, "--snapshot", str(saved), "--redact", level, "-o", str(case))
    (plain, causes), (redacted, redacted_causes) = verdicts(judged(saved)), verdicts(judged(case))
    told = [f"- {key}" for key in plain - redacted] + [f"+ {key}" for key in redacted - plain]
    return told + [f"diagnosis {key[:2]}" for key in causes if key not in redacted_causes]
