"""A look that is cut short says what it knows, and that it was cut."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path

from diag.knowledge.runbooks import load_knowledge
from diag.model.symptom import TextStream
from diag.model.unavailable import Reason
from diag.sources.texts.streams import Texts
from diag.texts.symptoms import read_symptoms

KNOWLEDGE = load_knowledge()
MISSING = b"mount: unknown filesystem type 'lustre'\n"


def folder_of(tmp_path: Path, number: int) -> str:
    for place in range(number):
        (tmp_path / f"node-{place}.log").write_bytes(MISSING)
    return str(tmp_path)


def clock(*instants: float) -> Iterator[float]:
    return chain(instants, repeat(instants[-1]))


def test_a_folder_is_read_to_its_end_in_time(tmp_path: Path) -> None:
    texts = Texts([folder_of(tmp_path, 3)], until=10, now=lambda: 0)
    assert read_symptoms(texts, KNOWLEDGE).texts_read == 3
    assert texts.problems == ()


def test_when_the_time_is_up_the_rest_of_a_folder_is_left(tmp_path: Path) -> None:
    instants = clock(0, 0, 0, 10)
    texts = Texts([folder_of(tmp_path, 3)], until=10, now=lambda: next(instants))
    read = read_symptoms(texts, KNOWLEDGE)
    assert read.texts_read == 2
    assert "lustre-client-not-installed" in {hit.cause for g in read.groups for s in g.symptoms for hit in s.hits}
    (problem,) = texts.problems
    assert problem.reason is Reason.TIMEOUT
    assert "the time was up" in problem.detail and "2 file(s)" in problem.detail


def test_a_large_file_is_read_up_to_the_deadline(tmp_path: Path) -> None:
    (tmp_path / "messages").write_bytes(MISSING + b"Nov 24 06:48:01 node app: nothing of ours\n" * 50_000)
    instants = clock(0, 0, 10)
    texts = Texts([str(tmp_path / "messages")], until=10, now=lambda: next(instants))
    read = read_symptoms(texts, KNOWLEDGE)
    assert read.groups and 0 < read.bytes_read < (tmp_path / "messages").stat().st_size
    assert [problem.what for problem in texts.problems] == [str(tmp_path / "messages")]


def test_how_far_the_reading_is_is_told(tmp_path: Path) -> None:
    shown: list[str] = []
    read_symptoms(Texts([folder_of(tmp_path, 2)], progress=shown.append), KNOWLEDGE)
    assert shown == ["0 MiB of 1 file(s)", "0 MiB of 2 file(s)"]


def test_an_interrupted_look_says_what_it_knows() -> None:
    def pieces() -> Iterator[bytes]:
        raise KeyboardInterrupt
        yield b""

    streams = iter((TextStream("one", iter((MISSING,))), TextStream("two", pieces()), TextStream("three", iter(()))))
    read = read_symptoms(streams, KNOWLEDGE)
    assert [group.symptoms[0].origin for group in read.groups] == ["one:1"]
    assert "interrupted" in read.problems[0].detail
