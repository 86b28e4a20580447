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
from diag.reports.runbook import FIX, body_of
from diag.sanitize import visible

_REFERENCE = re.compile(r"\[\[([a-z0-9-]+)\]\]")


def to_html(text: str, values: Mapping[str, str], fix: Fix | None = None) -> Markup:
    """The body of a runbook file. A value that is not fit for a command stays a placeholder."""
    reader = _reader()
    tokens = reader.parse(body_of(text))
    for token in tokens:
        _fill(token, values)
        for child in token.children or ():
            _fill(child, values)
    if fix is not None:
        _insert_fix(tokens, fix)
    return Markup(reader.renderer.render(tokens, reader.options, {}))


def _insert_fix(tokens: list[Token], fix: Fix) -> None:
    """The steps of the front matter, below their heading."""
    place = next((i for i, t in enumerate(tokens) if t.type == "inline" and t.content == FIX), None)
    if place is not None:
        steps = template("diagnosis.html").module.fix(fix, "Steps")  # type: ignore[attr-defined]
        tokens.insert(place + 2, Token("html_block", "", 0, content=str(steps)))


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
