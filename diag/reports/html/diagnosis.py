"""One diagnosis: its cause with the evidence for and against, the fix, what else it may be, what it is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diag.diagnosis.explain import COLLECT
from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood
from diag.model.fix import Fix
from diag.reports.html.markup import Markup, element, join, lines

TONES = {
    Likelihood.CONFIRMED: "fail",
    Likelihood.LIKELY: "warn",
    Likelihood.POSSIBLE: "unknown",
    Likelihood.RULED_OUT: "pass",
}


def diagnosis_section(diagnosis: Diagnosis, number: int) -> Markup:
    """The section of one diagnosis; `number` counts from 1."""
    open_causes = [cause for cause in diagnosis.causes if cause.verdict is not Likelihood.RULED_OUT]
    ruled_out = [cause for cause in diagnosis.causes if cause.verdict is Likelihood.RULED_OUT]
    heading = f"diagnosis-{number}"
    return element(
        "section",
        element("h2", "Why" if number == 1 else f"Why ({number})", id=heading),
        element("p", diagnosis.headline) if number > 1 else None,
        *[_cause(cause) for cause in open_causes[:1]],
        _not_recognised() if not open_causes else None,
        _listed("This also follows from it", diagnosis.consequences),
        _others(open_causes[1:]),
        _ruled_out(ruled_out),
        _symptoms(diagnosis.symptoms),
        aria_labelledby=heading,
    )


def _cause(cause: CauseVerdict) -> Markup:
    return element(
        "article",
        element("h3", cause.title),
        element(
            "p", _badge(cause), " ", element("code", cause.id),
            f" · layer {cause.layer.value}", f" · a special case of {cause.broader}" if cause.broader else None,
            class_="meta",
        ),
        element("div", _listed("For", cause.for_), _listed("Against", cause.against), class_="pair"),
        _next(cause.next),
        fix_of(cause.fix, "How to fix it" if cause.verdict is Likelihood.CONFIRMED else "How to fix it, if so"),
        class_=f"cause tone-{TONES[cause.verdict]}",
    )  # fmt: skip


def _badge(cause: CauseVerdict) -> Markup:
    return element("span", cause.verdict.value, class_="badge")


def _not_recognised() -> Markup:
    return join(element("p", "The text is not recognised. What to collect next:"),
                element("ul", *(element("li", item) for item in COLLECT)))  # fmt: skip


def _listed(title: str, items: Iterable[str]) -> Markup | None:
    shown = [element("li", item) for item in items]
    return element("div", element("h4", title), element("ul", *shown)) if shown else None


def _next(steps: Sequence[str]) -> Markup | None:
    if not steps:
        return None
    shown = []
    for step in steps:
        look, _, command = step.partition("\n")
        shown.append(element("li", look, command_of(command) if command else None))
    return element("div", element("h4", "What would settle it"), element("ul", *shown))


def fix_of(fix: Fix | None, title: str) -> Markup | None:
    """What mends a failure, with its alternatives."""
    if fix is None:
        return None
    return element(
        "div",
        element("h4", title),
        *(command_of(command) for command in fix.commands),
        element("p", fix.note) if fix.note else None,
        element("p", element("strong", "Undo: "), fix.undo) if fix.undo else None,
        *(fix_of(other, "Or") for other in fix.alternatives),
    )


def command_of(command: str) -> Markup:
    """A command to copy: one click selects the whole of it."""
    return element("pre", element("code", lines(command)), class_="command", tabindex="0", role="region",
                   aria_label="Command; one click selects all of it")  # fmt: skip


def _others(causes: Sequence[CauseVerdict]) -> Markup | None:
    if not causes:
        return None
    rows = [
        element(
            "details",
            element("summary", _badge(c), " ", c.title, " ", element("code", c.id)),
            element("div", _listed("For", c.for_), _listed("Against", c.against), _next(c.next),
                    fix_of(c.fix, "How to fix it, if so"), class_="body"),
            class_=f"tone-{TONES[c.verdict]}",
        )
        for c in causes
    ]  # fmt: skip
    return element("div", element("h3", "What else it may be"), *rows)


def _ruled_out(causes: Sequence[CauseVerdict]) -> Markup | None:
    if not causes:
        return None
    count = f"{len(causes)} cause{'s' if len(causes) > 1 else ''}"
    rows = [join(element("dt", element("code", c.id)), element("dd", "; ".join(c.against))) for c in causes]
    return element(
        "details",
        element("summary", f"Ruled out: {count} that what was looked at refutes"),
        element("div", element("dl", *rows, class_="facts"), class_="body"),
    )


def _symptoms(symptoms: Sequence[str]) -> Markup | None:
    if not symptoms:
        return None
    quotes = [element("pre", element("code", text), class_="quote", tabindex="0") for text in symptoms]
    return element("details", element("summary", "What was seen"), element("div", *quotes, class_="body"))
