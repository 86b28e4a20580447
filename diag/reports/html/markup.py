"""Builds HTML in which every text is escaped unless it was built here."""

from __future__ import annotations

import html

from diag.sanitize import visible

_VOID = frozenset({"meta", "link", "input", "br", "hr"})


class Markup(str):
    """HTML that was built by `element`; any other string is text."""

    __slots__ = ()


Child = str | None


def text(value: str) -> Markup:
    """A text, escaped; control characters and characters that turn the writing direction are made visible."""
    return Markup(html.escape(visible(value), quote=True))


def lines(value: str) -> Markup:
    """A text of several lines, for inside `pre`."""
    return Markup("\n".join(text(line) for line in value.splitlines()))


def join(*children: Child) -> Markup:
    """Children one after another; None is nothing."""
    return Markup("".join(c if isinstance(c, Markup) else text(c) for c in children if c is not None))


def element(name: str, /, *children: Child, **attributes: str | bool | None) -> Markup:
    """One element. Attribute names take `_` for `-` and a trailing `_` for Python's words; None and False leave out."""
    shown = "".join(
        f" {_attribute(key)}" + ("" if value is True else f'="{text(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{shown}>")
    return Markup(f"<{name}{shown}>{join(*children)}</{name}>")


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
