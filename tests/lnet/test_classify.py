"""The decision table and what leads into it."""

from __future__ import annotations

import errno
import string
from collections import defaultdict

import pytest

from diag.model.verdict import Verdict
from diag.resources.lnet_probe import Rung, ServerNid, Step
from diag.sources.lnet.classify import (
    NAME_SITUATIONS,
    TCP_SITUATIONS,
    classify_connect_refusal,
    classify_greeting_failure,
    classify_hangup,
    classify_ping,
    classify_tcp_failure,
    conclude,
    describe,
    describe_rung,
    error_name,
)
from diag.sources.lnet.dial import End, Refusal
from diag.sources.lnet.resolve import NameState
from diag.sources.lnet.situation import TABLE, Situation

CAUSES = {
    "dns-resolution-failure",
    "mgs-unreachable-network",
    "mgs-down",
    "source-port-rewritten-snat",
    "wrong-service-on-988",
    "lnet-wrong-network",
    "wrong-mgs-address",
    "server-not-ready-race",
    "client-server-version-mismatch",
    "wrong-mountname",
    "mountname-too-long",
    "mdt-unavailable",
    "ost-unavailable",
}
HELLO = bytes.fromhex("6369724503000000")


def test_every_situation_has_a_row_and_every_cause_is_spoken_for() -> None:
    assert set(TABLE) == set(Situation)
    assert {cause for row in TABLE.values() for cause in (row.cause, row.beside) if cause} == CAUSES


@pytest.mark.parametrize("situation", Situation, ids=lambda situation: situation.name)
def test_rows_keep_the_rules(situation: Situation) -> None:
    row = TABLE[situation]
    assert row.cause is None or row.verdict is Verdict.FAIL
    assert row.fix or row.verdict in (Verdict.PASS, Verdict.SKIP) or situation in _SPEAK_FOR_THEMSELVES
    assert row.step.name.split("_")[0] in situation.name or row.step.name in _LONG[situation.name.split("_")[0]]
    for template in (row.message, row.fix):
        assert not template.endswith("."), "a message is a clause, not a paragraph"


_SPEAK_FOR_THEMSELVES = {Situation.TCP_OTHER, Situation.MGS_REFUSES}
_LONG = defaultdict(set, {"PORT": {"SOURCE_PORT"}, "FS": {"FILE_SYSTEM"}})


def test_values_of_strangers_are_never_templates() -> None:
    rung = describe_rung(
        Situation.LNET_OTHER_SERVICE, {"address": "10.0.0.1", "port": "988", "detail": "{__class__} {0} %s"}
    )
    assert "{__class__} {0} %s" in rung.message


def test_templates_use_only_what_every_climb_knows() -> None:
    always = {"host", "port", "addresses", "mount_name", "source_ip", "client_version", "elapsed", "address", "nid"}
    per_rung = {
        Step.NAME: {"detail"},
        Step.TCP: {"detail", "summary"},
        Step.SOURCE_PORT: {"source_port", "why_unprivileged"},
        Step.LNET: {"detail", "client_nid", "tries"},
        Step.PING: {"nids", "detail"},
        Step.MGS: {"version", "compared", "error", "detail", "client_nid"},
        Step.FILE_SYSTEM: {"error", "detail"},
        Step.MAP: {"total", "lost", "detail"},
    }
    for situation, row in TABLE.items():
        used = {name for text in (row.message, row.fix) for _, name, _, _ in string.Formatter().parse(text) if name}
        assert used <= always | per_rung[row.step], situation


def test_every_way_a_look_up_and_a_connect_end_has_its_row() -> None:
    assert set(NAME_SITUATIONS) == set(NameState)
    assert set(TCP_SITUATIONS) == set(Refusal)


@pytest.mark.parametrize(
    ("why", "waited", "situation"),
    [
        (Refusal.TIMEOUT, 5.0, Situation.TCP_TIMEOUT),
        (Refusal.TIMEOUT, 0.5, Situation.TCP_TIMEOUT_BRIEFLY),
        (Refusal.REFUSED, 0.0, Situation.TCP_REFUSED),
        (Refusal.NO_ROUTE, 3.0, Situation.TCP_NO_ROUTE),
    ],
)
def test_no_connection(why: Refusal, waited: float, situation: Situation) -> None:
    assert classify_tcp_failure(why, waited) is situation


@pytest.mark.parametrize(
    ("end", "said", "waited", "situation"),
    [
        (End.SILENT, b"", 6.0, Situation.LNET_SILENT),
        (End.SILENT, b"", 3.0, Situation.LNET_SILENT_BRIEFLY),
        (End.GARBLED, b"HTTP/1.1 400", 0, Situation.LNET_OTHER_SERVICE),
        (End.CLOSED, b"SSH", 0, Situation.LNET_OTHER_SERVICE),
        (End.SILENT, HELLO, 3.0, Situation.LNET_HALF),
        (End.RESET, HELLO, 0, Situation.LNET_HALF),
        (End.GARBLED, HELLO, 0, Situation.LNET_UNREADABLE),
        (End.CLOSED, b"", 0, None),
        (End.RESET, b"", 0, None),
    ],
)
def test_no_hello(end: End, said: bytes, waited: float, situation: Situation | None) -> None:
    assert classify_greeting_failure(end, said, waited_s=waited) is situation


@pytest.mark.parametrize(
    ("fingerprint", "said", "privileged", "situation"),
    [
        (None, b"", True, Situation.LNET_NID_REFUSED),
        (End.CLOSED, b"", True, Situation.PORT_REWRITTEN),
        (End.RESET, b"", True, Situation.PORT_REWRITTEN),
        (End.CLOSED, b"", False, Situation.PORT_UNPRIVILEGED),
        (End.RESET, b"", False, Situation.PORT_UNPRIVILEGED),
        (End.GARBLED, b"220 smtp", True, Situation.LNET_OTHER_SERVICE),
        (End.SILENT, b"", True, Situation.LNET_SILENT_BRIEFLY),
    ],
)
def test_hung_up_without_a_word(fingerprint: End | None, said: bytes, privileged: bool, situation: Situation) -> None:
    assert classify_hangup(fingerprint, said, privileged=privileged, waited_s=1) is situation


@pytest.mark.parametrize(
    ("number", "situation"),
    [
        (errno.ENODEV, Situation.MGS_ABSENT),
        (errno.EAGAIN, Situation.MGS_NOT_READY),
        (errno.EALREADY, Situation.MGS_NOT_READY),
        (errno.EBUSY, Situation.MGS_NOT_READY),
        (errno.EPROTO, Situation.MGS_PROTOCOL),
        (errno.EPERM, Situation.MGS_FORBIDDEN),
        (errno.ENOMEM, Situation.MGS_REFUSES),
        (31337, Situation.MGS_REFUSES),
    ],
)
def test_refused_by_the_mgs(number: int, situation: Situation) -> None:
    assert classify_connect_refusal(-number) is situation
    assert error_name(-number)


def test_a_positive_status_is_an_error_too() -> None:
    assert classify_connect_refusal(5) is Situation.MGS_REFUSES
    assert "error -5" in error_name(5)


@pytest.mark.parametrize(
    ("nids", "situation"),
    [
        ((ServerNid("10.0.0.1@tcp", True),), Situation.PING_OK),
        ((ServerNid("10.0.0.1@tcp", None),), Situation.PING_OK),
        ((ServerNid("10.0.0.1@tcp", False),), Situation.PING_DOWN),
        ((ServerNid("10.0.0.1@tcp", True), ServerNid("198.19.0.1@tcp1", False)), Situation.PING_OK),
        ((), Situation.PING_OK),
    ],
)
def test_only_the_nid_that_was_asked_for_must_be_up(nids: tuple[ServerNid, ...], situation: Situation) -> None:
    assert classify_ping(nids, "10.0.0.1@tcp")[0] is situation


def rungs(*verdicts: Verdict) -> list[Rung]:
    return [
        Rung(step, one, f"{step.value} {one.value}", "c" if one is Verdict.FAIL else None)
        for step, one in zip(Step, verdicts, strict=False)
    ]


P, S, U, W, F = Verdict.PASS, Verdict.SKIP, Verdict.UNKNOWN, Verdict.WARN, Verdict.FAIL


@pytest.mark.parametrize(
    ("seen", "concluded"),
    [
        ((P, P, P), (P, None, "tcp pass; source-port pass")),
        ((P, P, S), (P, None, "name pass; tcp pass")),
        ((P, F, S), (F, "c", "tcp fail")),
        ((P, F, F), (F, "c", "tcp fail")),
        ((P, U, F), (F, "c", "source-port fail")),
        ((P, W, U), (U, None, "source-port unknown")),
        ((P, W, P), (W, None, "tcp warn")),
    ],
)
def test_the_first_failure_decides_then_what_is_open(
    seen: tuple[Verdict, ...], concluded: tuple[Verdict, str | None, str]
) -> None:
    assert conclude(rungs(*seen)) == concluded


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (b"HTTP/1.0 200 OK\r\n", "HTTP server"),
        (b"SSH-2.0-x\r\n", "SSH server"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "TLS server"),
        (b"hello\r\n", "it says"),
        (b"\x00\xff\x10", "00 ff 10"),
        (b"", "says nothing"),
    ],
)
def test_what_is_not_lustre_is_described_in_printable_words(said: bytes, word: str) -> None:
    assert word in describe(said)
    assert describe(said + b"\x1b[2J\x07").isprintable()
