"""A fix as it is read: what to know first, then each command below what it does, with its notes under it."""

from __future__ import annotations

from diag.advice.steps import caution, change, guard, note, person, save, wait
from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood
from diag.model.fix import Fix, StepKind
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.reports import markdown
from diag.reports.terminal import Style, Told, fix_lines, part_lines

REBOOT = Fix(
    (
        caution("stop the writers"),
        caution("it takes a while"),
        save("kubectl get node a > a.txt"),
        guard("test -s a.txt"),
        note("a node that is NotReady: cordon it"),
        change("kubectl drain a", changes="moves its pods"),
        person("five minutes", kind=StepKind.WAIT),
        wait("kubectl wait node/a"),
        change("kubectl uncordon a", changes="lets pods onto it again"),
    )
)


def test_a_terminal_shows_the_steps_in_their_order_and_what_each_does_above_its_commands() -> None:
    assert [" ".join(line.split()) for line in fix_lines(REBOOT, Style(), "fix")] == [
        "first stop the writers",
        "it takes a while",
        "fix take these steps:",
        "1. moves its pods",
        "kubectl get node a > a.txt",
        "test -s a.txt && kubectl drain a",
        "- a node that is NotReady: cordon it",
        "2. Wait: five minutes",
        "kubectl wait node/a",
        "3. lets pods onto it again",
        "kubectl uncordon a",
    ]


def test_what_a_person_does_is_a_step_of_its_own() -> None:
    fix = Fix(
        (change("stop a", changes="stops it"), person("stop the pods"), person("and the jobs"), change("start a"))
    )
    parts = [(part.says, len(part.rows)) for part in fix.parts]
    assert parts == [("stops it", 1), ("stop the pods", 0), ("and the jobs", 0), ("", 1)]
    assert "    4. Run:" in list(fix_lines(fix, Style(), "fix"))


def test_a_step_alone_stands_beside_its_label() -> None:
    fix = Fix((change("start a", changes="starts it"),), title="Start it", when="it is stopped")
    assert [" ".join(line.split()) for line in fix_lines(fix, Style(), "fix")] == [
        "use it if it is stopped", "fix starts it", "start a",
    ]  # fmt: skip


def test_a_note_that_was_told_is_not_told_again() -> None:
    fix = Fix((person("stop it"), note("a Job: suspend it"), change("stop a", changes="stops it")))
    told = Told()
    first, second = ([*part_lines(fix, Style(), "", told, number)] for number in (1, 2))
    assert first[-1] == "   - a Job: suspend it" and second[-1] == "   - The notes of option 1, step 2 hold here too."


def test_steps_that_an_earlier_option_has_are_not_printed_again() -> None:
    shared = tuple(change(f"do {name}", changes=f"does {name}") for name in "abc")
    told = Told()
    first = [*part_lines(Fix((change("x", changes="first"), *shared)), Style(), "", told, 1)]
    second = [*part_lines(Fix((*shared, change("y", changes="last"))), Style(), "", told, 2)]
    third = [*part_lines(Fix((*shared[:2], change("z", changes="other"))), Style(), "", told, 3)]
    assert "2. does a" in first and second[0] == "1. Do steps 2 to 4 of option 1." and second[1] == "2. last"
    assert "1. does a" in third, "two steps are no procedure"


def test_markdown_shows_the_same_order() -> None:
    cause = CauseVerdict("a-cause", "It fails", Likelihood.CONFIRMED, Layer.CLIENT, fix=REBOOT)
    lines = [*markdown._diagnosis(Diagnosis(Subject(Kind.NODE, "a"), "it fails", (), (cause,)))]
    places = [
        next(place for place, line in enumerate(lines) if wanted in line)
        for wanted in (
            "Before you",
            "- stop",
            "moves its",
            "get node a",
            "drain a",
            "NotReady",
            "five",
            "again",
            "uncordon",
        )
    ]
    assert places == sorted(places)
