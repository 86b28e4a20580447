"""One error in all its spellings: exit status 22, `rc = -22`, EINVAL, `Invalid argument` and what other languages say.

A signature names an error once (`errno: EINVAL`). `errors_pattern` writes that out for English texts, as one pattern
beside the signature's others; `translations` are what a text is put into English with before it is matched.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

import msgspec

from diag.knowledge.table import read_table


class Error(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One error number of Linux."""

    name: str
    """`EINVAL`."""
    number: int
    message: str
    """What glibc's strerror says in English."""
    also: tuple[str, ...] = ()
    """How other C libraries word it."""


class _Errors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    date: str
    errors: tuple[Error, ...]


class _Translations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    date: str
    strerror: dict[str, tuple[str, ...]]
    mount: dict[str, tuple[str, ...]]
    retold: dict[str, tuple[str, ...]]
    """As people and other programs put it, who have no catalogue of messages."""


NOT_AN_ERRNO = frozenset({1, 8, 32, 64})
"""Exit statuses that are mount's own where it calls no helper: usage, interrupted, failed, some succeeded. Source:
mount(8), util-linux 2.42, "EXIT STATUS"; 2, 4 and 16 are not taken out, as mount.lustre ends with the errno."""


@functools.cache
def errors() -> dict[str, Error]:
    """The errors by their names."""
    return {error.name: error for error in read_table("errno", _Errors).errors}


def errors_pattern(names: Iterable[str]) -> str:
    """An RE2 pattern for any of these errors in a normalised English text: by its message, its name or its number.

    Raises KeyError for an error that the table does not have.
    """
    return f"(?:{'|'.join(alternative for name in names for alternative in _alternatives(errors()[name]))})"


def _alternatives(error: Error) -> Iterator[str]:
    number = error.number
    messages = "|".join(re.escape(text.lower()) for text in (error.message, *error.also))
    yield rf"(?i:{messages})|\b{error.name}\b"
    yield rf"\b(?:rc|err|errno|Errno|error|ret|result)\b[ =:\['(]{{0,3}}-?{number}\b|[ (=:]-{number}\b|\({number}\)"
    if number not in NOT_AN_ERRNO:
        yield rf"\b(?:exit status|exit code:?|exited with code|but received|os error) '?{number}\b"


def errors_texts(names: Iterable[str]) -> tuple[str, ...]:
    """Plain texts, lower case, of which one is in every text that `errors_pattern` matches."""
    found: set[str] = set()
    for error in map(errors().__getitem__, names):
        found.update(text.lower() for text in (error.name, error.message, *error.also))
        found.update(f"{before}{error.number}" for before in " =:['(-")
    return tuple(sorted(found))


def translations() -> Iterator[tuple[str, str]]:
    """What programs print elsewhere, and the English text: strerror in other languages and C libraries, mount, umount.

    `%s` is the same name in both, `%m` an error's own text.
    """
    table = read_table("translations", _Translations)
    for error in errors().values():
        yield from ((text, error.message) for text in error.also)
    for english, texts in (*table.strerror.items(), *table.mount.items(), *table.retold.items()):
        yield from ((text, english) for text in texts)
