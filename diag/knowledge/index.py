"""The compiled front matter of the built-in runbooks: what `runbooks/index.json` holds."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from diag.knowledge.cause import Cause

BUILT_IN = Path(__file__).parent.parent.parent / "runbooks"
INDEX = "index.json"
INDEX_FORMAT = 2


class Index(msgspec.Struct, frozen=True):
    """The compiled front matter of a folder of runbooks."""

    format: int
    files: dict[str, tuple[int, int]]
    """Length and CRC-32 of every runbook file, so that an edited one is noticed."""
    causes: tuple[Cause, ...]
    texts: dict[str, tuple[str, ...]]


def texts_of(causes: Iterable[Cause]) -> dict[str, tuple[str, ...]]:
    """The plain texts that every pattern of the causes demands."""
    from diag.grammar.required_text import required_texts

    found: dict[str, tuple[str, ...]] = {}
    for cause in causes:
        for signature in cause.signatures:
            for pattern in (signature.pattern, *signature.all, *signature.unless):
                if pattern and pattern not in found:
                    found[pattern] = required_texts(pattern)
        for refutation in cause.rule_out:
            if refutation.pattern:
                found[refutation.pattern] = required_texts(refutation.pattern)
    return found


def fingerprint(content: bytes) -> tuple[int, int]:
    """Length and CRC-32: enough to notice an edit, cheap enough to check at every start."""
    return len(content), zlib.crc32(content)


def read_index(folder: Path) -> Index | None:
    """The compiled index of a folder; None when there is none or it is of another format."""
    try:
        index = msgspec.json.decode((folder / INDEX).read_bytes(), type=Index)
    except (OSError, msgspec.DecodeError):
        return None
    return index if index.format == INDEX_FORMAT else None
