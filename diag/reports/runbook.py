"""One runbook for the terminal, its placeholders filled."""

from __future__ import annotations

from collections.abc import Mapping

from diag.grammar.command import fill_text
from diag.knowledge.cause import Cause
from diag.sanitize import visible

FENCE = "```"


def to_page(cause: Cause, text: str, values: Mapping[str, str]) -> str:
    """The runbook's title and body. Inside code fences values are quoted for a shell."""
    lines = [
        cause.title,
        "=" * len(cause.title),
        "",
        f"{cause.id} · layer {cause.layer.value} · {cause.severity.value}",
    ]
    if cause.broader:
        lines.append(f"a special case of {cause.broader}")
    fenced = False
    for line in body_of(text).splitlines():
        if line.strip().startswith(FENCE):
            fenced = not fenced
            continue
        lines.append(visible(("    " if fenced else "") + fill_text(line, values)))
    return "\n".join(lines).rstrip() + "\n"


def body_of(text: str) -> str:
    """The Markdown after the front matter."""
    _, _, rest = text.partition("---\n")
    return rest.partition("\n---\n")[2]
