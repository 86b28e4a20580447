"""Checks judge facts; what breaks costs only its own answer."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from diag import Draft, Kind, Layer, Reason, Subject, Table, Unavailable, Verdict, check, fail, ok, registry, warn
from diag.engine.judge import Judged, judge, run_check
from diag.registry import Check
from tests.patience import in_time

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


def test_a_missing_fact_of_an_offline_run_is_no_unknown() -> None:
    offline = Unavailable("cluster and account", Reason.OFFLINE, "not asked: --offline")
    [finding] = run_check(sound, {"number": offline}).findings
    assert finding.verdict is Verdict.SKIP


@pytest.mark.parametrize("items", [7, None, (1, 2)], ids=["no collection", "nothing", "items without a subject"])
def test_a_fact_that_has_no_items_to_judge_is_an_error(items: object) -> None:
    judged = run_check(each, {"nodes": items, "versions": Table()})
    [error] = judged.errors
    assert "check each (tests.engine.test_judge) cannot be called" in error.message


def soon() -> float:
    return time.monotonic() + 20


def judged_in_time(*checks: Check, seconds: float = 0) -> Judged:
    """The checks' answers, when the run's deadline has passed already or leaves them some seconds."""
    with in_time():
        return judge(checks, {"number": 2}, deadline=time.monotonic() + seconds)


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks of this file count as built-in ones: they run in this process."""
    monkeypatch.setattr(registry, "BUILT_IN", "tests")


def never_returning(id: str, body: Callable[[], object]) -> Check:
    @check(id, layer=Layer.CLIENT)
    def hanging(number: int) -> Iterator[Draft]:
        """It hangs."""
        yield ok(NODE, "first")
        body()
        yield ok(NODE, "late")

    return hanging


def hold_the_interpreter() -> None:
    re.match(r"(a+)+$", "a" * 40 + "b")


def test_the_answers_come_in_the_order_of_the_checks(trusted: None) -> None:
    judged = judge(
        [crashes, sound, each], {"number": 2, "nodes": (NODE,), "versions": Table({"one": "1"})}, deadline=soon()
    )
    assert [f.check for f in judged.findings] == ["crashes", "sound", "each"]


def test_built_in_checks_that_never_return_are_left_behind_together(trusted: None) -> None:
    never = threading.Event()
    stuck = [never_returning(f"stuck-{n}", never.wait) for n in range(40)]
    judged = judged_in_time(*stuck, sound, crashes)
    assert [f.check for f in judged.findings] == ["sound", "crashes"]
    left = [error.component for error in judged.errors if "did not return within" in error.message]
    assert left == [check.id for check in stuck]
    never.set()


def test_a_check_that_is_slow_keeps_no_other_waiting_and_is_not_lost(trusted: None) -> None:
    others_are_done = threading.Event()

    @check("last", layer=Layer.CLIENT)
    def last(number: int) -> Iterator[Draft]:
        """It comes last."""
        others_are_done.set()
        yield ok(NODE, "done")

    judged = judge([never_returning("slow", lambda: others_are_done.wait(10)), last], {"number": 2}, deadline=soon())
    assert [f.message for f in judged.findings] == ["first", "late", "done"]
    assert judged.errors == ()


class TestPluginsChecks:
    """They run where they can be left behind, whatever they do."""

    def test_their_findings_are_those_of_any_check(self) -> None:
        assert not sound.is_built_in
        facts = {"number": 1, "nodes": (NODE, OTHER), "versions": Table({"one": "1"}, {"two": DENIED})}
        judged = judge([sound, each], facts, deadline=soon())
        assert judged.findings == (*run_check(sound, facts).findings, *run_check(each, facts).findings)

    @pytest.mark.parametrize("body", [hold_the_interpreter, lambda: time.sleep(60)], ids=["a pattern", "a wait"])
    def test_one_that_never_returns_costs_its_own_answer(self, body: Callable[[], object]) -> None:
        # Each starts a process, which takes its time on a busy machine.
        judged = judged_in_time(never_returning("stuck", body), never_returning("again", body), sound, seconds=3)
        assert [f.check for f in judged.findings] == ["sound"]
        assert ["did not return within" in error.message for error in judged.errors] == [True, True]

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (lambda: sys.exit(3), "crashed on Cluster (this run): SystemExit: 3"),
            (lambda: os._exit(3), "gave no answer: its process ended with exit status 3"),
            (lambda: os.kill(os.getpid(), 9), "gave no answer: its process ended with signal 9"),
            (lambda: 1 // 0, "crashed on Cluster (this run): ZeroDivisionError"),
        ],
        ids=["sys.exit", "os._exit", "killed", "a bug"],
    )
    def test_one_that_ends_the_process_costs_its_own_answer(self, body: Callable[[], object], message: str) -> None:
        judged = judge([never_returning("rude", body), sound], {"number": 2}, deadline=soon())
        assert "sound" in [f.check for f in judged.findings]
        [error] = judged.errors
        assert message in error.message

    @pytest.mark.parametrize("message", [None, 7, object()])
    def test_one_that_finds_nonsense_costs_its_own_answer(self, message: Any) -> None:
        @check("odd", layer=Layer.CLIENT)
        def odd(number: int) -> Iterator[Draft]:
            """It is odd."""
            yield ok(NODE, message)

        judged = judge([odd, sound], {"number": 2}, deadline=soon())
        assert [f.check for f in judged.findings] == ["sound"]
        [error] = judged.errors
        assert "check odd (tests.engine.test_judge) gave a malformed finding" in error.message

    def test_one_that_never_stops_finding_costs_its_own_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("diag.engine.judge.MOST_FINDINGS", 100)

        @check("endless", layer=Layer.CLIENT)
        def endless(number: int) -> Iterator[Draft]:
            """It goes on."""
            while True:
                yield ok(NODE, "again")

        [error] = judge([endless], {"number": 2}, deadline=soon()).errors
        assert "more than 100 findings" in error.message

    def test_what_one_prints_is_not_on_standard_output(self, capfd: pytest.CaptureFixture[str]) -> None:
        judge([never_returning("loud", lambda: print("hello"))], {"number": 2}, deadline=soon())
        out, err = capfd.readouterr()
        assert (out, err) == ("", "hello\n")
