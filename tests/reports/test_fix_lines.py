"""A fix as it is read: what to know first, then each command above what it does, with a note at its step."""

from __future__ import annotations

from diag.advice.steps import caution, change, guard, person, save, wait
from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood
from diag.model.fix import Fix, StepKind
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.reports import markdown
from diag.reports.terminal import Style, fix_lines

REBOOT = Fix(
    (
        caution("stop the writers"),
        caution("it takes a while"),
        save("kubectl get node a > a.txt"),
        guard("test -s a.txt"),
        caution("a node that is NotReady: cordon it"),
        change("kubectl drain a", changes="moves its pods"),
        person("five minutes", kind=StepKind.WAIT),
        wait("kubectl wait node/a"),
        change("kubectl uncordon a", changes="lets pods onto it again"),
    )
)


def test_a_terminal_shows_the_steps_in_their_order() -> None:
    assert [" ".join(line.split()) for line in fix_lines(REBOOT, Style(), "fix")] == [
        "first - stop the writers",
        "- it takes a while",
        "fix kubectl get node a > a.txt",
        "note a node that is NotReady: cordon it",
        "then test -s a.txt && kubectl drain a",
        "moves its pods",
        "wait five minutes",
        "wait kubectl wait node/a",
        "then kubectl uncordon a",
        "lets pods onto it again",
    ]


def test_what_a_person_does_is_told_from_commands() -> None:
    fix = Fix(
        (change("stop a", changes="stops it"), person("stop the pods"), person("and the jobs"), change("start a"))
    )
    shown = [line.rstrip() for line in fix_lines(fix, Style(), "fix")]
    assert [line[2:16].strip() for line in shown] == ["fix", "", "by hand", "", "then"]


def test_markdown_shows_the_same_order() -> None:
    cause = CauseVerdict("a-cause", "It fails", Likelihood.CONFIRMED, Layer.CLIENT, fix=REBOOT)
    lines = [*markdown._diagnosis(Diagnosis(Subject(Kind.NODE, "a"), "it fails", (), (cause,)))]
    places = [
        next(place for place, line in enumerate(lines) if wanted in line)
        for wanted in ("First:** stop", "get node a", "Note:** a node", "drain a", "moves its", "five", "uncordon")
    ]
    assert places == sorted(places)
