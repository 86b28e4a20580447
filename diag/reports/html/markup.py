"""The templates, in which every text of a stranger is text.

What is put into a template is escaped, and what could move a cursor or turn the writing direction is made visible.
Only what `Markup` marks is taken for HTML.
"""

from __future__ import annotations

import functools
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup as Markup
from markupsafe import escape

from diag.sanitize import visible


def template(name: str) -> Template:
    """A template of this package. A name that it uses and does not get is an error, not an empty text."""
    return _environment().get_template(name)


def lines(text: str) -> Markup:
    """A text of several lines, for inside `pre`."""
    return Markup("\n").join(escape(visible(line)) for line in text.splitlines())


def command(line: str) -> Markup:
    """A command to copy: one click selects the whole of it."""
    return Markup(
        '<pre class="command" tabindex="0" role="group" aria-label="Command; one click selects all of it">'
        "<code>{}</code></pre>"
    ).format(lines(line))


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("diag.reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"command": command, "lines": lines}
    return environment


def _shown(value: Any) -> Any:
    return value if isinstance(value, Markup) else visible(str(value))
