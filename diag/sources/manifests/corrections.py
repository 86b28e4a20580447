"""Corrections in the files themselves: where the old text stands, and the file with the new one.

The old text is looked for at the place that the parser gave; what is not found there word for word is left alone.
"""

from __future__ import annotations

import codecs
import difflib
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from diag.model.exit_code import WrongUsage
from diag.model.finding import Correction, Finding
from diag.sources.files import UnreadableFile, read_bounded
from diag.sources.manifests.files import LIMIT, MARKS

_ITEM = re.compile(r"\s*-\s+")
_UNQUOTED = re.compile(r"[A-Za-z0-9.+-][\w.+-]*(?=\s*(?:[,}\]#]|$))", re.MULTILINE)
"""A number, a date or true where a string is wanted."""

Change = tuple[str, Correction]
"""A file and what to write in it."""


def placed_corrections(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, their corrections with exact places; without one where the file does not have the old text."""
    lines: dict[str, list[str]] = {}
    return tuple(_placed(finding, lines) if finding.correction else finding for finding in findings)


def _placed(finding: Finding, lines: dict[str, list[str]]) -> Finding:
    where, correction = finding.location, finding.correction
    if where is None or correction is None:
        return replace(finding, correction=None)
    if where.file not in lines:
        try:
            lines[where.file] = _read(where.file)[0].splitlines(keepends=True)
        except (UnreadableFile, UnicodeDecodeError):
            lines[where.file] = []
    found = _found(lines[where.file], where.line, where.column, correction)
    return replace(finding, correction=found)


def _found(lines: Sequence[str], line: int, column: int, correction: Correction) -> Correction | None:
    if not 0 < line <= len(lines) or column < 1:
        return None
    text, at = lines[line - 1], column - 1
    if not correction.is_key and (text.startswith(("[", "- "), at) or _ITEM.fullmatch(text[:at])):
        return _found_in_list(lines, line, at, correction)
    if correction.is_key:
        keys = list(re.finditer(rf"(?<![\w.-]){re.escape(correction.old)}(?=[\"']?\s*:)", text[:at]))
        if not keys:
            return _found_above(lines, line, correction)
        start = keys[-1].start()
    elif not correction.old:
        word = _UNQUOTED.match(text, at)
        start = at if word else -1
        correction = replace(correction, old=word[0], new=f'"{word[0]}"') if word else correction
    else:
        start = at + 1 if text[at : at + 1] in ("'", '"') else at
        start = start if text.startswith(correction.old, start) else -1
    end = start + len(correction.old)
    if start < 0 or (not correction.is_key and re.match(r"[\w./-]", text[end : end + 1] or " ")):
        return None
    return replace(correction, line=line, column=start + 1, end_column=end + 1)


def _found_above(lines: Sequence[str], line: int, correction: Correction) -> Correction | None:
    """A key whose value begins on a later row, as a block or behind comments."""
    key = re.compile(rf"\s*(?:-\s+)*[\"']?({re.escape(correction.old)})[\"']?\s*:\s*(?:#.*)?")
    for number in range(line - 1, 0, -1):
        text = lines[number - 1].rstrip("\r\n")
        if found := key.fullmatch(text):
            return replace(correction, line=number, column=found.start(1) + 1, end_column=found.end(1) + 1)
        if text.strip() and not text.lstrip().startswith("#"):
            return None
    return None


def _found_in_list(lines: Sequence[str], line: int, at: int, correction: Correction) -> Correction | None:
    """The item of a list, between brackets or behind dashes, from the place where the list begins."""
    word = re.compile(rf"(?<![\w./-]){re.escape(correction.old)}(?![\w./-])")
    text = lines[line - 1]
    if text.startswith("[", at):
        found = word.search(text, at, text.find("]", at) + 1 or len(text))
        return replace(correction, line=line, column=found.start() + 1, end_column=found.end() + 1) if found else None
    for number in range(line, len(lines) + 1):
        text = lines[number - 1]
        if not _ITEM.match(text):
            return None
        if found := word.search(text.partition(" #")[0]):
            return replace(correction, line=number, column=found.start() + 1, end_column=found.end() + 1)
    return None


def changes_of(findings: Iterable[Finding]) -> tuple[Change, ...]:
    """Every change of findings that count, each once; of two that meet in one place the first."""
    seen: dict[tuple[str, int, int], Change] = {}
    for finding in findings:
        correction, where = finding.correction, finding.location
        if correction is not None and correction.line and where is not None and not finding.suppressed:
            seen.setdefault((where.file, correction.line, correction.column), (where.file, correction))
    return tuple(seen.values())


def corrected(file: str, changes: Iterable[Correction]) -> tuple[str, str]:
    """A file's text as it is, and with the changes. Raises UnreadableFile."""
    before = _read(file)[0]
    lines = before.splitlines(keepends=True)
    for change in sorted(changes, key=lambda change: (change.line, change.column), reverse=True):
        text = lines[change.line - 1]
        lines[change.line - 1] = text[: change.column - 1] + change.new + text[change.end_column - 1 :]
    return before, "".join(lines)


def diff(file: str, before: str, after: str) -> str:
    """What changes, as `diff -u` shows it."""
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), file, file)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def write_corrected(file: str, text: str) -> None:
    """Put the text in the file's place, whole or not at all, in the file's own encoding and with its rights.

    Raises WrongUsage for a link or a file that cannot be written.
    """
    path = Path(file)
    if path.is_symlink():
        raise WrongUsage(f"--fix: {file} is a link; name what it leads to")
    _, encoding, mark = _read(file)
    new = path.with_name(f".{path.name}.lustre-doctor")
    try:
        with new.open("xb") as out:
            out.write(mark + text.encode(encoding))
        shutil.copymode(path, new)
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise WrongUsage(f"--fix: {file}: {error.strerror}") from error


_PLAIN = {"utf-8-sig": "utf-8"}


def _read(file: str) -> tuple[str, str, bytes]:
    """The text, its encoding without a mark, and the mark that it begins with."""
    data = read_bounded(file, LIMIT)
    mark, encoding = next(((mark, encoding) for mark, encoding in MARKS if data.startswith(mark)), (b"", "utf-8"))
    order = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be",
             codecs.BOM_UTF32_LE: "utf-32-le", codecs.BOM_UTF32_BE: "utf-32-be"}  # fmt: skip
    plain = order.get(mark, _PLAIN.get(encoding, encoding))
    return data[len(mark) :].decode(plain), plain, mark
