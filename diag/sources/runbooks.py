"""The knowledge of a command: the built-in runbooks and those of a team's folders."""

from __future__ import annotations

import math
from collections.abc import Iterable

from diag.knowledge.runbooks import Knowledge, TeamFolder, load_knowledge

LARGEST = 4 << 20
"""Bytes of one runbook."""


def load_runbooks(folders: Iterable[str], *, until: float = math.inf) -> Knowledge:
    """The built-in causes and those of `folders`, read by the `time.monotonic()` instant.

    Raises WrongUsage for a folder that cannot be read, and BadRunbook with every mistake of its files.
    """
    return load_knowledge(*(read_team_folder(folder, until=until) for folder in folders))


def read_team_folder(folder: str, *, until: float = math.inf) -> TeamFolder:
    """The runbook files of a folder. Links are followed: Kubernetes mounts a ConfigMap as links."""
    from diag.sources.files import read_folder

    return TeamFolder(folder, read_folder(folder, ".md", LARGEST, until=until))
