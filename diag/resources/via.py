"""The ways into a node, by name."""

from __future__ import annotations

import enum


class Via(enum.Enum):
    """The way in through which a node was read, in the order in which `--via auto` tries them.

    Each has a module of its name in `diag.sources.nodes`, with a function `open_way`.
    """

    LOCAL = "local"
    EXEC = "exec"
    SSM = "ssm"
    SSH = "ssh"
