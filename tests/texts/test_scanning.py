# ruff: noqa: E501 - log lines are as long as they are
"""Blocks out of a stream: where they begin and end, line numbers, and the same answer however long the stream is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diag.model.symptom import Medium, Symptom
from diag.texts.blocks import LONGEST
from diag.texts.scanning import Scan
from diag.texts.symptoms import match_text
from tests.texts.healthy import healthy_lines
from tests.texts.known import KNOWN

REFUSAL = (
    "[640442.328129] LustreError: 16a-d: Server MGS version (2.10.5.0) refused connection from this client with an "
    "incompatible version (2.15.6).  Client must be recompiled"
)
PROFILE = "[640442.333114] LustreError: 156-2: The client profile 'znqu5bev-client' could not be read from the MGS."
EVENT = """Warning  FailedMount  25s (x7 over 2m6s)  kubelet  MountVolume.SetUp failed for volume "pv" : mount failed: exit status 22
Mounting command: mount
Output: mount.lustre: mount 10.0.0.1@tcp:/abc at /mnt failed: Invalid argument
This may have multiple causes.
Is 'abc' the correct filesystem name?"""

LONG = "".join(f"{line}\n" for line in healthy_lines(4500, seed=5, trouble=0.1))
"""Longer than a paste: only the places that hold a signature's words are looked at."""


def read(text: str, size: int = 1 << 16) -> tuple[list[Symptom], Scan]:
    data = text.encode("utf-8", "surrogatepass")

    def pieces() -> Iterator[bytes]:
        for place in range(0, len(data), size):
            yield data[place : place + size]

    scan = Scan(KNOWN, origin="x.log")
    return [reading.symptom for reading in scan.read(pieces()) if reading.significant], scan


def causes(symptoms: list[Symptom]) -> list[str]:
    return [hit.cause for symptom in symptoms for hit in symptom.hits]


def test_a_line_is_a_symptom_with_its_values() -> None:
    symptoms, scan = read(f"{REFUSAL}\n{PROFILE}\n")
    assert [symptom.origin for symptom in symptoms] == ["x.log:1", "x.log:2"]
    assert symptoms[0].medium is Medium.KERNEL_LOG
    assert dict(symptoms[0].hits[0].groups) == {"server_version": "2.10.5.0", "client_version": "2.15.6"}
    assert (scan.lines_read, scan.bytes_read) == (2, len(REFUSAL) + len(PROFILE) + 2)


def test_a_multi_line_event_is_one_symptom() -> None:
    symptoms, _ = read(EVENT)
    assert len(symptoms) == 1
    symptom = symptoms[0]
    assert (symptom.medium, symptom.exit_status, symptom.count) == (Medium.EVENT, 22, 7)
    assert symptom.mount.source == "10.0.0.1@tcp:/abc" and symptom.mount.volume == "pv"


@pytest.mark.parametrize(
    "text",
    [
        REFUSAL.replace("refused ", "refused\n    "),
        REFUSAL.replace("incompatible", "incompat\nible"),
        REFUSAL.replace("16a-d: ", "").replace("[640442.328129] ", ""),
        f"\x1b[31m{REFUSAL}\x1b[0m".replace(" connection", "\r\nconnection"),
        REFUSAL.replace(" ", "\t"),
        f"> {REFUSAL}",
        REFUSAL.encode("utf-16").decode("utf-16"),
        f"Nov 24 06:48:07 node kernel: {REFUSAL}",
        '{"MESSAGE":"' + REFUSAL + '","_TRANSPORT":"kernel","_HOSTNAME":"node"}',
    ],
)
def test_wrapping_tags_colours_and_stamps_do_not_matter(text: str) -> None:
    symptoms, _ = read(text)
    assert causes(symptoms) == ["refused"]


def test_a_pods_description_says_which_pod_and_node() -> None:
    text = f"Name:         app\nNamespace:    team\nPriority:     0\nNode:         ip-10-0-1-2/10.0.1.2\n\nEvents:\n  {EVENT}\n"
    symptoms, _ = read(text)
    assert (symptoms[0].mount.pod, symptoms[0].mount.node) == ("team/app", "ip-10-0-1-2")


def test_noise_is_no_symptom() -> None:
    symptoms, _ = read("LustreError: error invoking upcall /usr/sbin/lctl set_param x: rc = -2\n")
    assert symptoms == []


def test_an_unexplained_failure_of_lustre_is_shown_without_a_cause() -> None:
    symptoms, _ = read("LustreError: 1:0:(new.c:1:fresh()) nobody has seen this: rc = -99\n" + "x\n" * 9000)
    assert [symptom.hits for symptom in symptoms] == [()]


def test_words_that_every_file_system_uses_count_only_where_lustre_is_spoken_of() -> None:
    filler = "".join(f"{line}\n" for line in healthy_lines(200, seed=3))
    assert "generic" in causes(read("Connection timed out")[0]), "somebody asks about just this"
    assert "generic" not in causes(read(f"{filler}app[1]: Connection timed out\n{filler}")[0])
    assert "generic" in causes(read(f"{filler}app[1]: lustre mount: Connection timed out\n{filler}")[0])
    assert "generic" not in causes(read("mount.nfs: Connection timed out")[0]), "it speaks of another file system"


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 12000), st.integers(1000, 300_000))
def test_a_long_log_is_read_as_well_as_a_short_one(before: int, size: int) -> None:
    filler = LONG
    text = filler[-before:] + "\n" + f"{REFUSAL}\n{PROFILE}\n" + filler
    symptoms, scan = read(text, size)
    found = [symptom for symptom in symptoms if symptom.hits]
    assert causes(found) == ["refused", "refused"]
    line = text[: text.index(REFUSAL)].count("\n") + 1
    assert [symptom.origin for symptom in found] == [f"x.log:{line}", f"x.log:{line + 1}"]
    assert scan.lines_read == text.count("\n")


@pytest.mark.parametrize("inside", [1, 40, 80, 120, 170])
def test_a_line_across_two_pieces_is_read_whole(inside: int) -> None:
    """The first piece of a long log is looked through up to one block's length before its end."""
    bare = REFUSAL.replace("LustreError: 16a-d: ", "")
    size = (1 << 20) + 1
    before = (LONG[: size - LONGEST - inside - 1] + "\n").encode()[-(size - LONGEST - inside) :].decode()
    assert len(before.encode()) + inside == size - LONGEST
    symptoms, _ = read(f"{before}{bare}\n{LONG}", size)
    (found,) = [symptom for symptom in symptoms if symptom.hits]
    assert found.text.startswith("Server MGS version")


def test_the_long_log_is_long_enough() -> None:
    assert len(LONG) > 1 << 20


def test_a_signature_split_over_lines_is_found_in_a_long_log() -> None:
    filler = LONG
    bare = REFUSAL.replace("LustreError: 16a-d: ", "")
    wrapped = bare.replace("refused ", "refused\n      ").replace("an incompatible", "an\n      incompatible")
    assert causes(read(f"{filler}{wrapped}\n{filler}")[0]) == ["refused"]


def test_one_text_in_hand_is_matched_too() -> None:
    event = match_text(EVENT, Medium.EVENT, KNOWN)
    assert len(event) == 1 and event[0].hits[0].cause == "refused"
    assert match_text("all is well", Medium.EVENT, KNOWN)[0].hits == ()
    assert len(match_text(f"{REFUSAL}\n{REFUSAL}\n", Medium.KERNEL_LOG, KNOWN)) == 1


def test_lines_of_one_attempt_show_together_what_none_shows_alone() -> None:
    text = (
        "[ 1310.613057] LustreError: 7:0:(mgc_request.c:254:do_config_log_add()) MGC10.0.0.2@tcp: failed processing log, type 1: rc = -5\n"
        "[ 1341.328860] LustreError: 15c-8: MGC10.0.0.2@tcp: Confguration from log abc-client failed from MGS -5.\n"
    )
    (first, second) = match_text(text, Medium.TEXT, KNOWN)
    assert first.hits == () and [hit.signature for hit in second.hits] == ["both-lines"]
    late = text.replace("[ 1341", "[ 9341")
    assert not any(symptom.hits for symptom in match_text(late, Medium.TEXT, KNOWN))


def crowd(lines: int) -> str:
    """Lines of a busy server's console: of each kind thousands that differ in their numbers alone."""
    kinds = (
        "Lustre: fsname-OST{a:04x}: Client 0a1b{n:x} (at 10.0.{a}.{b}@tcp) reconnecting",
        "LustreError: {n}:0:(client.c:2116:ptlrpc_expire_one_request()) @@@ Request sent has timed out for slow reply: [sent {n}/real {n}]",
        "LustreError: {n}:0:(mgc_request.c:254:do_config_log_add()) MGC10.0.0.1@tcp: failed processing log, type 1: rc = -5",
    )
    stamps = (f"Apr 30 {n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d} host kernel: " for n in range(lines))
    return "".join(
        f"{stamp}{kinds[n % 3].format(n=100000 + n, a=n % 16, b=n % 250)}\n" for n, stamp in enumerate(stamps)
    )


def test_of_lines_that_differ_in_numbers_alone_a_few_are_read_and_all_are_counted() -> None:
    symptoms, scan = read(crowd(15_000))
    assert scan.lines_read == 15_000
    config = [symptom for symptom in symptoms if "do_config_log_add" in symptom.text]
    assert sum(symptom.count for symptom in config) == 5_000
    assert len(config) <= 4
    assert config[-1].first_seen == "Apr 30 04:09:59"


@pytest.mark.parametrize(
    "line",
    [
        "Apr 30 02:00:00 host kernel: LustreError: 100007:0:(mgc_request.c:254:do_config_log_add()) MGC10.0.0.1@tcp: failed processing log, type 1: rc = -22",
        "Apr 30 02:00:00 host kernel: LustreError: 100007:0:(mgc_request.c:254:do_config_log_add()) MGC10.0.7.9@tcp: failed processing log, type 1: rc = -5",
    ],
)
def test_another_error_or_server_is_read_among_thousands_of_lines_like_it(line: str) -> None:
    many = crowd(12_000).splitlines(keepends=True)
    many.insert(6_000, f"{line}\n")
    symptoms, _ = read("".join(many))
    assert sum(line.partition("kernel: ")[2] == symptom.text for symptom in symptoms) == 1
