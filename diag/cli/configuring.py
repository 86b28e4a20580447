"""Finds the configuration of a command and lays it under its options: what the command line says counts more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from diag.config.file import PYPROJECT, BadConfig, Config, parse
from diag.declare.check import Check

NAME = "lustre-doctor.toml"
LIMIT = 1 << 20


def config_of(path: str, checks: Sequence[Check], names: frozenset[str]) -> tuple[Config, Path]:
    """The configuration and the folder that its paths count from. A wrong or missing named file is wrong usage."""
    from diag.sources.files import UnreadableFile, read_bounded

    for candidate in (Path(path),) if path else (Path(NAME), Path("pyproject.toml")):
        if not path and not candidate.is_file():
            continue
        try:
            text = read_bounded(str(candidate), LIMIT).decode()
        except (UnreadableFile, UnicodeDecodeError) as error:
            raise click.UsageError(f"--config {candidate}: {error}") from error
        shared = candidate.name == "pyproject.toml"
        if shared and not path and PYPROJECT[1] not in text:
            continue
        try:
            found = parse(text, str(candidate), names, [check.id for check in checks], PYPROJECT if shared else ())
        except BadConfig as error:
            raise click.UsageError(str(error)) from error
        if found != Config() or path or not shared:
            return found, candidate.parent
    return Config(), Path()


def under_options(options: dict[str, Any], config: Config, folder: Path) -> dict[str, Any]:
    """The options with the configuration's values where the command line gave none; runbooks and skips add up."""
    given = click.get_current_context().get_parameter_source
    merged = dict(options)
    for key in ("fail_on", "unknown"):
        if getattr(config, key) and given(key) is click.core.ParameterSource.DEFAULT:
            merged[key] = getattr(config, key)
    merged["only"] = options["only"] or config.only
    merged["skip"] = (*options["skip"], *config.skip)
    merged["folders"] = (*(str(folder / name) for name in config.runbooks), *options["folders"])
    return merged
