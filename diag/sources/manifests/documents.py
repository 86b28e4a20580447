"""A stream of YAML documents cut where `---` cuts it, so that a bad document costs only itself."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from diag.grammar.yaml_tree import BadYaml, Value, documents, from_plain

MOST_DOCUMENTS = 100_000
MOST_PROBLEMS = 100
"""Documents of one file, and bad ones among them, before the rest of it is not read."""

_CUT = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_NOTHING = re.compile(r"\s*(?:[#%].*|---\s*(?:#.*)?)?")
_BRACES = "{{"

_VARIABLE = re.compile(r"^\s*(?:\$\{\w+\}|<%.*%>|\{%.*%\})")
"""A row that begins with a variable, which stands for rows of its own."""

UNFILLED = "a template that was not filled in (${…} in place of a key): give what it becomes"
UNRENDERED = (
    "a template that was not rendered ({{ … }}): give the output of `helm template` or `kubectl kustomize`, "
    "for example on standard input with -f -"
)


def documents_in(text: str) -> Iterator[Value | BadYaml]:
    """Every document of a text, or why it cannot be read. Places count from the start of the whole text."""
    if text.lstrip()[:1] == "{" and (whole := _json_beyond_yaml(text)) is not None:
        yield whole
        return
    line, bad = 1, 0
    for number, piece in enumerate(_pieces(text), 1):
        if number > MOST_DOCUMENTS or bad > MOST_PROBLEMS:
            what = f"{MOST_DOCUMENTS} documents" if number > MOST_DOCUMENTS else f"{MOST_PROBLEMS} bad documents"
            yield BadYaml(f"more than {what}; the rest is not read", line, 1)
            return
        if not all(_NOTHING.fullmatch(row.rstrip("\n")) for row in io.StringIO(piece)):
            try:
                yield from documents(piece, line)
            except BadYaml as damaged:
                bad += 1
                yield _named(damaged, piece, line)
        line += piece.count("\n")


def _json_beyond_yaml(text: str) -> Value | None:
    """JSON that a YAML parser does not take (tabs, `\\/`, surrogate pairs), without places in it; else None."""
    if "\t" not in text and "\\/" not in text and "\\ud" not in text.lower():
        return None
    import msgspec

    try:
        return from_plain(msgspec.json.decode(text), 1, 1)
    except (msgspec.DecodeError, RecursionError):
        return None


def _pieces(text: str) -> Iterator[str]:
    start = 0
    for cut in _CUT.finditer(text):
        if cut.start() > start:
            yield text[start : cut.start()]
            start = cut.start()
    yield text[start:]


def _named(bad: BadYaml, piece: str, first_line: int) -> BadYaml:
    """What a YAML parser says of template braces misleads: they are named as what they are."""
    rows = piece.splitlines()[max(0, bad.line - first_line - 1) : bad.line - first_line + 1]
    if any(_VARIABLE.search(row) for row in rows):
        return BadYaml(UNFILLED, bad.line, bad.column)
    at = piece.find(_BRACES)
    if at < 0 or piece[:at].count("\n") + first_line > bad.line:
        return bad
    line = piece[:at].count("\n")
    column = at - (piece.rfind("\n", 0, at) + 1)
    return BadYaml(UNRENDERED, line + first_line, column + 1)
