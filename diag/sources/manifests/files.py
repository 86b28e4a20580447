"""The texts behind `-f`: a file, a pipe, a folder, standard input."""

from __future__ import annotations

import codecs
import math
from collections.abc import Callable, Iterator
from pathlib import PurePath

import msgspec

from diag.model.exit_code import WrongUsage
from diag.model.unavailable import Reason, Unavailable
from diag.sources.files import STDIN, File, Links, UnreadableFile, open_files

LIMIT = 32 << 20
"""Bytes of one file; rendered charts of whole platforms are some MiB."""
MOST_FILES = 10_000
SUFFIXES = frozenset({".yaml", ".yml", ".json", ".template", ".tf", ".tofu"})
NAMES = frozenset({"Kustomization"})
CHART = "Chart.yaml"
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks, as PowerShell's `>` and editors of Windows write them. Source: Unicode 15, section 23.8."""


class UnreadableManifest(WrongUsage):
    """A path that the person named cannot be read; the message says why and where."""


class Text(msgspec.Struct, frozen=True):
    """One file's text, or why it has none."""

    name: str
    content: str = ""
    refused: str = ""
    line: int = 0
    column: int = 0


def texts(
    paths: tuple[str, ...], *, until: float = math.inf, skipped: Callable[[str], None] = lambda text: None
) -> Iterator[Text]:
    """The texts under the paths, one at a time. Raises UnreadableManifest for a path that cannot be read at all.

    Links to files are followed as kubectl does, but not out of the folder. `skipped` gets what is left out on purpose.
    """
    count = 0
    for path in paths:
        for found in open_files(path, choose=_manifests, links=Links.INSIDE, until=until):
            if isinstance(found, Unavailable):
                if found.reason is not Reason.NOT_ASKED:
                    raise UnreadableManifest(f"{found.what}: {found.detail}")
                skipped(f"{found.what}: {found.detail}")
                continue
            count += 1
            if count > MOST_FILES:
                raise UnreadableManifest(f"{path}: more than {MOST_FILES} manifests")
            text = _text_of(found, "(standard input)" if path == STDIN else found.name)
            if text.refused and found.is_named:
                where = f":{text.line}:{text.column}" if text.line else ""
                raise UnreadableManifest(f"{text.name}{where}: {text.refused}")
            yield text


def _manifests(folders: list[str], files: list[str]) -> tuple[list[str], list[str]]:
    """A folder's manifests. A chart's templates are not manifests yet; hidden files are left out."""
    if CHART in files:
        return [], [CHART]
    return (
        [name for name in folders if not name.startswith(".")],
        [name for name in files if (PurePath(name).suffix in SUFFIXES or name in NAMES) and not name.startswith(".")],
    )


def _text_of(file: File, name: str) -> Text:
    if not file.is_named and name.endswith(f"/{CHART}"):
        message = "a Helm chart, which has to be rendered first (helm template … | lustre-doctor run -f -)"
        return Text(name, refused=message, line=1, column=1)
    data = bytearray()
    try:
        for piece in file.pieces:
            data += piece
            if len(data) > LIMIT:
                return Text(name, refused=f"larger than {LIMIT >> 20} MiB; give fewer objects")
    except UnreadableFile as error:
        return Text(name, refused=error.problem.detail)
    encoding = next((encoding for mark, encoding in MARKS if data.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in data[:64]:
        return Text(name, refused="not UTF-8 text; UTF-16 needs its byte order mark", line=1, column=1)
    try:
        return Text(name, data.decode(encoding))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        return Text(name, refused=f"not {encoding.removesuffix('-sig').upper()} text", line=line, column=column)
