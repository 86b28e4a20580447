"""YAML (and JSON, which is YAML) as values with their places. Nothing in it can exhaust the stack or the memory.

Two readings of the same events: `documents` as kubectl reads them (numbers, booleans, aliases), and `strings`, where
every scalar stays the text it is: YAML's own guesses turn `2.10` into 2.1, `no` into False and a date into an object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from diag.sanitize import one_line

MOST_VALUES = 500_000
"""Values of one document, aliases counted as what they refer to."""

DEEPEST = 100
"""Levels of nesting. Source: Kubernetes' own objects have fewer than 20."""

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]{0,30})")
_OTHER_INT = {"0x": 16, "0o": 8, "0b": 2}
_FLOAT = re.compile(r"[-+]?(?:\d[\d_]*\.\d*|\.\d+|\d[\d_]*)(?:[eE][-+]?\d{1,3})?")
_BOOLS = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}
"""Words that kubectl reads as true and false. Source: sigs.k8s.io/yaml, goyaml.v2 resolve.go."""
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class BadYaml(ValueError):
    """A document that is not YAML, or more than is read. Line and column are 1-based."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class Value:
    """One value with its place: a dict of Values, a list of Values, or a scalar."""

    __slots__ = ("column", "content", "line", "tag")

    def __init__(self, content: Any, line: int, column: int, tag: str = "") -> None:
        self.content = content
        self.line = line
        self.column = column
        self.tag = tag
        """A tag of the document's own, such as CloudFormation's `!Ref`; empty for YAML's tags."""

    def at(self, *path: str | int) -> Value | None:
        """The value under a path; None when the path leads nowhere."""
        here: Value | None = self
        for step in path:
            content = here.content if here else None
            if isinstance(content, dict):
                here = content.get(step)
            elif isinstance(content, list) and isinstance(step, int) and step < len(content):
                here = content[step]
            else:
                return None
        return here

    def text(self, *path: str | int) -> str:
        """The string under a path; empty when there is none."""
        found = self.at(*path)
        return found.content if found and isinstance(found.content, str) else ""


def documents(text: str, first_line: int = 1) -> Iterator[Value]:
    """The documents of a text as kubectl reads them.

    Raises BadYaml where one is damaged; those before it were given out.
    """
    return _read(text, first_line, strings=False)


def strings(text: str) -> Value:
    """The first document of a text, every scalar as the string it is; an empty mapping where there is none.

    Raises BadYaml, also for anchors and aliases.
    """
    return next(_read(text, 1, strings=True), Value({}, 1, 1))


def _read(text: str, first_line: int, *, strings: bool) -> Iterator[Value]:
    import yaml

    builder = _Builder(first_line, strings=strings)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if type(event) is not yaml.DocumentEndEvent:
                builder.take(event)
            elif builder.root is not None:
                yield builder.root
                builder = _Builder(first_line, strings=strings)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + first_line, mark.column + 1) if mark else (first_line, 1)
        raise BadYaml(error.problem or "not YAML", line, column) from None
    except yaml.YAMLError as error:
        raise BadYaml(one_line(error), first_line, 1) from None


class _Builder:
    """Builds one document from the parser's flat events, so that depth costs no recursion."""

    def __init__(self, first_line: int, *, strings: bool) -> None:
        self.first_line = first_line
        self.strings = strings
        self.root: Value | None = None
        self.open: list[Value] = []
        self.keys: list[str | None] = []
        self.anchors: dict[str, Value] = {}
        self.count = 0

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        mark = event.start_mark
        line, column = mark.line + self.first_line, mark.column + 1
        if kind == "ScalarEvent":
            plain_word = event.implicit[0] and not event.style and not self.strings
            content = scalar(event.value) if plain_word else event.value
            self.add(self.made(event.anchor, content, line, column, event.tag))
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            value = self.made(event.anchor, {} if kind == "MappingStartEvent" else [], line, column, event.tag)
            self.add(value)
            self.open.append(value)
            self.keys.append(None)
            if len(self.open) > DEEPEST:
                raise BadYaml(f"nested deeper than {DEEPEST} levels", line, column)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self.open.pop()
            self.keys.pop()
        elif kind == "AliasEvent":
            self.add(self.referred(event.anchor or "", line, column))

    def made(self, anchor: str | None, content: Any, line: int, column: int, tag: str | None = None) -> Value:
        self.count += 1
        if self.count > MOST_VALUES:
            raise BadYaml(f"more than {MOST_VALUES} values in one document", line, column)
        value = Value(content, line, column, tag if tag and tag[0] == "!" and len(tag) > 1 else "")
        if anchor:
            if self.strings:
                raise BadYaml("anchors and aliases are not accepted", line, column)
            self.anchors[anchor] = value
        return value

    def referred(self, anchor: str, line: int, column: int) -> Value:
        if self.strings:
            raise BadYaml("anchors and aliases are not accepted", line, column)
        target = self.anchors.get(anchor)
        if target is None or any(target is ancestor for ancestor in self.open):
            raise BadYaml(f"the alias *{anchor} refers to nothing that is finished", line, column)
        return target

    def add(self, value: Value) -> None:
        if not self.open:
            self.root = value
            return
        container = self.open[-1].content
        if isinstance(container, list):
            container.append(value)
        elif (key := self.keys[-1]) is not None:
            container[key] = value
            self.keys[-1] = None
        elif isinstance(value.content, dict | list):
            raise BadYaml("a key must be a plain word", value.line, value.column)
        else:
            name = value.content if isinstance(value.content, str) else _as_key(value.content)
            if name in container and name != "<<":
                raise BadYaml(f"the key {name!r} is given twice", value.line, value.column)
            self.keys[-1] = name


def _as_key(content: Any) -> str:
    return str(content).lower() if isinstance(content, bool) else "null" if content is None else str(content)


_NO_WORD = frozenset({"", *"0123456789+-.~nNtTfFyYoO"})
"""What a scalar that is no string may begin with; most scalars are strings."""


def scalar(text: str) -> Any:
    """An unquoted scalar as kubectl reads it: null, bool, number or string (dates and times stay strings)."""
    if text[:1] not in _NO_WORD:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.fullmatch(text):
        return int(text.replace("_", ""))
    base = _OTHER_INT.get(text[:2].lower())
    if base or (len(text) > 1 and text[0] == "0" and text.isdigit()):
        try:
            return int(text, base or 8) if len(text) < 60 else text
        except ValueError:
            return text
    if _FLOAT.fullmatch(text) and any(mark in text for mark in ".eE"):
        return float(text.replace("_", ""))
    return text


def from_plain(raw: Any, line: int, column: int, depth: int = 0) -> Value:
    """Plain values as Values that all have one place; what is nested too deep is left out."""
    content = raw
    if depth > DEEPEST:
        content = None
    elif isinstance(raw, dict):
        content = {str(key): from_plain(item, line, column, depth + 1) for key, item in raw.items()}
    elif isinstance(raw, list):
        content = [from_plain(item, line, column, depth + 1) for item in raw]
    return Value(content, line, column)


def plain(value: Value) -> Any:
    """The value as dict, list and scalars, merge keys and aliases written out.

    Raises BadYaml when writing out the aliases makes more than is read, at the alias that goes too far.
    """
    budget = [MOST_VALUES]

    def copy(here: Value, depth: int) -> Any:
        budget[0] -= 1
        if budget[0] < 0 or depth > DEEPEST:
            raise BadYaml("its aliases refer to more than is read (an alias bomb?)", here.line, here.column)
        if isinstance(here.content, dict):
            merged: dict[str, Any] = {}
            for source in _merged(here.content.get("<<")):
                merged = {**copy(source, depth + 1), **merged}
            return merged | {key: copy(item, depth + 1) for key, item in here.content.items() if key != "<<"}
        if isinstance(here.content, list):
            return [copy(item, depth + 1) for item in here.content]
        return here.content

    return copy(value, 0)


def _merged(value: Value | None) -> list[Value]:
    if value is None:
        return []
    sources = value.content if isinstance(value.content, list) else [value]
    return [source for source in sources if isinstance(source.content, dict)]
