"""Whether what was compiled of a folder's files is still what the files say."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from pathlib import Path

Fingerprint = tuple[int, int]
"""Length and CRC-32 of a file: enough to notice an edit, cheap enough to check at every start."""


def fingerprint(content: bytes) -> Fingerprint:
    """That of a file's content."""
    return len(content), zlib.crc32(content)


def is_current(index: Path, folder: Path, ending: str, known: Mapping[str, Fingerprint]) -> bool:
    """Whether an index was made from the files of a folder as they are.

    A file that is not newer than the index and as long as it was is not read: that is most of a start.
    """
    with os.scandir(folder) as entries:
        files = {entry.name: entry for entry in entries if entry.name.endswith(ending)}
    if files.keys() != known.keys():
        return False
    written = index.stat().st_mtime_ns
    for name, entry in files.items():
        state = entry.stat()
        if state.st_size != known[name][0]:
            return False
        if state.st_mtime_ns >= written and fingerprint(Path(entry.path).read_bytes()) != known[name]:
            return False
    return True
