"""The mount path as inline SVG: side by side where there is room, one below the other on a phone."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from diag.model.verdict import Verdict
from diag.reports.html.markup import Markup, element, join
from diag.reports.picture import Hop, Picture
from diag.reports.text import MARKS

WORDS = {
    Verdict.PASS: "in order",
    Verdict.SKIP: "not looked at",
    Verdict.WARN: "warning",
    Verdict.UNKNOWN: "not determined",
    Verdict.FAIL: "broken",
}


class _Layout(msgspec.Struct, frozen=True):
    """Sizes in the drawing's own units."""

    name: str
    width: int
    height: int
    gap: int
    is_row: bool
    letters: int
    """Letters of a name that fit into a box."""


_WIDE = _Layout("wide", 140, 104, 20, True, 18)
_TALL = _Layout("tall", 340, 62, 22, False, 44)


def draw(picture: Picture) -> Markup:
    """The picture in both layouts; style shows one of them. A station with findings links to them."""
    linked = any(hop.findings for hop in picture.hops)
    hint = "Each station leads to what was found there." if linked else "Told from a text alone: nothing was looked at."
    return element("figure", _svg(picture, _WIDE), _svg(picture, _TALL), element("figcaption", hint), class_="picture")


def word_of(hop: Hop) -> str:
    """How a station stands, in a word or two."""
    return "suspect" if hop.is_broken and hop.state is not Verdict.FAIL else WORDS[hop.state]


def anchor(hop: Hop) -> str:
    """The id of a station's findings."""
    return f"hop-{hop.station.name.lower()}"


def _svg(picture: Picture, layout: _Layout) -> Markup:
    count = len(picture.hops)
    along = (layout.width if layout.is_row else layout.height) + layout.gap
    width = count * along - layout.gap if layout.is_row else layout.width
    height = layout.height if layout.is_row else count * along - layout.gap
    parts = [part for place, hop in enumerate(picture.hops) for part in _hop(picture, place, hop, along, layout)]
    return element(
        "svg", *parts, viewBox=f"-3 -3 {width + 6} {height + 6}", role="group", aria_label=picture.title,
        class_=layout.name,
    )  # fmt: skip


def _hop(picture: Picture, place: int, hop: Hop, along: int, layout: _Layout) -> Iterator[Markup]:
    x, y = (place * along, 0) if layout.is_row else (0, place * along)
    if place:
        is_proven = hop.is_broken and hop.state is Verdict.FAIL
        yield from _wire(x, y, hop.is_broken or picture.hops[place - 1].is_broken, is_proven, layout)
    word = word_of(hop)
    box = element("rect", x=str(x), y=str(y), width=str(layout.width), height=str(layout.height), rx="10")
    called = " ".join(filter(None, (hop.station.value, hop.name, hop.version)))
    label = f"{called}: {word}. {hop.told}"
    leads = any(other.findings for other in picture.hops)
    inside = (_row if layout.is_row else _line)(hop, word, x, y, layout)
    yield element(
        "a" if leads else "g", element("title", label), box, *inside,
        href=f"#{anchor(hop)}" if leads else None, aria_label=label, role=None if leads else "img",
        class_=f"hop tone-{hop.state.value}{' broken' if hop.is_broken else ''}",
    )  # fmt: skip


def _row(hop: Hop, word: str, x: int, y: int, layout: _Layout) -> Iterator[Markup]:
    yield _text(MARKS[hop.state], x + 12, y + 26, "mark")
    yield _text(hop.station.value, x + 28, y + 26, "title")
    counted = hop.told.partition(";")[0] if not hop.is_broken and hop.state is not Verdict.SKIP else ""
    yield _text(shortened(hop.name or counted, layout.letters), x + 12, y + 48, "name")
    yield _text(hop.version, x + 12, y + 65, "name")
    yield _text(word, x + 12, y + 90, "told")


def _line(hop: Hop, word: str, x: int, y: int, layout: _Layout) -> Iterator[Markup]:
    yield _text(MARKS[hop.state], x + 14, y + 26, "mark")
    yield _text(hop.station.value, x + 36, y + 26, "title")
    yield element("text", word, x=str(x + layout.width - 14), y=str(y + 26), class_="told", text_anchor="end")
    below = " · ".join(filter(None, (hop.version, shortened(hop.name, layout.letters - len(hop.version)))))
    yield _text(below, x + 36, y + 47, "name")


def _wire(x: int, y: int, is_cut: bool, has_cross: bool, layout: _Layout) -> Iterator[Markup]:
    middle = layout.height // 2 if layout.is_row else layout.width // 2
    start = (x - layout.gap, y + middle) if layout.is_row else (x + middle, y - layout.gap)
    end = (x, y + middle) if layout.is_row else (x + middle, y)
    yield _stroke(*start, *end, "wire cut" if is_cut else "wire")
    if has_cross:
        cx, cy = (start[0] + end[0]) // 2, (start[1] + end[1]) // 2
        yield _stroke(cx - 6, cy - 6, cx + 6, cy + 6, "cross")
        yield _stroke(cx - 6, cy + 6, cx + 6, cy - 6, "cross")


def _stroke(x1: int, y1: int, x2: int, y2: int, kind: str) -> Markup:
    return element("line", x1=str(x1), y1=str(y1), x2=str(x2), y2=str(y2), class_=kind)


def _text(value: str, x: int, y: int, kind: str) -> Markup:
    return element("text", value, x=str(x), y=str(y), class_=kind) if value else join()


def shortened(name: str, letters: int) -> str:
    """A name that fits: the first label of a host, else its beginning and its end."""
    if len(name) > letters and "." in name and " " not in name:
        name = name.partition(".")[0]
    if len(name) <= letters:
        return name
    tail = letters // 2 - 1
    return f"{name[: letters - tail - 1]}…{name[-tail:]}"
