"""Input made to break a reader: time stays linear, memory bounded, nothing is written, the report says what it was."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diag.knowledge.runbooks import load_knowledge
from diag.sources.texts.streams import Texts
from diag.texts.grouping import Collector
from diag.texts.matching import build_matcher
from diag.texts.scanning import Scan
from diag.texts.symptoms import SymptomReport, read_symptoms
from tests.texts.test_scanning import REFUSAL

KNOWLEDGE = load_knowledge()
MEGABYTE = 1 << 20


def report(*paths: Path) -> SymptomReport:
    texts = Texts(str(path) for path in paths)
    found = read_symptoms(texts, KNOWLEDGE)
    return found._replace(problems=(*texts.problems, *found.problems))


def repeated(unit: bytes, size: int) -> Iterator[bytes]:
    piece = (unit * (MEGABYTE // 4 // len(unit) + 1))[: MEGABYTE // 4]
    for _ in range(size // len(piece)):
        yield piece


def peak_of(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def scanned(unit: bytes, size: int, end: bytes = b"") -> list[str]:
    def pieces() -> Iterator[bytes]:
        yield from repeated(unit, size)
        yield end

    return [hit.cause for reading in Scan(KNOWLEDGE).read(pieces()) for hit in reading.symptom.hits]


def seconds_to_scan(unit: bytes, size: int) -> float:
    """Of the processor's time: what else runs on the machine is not the text's fault."""
    started = time.process_time()
    scanned(unit, size)
    return time.process_time() - started


# A piece of text that repeats without a line break, each bait for one way of being slow.
BAITS = {
    "one letter": b"a",
    "opening quotes": b'"',
    "escaped quotes": b'\\"',
    "blanks": b" ",
    "NUL bytes": b"\x00",
    "invalid UTF-8": b"\xff\xfe\xc3",
    "escape sequences": b"\x1b[",
    "colours": b"\x1b[31m",
    "half a signature": b"Server MGS version (2.10.5.0) refused connection from ",
    "a signature's word": b"No such device ",
    "mount.lustre": b"mount.lustre: mount ",
    "sources": b"10.0.0.1@tcp:/a",
    "addresses that never end": b"a.b-c",
    "kernel names": b"abc-MDT0000-",
    "open braces": b'{"a":',
    "dots and digits": b"1.",
    "catastrophic for others": b"aaaaaaaaaaaaaaaaaaaaaaaa!",
}


@pytest.mark.parametrize("bait", BAITS)
def test_time_grows_with_the_length_and_no_faster(bait: str) -> None:
    scanned(BAITS[bait], MEGABYTE)  # warm: automata are built once
    times = [min(seconds_to_scan(BAITS[bait], megabytes * MEGABYTE) for _ in range(3)) for megabytes in (2, 8)]
    assert times[1] < 20, "a hundred megabytes would take minutes"
    assert times[1] < 12 * max(times[0], 0.02), f"4 times the text took {times[1] / times[0]:.1f} times as long"


def test_a_symptom_after_a_line_of_a_hundred_megabytes_is_found_in_bounded_memory() -> None:
    found: list[str] = []
    peak = peak_of(lambda: found.extend(scanned(b"x" * 4096, 100 * MEGABYTE, b"\n" + REFUSAL.encode())))
    assert "client-server-version-mismatch" in found
    assert peak < 24 * MEGABYTE


def test_memory_does_not_grow_with_a_log_full_of_different_symptoms() -> None:
    def run(lines: int) -> int:
        def pieces() -> Iterator[bytes]:
            for number in range(lines // 50):
                yield b"".join(
                    b"LustreError: 1:0:(x.c:1:f()) %x went wrong in its own way %x\n" % (number, part * 7919)
                    for part in range(50)
                )

        def work() -> None:
            collector = Collector(build_matcher(KNOWLEDGE))
            for reading in Scan(KNOWLEDGE).read(pieces()):
                collector.add(reading)

        return peak_of(work)

    before = run(9000)
    assert run(36000) < before + 6 * MEGABYTE, "what is kept of a line is more than 200 bytes"


def test_a_million_opening_quotes_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "quotes").write_bytes(b'err="' + b'"' * 1_000_000 + b"\n" + REFUSAL.encode())
    started = time.process_time()
    assert report(tmp_path / "quotes").groups
    assert time.process_time() - started < 10


def test_a_gzip_bomb_is_stopped(tmp_path: Path) -> None:
    machine = zlib.compressobj(9, wbits=31)
    with (tmp_path / "bomb.gz").open("wb") as file:
        for _ in range(300):
            file.write(machine.compress(b"x" * MEGABYTE))
        file.write(machine.flush())
    found: list[SymptomReport] = []
    peak = peak_of(lambda: found.append(report(tmp_path / "bomb.gz")))
    assert "no log shrinks so far" in found[0].problems[0].detail
    assert found[0].bytes_read < 300 * MEGABYTE
    assert peak < 24 * MEGABYTE


def add(archive: tarfile.TarFile, name: str, content: bytes = b"", **fields: object) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    archive.addfile(info, io.BytesIO(content))


def test_an_archive_cannot_lead_out_link_or_open_devices(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    secret = tmp_path / "secret"
    secret.write_text(REFUSAL)
    with tarfile.open(inside / "a.tar", "w") as archive:
        add(archive, "../../escape", REFUSAL.encode())
        add(archive, "link", type=tarfile.SYMTYPE, linkname=str(secret))
        add(archive, "hard", type=tarfile.LNKTYPE, linkname="../secret")
        add(archive, "dev", type=tarfile.CHRTYPE, devmajor=1, devminor=5)
        add(archive, "pipe", type=tarfile.FIFOTYPE)
        add(archive, "/absolute", b"nothing\n")
    before = sorted(tmp_path.rglob("*"))
    found = report(inside / "a.tar")
    assert found.groups == ()
    details = " ".join(problem.detail for problem in found.problems)
    for what in ("leads out of the archive", "symbolic link", "hard link", "character device", "named pipe"):
        assert what in details
    assert sorted(tmp_path.rglob("*")) == before, "nothing is written"


def test_headers_that_lie_about_their_size_do_not_cost_memory(tmp_path: Path) -> None:
    info = tarfile.TarInfo("PaxHeaders/x")
    info.type = tarfile.XHDTYPE
    info.size = 4 << 30
    (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + bytes(10_000))
    found: list[SymptomReport] = []
    peak = peak_of(lambda: found.append(report(tmp_path / "a.tar")))
    assert "extension header" in found[0].problems[0].detail and peak < 24 * MEGABYTE


def test_a_tar_bomb_of_many_members_is_read_in_a_stream(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "many.tar.gz", "w:gz") as archive:
        for number in range(20_000):
            add(archive, f"f{number}")
        add(archive, "last", REFUSAL.encode())
    assert report(tmp_path / "many.tar.gz").groups


def test_deep_nesting_is_told_and_left(tmp_path: Path) -> None:
    content = REFUSAL.encode()
    for _ in range(12):
        content = gzip.compress(content)
    (tmp_path / "deep.gz").write_bytes(content)
    assert "nested deeper" in report(tmp_path / "deep.gz").problems[0].detail


def test_an_endless_device_is_refused() -> None:
    found = report(Path("/dev/zero"))
    assert "neither a file nor a pipe" in found.problems[0].detail and found.bytes_read == 0


def test_a_pipe_that_somebody_names_is_read(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, REFUSAL.encode())
    os.close(writer)
    assert report(Path(f"/dev/fd/{reader}")).groups
    os.close(reader)


def test_a_pipe_found_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dmesg").write_text(REFUSAL)
    assert len(report(tmp_path).groups) == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "List", "items": ' + "[" * 100_000,
        '{"kind": "List", "items": [{"kind": "Event", "message": 5}]}',
        "kind: Event\nmessage: " + "[" * 100_000,
        "apiVersion: v1\nitems: &a [*a, *a]\nkind: List\n",
        "apiVersion: v1\nitems:\n" + "- " * 20_000,
    ],
)
def test_events_that_are_none_are_read_as_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "events").write_text(f"{text}\n{REFUSAL}\n")
    assert report(tmp_path / "events").groups


def test_names_in_problems_cannot_move_the_cursor(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        add(archive, "\x1b[2J\x1b[31mlink", type=tarfile.SYMTYPE, linkname="x")
    assert "\x1b" not in str(report(tmp_path / "a.tar").problems)
