"""A runbook's Markdown as HTML, this incident's values filled in.

Only what runbooks use: headings, paragraphs, lists, fences, tables, code, emphasis, links and references to others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from diag.grammar.command import fill_text
from diag.reports.html.diagnosis import command_of
from diag.reports.html.markup import Markup, element, join
from diag.reports.runbook import FENCE, body_of

_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|\[\[(?P<see>[a-z0-9-]+)\]\]"
    r"|\[(?P<label>[^\]]+)\]\((?P<url>https://[^)\s]+)\)"
)
_ITEM = re.compile(r"(?P<indent> *)(?P<sign>[*-]|\d+\.) +(?P<rest>.*)")


def to_html(text: str, values: Mapping[str, str]) -> Markup:
    """The body of a runbook file. Values are filled in as text, and quoted for a shell inside fences."""
    return join(*_blocks(body_of(text).splitlines(), values))


def _blocks(lines: Sequence[str], values: Mapping[str, str]) -> Iterator[Markup]:
    place = 0
    while place < len(lines):
        line = lines[place]
        if not line.strip():
            place += 1
        elif line.lstrip().startswith(FENCE):
            end = next((i for i in range(place + 1, len(lines)) if lines[i].lstrip().startswith(FENCE)), len(lines))
            indent = len(line) - len(line.lstrip())
            yield command_of("\n".join(fill_text(own[indent:], values) for own in lines[place + 1 : end]))
            place = end + 1
        elif line.startswith("#"):
            yield element("h4" if line.startswith("###") else "h3", *_inline(line.lstrip("# "), values))
            place += 1
        elif line.startswith("|"):
            end = _while(lines, place, lambda own: own.startswith("|"))
            yield _table(lines[place:end], values)
            place = end
        elif item := _ITEM.fullmatch(line):
            end = _while(lines, place, lambda own: not own.strip() or own.startswith(" ") or bool(_ITEM.fullmatch(own)))
            yield _list(lines[place:end], "ol" if item["sign"][0].isdigit() else "ul", values)
            place = end
        else:
            end = _while(lines, place, lambda own: bool(own.strip()) and not own.lstrip().startswith(FENCE))
            yield element("p", *_inline(" ".join(lines[place:end]), values))
            place = end


def _while(lines: Sequence[str], start: int, holds: Callable[[str], bool]) -> int:
    return next((place for place in range(start + 1, len(lines)) if not holds(lines[place])), len(lines))


def _list(lines: Sequence[str], name: str, values: Mapping[str, str]) -> Markup:
    items: list[list[str]] = []
    for line in lines:
        item = _ITEM.fullmatch(line)
        if item and not item["indent"]:
            items.append([item["rest"]])
        elif items:
            items[-1].append(line)
    return element(name, *(element("li", *_item(item, values)) for item in items))


def _item(lines: Sequence[str], values: Mapping[str, str]) -> Iterator[Markup]:
    """The first paragraph stands in the item itself; what is indented below it follows as blocks."""
    end = _while(lines, 0, lambda own: bool(own.strip()) and not own.lstrip().startswith(FENCE))
    yield join(*_inline(" ".join(line.strip() for line in lines[:end]), values))
    rest = lines[end:]
    indent = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    yield from _blocks([line[indent:] for line in rest], values)


def _table(lines: Sequence[str], values: Mapping[str, str]) -> Markup:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    head, body = rows[0], [row for row in rows[1:] if not all(set(cell) <= set("-: ") for cell in row)]
    return element(
        "div",
        element(
            "table",
            element("thead", element("tr", *(element("th", *_inline(cell, values), scope="col") for cell in head))),
            element("tbody", *(element("tr", *(element("td", *_inline(c, values)) for c in row)) for row in body)),
        ),
        class_="scroll", tabindex="0",
    )  # fmt: skip


def _inline(text: str, values: Mapping[str, str]) -> Iterator[str]:
    """The Markdown is ours and is read first; values of the incident are filled in as text only afterwards."""
    place = 0
    for match in _INLINE.finditer(text):
        yield fill_text(text[place : match.start()], values)
        place = match.end()
        if match["code"]:
            yield element("code", fill_text(match["code"], values))
        elif match["strong"]:
            yield element("strong", fill_text(match["strong"], values))
        elif match["see"]:
            yield element("code", match["see"])
        else:
            yield element("a", match["label"], href=match["url"], rel="noreferrer noopener")
    yield fill_text(text[place:], values)
