"""One runbook for the terminal: its Markdown laid out, its placeholders filled, its steps in order."""

from __future__ import annotations

import itertools
import re
import shlex
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from diag.advice.driver import INSTALLED_BY, SAYS_WHO, WHO_INSTALLED, WITH, Installer
from diag.advice.inspect_node import DEBUG_PODS
from diag.advice.names import named_in, unknown_in
from diag.advice.platform import HOST, UNKNOWN, Platform, is_of_hosts
from diag.advice.runbook import answers_of, fix_of, foreign_options, look_at, numbers_of_options
from diag.advice.verify import seen_after, with_verify
from diag.grammar.command import fill_text
from diag.knowledge.cause import Cause, Observation
from diag.model.fix import Fix
from diag.reports.terminal import Style, Told, first_lines, part_lines, undo_lines, wrap
from diag.sanitize import visible

FENCE, VERIFY, FIX = "```", "How to verify", "How to fix"
CHECK = "How to check that it worked"
FILLED = "A run finds most of the names in <…> and prints this page again with them in its commands:"
NAMES, MORE_NAMES = "To fill them in by hand:", "  More names:"
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
LEFT_OUT = "An option whose number is missing here is for another platform or installer than yours."
ALONE = "To print one option alone, with its names: lustre-doctor runbook {id} --option N"
KEPT_BEFORE = (
    '"cannot overwrite existing file": an earlier try saved it. Remove that file only if the try changed nothing.'
)
"""Above the options of which one saves a state that is never written over."""
SHORT = 12
"""Lines of an option's steps up to which a brief page has them, whichever option it is."""
SHORT_UNDO = 5
"""Lines up to which it has an undo."""
FOLDED = "This prints its steps:"
UNDO_ALONE = "Undo: this prints the option with it:"
ONE_OPTION = "lustre-doctor runbook {id} --option {number}"
SURVEYED = 2
"""Options up to which a page goes without a list of them."""
_OPTIONS = re.compile(r"\b[Oo]ptions? (\d+(?:(?:, | to | and | or )\d+)*)")
"""`option 2`, `options 1, 3 and 4`, `options 2 to 6`."""
_ITEM = re.compile(r"(?P<mark> *(?:[-*]|\d+\.) +)(?P<text>.*)")
_RELATED = re.compile(r"\[\[([a-z0-9-]+)\]\]")
_IDS_ALONE = re.compile(r"[-*] (?:See also )?(?:\[\[[a-z0-9-]+\]\](?:, | and |\.)?)+")
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
    option: int = 0,
    is_brief: bool = False,
    filled_from: str = "",
) -> str:
    """The runbook's title and body, or with a number that option alone.

    `titles` are those of all causes, for what the body refers to. A page that is brief has of long options after the
    first what they do, their case, and the command that prints them, with the file that the page is filled from. Raises
    NoSuchOption.
    """
    lines = [*_heading(cause.title, "=")[1:], "", f"{cause.id} · layer {cause.layer.value} · {cause.severity.value}"]
    if cause.url:
        lines.append(cause.url)
    if cause.broader:
        lines.append(f"a special case of {cause.broader} (lustre-doctor runbook {cause.broader})")
    body, options_are_due, named = body_of(text), False, frozenset[int]()
    style, section, parts = Style(width=width), "", [_Part(lines)]
    numbers = numbers_of_options(cause, values, platform)
    for block in [*_blocks(body), ["## "]]:
        if options_are_due and not chooses(block[0]):
            options_are_due = False
            if (fix := fix_of(cause, values, platform, on_page=True)) is not None:
                folded = foreign_options(cause) if platform == UNKNOWN and not option else frozenset[int]()
                parts += _options(
                    fix, numbers, named, cause.id, style, option, folded, is_brief and not option, filled_from
                )
                parts.append(_Part([]))
        if block[0].startswith("## "):
            if section == FIX and platform.kubernetes is not False:
                heading, seen = _heading(CHECK, "-"), _seen_after(cause, values, style)
                parts.append(_Part([*heading, "", *seen], asks=True, place=len(heading), of=_EVERY))
            section = block[0].removeprefix("## ")
            parts.append(_Part([], asks=section == VERIFY))
        if block == ["## "]:
            break
        named |= options_named(" ".join(block)) if options_are_due else frozenset()
        # What only refers to other pages stands below, with their titles.
        parts[-1].lines += () if _IDS_ALONE.fullmatch(" ".join(block)) else _block(block, values, width)
        if block == [f"## {VERIFY}"]:
            parts[-1].place = len(parts[-1].lines)
            place = HOST if platform == UNKNOWN and is_of_hosts(cause.platforms) else platform
            looks = [line for observation in cause.confirm for line in _look(observation, values, place, width)]
            parts[-1].lines += looks
            if any(line.startswith("    kubectl debug ") for line in looks):
                parts[-1].lines += ["", *textwrap.wrap(DEBUG_PODS, max(40, width), break_on_hyphens=False)]
        options_are_due = options_are_due or block == [f"## {FIX}"]
    if option:
        if option not in numbers:
            known = f"; it has {numbers[0]} to {numbers[-1]}" if numbers else ""
            raise NoSuchOption(f"{cause.id} has no option {option} here{known}")
        chosen = [parts[0], *(part for part in parts if part.of in (option, _EVERY))]
        return "\n".join(_with_names(chosen, cause.id, values, width)).rstrip() + "\n"
    lines = [*_with_names(parts, cause.id, values, width)]
    related = [id for id in dict.fromkeys(_RELATED.findall(body)) if id in titles and id != cause.id]
    if related:
        lines += [*_heading("Related causes", "-"), ""]
        lines += [f"  lustre-doctor runbook {id}  {titles[id]}" for id in related]
    used = [(word, meaning) for word, meaning in WORDS.items() if re.search(rf"\b{word}s?\b", body)]
    if used:
        lines += [*_heading("Words", "-"), "", *(f"  {word:<5} {meaning}" for word, meaning in used)]
    return "\n".join(lines).rstrip() + "\n"


class _Part(msgspec.Struct):
    """Some lines of a page, which stand together."""

    lines: list[str]
    asks: bool = False
    """Whether its names are explained in it, at `place`."""
    place: int = 0
    of: int = 0
    """The number of the option that it is; -1 where it belongs to every one."""


_EVERY = -1


def filling(id: str) -> tuple[str, str]:
    """The commands that print a page again with the names that a run finds."""
    return "lustre-doctor run --format json > run.json", f"lustre-doctor runbook {id} --with run.json"


class NoSuchOption(ValueError):
    """A page has no option of that number, for this reader."""


def _with_names(parts: Sequence[_Part], id: str, values: Mapping[str, str], width: int) -> Iterator[str]:
    """The page with each name explained where it is needed first, and how a run fills in most of them."""
    sources = [*named_in("\n".join(line for part in parts for line in part.lines), id)]
    told, due = set[str](), list[str]()
    for part in parts:
        due += part.lines
        if not part.asks and part is not parts[-1]:
            yield from part.lines
            continue
        yield from part.lines[: part.place]
        new = [*unknown_in("\n".join(due), sources, told)]
        if new and not told:
            yield from ("", *textwrap.wrap(FILLED, max(40, width), break_on_hyphens=False))
            yield from (f"    {line}" for line in filling(id))
        if new:
            yield from ("", NAMES if not told else MORE_NAMES)
        size = max((len(name) for source in new for name in source.names), default=0) + 4
        for source in new:
            told |= source.names.keys()
            for name, what in source.names.items():
                yield f"    {f'<{name}>':<{size}}{what}"
            if source.command:
                yield f"        {visible(fill_text(source.command, values))}"
            if source.otherwise:
                yield f"        If it prints nothing: {visible(fill_text(source.otherwise, values))}"
        if new and part.lines[part.place :][:1] != [""]:
            yield ""
        yield from part.lines[part.place :]


def _options(
    fix: Fix,
    numbers: Sequence[int],
    named: Collection[int],
    id: str,
    style: Style,
    only: int,
    folded: Collection[int],
    is_brief: bool,
    filled_from: str,
) -> Iterator[_Part]:
    """Every option under its number, or `only` that one: its case, what to know first, its steps, and its undo.

    Those that the text above has not `named` are listed first. What an earlier option has too is said once. Of those
    that are `folded` there is the case, and the command that prints it.
    """
    options, intro = [*options_of(fix, numbers)], list[str]()
    long = {number for number, _, option in options[1:] if is_brief and _rows(option, style) > SHORT}
    folded = {*folded, *long}
    if asks_who_installed(fix):
        intro += ("", *textwrap.wrap(SAYS_WHO, max(40, style.width), break_on_hyphens=False), f"    {WHO_INSTALLED}")
    listed_here = [(number, option) for number, _, option in options if number not in (*named, *folded)]
    if len(options) > SURVEYED and listed_here:
        intro.append("")
        for number, option in listed_here:
            intro += wrap(_survey(option), style, f"  Option {number}  ", " " * 12)
    if numbers and numbers[-1] > len(options):
        intro += ("", *textwrap.wrap(LEFT_OUT, max(40, style.width), break_on_hyphens=False))
    if len(options) > SURVEYED and not long:
        intro += ("", *textwrap.wrap(ALONE.format(id=id), max(40, style.width), break_on_hyphens=False))
    yield _Part(intro)
    shown = [one for one in options if only in (0, one[0])]
    if any(step.once for number, _, option in shown if number not in folded for step in option.steps):
        yield _Part(["", *textwrap.wrap(KEPT_BEFORE, max(40, style.width), break_on_hyphens=False)], of=_EVERY)
    told, again = Told(), visible(f" --with {shlex.quote(filled_from)}") if filled_from else ""
    for number, heading, option in shown:
        lines = ["", *(wrap(heading, style, "", "  ") if heading else ())]
        alone = ONE_OPTION.format(id=id, number=number) + again
        if number in folded:
            lines += wrap(" ".join((*option.opening, FOLDED)), style, _MARGIN, _MARGIN)
            yield _Part([*lines, f"{_MARGIN}    {alone}"], of=number)
            continue
        lines += first_lines(option, style, _MARGIN, told, number)
        place = len(lines)
        lines += part_lines(option, style, _MARGIN, told, number)
        undo = [*undo_lines(option, style, _MARGIN)]
        is_long = is_brief and len(undo) > SHORT_UNDO
        lines += (f"{_MARGIN}{UNDO_ALONE}", f"{_MARGIN}    {alone}") if is_long else undo
        yield _Part(lines, asks=True, place=place, of=number)


_MARGIN = "  "


def _rows(option: Fix, style: Style) -> int:
    """How many lines the steps of an option and their undo take, alone."""
    return len([*part_lines(option, style, _MARGIN), *undo_lines(option, style, _MARGIN)])


def options_of(fix: Fix, numbers: Sequence[int] = ()) -> Iterator[tuple[int, str, Fix]]:
    """Every option with its number and its heading; that of a page's only one is what it does."""
    options = (fix, *fix.alternatives)
    numbers = numbers or range(1, len(options) + 1)
    is_whole = [*numbers] == [*range(1, len(options) + 1)]
    for number, option in zip(numbers, options, strict=True):
        place = f"Option {number}" + f" of {len(options)}" * is_whole
        yield number, option.title if [*numbers] == [1] else ": ".join(filter(None, (place, option.title))), option


def options_named(text: str) -> frozenset[int]:
    """The numbers of the options that a text sends its reader to."""
    found = set[int]()
    for numbers in _OPTIONS.findall(text):
        for first, last in re.findall(r"(\d+)(?: to (\d+))?", numbers):
            found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def asks_who_installed(fix: Fix) -> bool:
    """Whether the options differ by what installed the driver, so that a page says first how that is seen."""
    installers, options = {case for case, _ in INSTALLED_BY.values()}, (fix, *fix.alternatives)
    by_case = len(options) > 1 and any(one.when.partition(" and ")[0] in installers for one in options)
    return by_case or any(
        step.changes.startswith(f"{WITH}{Installer.HELM.value}: ") for one in options for step in one.steps
    )


def _survey(option: Fix) -> str:
    """What an option does and for which case, in a list of all."""
    return option.title + f" (if {option.when})" * bool(option.when)


def _seen_after(cause: Cause, values: Mapping[str, str], style: Style) -> Iterator[str]:
    yield from (f"    {line}" for line in with_verify(Fix(), values).verify)
    yield from wrap(f"Expect: {cause.id} is not among its diagnoses any more.", style, "", "  ")
    for step in seen_after(cause, values):
        yield f"    {visible(step.line)}"
        yield from wrap(f"Expect: {step.says}", style, "", "  ") if step.says else ()


def chooses(block: str) -> bool:
    """Whether what stands first under *How to fix* says which option to take, and so is read before the options."""
    return block.startswith(("|", "Which option"))


def body_of(text: str) -> str:
    """The Markdown after the front matter."""
    _, _, rest = text.partition("---\n")
    return rest.partition("\n---\n")[2]


def _look(observation: Observation, values: Mapping[str, str], platform: Platform, width: int) -> Iterator[str]:
    what, *commands = look_at(observation, values, platform).splitlines()
    style = Style(width=width)
    yield ""
    yield from wrap(what, style, "", "")
    yield from (visible(f"    {command}") for command in commands)
    for says, answer in answers_of(observation, values):
        yield from wrap(f"{says}: {answer}", style, "", "  ")


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
    mark = item["mark"].replace("*", "-") if item else ""
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
