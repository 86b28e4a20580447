"""A runbook's Markdown as HTML, this incident's values filled in.

The Markdown is read first and the values are filled in as text afterwards, so nothing in a value is Markdown.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from diag.grammar.command import fill_text
from diag.model.fix import Fix
from diag.reports.html.markup import Markup, command, template
from diag.reports.report import Look
from diag.reports.runbook import FIX, VERIFY, body_of, chooses, options_of
from diag.sanitize import visible

_REFERENCE = re.compile(r"\[\[([a-z0-9-]+)\]\]")


def to_html(
    text: str,
    values: Mapping[str, str],
    fix: Fix | None = None,
    numbers: Sequence[int] = (),
    looks: Sequence[Look] = (),
) -> Markup:
    """The body of a runbook file, what settles the cause and its options, by their numbers, below their headings.

    A value that is not fit for a command stays a placeholder.
    """
    reader = _reader()
    tokens = reader.parse(body_of(text))
    for token in tokens:
        _fill(token, values)
        for child in token.children or ():
            _fill(child, values)
    if looks:
        _insert(tokens, VERIFY, "".join(map(_look, looks)))
    if fix is not None:
        options = [(heading or "Steps", option) for _, heading, option in options_of(fix, numbers)]
        _insert(tokens, FIX, str(template("diagnosis.html").module.options(options)))  # type: ignore[attr-defined]
    return Markup(reader.renderer.render(tokens, reader.options, {}))


def _insert(tokens: list[Token], heading: str, html: str) -> None:
    """What the front matter says, below its heading and what chooses among the options."""
    found = next((i for i, t in enumerate(tokens) if t.type == "inline" and t.content == heading), None)
    if found is None:
        return
    place = found + 2
    while heading == FIX and place < len(tokens) and _chooses(tokens, place):
        place = next(i for i in range(place, len(tokens)) if tokens[i].type in _ENDS) + 1
    tokens.insert(place, Token("html_block", "", 0, content=html))


_ENDS = ("table_close", "paragraph_close")


def _chooses(tokens: list[Token], place: int) -> bool:
    is_text = tokens[place].type == "paragraph_open"
    return tokens[place].type == "table_open" or (is_text and chooses(tokens[place + 1].content))


def _look(look: Look) -> str:
    what = Markup("<p>{}</p>").format(visible(look.what))
    answers = (Markup("<p><strong>{}:</strong> {}</p>").format(says, visible(said)) for says, said in look.answers)
    return "".join(map(str, (what, *(command(visible(line)) for line in look.commands), *answers)))


def _fill(token: Token, values: Mapping[str, str]) -> None:
    if token.type in ("text", "code_inline"):
        token.content = visible(fill_text(token.content, values))
    elif token.type in ("fence", "code_block"):
        token.content = "\n".join(fill_text(line, values) for line in token.content.splitlines())


@functools.cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    reader.inline.ruler.before("link", "reference", _reference)
    reader.validateLink = lambda url: url.startswith("https://")  # type: ignore[method-assign]
    for rule, render in (
        ("fence", _command), ("code_block", _command), ("table_open", _table_open), ("table_close", _table_close),
        ("th_open", _head_cell), ("link_open", _link), ("heading_open", _heading), ("heading_close", _heading),
    ):  # fmt: skip
        reader.add_render_rule(rule, render)
    return reader


def _reference(state: StateInline, silent: bool) -> bool:
    """`[[another-cause]]`, shown as code."""
    match = _REFERENCE.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("code_inline", "code", 0).content = match[1]
    state.pos = match.end()
    return True


def _command(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return command(tokens[index].content) + "\n"


def _table_open(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return '<div class="scroll" tabindex="0"><table>\n'


def _table_close(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return "</table></div>\n"


def _head_cell(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return '<th scope="col">'


def _link(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    tokens[index].attrSet("rel", "noreferrer noopener")
    return str(self.renderToken(tokens, index, options, env))


def _heading(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """The page has h1 and h2 of its own."""
    tokens[index].tag = "h4" if tokens[index].tag > "h2" else "h3"
    return str(self.renderToken(tokens, index, options, env))
