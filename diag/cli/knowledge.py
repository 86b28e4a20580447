"""Loads the runbooks for a command, a team's own ones included."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from diag.knowledge.runbooks import Knowledge, load_knowledge


def load(folders: Sequence[str]) -> Knowledge:
    """The built-in causes and those of `folders`; a wrong file is wrong usage, told with its line."""
    from diag.knowledge.front_matter import BadRunbook

    for folder in folders:
        if not Path(folder).is_dir():
            raise click.UsageError(f"--runbooks: there is no folder {folder!r}")
    try:
        return load_knowledge(*(Path(folder) for folder in folders))
    except BadRunbook as error:
        raise click.UsageError(str(error)) from error
