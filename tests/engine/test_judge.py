"""Checks judge facts; what breaks costs only its own answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from diag import Draft, Kind, Layer, Reason, Subject, Table, Unavailable, Verdict, check, fail, ok, warn
from diag.engine.judge import judge, run_check

NODE, OTHER = Subject(Kind.NODE, "one"), Subject(Kind.NODE, "two")
DENIED = Unavailable("list nodes", Reason.DENIED, permission="list nodes")


@check("sound", layer=Layer.CLIENT, speaks_for=("lustre-module-missing", "wrong-mountname"))
def sound(number: int) -> Iterator[Draft]:
    """Numbers are even."""
    yield ok(NODE, "even") if number % 2 == 0 else fail(NODE, "odd")


@check("each", layer=Layer.CLIENT, each="nodes", speaks_for="lustre-module-missing")
def each(node: Subject, versions: Table[str]) -> Iterator[Draft]:
    """Every node has a version."""
    if node.name == "broken":
        raise RuntimeError("a bug")
    yield ok(node, versions[node.name])


@check("crashes", layer=Layer.CLIENT)
def crashes(number: int) -> Iterator[Draft]:
    """It breaks."""
    yield warn(NODE, "first")
    raise RuntimeError("a bug")


def test_a_failure_speaks_for_the_usual_cause_and_a_pass_rules_all_out() -> None:
    [failed] = run_check(sound, {"number": 1}).findings
    [passed] = run_check(sound, {"number": 2}).findings
    assert (failed.verdict, failed.cause, failed.rules_out) == (Verdict.FAIL, "lustre-module-missing", ())
    assert (passed.verdict, passed.cause) == (Verdict.PASS, "")
    assert passed.rules_out == ("lustre-module-missing", "wrong-mountname")


def test_a_missing_fact_is_unknown_and_names_the_permission() -> None:
    [finding] = run_check(sound, {"number": DENIED}).findings
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.unavailable == (DENIED,)
    assert "needs list nodes" in finding.message


def test_one_unreadable_item_costs_only_its_own_answer() -> None:
    versions = Table({"one": "2.15"}, {"two": DENIED})
    judged = run_check(each, {"nodes": (NODE, OTHER), "versions": versions})
    assert {f.subject.name: f.verdict for f in judged.findings} == {"one": Verdict.PASS, "two": Verdict.UNKNOWN}


def test_a_crash_on_one_item_is_an_error_and_the_rest_go_on() -> None:
    versions = Table({"one": "2.15"})
    judged = run_check(each, {"nodes": (Subject(Kind.NODE, "broken"), NODE), "versions": versions})
    assert [f.subject for f in judged.findings] == [NODE]
    [error] = judged.errors
    assert "each" in error.message and "RuntimeError: a bug" in error.message


def test_what_a_check_said_before_it_broke_is_kept() -> None:
    judged = run_check(crashes, {"number": 1})
    assert [f.message for f in judged.findings] == ["first"]
    assert len(judged.errors) == 1


def test_a_check_that_never_returns_is_left_behind() -> None:
    never = threading.Event()

    @check("stuck", layer=Layer.CLIENT)
    def stuck(number: int) -> Iterator[Draft]:
        """It hangs."""
        never.wait(30)
        yield ok(NODE, "late")

    judged = judge([sound, stuck, crashes], {"number": 2}, patience=0.2)
    assert [f.check for f in judged.findings] == ["sound", "crashes"]
    assert any("stuck" in e.message and "did not return" in e.message for e in judged.errors)
    never.set()
