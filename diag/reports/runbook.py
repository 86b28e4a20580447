"""One runbook for the terminal: its Markdown laid out, its placeholders filled, its steps in order."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from diag.advice.driver import INSTALLED_BY, SAYS_WHO, WHO_INSTALLED
from diag.advice.inspect_node import DEBUG_PODS
from diag.advice.names import named_in
from diag.advice.platform import HOST, UNKNOWN, Platform, is_of_hosts
from diag.advice.runbook import fix_of, look_at, numbers_of_ways
from diag.advice.verify import seen_after, with_verify
from diag.grammar.command import fill_text
from diag.knowledge.cause import Cause, Observation
from diag.model.fix import Fix, Step, StepKind
from diag.reports.terminal import UNDER, Style, command, labelled, listed, step_lines, wrap
from diag.sanitize import visible

FENCE, VERIFY, FIX = "```", "How to verify", "How to fix"
NAMES = "Names in the commands"
POINTER = f"What to write for a name in <…> stands below, under {NAMES}."
WORDS = {
    "MGS": "management service: hands out the configuration of the file system; a mount asks it first",
    "MGC": "the client's connection to the MGS",
    "MDT": "metadata target: names, owners, modes and layouts of files",
    "OST": "object storage target: the content of files, spread over several",
    "LNet": "Lustre's network layer in the kernel; TCP port 988",
    "NID": "address of a host in LNet: 10.0.0.5@tcp",
    "DRA": "data repository association: a directory of the file system linked with an S3 prefix",
}
"""What a reader new to Lustre looks up; a page explains those that it uses."""
LEFT_OUT = "A way whose number is missing here is for another platform or installer than yours."
SURVEYED = 2
"""Ways up to which a page goes without a list of them."""
_WAYS = re.compile(r"\bways? (\d+(?:(?:, | to | and | or )\d+)*)")
"""`way 2`, `ways 1, 3 and 4`, `ways 2 to 6`."""
_CASE = re.compile(r"(?:only |best )?(?:where|for|to|on|so that|if) (?!.*: first )")
"""How a caution begins that says for which case a way is."""
_ITEM = re.compile(r"(?P<mark> *(?:[-*]|\d+\.) +)(?P<text>.*)")
_RELATED = re.compile(r"\[\[([a-z0-9-]+)\]\]")
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")
_MARKS = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])")


def to_page(
    cause: Cause,
    text: str,
    values: Mapping[str, str],
    titles: Mapping[str, str],
    *,
    platform: Platform = UNKNOWN,
    width: int = 100,
) -> str:
    """The runbook's title and body. `titles` are those of all causes, for what the body refers to."""
    lines = [*_heading(cause.title, "=")[1:], "", f"{cause.id} · layer {cause.layer.value} · {cause.severity.value}"]
    if cause.url:
        lines.append(cause.url)
    if cause.broader:
        lines.append(f"a special case of {cause.broader} (lustre-doctor runbook {cause.broader})")
    body, ways_are_due, named = body_of(text), False, frozenset[int]()
    place_of_pointer = place_of_names = len(lines)
    section = ""
    for block in [*_blocks(body), ["## "]]:
        if ways_are_due and not chooses(block[0]):
            ways_are_due = False
            if (fix := fix_of(cause, values, platform, on_page=True)) is not None:
                style = Style(width=width)
                lines += _ways(with_verify(fix, values), numbers_of_ways(cause, values, platform), named, style)
                if platform.kubernetes is not False:
                    lines += _seen_after(cause, values, style)
        if block[0].startswith("## "):
            place_of_names = len(lines) if section == FIX else place_of_names
            section = block[0].removeprefix("## ")
        if block == ["## "]:
            break
        named |= _ways_named(" ".join(block)) if ways_are_due else frozenset()
        lines += _block(block, values, width)
        if block == [f"## {VERIFY}"]:
            place_of_pointer = len(lines)
            place = HOST if platform == UNKNOWN and is_of_hosts(cause.platforms) else platform
            lines += [line for observation in cause.confirm for line in _look(observation, values, place, width)]
            if any(line.startswith("    kubectl debug ") for line in lines):
                lines += ["", *textwrap.wrap(DEBUG_PODS, max(40, width), break_on_hyphens=False)]
        ways_are_due = ways_are_due or block == [f"## {FIX}"]
    if names := [*_names("\n".join(lines), cause.id, values, width)]:
        lines[place_of_names:place_of_names] = names
        lines[place_of_pointer:place_of_pointer] = ["", POINTER]
    related = [id for id in dict.fromkeys(_RELATED.findall(body)) if id in titles and id != cause.id]
    if related:
        lines += [*_heading("Related causes", "-"), ""]
        lines += [f"  lustre-doctor runbook {id}  {titles[id]}" for id in related]
    used = [(word, meaning) for word, meaning in WORDS.items() if re.search(rf"\b{word}s?\b", body)]
    if used:
        lines += [*_heading("Words", "-"), "", *(f"  {word:<5} {meaning}" for word, meaning in used)]
    return "\n".join(lines).rstrip() + "\n"


def _ways(fix: Fix, numbers: Sequence[int], named: Collection[int], style: Style) -> Iterator[str]:
    """Every way to fix it, under its number: what to know first, each command above what it does, and the way back.

    Those that the text above has not `named` are listed first. A way back that another way has is said once.
    """
    ways = ways_of(fix, numbers)
    if asks_who_installed(fix):
        yield from ("", *textwrap.wrap(SAYS_WHO, max(40, style.width), break_on_hyphens=False), f"    {WHO_INSTALLED}")
    listed_here = [one for one in ways if one.number not in named] if len(ways) > SURVEYED else []
    if listed_here:
        yield ""
    for one in listed_here:
        yield from wrap(_survey(one.fix), style, f"  Way {one.number}  ", " " * 9)
    if ways[-1].number > len(ways):
        yield from ("", *textwrap.wrap(LEFT_OUT, max(40, style.width), break_on_hyphens=False))
    undone = dict[tuple[Step, ...], int]()
    for title, number, cautions, way in ways:
        yield ""
        if title:
            yield from wrap(title, style, "", "  ")
        yield from labelled("first", listed(cautions), style)
        yield from step_lines(way, style, "steps")
        yield from labelled("not filled in", way.not_filled_in, style)
        undo = tuple(step for step in way.steps if step.kind is StepKind.UNDO)
        if (same := undone.setdefault(undo, number)) != number and len(undo) > 1:
            yield from labelled("undo", [f"as of way {same}"], style)
            continue
        for place, step in enumerate(undo):
            label = "" if place else "undo"
            yield from command(label, *step.rows) if step.line else labelled(label, [step.text], style)
    for line in fix.verify:
        yield from ("", *command("verify", line))


class Way(NamedTuple):
    """One of the ways to fix a cause, as a page shows it."""

    title: str
    """`Way 2 of 3: where the pod runs`; empty where there is one way."""
    number: int
    """By which the page names it."""
    cautions: tuple[str, ...]
    fix: Fix


def ways_of(fix: Fix, numbers: Sequence[int] = ()) -> tuple[Way, ...]:
    """Every way, each with its number and case in its title; of a page's only way the case is a caution."""
    ways, found = (fix, *fix.alternatives), []
    numbers = numbers or range(1, len(ways) + 1)
    is_whole = [*numbers] == [*range(1, len(ways) + 1)]
    for number, way in zip(numbers, ways, strict=True):
        case, cautions = _case_of(way)
        if [*numbers] == [1]:
            found.append(Way("", 1, (case, *cautions) if case else cautions, way))
        else:
            title = f"Way {number} of {len(ways)}" if is_whole else f"Way {number}"
            found.append(Way(title + (f": {case}" if case else ""), number, cautions, way))
    return tuple(found)


def _ways_named(text: str) -> frozenset[int]:
    """The numbers of the ways that a text sends its reader to."""
    found = set[int]()
    for numbers in _WAYS.findall(text):
        for first, last in re.findall(r"(\d+)(?: to (\d+))?", numbers):
            found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def asks_who_installed(fix: Fix) -> bool:
    """Whether the ways differ by what installed the driver, so that a page says first how that is seen."""
    return bool(fix.alternatives) and any(map(_by_installer, (fix, *fix.alternatives)))


def _case_of(way: Fix) -> tuple[str, tuple[str, ...]]:
    """For which case a way is, and its other cautions. Who installed the driver is told above all ways."""
    cautions, case, where = list(way.first), "", ""
    if _by_installer(way):
        case = cautions.pop(0).partition(":")[0]
    elif cautions and cautions[0].startswith("on "):
        where, _, more = cautions.pop(0).partition("; ")
        if more:
            return where, (more, *cautions)
    if cautions and _CASE.match(cautions[0]):
        own, _, more = cautions.pop(0).partition("; ")
        case = "; ".join(filter(None, (case, own)))
        cautions[:0] = [more] if more else []
    if case and where:
        case, where = f"{case} ({where.removeprefix('on ')})", ""
    return case or where, tuple(cautions)


def _by_installer(way: Fix) -> bool:
    """Whether a way is for one of the ways to install the driver, of which nothing shows which it is."""
    first = next(iter(way.first), "")
    return any(first.startswith(text.partition(":")[0] + ":") for text in INSTALLED_BY.values())


def _survey(way: Fix) -> str:
    """For which case a way is, in a list of all; what it does, where that alone tells it from another one."""
    case, _ = _case_of(way)
    does = next((step.says for step in reversed(way.steps) if step.kind is StepKind.CHANGE and step.says), "")
    if case and not (case.startswith("on ") and case in way.first):
        return case
    return ": ".join(filter(None, (case, does.partition("; ")[0])))


def _seen_after(cause: Cause, values: Mapping[str, str], style: Style) -> Iterator[str]:
    for step in seen_after(cause, values):
        yield from command("", step.line)
        yield from wrap(step.says, style, UNDER, UNDER)


def _names(page: str, id: str, values: Mapping[str, str], width: int) -> Iterator[str]:
    """Where each name that the page leaves open is found."""
    sources = list(named_in(page, id))
    if not sources:
        return
    yield from _heading(NAMES, "-")
    yield ""
    said = (
        "lustre-doctor run --format json > run.json finds most of these, and"
        f" lustre-doctor runbook {id} --with run.json writes them into this page."
    )
    yield from textwrap.wrap(said, max(40, width), break_long_words=False, break_on_hyphens=False)
    size = max(len(name) for source in sources for name in source.names) + 4
    for source in sources:
        for name, what in source.names.items():
            yield f"  {f'<{name}>':<{size}}{what}"
        if source.command:
            yield f"      {visible(fill_text(source.command, values))}"
        if source.otherwise:
            yield f"      where it prints nothing: {visible(fill_text(source.otherwise, values))}"


def chooses(block: str) -> bool:
    """Whether what stands first under *How to fix* says which way to take, and so is read before the ways."""
    return block.startswith(("|", "Which way"))


def body_of(text: str) -> str:
    """The Markdown after the front matter."""
    _, _, rest = text.partition("---\n")
    return rest.partition("\n---\n")[2]


def _look(observation: Observation, values: Mapping[str, str], platform: Platform, width: int) -> Iterator[str]:
    what, *commands = look_at(observation, values, platform).splitlines()
    check = f" (check {observation.check})" if observation.check else ""
    yield ""
    yield from textwrap.wrap(visible(what) + check, max(40, width), break_long_words=False, break_on_hyphens=False)
    yield from (visible(f"    {command}") for command in commands)


def _heading(text: str, underline: str) -> list[str]:
    return ["", text, underline * len(text)]


def _blocks(body: str) -> Iterator[list[str]]:
    """Paragraphs, list items, tables, headings and fenced scripts, each as its lines."""
    block: list[str] = []
    fenced = False
    for line in body.splitlines():
        fence = line.strip().startswith(FENCE)
        if fenced:
            block.append(line)
            if fence:
                yield block
                block, fenced = [], False
            continue
        starts = fence or not line.strip() or line.startswith("#") or _ITEM.match(line)
        if starts and block:
            yield block
            block = []
        if line.startswith("#"):
            yield [line]
        elif line.strip():
            block.append(line)
        fenced = fence
    if block:
        yield block


def _block(block: Sequence[str], values: Mapping[str, str], width: int) -> Iterable[str]:
    first = block[0]
    if first.strip().startswith(FENCE):
        indent = len(first) - len(first.lstrip())
        return ["", *(visible("    " + fill_text(line[indent:], values)) for line in block[1:-1])]
    if first.startswith("#"):
        return _heading(_inline(first.lstrip("# "), values), "-")
    if first.startswith("|"):
        return ["", *_table(block, values, max(40, width))]
    item = _ITEM.match(first)
    mark = item["mark"] if item else ""
    text = " ".join([item["text"] if item else first.strip(), *(line.strip() for line in block[1:])])
    margin = " " * (len(mark) or len(first) - len(first.lstrip()))
    wrapped = textwrap.wrap(
        _inline(text, values), max(40, width), initial_indent=mark or margin, subsequent_indent=margin,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return wrapped if item else ["", *wrapped]


def _table(block: Sequence[str], values: Mapping[str, str], width: int) -> list[str]:
    """The rows in columns; cells of columns that are too wide are wrapped."""
    rows = [[_inline(cell.strip(), values) for cell in line.strip("|").split("|")] for line in block]
    rows = [row for row in rows if not all(set(cell) <= set("-: ") for cell in row)]
    widths = [max(len(row[place]) for row in rows if place < len(row)) for place in range(max(map(len, rows)))]
    free = width - 2 * len(widths)
    for left, place in enumerate(sorted(range(len(widths)), key=widths.__getitem__)):
        widths[place] = min(widths[place], max(12, free // (len(widths) - left)))
        free -= widths[place]
    head, *others = ([*_cells(row, widths)] for row in rows)
    return [*head, "  ".join("-" * size for size in widths), *itertools.chain.from_iterable(others)]


def _cells(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """The lines of one row."""
    wrapped = [
        textwrap.wrap(cell, size, break_long_words=False, break_on_hyphens=False)
        for cell, size in zip(row, widths, strict=False)
    ]
    for cells in itertools.zip_longest(*wrapped, fillvalue=""):
        yield "  ".join(cell.ljust(size) for cell, size in zip(cells, widths, strict=False)).rstrip()


def _inline(text: str, values: Mapping[str, str]) -> str:
    """Marks and links resolved in our own text first; what strangers wrote is put in afterwards."""
    text = _RELATED.sub(r"\1", text)
    text = _LINK.sub(r"\1 <\2>", text)
    text = _MARKS.sub(lambda match: next(filter(None, match.groups()), ""), text)
    return visible(fill_text(text, values))
