"""The diagram of the mount path: where it breaks, and that each way to draw it says the same."""

from __future__ import annotations

import msgspec
import pytest

from diag.model.diagnosis import Likelihood
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.model.verdict import Verdict
from diag.reports.diagram import Diagram, Hop, Station, diagram_of, to_letters, to_mermaid
from diag.reports.html.page import shortened
from diag.reports.report import Report, report_on_texts
from diag.reports.terminal import Style
from tests.html.reports import BROKEN, DIAGNOSIS, FINDINGS, HEALTHY, HOSTILE, finding

replace = msgspec.structs.replace


def hops(report: Report) -> dict[Station, Hop]:
    diagram = diagram_of(report)
    assert diagram is not None
    return {hop.station: hop for hop in diagram.hops}


def test_the_hop_of_the_cause_is_broken_and_it_alone() -> None:
    states = {station: hop.state for station, hop in hops(BROKEN).items()}
    assert states == {
        Station.POD: Verdict.PASS, Station.NODE: Verdict.FAIL, Station.DRIVER: Verdict.PASS, Station.DNS: Verdict.PASS,
        Station.RULES: Verdict.WARN, Station.INTERFACES: Verdict.PASS, Station.SERVERS: Verdict.PASS,
    }  # fmt: skip
    assert [hop.station for hop in hops(BROKEN).values() if hop.is_broken] == [Station.NODE]


def test_what_shows_only_afterwards_breaks_no_second_hop() -> None:
    afterwards = finding(Verdict.FAIL, "workload-errors", Layer.WORKLOAD, DIAGNOSIS.subject)
    assert hops(replace(BROKEN, findings=(*FINDINGS, afterwards)))[Station.POD].state is Verdict.PASS
    assert hops(replace(BROKEN, findings=(*FINDINGS, afterwards), diagnoses=()))[Station.POD].state is Verdict.FAIL


def test_a_likely_cause_is_a_warning_not_a_verdict() -> None:
    likely = replace(DIAGNOSIS, causes=(replace(DIAGNOSIS.causes[0], verdict=Likelihood.LIKELY),))
    hop = hops(replace(BROKEN, diagnoses=(likely,)))[Station.NODE]
    assert (hop.state, hop.is_broken) == (Verdict.WARN, True)


def test_a_healthy_run_breaks_nowhere_and_what_was_not_asked_says_so() -> None:
    found = hops(HEALTHY)
    assert not any(hop.is_broken for hop in found.values())
    assert found[Station.POD].state is Verdict.PASS
    assert (found[Station.SERVERS].state, found[Station.SERVERS].reason) == (Verdict.SKIP, "not checked")


def test_a_text_alone_shows_where_its_cause_sits_and_claims_nothing_else() -> None:
    found = hops(report_on_texts((DIAGNOSIS,), "1"))
    assert found[Station.NODE].state is Verdict.FAIL
    assert {hop.state for station, hop in found.items() if station is not Station.NODE} == {Verdict.SKIP}


def test_a_failure_of_another_volume_is_not_on_this_path() -> None:
    elsewhere = finding(Verdict.FAIL, "dns-answer", Layer.DNS, Subject(Kind.VOLUME, "another"))
    assert hops(replace(BROKEN, findings=(*FINDINGS, elsewhere)))[Station.DNS].state is Verdict.PASS


def test_a_failure_of_everybody_is_on_this_path() -> None:
    shared = finding(Verdict.FAIL, "cluster-dns", Layer.DNS, Subject(Kind.DEPLOYMENT, "coredns", "kube-system"))
    assert hops(replace(BROKEN, findings=(*FINDINGS, shared)))[Station.DNS].state is Verdict.FAIL


def test_a_suppressed_failure_breaks_nothing() -> None:
    suppressed = finding(Verdict.FAIL, "cluster-dns", Layer.DNS, Subject(Kind.CLUSTER, "c"), suppressed="known, by ops")
    assert hops(replace(BROKEN, findings=(*FINDINGS, suppressed)))[Station.DNS].state is Verdict.PASS


def test_what_will_only_break_later_is_a_warning() -> None:
    later = replace(DIAGNOSIS, gravity=Verdict.WARN)
    assert hops(replace(BROKEN, diagnoses=(later,)))[Station.NODE].state is Verdict.WARN


def test_nothing_to_draw_is_no_picture() -> None:
    assert diagram_of(Report(6)) is None


def test_mermaid_shows_every_hop_and_cuts_the_path_at_the_broken_one() -> None:
    diagram = diagram_of(BROKEN)
    assert diagram is not None
    lines = to_mermaid(diagram).splitlines()
    assert lines[0] == "flowchart LR"
    assert '  h1["✗ Node<br/>ip-10-0-1-4.ap-northeast-2.compute.internal"]:::fail' in lines
    assert "  h0 -. ✗ .-> h1" in lines and "  h3 --> h4" in lines


@pytest.mark.parametrize(
    "text", [HOSTILE, '"]; click h0 "javascript:x"', "a\nb", "end", "`x`", "h0-->h1", "%%{init}%%"]
)
def test_nothing_in_a_name_is_mermaid_syntax(text: str) -> None:
    diagram = Diagram((Hop(Station.POD, Verdict.PASS, text, ""),), text)
    lines = to_mermaid(diagram).splitlines()
    assert len(lines) == 3
    label = lines[1].removeprefix('  h0["').removesuffix('"]:::pass')
    assert not set(label.replace("<br/>", "")) & set("\"'<>[]{}()`|&\\%\n;".replace(";", ""))


def test_letters_show_the_break_and_never_move_the_cursor() -> None:
    diagram = diagram_of(BROKEN)
    assert diagram is not None
    drawn = to_letters(diagram, Style(100))
    assert drawn.index("✓ Pod") < drawn.index("╳") < drawn.index("✗ Node") < drawn.index("✓ MGS and OSTs")
    hostile = Diagram((Hop(Station.POD, Verdict.PASS, HOSTILE, HOSTILE),), HOSTILE)
    assert "\x1b" not in to_letters(hostile, Style(60)) and "\u202e" not in to_letters(hostile, Style(60))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("short", "short"),
        ("ip-10-0-1-4.ap-northeast-2.compute.internal", "ip-10-0-1-4"),
        ("fs-0123456789abcdef0", "fs-012345…9abcdef0"),
    ],
)
def test_a_name_is_shortened_to_what_tells_it_from_others(name: str, shown: str) -> None:
    assert shortened(name, 18) == shown
