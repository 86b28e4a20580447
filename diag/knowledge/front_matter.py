"""One runbook file: its front matter as a Cause, its body as text, and every mistake with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from diag.decode import convert
from diag.grammar.command import BadTemplate, placeholders_in
from diag.grammar.command import parse as parse_command
from diag.grammar.placeholders import PLACEHOLDERS
from diag.grammar.regex import BadPattern, Pattern
from diag.grammar.required_text import required_texts
from diag.grammar.yaml_tree import BadYaml, Value, plain, strings
from diag.knowledge.cause import BY_HAND, PROMPT, SAYS, Cause, Signature
from diag.knowledge.errors import errors, errors_pattern
from diag.model.exit_code import WrongUsage

_FENCE = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<where>[^`]*)`)?$", re.DOTALL)
_UNKNOWN_KEY = re.compile(r"unknown field `(?P<key>[^`]*)`")
Path = tuple[str | int, ...]
_URL = re.compile(r"https://[A-Za-z0-9._~:/?#@!$&*+,;=%-]+")

_STEP = re.compile(r"\.(?P<key>\w+)|\[(?P<position>\d+)\]")


class Mistake(msgspec.Struct, frozen=True, order=True):
    """What is wrong with one runbook file, and where."""

    file: str
    line: int
    """1-based, 0 when it concerns the file as a whole."""
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class BadRunbook(WrongUsage):
    """Runbook files that break the format of `docs/runbook-format.md`, with every mistake found."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


def split(text: str) -> tuple[str, str] | None:
    """Front matter and body of a runbook's text, None when it does not begin with front matter."""
    found = _FENCE.match(text)
    return None if found is None else (found.group(1), text[found.end() :])


def read_cause(text: str, file: str, stem: str) -> Cause:
    """The cause that a runbook's text describes. `stem` is the file's name without `.md`, which the id must equal.

    Raises:
        BadRunbook: with file and line of every mistake.
    """
    parts = split(text)
    if parts is None:
        raise BadRunbook((Mistake(file, 1, "the file must begin with front matter between two lines `---`"),))
    try:
        tree = strings(parts[0])
    except BadYaml as error:
        raise BadRunbook((Mistake(file, error.line + 1, error.message),)) from None
    try:
        cause = convert(plain(tree), Cause)
    except msgspec.ValidationError as error:
        message, path = _place(str(error))
        raise BadRunbook((Mistake(file, _line(tree, path), message),)) from None
    mistakes = [Mistake(file, _line(tree, path), message) for path, message in _problems(cause, stem)]
    if mistakes:
        raise BadRunbook(tuple(mistakes))
    return msgspec.structs.replace(
        cause,
        signatures=tuple(map(_with_error, cause.signatures)),
        fix=tuple(msgspec.structs.replace(remedy, with_=_with_null(remedy.with_)) for remedy in cause.fix),
    )


def _with_null(value: Any) -> Any:
    """What a procedure is given, with the null that takes a field away: front matter is read as strings alone."""
    if isinstance(value, dict):
        return {key: _with_null(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_null(item) for item in value]
    return None if value == "null" else value


def _with_error(signature: Signature) -> Signature:
    """The signature with the pattern of its error, so that the index holds it and no table is read for a text."""
    if not signature.errno:
        return signature
    return msgspec.structs.replace(signature, all=(*signature.all, errors_pattern(signature.errno)))


def read_causes(files: Mapping[str, bytes], folder: str) -> dict[str, Cause]:
    """The causes of runbook files, given by name and content, by their ids.

    Raises:
        BadRunbook: with every mistake of every file.
    """
    causes: dict[str, Cause] = {}
    mistakes: list[Mistake] = []
    for name, content in sorted(files.items()):
        stem = name.removesuffix(".md")
        try:
            causes[stem] = read_cause(content.decode("utf-8"), f"{folder}/{name}", stem)
        except BadRunbook as error:
            mistakes.extend(error.mistakes)
        except UnicodeDecodeError as error:
            mistakes.append(Mistake(f"{folder}/{name}", 0, f"not UTF-8: {error}"))
    if mistakes:
        raise BadRunbook(tuple(mistakes))
    return causes


def _problems(cause: Cause, stem: str) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    if cause.id != stem:
        found.append((("id",), f"the id `{cause.id}` must equal the file's name, `{stem}`"))
    if cause.url and not _URL.fullmatch(cause.url):
        found.append((("url",), "the url must begin with https:// and hold no blank, bracket or quotation mark"))
    if not cause.phase:
        found.append((("phase",), "at least one phase is needed"))
    seen: set[str] = set()
    for position, signature in enumerate(cause.signatures):
        here: Path = ("signatures", position)
        if signature.id in seen:
            found.append(((*here, "id"), f"signature id `{signature.id}` is given twice"))
        seen.add(signature.id)
        if bool(signature.pattern) == bool(signature.all):
            found.append((here, "give exactly one of `pattern` and `all`"))
        found += _pattern_problems(signature, here)
    for position, observation in enumerate(cause.confirm):
        found += _command_problems(observation.command, ("confirm", position, "command"))
    for position, remedy in enumerate(cause.fix):
        for number, id in enumerate(remedy.signatures):
            if id not in seen:
                found.append((("fix", position, "signatures", number), f"the cause has no signature `{id}`"))
        for key in ("prepare", "save", "guard", "command"):
            lines = (line for line in getattr(remedy, key).splitlines() if not line.startswith((BY_HAND, SAYS)))
            found += _command_problems("\n".join(lines), ("fix", position, key))
        for key, text in (("wait", remedy.wait), ("undo", remedy.undo)):
            commands = "\n".join(line[2:] for line in text.splitlines() if line.startswith(PROMPT))
            found += _command_problems(commands, ("fix", position, key))
    for position, refutation in enumerate(cause.rule_out):
        if refutation.pattern:
            found += _search_problems(refutation.pattern, ("rule_out", position, "pattern"))
    return found


def _command_problems(text: str, path: Path) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        try:
            parse_command(line)
        except BadTemplate as error:
            found.append((path, f"{line!r}: {error}"))
    unknown = sorted(placeholders_in(text) - PLACEHOLDERS.keys())
    return found + [(path, f"{{{name}}} is no placeholder that is known") for name in unknown]


def _pattern_problems(signature: Signature, here: Path) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    if signature.pattern:
        found += _search_problems(signature.pattern, (*here, "pattern"))
    for position, pattern in enumerate(signature.all):
        found += _search_problems(pattern, (*here, "all", position), demand_text=False)
    for position, name in enumerate(signature.errno):
        if name not in errors():
            found.append(((*here, "errno", position), f"there is no error `{name}`"))
    if signature.all and not any(required_texts(pattern) for pattern in signature.all):
        found.append(((*here, "all"), "at least one pattern must demand a plain text of four characters or more"))
    for position, pattern in enumerate(signature.unless):
        found += _search_problems(pattern, (*here, "unless", position), demand_text=False)
    return found


def _search_problems(pattern: str, path: Path, *, demand_text: bool = True) -> list[tuple[Path, str]]:
    try:
        Pattern(pattern)
    except BadPattern as error:
        return [(path, f"not an RE2 pattern: {error}")]
    if demand_text and not required_texts(pattern):
        return [(path, f"{pattern!r} demands no plain text of four characters or more, so it cannot be searched for")]
    return []


def _place(error: str) -> tuple[str, Path]:
    """The message and the path of a conversion error: `… - at `$.signatures[0].weight``."""
    found = _AT.match(error)
    what, where = (found["what"], found["where"] or "") if found else (error, "")
    path: Path = tuple(
        step["key"] if step["key"] is not None else int(step["position"]) for step in _STEP.finditer(where)
    )
    key = _UNKNOWN_KEY.search(what)
    if key:
        return f"unknown key `{key['key']}`", (*path, key["key"])
    dotted = ".".join(str(step) for step in path if not isinstance(step, int))
    return (f"{dotted}: {what}" if dotted else what), path


def _line(tree: Value, path: Path) -> int:
    """The file's line of the value at a path, or of the nearest value above it; the fence is the first line."""
    while (value := tree.at(*path)) is None:
        path = path[:-1]
    return value.line + 1
