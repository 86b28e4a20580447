"""Which mount options a Lustre client knows."""

from __future__ import annotations

import difflib
import enum
import functools
from collections.abc import Iterable

import msgspec

from diag.knowledge.table import read_table


class Meaning(enum.Enum):
    """What becomes of an option."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    """The client refuses the mount because of it."""
    MISTAKEN = "mistaken"
    """mount.lustre takes it for another word, which it begins with."""
    UNSURE = "unsure"
    """No source says what becomes of it."""


class Option(msgspec.Struct, frozen=True):
    """One option of a volume, read against the table."""

    text: str
    meaning: Meaning
    word: str = ""
    """For a mistaken one the word it is taken for, for an unknown one the nearest known word if there is one."""


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: tuple[str, ...]


class MountOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table, as its file has it."""

    date: str
    source: str
    helper: _Words
    parsed: _Words
    client: _Words
    newer_client: _Words
    fstab: _Words

    @property
    def cited(self) -> str:
        """The source with its date."""
        return f"{self.source} (read {self.date})"


@functools.cache
def mount_options_table() -> MountOptions:
    """The table of mount options."""
    return read_table("mount_options", MountOptions)


def read_options(given: Iterable[str]) -> tuple[Option, ...]:
    """Every option of `mountOptions`, entries with commas taken apart as mount(8) does."""
    return tuple(_read(text.strip()) for entry in given for text in entry.split(",") if text.strip())


def _read(text: str) -> Option:
    table = mount_options_table()
    known = (*table.helper.words, *table.parsed.words, *table.client.words, *table.newer_client.words)
    if any(_is(text, word) for word in known):
        return Option(text, Meaning.KNOWN)
    if any(_is(text, word) or (word.endswith("-") and text.startswith(word)) for word in table.fstab.words):
        return Option(text, Meaning.UNSURE)
    taken_for = max((word for word in table.helper.words if text.startswith(word)), key=len, default="")
    if taken_for:
        return Option(text, Meaning.MISTAKEN, taken_for)
    name = text.partition("=")[0].lower()
    near = difflib.get_close_matches(name, [word.rstrip("=") for word in known], n=1, cutoff=0.75)
    return Option(text, Meaning.UNKNOWN, near[0] if near else "")


def _is(text: str, word: str) -> bool:
    return text.startswith(word) and text != word if word.endswith("=") else text == word
