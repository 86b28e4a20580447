"""What the output of a command says of a mount by what is in it, or not in it."""

from __future__ import annotations

import functools

import msgspec

from diag.knowledge.table import read_table


class CommandOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One command whose output speaks for a cause. Patterns are of Python's `re`."""

    cause: str
    says: str
    command: str
    """A pattern of the command; empty where the output alone tells what it is of."""
    source: str
    word: str = ""
    """In every text that it shows; empty where the command is asked for first."""
    shows: str = ""
    """A pattern of the output; empty where the command has to print nothing."""
    unless: str = ""
    """A pattern that is not in the output."""


class CommandOutputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table."""

    date: str
    nothing: str
    """A pattern for what people write in the place of no output."""
    outputs: tuple[CommandOutput, ...]


@functools.cache
def command_outputs() -> CommandOutputs:
    """The table of commands and their outputs."""
    return read_table("command_outputs", CommandOutputs)
