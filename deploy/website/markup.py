"""Plain text and commands as Markdown that shows them letter by letter, whatever is in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"[^\w\s,.:;'()/%–…?=+-]|(?<![\w)])[-+_]|_")


def text(plain: str) -> str:
    """A text without any markup in it; `code` between backticks is code."""
    parts = re.split(r"`([^`\n]+)`", plain)
    return "".join(code(part) if place % 2 else _escaped(part) for place, part in enumerate(parts))


def code(plain: str) -> str:
    """Inline code."""
    return f"<code>{_escaped(plain)}</code>"


def block(lines: str | Iterable[str], language: str = "text") -> str:
    """A block of code, with a fence longer than any in it."""
    content = lines if isinstance(lines, str) else "\n".join(lines)
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", content)), 3)
    return f"\n{fence}{language}\n{content}\n{fence}\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells are Markdown on one line."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def bullets(items: Iterable[str]) -> str:
    """A list; its items are Markdown."""
    return "".join(f"* {item}\n" for item in items)


def _escaped(plain: str) -> str:
    """As character references: neither HTML nor Markdown finds a mark."""
    joined = " ".join(plain.split()) if plain.strip() else plain
    edges = plain[: len(plain) - len(plain.lstrip())], plain[len(plain.rstrip()) :]
    inner = _SPECIAL.sub(lambda mark: f"&#{ord(mark[0])};", joined)
    return inner if not plain.strip() else f"{edges[0] and ' '}{inner}{edges[1] and ' '}"
