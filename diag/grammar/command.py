"""A command as a template: words with typed placeholders, filled with the values of one incident.

Values come from strangers' manifests, attributes and logs. One that is not spelt as its placeholder demands is never
put into a command: the word keeps `<placeholder>`, and the step says why.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from diag.grammar.placeholders import DOCUMENTS, PLACEHOLDERS
from diag.late import late
from diag.secret_filter import REMOVED

PLACEHOLDER = late(r"\{([a-z_]+)\}")
_QUOTED = late(r"'[^']*'|\"[^\"]*\"")
_SHELL = late(r"[`$;|&<()]")


class Verbatim(NamedTuple):
    """A JSON document that somebody else wrote, carried over as it stands."""

    document: Any


Value = str | Mapping[str, Any] | Sequence[Any] | Verbatim
"""A name, or a JSON document whose texts are templates."""

LONGEST_TEXT = 300
LONGEST_DOCUMENT = 8192
"""The longest trust policy. Source: IAM quotas, role trust policy length."""


class BadTemplate(ValueError):
    """A command that is more than one program with its arguments."""


class Command(NamedTuple):
    """A template's words, and the file after `>` if there is one."""

    words: tuple[str, ...]
    output: str = ""


class Filled(NamedTuple):
    """A command with its values."""

    argv: tuple[str, ...]
    output: str
    open: tuple[str, ...]
    """Why a known value is left out, one sentence each."""


def parse(template: str) -> Command:
    """The words of a command as a shell would see them. Raises BadTemplate for what only a shell could do."""
    double = "".join(part for part in _QUOTED.findall(template) if part.startswith('"'))
    bare = _QUOTED.sub("", template)
    if found := _SHELL.search(bare) or re.search(r"[`$]", double):
        raise BadTemplate(f"{found[0]!r} needs a shell: write one program with its arguments a line")
    try:
        words = shlex.split(template)
    except ValueError as error:
        raise BadTemplate(str(error)) from None
    output = ""
    if ">" in bare:
        if len(words) < 3 or words[-2] != ">" or bare.count(">") > 1:
            raise BadTemplate("'>' is only for one file, at the end")
        *words, _, output = words
    if not words:
        raise BadTemplate("no program is named")
    return Command(tuple(words), output)


def fill(template: str, values: Mapping[str, Value]) -> Filled:
    """The command with the values that fit, each placeholder without one as `<name>`."""
    command = parse(template)
    refused: dict[str, str] = {}
    argv = tuple(_fill(word, values, refused) for word in command.words)
    return Filled(argv, _fill(command.output, values, refused), tuple(refused.values()))


def fill_text(text: str, values: Mapping[str, Value]) -> str:
    """Prose or a shell script of a runbook, filled by the same rule: what fits means nothing to a shell."""
    return _fill(text, {name: value for name, value in values.items() if name not in DOCUMENTS}, {})


def fill_sentence(text: str, values: Mapping[str, str]) -> str:
    """A sentence that is read and never run: any value that is one short printable line is put in."""

    def one(match: re.Match[str]) -> str:
        value = values.get(match[1], "")
        return value if value and value.isprintable() and len(value) <= LONGEST_TEXT else opened(match[1])

    return PLACEHOLDER.sub(one, text)


def placeholders_in(text: str) -> set[str]:
    """The names of the placeholders in a template."""
    return set(PLACEHOLDER.findall(text))


def _fill(text: str, values: Mapping[str, Value], refused: dict[str, str]) -> str:
    def one(match: re.Match[str]) -> str:
        name, value = match[1], values.get(match[1])
        if value and name in DOCUMENTS:
            import json

            text = json.dumps(_document(value, values, refused), separators=(",", ":"))
            if REMOVED in text:
                refused[name] = f"{opened(name)}: what was found holds a value that may be a credential"
            elif len(text) <= LONGEST_DOCUMENT:
                return text
            else:
                refused[name] = f"{opened(name)}: what was found is longer than {LONGEST_DOCUMENT} characters"
            return opened(name)
        grammar = PLACEHOLDERS.get(name)
        if isinstance(value, str) and grammar is not None and grammar.fits(value):
            return value
        if value and grammar is not None:
            refused[name] = f"{opened(name)}: what was found is not {grammar.what}"
        return opened(name)

    return PLACEHOLDER.sub(one, text)


def _document(value: Any, values: Mapping[str, Value], refused: dict[str, str]) -> Any:
    """A JSON document whose texts are templates themselves."""
    if isinstance(value, Verbatim):
        return value.document
    if isinstance(value, str):
        return _fill(value, values, refused)
    if isinstance(value, Mapping):
        return {_fill(key, values, refused): _document(item, values, refused) for key, item in value.items()}
    return [_document(item, values, refused) for item in value] if isinstance(value, Sequence) else value


def opened(name: str) -> str:
    """A placeholder as a person reads it: `<mount-name>`."""
    return f"<{name.replace('_', '-')}>"
