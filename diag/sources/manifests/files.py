"""The bytes behind `-f`: a file, a pipe, a folder, standard input. Bounded, and never through a folder's links."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from diag.model.exit_code import WrongUsage

STDIN = "-"
LIMIT = 32 << 20
"""Bytes of one file; rendered charts of whole platforms are some MiB."""
MOST_FILES = 10_000
DEEPEST_FOLDER = 20
SUFFIXES = frozenset({".yaml", ".yml", ".json"})


class UnreadableManifest(WrongUsage):
    """A path that the person named cannot be read; the message says why and where."""


class Text(msgspec.Struct, frozen=True):
    """One file's text, or why it has none."""

    name: str
    content: str = ""
    refused: str = ""
    line: int = 0
    column: int = 0


def texts(paths: tuple[str, ...]) -> Iterator[Text]:
    """The texts under the paths, one at a time. Raises UnreadableManifest for a path that cannot be read at all."""
    for path in paths:
        if path == STDIN:
            yield _named(_decoded("(standard input)", _bounded("(standard input)", sys.stdin.buffer)))
        elif os.path.isdir(path):  # noqa: PTH112 - a name with a NUL byte is told below, not raised here
            yield from _folder(path)
        else:
            yield _named(_file(path))


def _named(text: Text) -> Text:
    if text.refused:
        where = f":{text.line}:{text.column}" if text.line else ""
        raise UnreadableManifest(f"{text.name}{where}: {text.refused}")
    return text


def _folder(folder: str) -> Iterator[Text]:
    """The manifests of a folder and of those in it. A chart's templates are no manifests yet, hidden files none."""
    count = 0
    for here, folders, files in os.walk(folder, onerror=_refuse):
        if "Chart.yaml" in files:
            told = "a Helm chart, which has to be rendered first (helm template … | lustre-doctor run -f -)"
            yield Text(f"{here}/Chart.yaml", refused=told, line=1, column=1)
            folders.clear()
            continue
        deep = here[len(folder) :].count(os.sep) >= DEEPEST_FOLDER
        folders[:] = [] if deep else sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(here, name)
            if path.suffix not in SUFFIXES or name.startswith(".") or path.is_symlink():
                continue
            count += 1
            if count > MOST_FILES:
                raise UnreadableManifest(f"{folder}: more than {MOST_FILES} manifests")
            yield _file(str(path))


def _refuse(error: OSError) -> None:
    raise UnreadableManifest(f"{error.filename}: {error.strerror or error}")


def _file(path: str) -> Text:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - the same for every kind of path
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
                return Text(path, refused="neither a file nor a pipe")
            return _decoded(path, _bounded(path, file))
    except (OSError, ValueError) as error:
        return Text(path, refused=getattr(error, "strerror", None) or str(error))


def _bounded(name: str, file: BinaryIO) -> bytes | Text:
    data = file.read(LIMIT + 1)
    return data if len(data) <= LIMIT else Text(name, refused=f"larger than {LIMIT >> 20} MiB; give fewer objects")


def _decoded(name: str, data: bytes | Text) -> Text:
    if isinstance(data, Text):
        return data
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        return Text(name, refused="not UTF-8 text", line=line, column=column)
    return Text(name, content)
