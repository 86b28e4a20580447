"""The generated pages: one for each check and each cause at the address that reports print, and the lists of them."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt

from deploy.website import reference, symptoms
from deploy.website.markup import block, bullets, code, table, text
from diag.advice.driver import SAYS_WHO, WHO_INSTALLED
from diag.advice.names import named_in
from diag.advice.runbook import answers_of, fix_of, look_at
from diag.advice.verify import seen_after, with_verify
from diag.grammar.command import fill_text
from diag.knowledge.cause import Cause, Place, Weight
from diag.knowledge.runbooks import Knowledge, load_knowledge
from diag.model.fix import Fix
from diag.model.layer import Layer
from diag.registry import GIVEN, Check, Registry, permissions_of
from diag.reports.runbook import (
    FILLED,
    FIX,
    NAMES,
    VERIFY,
    asks_who_installed,
    body_of,
    filling,
    options_of,
    to_page,
)
from diag.sources.world import load_registry

KNOWLEDGE: Knowledge = load_knowledge()
REGISTRY: Registry = load_registry()
CHECKS = {check.id: check for check in REGISTRY.checks if check.is_built_in}
REDIRECTS = {f"causes/{alias}": f"causes/{cause.id}" for cause in KNOWLEDGE.causes.values() for alias in cause.aliases}
"""From the page of a cause that was merged into another to the other's."""

VERDICTS = ("pass", "warn", "fail", "unknown", "skip")
WEIGHTS = {
    Weight.DECISIVE: "The program itself names the cause",
    Weight.STRONG: "Mostly this cause",
    Weight.WEAK: "Other causes have it too",
    Weight.BENIGN: "Harmless, though often taken for a cause",
}


def generated() -> dict[str, str]:
    """Every generated page by its place on the site."""
    pages = {f"checks/{id}.md": check_page(check) for id, check in CHECKS.items()}
    pages |= {f"causes/{id}.md": cause_page(cause) for id, cause in KNOWLEDGE.causes.items()}
    pages |= {"checks/index.md": check_list(), "causes/index.md": cause_list(), "facts.md": fact_list()}
    return pages | {"symptoms.md": symptoms.page(KNOWLEDGE), "commands.md": reference.commands()}


def check_page(check: Check) -> str:
    """One check: what `lustre-doctor checks ID` prints, and which causes it can name."""
    prose, entries = _docstring(check)
    needed = [need.name for need in check.needs if need.name not in GIVEN]
    named, asked = causes_named_by(check), _asked_by(check)
    lines = [f"# {check.id}\n\nLayer [{check.layer.value}](index.md#{check.layer.value})"]
    lines += [f" · runs only when it is named: `lustre-doctor run --only {check.id}`" if check.opt_in else ""]
    lines += [f"\n\n**{text(check.title)}.**\n"]
    lines += [f"\n{text(paragraph)}\n" for paragraph in prose]
    rows = [(f"**{key}**", text(entries[key])) for key in VERDICTS if key in entries]
    lines += ["\n## Verdicts\n\n", table(("verdict", "when"), rows)]
    lines += ["\n## Causes that it can name\n\n", bullets(map(_cause_link, named)) or "No single cause.\n"]
    if others := [id for id in asked if id not in named]:
        lines += ["\nIt is evidence for or against these as well:\n\n", bullets(map(_cause_link, others))]
    lines += ["\n## Facts that it needs\n\n", bullets(f"[{name}](../facts.md#{name})" for name in needed) or "None.\n"]
    permissions = permissions_of(REGISTRY.facts_for([check]))
    lines += ["\n## Permissions\n\n", bullets(map(code, permissions)) or "None.\n"]
    lines += [f"\n## Source\n\n{text(entries['source'])}\n"]
    return "".join(lines)


def cause_page(cause: Cause) -> str:
    """One cause: what `lustre-doctor runbook ID` prints, with the texts that show it and the checks that find it."""
    about = [code(cause.id), f"layer [{cause.layer.value}](index.md#{cause.layer.value})", cause.severity.value]
    about += [f"breaks {', '.join(phase.value for phase in cause.phase)}", f"on {', '.join(cause.platforms)}"]
    lines = [f"# {text(cause.title)}\n", f"{' · '.join(about)}\n"]
    if cause.broader:
        lines.append(f"\nA special case of {_cause_link(cause.broader)}.\n")
    sections = _sections(body_of(KNOWLEDGE.page(cause.id)))
    for heading, body in sections.items():
        if heading == VERIFY:
            lines += _names(cause)
        lines += [f"\n## {heading}\n"]
        if heading == VERIFY:
            lines += _looks(cause)
        if heading == FIX:
            choice = _CHOICE.match(body)
            lines += [body[: choice.end()] if choice else ""]
            body = body[choice.end() :] if choice else body
        if heading == FIX and (fix := fix_of(cause, {}, on_page=True)) is not None:
            lines += _fix(with_verify(fix, {}))
            for step in seen_after(cause, {}):
                lines += [block(step.line, "sh"), f"\n{text(step.says)}\n"]
        lines += [body]
        if heading == "What it means":
            lines += _texts(cause)
        if heading == VERIFY:
            lines += _refutations(cause)
    rows = [(_outside(s.name, s.url), s.date, s.confidence.value) for s in cause.sources]
    lines += ["\n## Sources\n\n", table(("source", "read or published", "confidence"), rows)]
    if related := _related(cause):
        lines += ["\n## Related causes\n\n", bullets(map(_cause_link, related))]
    lines += [
        f"\nIn a terminal, filled with an incident's values: `lustre-doctor runbook {cause.id} --with run.json`\n"
    ]
    return "".join(lines)


_CHOICE = re.compile(r"\s*(?:<p>Which way.*?</p>\s*|<table>.*?</table>\s*)*", re.DOTALL)
"""What stands before the ways, as `diag.reports.runbook.chooses` says, in the HTML of the text."""


def check_list() -> str:
    """All checks, by layer."""
    lines = [
        f"# Checks\n\n{len(CHECKS)} checks, in the order of the mount path. A page says what each verdict means, "
        "which facts and permissions the check needs, and which causes it can name.\n"
    ]
    for layer in Layer:
        rows = [(f"[{id}]({id}.md)", text(check.title)) for id, check in CHECKS.items() if check.layer is layer]
        lines += [f"\n## {layer.value}\n\n", table(("check", "what holds when it passes"), rows)]
    return "".join(lines)


def cause_list() -> str:
    """All causes, by layer."""
    causes = KNOWLEDGE.causes.values()
    lines = [
        f"# Causes\n\n{len(causes)} causes, by the layer of the mount path that is broken. "
        "From a text to its cause: [symptoms](../symptoms.md).\n"
    ]
    for layer in Layer:
        rows = [(f"[{c.id}]({c.id}.md)", text(c.title)) for c in causes if c.layer is layer]
        lines += [f"\n## {layer.value}\n\n", table(("cause", "what is wrong"), rows)]
    return "".join(lines)


def fact_list() -> str:
    """All facts, by layer."""
    lines = [
        "# Facts\n\nWhat checks are made from: each is read from AWS, Kubernetes, a node, DNS or a file, or worked "
        "out from other facts. `lustre-doctor facts NAME` prints one in full.\n"
    ]
    for layer in Layer:
        facts = sorted((f for f in REGISTRY.facts.values() if f.layer is layer), key=lambda fact: fact.name)
        rows = [
            (f'<span id="{f.name}"></span>`{f.name}`', text(f.title), ", ".join(map(code, permissions_of([f]))))
            for f in facts
        ]
        if rows:
            lines += [f"\n## {layer.value}\n\n", table(("fact", "what it is", "permissions of its own"), rows)]
    return "".join(lines)


@cache
def causes_named_by(check: Check) -> tuple[str, ...]:
    """What its failure speaks for, and every other cause that the check's module names."""
    tree = ast.parse(Path(str(sys.modules[check.origin].__file__)).read_text("utf-8"))
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return tuple(dict.fromkeys((*check.speaks_for, *(each for each in texts if each in KNOWLEDGE.causes))))


def _asked_by(check: Check) -> list[str]:
    """The causes whose runbook asks for the check's verdict."""
    return [
        cause.id
        for cause in KNOWLEDGE.causes.values()
        if any(check.id == item.check for item in (*cause.confirm, *cause.rule_out))
    ]


def _docstring(check: Check) -> tuple[list[str], dict[str, str]]:
    """Its paragraphs, and the keyed entries at its end."""
    prose, _, keyed = check.page.rpartition("\n\n")
    entries: dict[str, str] = {}
    key = ""
    for line in keyed.splitlines():
        word, colon, rest = line.partition(": ")
        if colon and not line.startswith(" "):
            key, line = word, rest
        entries[key] = f"{entries.get(key, '')} {line.strip()}".strip()
    return [paragraph for paragraph in prose.split("\n\n") if paragraph.strip()], entries


def _texts(cause: Cause) -> Iterator[str]:
    """What programs print where this is the cause."""
    if cause.signatures:
        yield "\n## Texts that show it\n"
    for weight, said in WEIGHTS.items():
        samples = dict.fromkeys(one.sample.strip() for one in cause.signatures if one.weight is weight)
        if samples:
            yield f"\n{said}:\n"
            yield from map(block, samples)


def _names(cause: Cause) -> Iterator[str]:
    """Where each name that the commands leave open is found."""
    sources = tuple(named_in(to_page(cause, KNOWLEDGE.page(cause.id), {}, {}), cause.id))
    if sources:
        filled = block(filling(cause.id), "sh")
        yield f"\n## Names in the commands\n\n{text(FILLED)}\n{filled}\n{NAMES}\n"
    for source in sources:
        yield "\n" + bullets(f"{code(f'<{name}>')} {text(what)}" for name, what in source.names.items())
        if source.command:
            yield block(fill_text(source.command, {}), "sh")


def _looks(cause: Cause) -> Iterator[str]:
    for observation in cause.confirm:
        what, *commands = look_at(observation, {}).splitlines()
        check = (
            f" (check [{observation.check}](../checks/{observation.check}.md))" if observation.check in CHECKS else ""
        )
        place = {Place.NODE: ", on the node", Place.PLUGIN: ", with the driver's tools on the node"}.get(
            observation.on, ""
        )
        yield f"\n{text(what)}{check}{place if commands else ''}\n"
        if commands:
            yield block(commands, "sh")
        yield from (f"\n**{says}:** {text(answer)}\n" for says, answer in answers_of(observation, {}))


def _refutations(cause: Cause) -> Iterator[str]:
    if cause.rule_out:
        yield "\n## What rules it out\n\n"
        yield bullets(
            text(one.says) + (f" ([{one.check}](../checks/{one.check}.md) passes)" if one.check in CHECKS else "")
            for one in cause.rule_out
        )


def _fix(fix: Fix) -> Iterator[str]:
    """Each option: its case, what to know first, what each part does above its commands, its undo; then the proof."""
    if asks_who_installed(fix):
        yield f"\n{text(SAYS_WHO)}\n" + block(WHO_INSTALLED, "sh")
    for _, heading, option in options_of(fix):
        yield f"\n### {text(heading)}\n" if heading else ""
        yield from (f"\n{text(sentence)}\n" for sentence in option.opening)
        if option.first:
            yield "\nBefore you start:\n\n" + bullets(map(text, option.first))
        for number, part in enumerate(option.parts, 1):
            yield f"\n**{number}.** {text(part.heading)}\n"
            yield block(part.rows, "sh") if part.rows else ""
            yield "\n" + bullets(map(text, part.notes)) if part.notes else ""
        for place, step in enumerate(option.undo_steps):
            yield "\n**Undo:**\n" if place == 0 else ""
            yield block(step.rows, "sh") if step.line else f"\n{text(step.text)}\n"
    if fix.verify:
        yield "\n**Verify:**\n" + block(fix.verify, "sh")


def _related(cause: Cause) -> list[str]:
    named = re.findall(r"\[\[([a-z0-9-]+)\]\]", body_of(KNOWLEDGE.page(cause.id)))
    special = [other.id for other in KNOWLEDGE.causes.values() if other.broader == cause.id]
    return [id for id in dict.fromkeys((*named, *special)) if id != cause.id]


def _cause_link(id: str) -> str:
    id = KNOWLEDGE.resolve(id)
    return f"[{id}](../causes/{id}.md): {text(KNOWLEDGE.causes[id].title)}"


def _outside(name: str, url: str) -> str:
    return f"[{text(name)}]({url})" if url else text(name)


def _sections(body: str) -> dict[str, str]:
    """The text below each heading as HTML, read as the report's page reads it: no HTML, no pictures."""
    parts = re.split(r"^## (.+)$", body, flags=re.M)
    return {heading.strip(): _html(content) for heading, content in zip(parts[1::2], parts[2::2], strict=True)}


def _html(markdown: str) -> str:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    linked = re.sub(r"\[\[([a-z0-9-]+)\]\]", lambda m: f"[{m[1]}](../{KNOWLEDGE.resolve(m[1])}/)", markdown)
    tokens = reader.parse(linked)
    for token in tokens:
        for inner in (token, *(token.children or ())):
            if inner.type in ("text", "code_inline", "fence", "code_block"):
                inner.content = "\n".join(fill_text(line, {}) for line in inner.content.split("\n"))
    shown = reader.renderer.render(tokens, reader.options, {})
    return f'\n<div markdown="0">\n{shown}</div>\n' if shown.strip() else ""
