"""Puts an incident's values into the commands and sentences of a runbook."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from diag.knowledge.cause import Cause, Remedy
from diag.model.finding import Fix

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

LONGEST = 300
"""Characters of one value; longer ones are strangers' texts, not names."""


def fill(text: str, values: Mapping[str, str]) -> str:
    """A sentence with its placeholders replaced; one without a value becomes `<name>`."""
    return PLACEHOLDER.sub(lambda match: _value(match[1], values) or _open(match[1]), text)


def fill_command(command: str, values: Mapping[str, str]) -> str:
    """A shell command with its placeholders replaced.

    Values come from strangers' manifests and logs, so each is quoted for a shell; one that does not fit on a line
    (control characters, too long) is left as `<name>`.
    """
    return PLACEHOLDER.sub(lambda match: _quoted(_value(match[1], values)) or _open(match[1]), command)


def fix_of(cause: Cause, values: Mapping[str, str]) -> Fix | None:
    """The cause's safest remedy as a fix, the further ones as its alternatives."""
    if not cause.fix:
        return None
    first, *others = (
        Fix(tuple(_lines(remedy, values)), fill(remedy.changes, values), fill(remedy.undo, values))
        for remedy in cause.fix
    )
    return Fix(first.commands, first.note, first.undo, tuple(others))


def _lines(remedy: Remedy, values: Mapping[str, str]) -> list[str]:
    return [fill_command(line.strip(), values) for line in remedy.command.splitlines() if line.strip()]


def _value(name: str, values: Mapping[str, str]) -> str:
    value = values.get(name, "")
    return value if value.isprintable() and len(value) <= LONGEST else ""


def _quoted(value: str) -> str:
    return shlex.quote(value) if value else ""


def _open(name: str) -> str:
    return f"<{name.replace('_', '-')}>"
