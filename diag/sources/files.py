"""Files that the person names: read within bounds, written privately, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

LIMIT = 512 * 1024 * 1024
"""Bytes of the largest file that is read whole."""


class UnreadableFile(Exception):
    """The file cannot be read or written; the message says why."""


def read_bounded(path: str, limit: int = LIMIT) -> bytes:
    """A regular file's bytes, or standard input's for `-`.

    Raises UnreadableFile for anything else, and for more than `limit` bytes.
    """
    try:
        if path == "-":
            data = sys.stdin.buffer.read(limit + 1)
            return data if len(data) <= limit else _too_large(limit)
        with Path(path).open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnreadableFile("not a regular file")
            data = file.read(limit + 1)
    except OSError as error:
        raise UnreadableFile(error.strerror or str(error)) from error
    return data if len(data) <= limit else _too_large(limit)


def _too_large(limit: int) -> NoReturn:
    raise UnreadableFile(f"larger than {limit // 1024 // 1024} MiB")


def write_private(path: str, data: bytes) -> None:
    """Write a file that its owner alone may read. Raises UnreadableFile as `write_whole` does."""
    write_whole(path, data, 0o600)


def write_whole(path: str, data: bytes, mode: int) -> None:
    """Write a file of that mode by renaming a finished one into place; never through a symbolic link.

    Raises UnreadableFile when the folder cannot be written or the name is a link or no regular file.
    """
    target = Path(path)
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise UnreadableFile("refusing to write through a symbolic link or over something that is no regular file")
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        raise UnreadableFile(error.strerror or str(error)) from error
