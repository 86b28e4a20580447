"""Given what a server said on the wire, this verdict."""

from __future__ import annotations

from checks.lnet.lnet_probe import server_speaks_lustre
from diag import Reason, Table, Unavailable, Verdict
from diag.resources.lnet_probe import Ladder, Rung, Step
from tests.checks import given

SYSTEM = given.file_system()


def ladder(verdict: Verdict, *, cause: str | None = None, step: Step = Step.FILE_SYSTEM) -> Ladder:
    rung = Rung(step, verdict, "what came of it", cause, "what to do" if cause else "")
    return Ladder("host", 988, "abcdefgh", verdict, cause, "in one sentence", (rung,))


def judged(ladders: object) -> list[tuple[Verdict, str]]:
    found = server_speaks_lustre(SYSTEM, ladders)
    return [(draft.verdict, draft.message) for draft in found]


def test_a_server_that_answers_up_to_the_name_passes() -> None:
    [draft] = server_speaks_lustre(SYSTEM, Table({SYSTEM.id: ladder(Verdict.PASS)}))
    assert draft.verdict is Verdict.PASS
    assert draft.rules_out is not None and "mgs-down" in draft.rules_out


def test_what_is_reached_from_here_does_not_prove_that_the_nodes_reach_it() -> None:
    [draft] = server_speaks_lustre(SYSTEM, Table({SYSTEM.id: ladder(Verdict.PASS)}))
    assert "mgs-unreachable-network" not in (draft.rules_out or ())


def test_the_rung_that_failed_names_the_cause_and_the_mend() -> None:
    [draft] = server_speaks_lustre(SYSTEM, Table({SYSTEM.id: ladder(Verdict.FAIL, cause="wrong-mountname")}))
    assert (draft.verdict, draft.cause, draft.message) == (Verdict.FAIL, "wrong-mountname", "in one sentence")
    assert draft.fix is not None and draft.fix.note == "what to do"
    assert draft.evidence == ("7 file-system: what came of it",)


def test_a_rung_that_stayed_open_is_unknown() -> None:
    assert judged(Table({SYSTEM.id: ladder(Verdict.UNKNOWN)})) == [(Verdict.UNKNOWN, "in one sentence")]


def test_it_is_a_skip_unless_it_was_asked() -> None:
    [(verdict, message)] = judged(Unavailable("ladders", Reason.NOT_ASKED))
    assert verdict is Verdict.SKIP and "--probe-lnet" in message


def test_a_missing_permission_is_unknown() -> None:
    denied = Unavailable("ec2:DescribeNetworkInterfaces", Reason.DENIED, permission="ec2:DescribeNetworkInterfaces")
    [draft] = server_speaks_lustre(SYSTEM, denied)
    assert (draft.verdict, draft.unavailable) == (Verdict.UNKNOWN, (denied,))


def test_servers_that_fsx_itself_has_down_are_not_judged() -> None:
    creating = given.file_system(lifecycle="CREATING")
    [draft] = server_speaks_lustre(creating, Table({creating.id: ladder(Verdict.FAIL, cause="mgs-down")}))
    assert draft.verdict is Verdict.SKIP
