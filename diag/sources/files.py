"""Files that the person names: read within bounds, written privately, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from diag.model.exit_code import WrongUsage

LIMIT = 512 * 1024 * 1024
"""Bytes of the largest file that is read whole."""


class UnreadableFile(WrongUsage):
    """A file cannot be read or written; the message says which and why."""


def read_bounded(path: str, limit: int = LIMIT) -> bytes:
    """A regular file's bytes, or standard input's for `-`.

    Raises UnreadableFile for anything else, and for more than `limit` bytes.
    """
    try:
        if path == "-":
            data = sys.stdin.buffer.read(limit + 1)
            return data if len(data) <= limit else _too_large(path, limit)
        with Path(path).open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnreadableFile(f"{path}: not a regular file")
            data = file.read(limit + 1)
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from error
    return data if len(data) <= limit else _too_large(path, limit)


def _too_large(path: str, limit: int) -> NoReturn:
    raise UnreadableFile(f"{path}: larger than {limit // 1024 // 1024} MiB")


def write_private(path: str, data: bytes) -> None:
    """Write a file that only its owner may read, by renaming a finished one into place.

    Raises UnreadableFile when the folder cannot be written or the name is a symbolic link or not a regular file.
    """
    target = Path(path)
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise UnreadableFile(f"{path}: refusing to write through a symbolic link or over what is not a regular file")
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException as error:
        # Also when the process is told to end (SIGTERM, Ctrl-C): no half-written file stays behind.
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        if isinstance(error, OSError):
            raise UnreadableFile(f"{path}: {error.strerror or error}") from error
        raise
