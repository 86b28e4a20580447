"""The matrix from symptoms to causes: every known text, and the causes that `lustre-doctor explain` names for it."""

from __future__ import annotations

from collections import defaultdict

from deploy.website.markup import code, table
from diag import explain
from diag.knowledge.runbooks import Knowledge
from diag.model.diagnosis import Likelihood
from diag.model.symptom import Phase

MARKS = {Likelihood.CONFIRMED: "●", Likelihood.LIKELY: "◐", Likelihood.POSSIBLE: "○"}
HEADINGS = {
    Phase.PROVISION: "A claim gets no volume, or a file system is not made",
    Phase.SCHEDULE: "A pod gets no node",
    Phase.MOUNT: "A volume does not mount",
    Phase.USE: "The mounted volume fails",
    Phase.UNMOUNT: "A volume does not go away",
}
ORDER = (*MARKS.values(), "h")
"""How a cell begins."""

LONGEST = 220


def page(knowledge: Knowledge) -> str:
    """A table for each operation, sorted by the first cause."""
    rows: dict[Phase, dict[str, str]] = defaultdict(dict)
    for cause in knowledge.causes.values():
        for signature in cause.signatures:
            sample = " ".join(signature.sample.split())
            shown = sample if len(sample) <= LONGEST else f"{sample[:LONGEST]}…"
            rows[cause.phase[0]].setdefault(shown, causes_of(signature.sample) or f"harmless: {link(cause.id)}")
    text = [
        "# Symptoms\n\nEvery text that is known, and what it says by itself: "
        "● confirmed, ◐ likely, ○ possible. `lustre-doctor explain` reads a text of yours, whatever the names, "
        "versions and line breaks in it. `lustre-doctor run` decides between causes that one text leaves open.\n"
    ]
    for phase, heading in HEADINGS.items():
        cells = sorted(
            ((code(sample), named) for sample, named in rows[phase].items()),
            key=lambda row: (ORDER.index(row[1][0]), row[1]),
        )
        text += [f"\n## {heading}\n\n", table(("text", "causes"), cells)]
    return "".join(text)


def causes_of(sample: str) -> str:
    """The causes that are named for a text, best first."""
    verdicts = [
        cause for diagnosis in explain(sample).diagnoses for cause in diagnosis.causes if cause.verdict in MARKS
    ]
    named = {cause.id: f"{MARKS[cause.verdict]} {link(cause.id)}" for cause in reversed(verdicts)}
    return "<br>".join(reversed(named.values()))


def link(id: str) -> str:
    """A cause's page."""
    return f"[{id}](causes/{id}.md)"
