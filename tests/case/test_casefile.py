"""A case is read within bounds; whatever else a file may be is told in one sentence."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.sources import casefile
from diag.sources.casefile import ABOUT, REPORT, SCHEMA, SNAPSHOT, BadCase, pack, read_case, read_key_id, read_snapshot

ABOUT_IT = f'{{"schema": "{SCHEMA}", "key_id": "abcd"}}'.encode()
PARTS = {ABOUT: ABOUT_IT, SNAPSHOT: b'{"schema": "lustre-doctor/snapshot/v1"}', REPORT: b"{}"}


def tar(*members: tuple[str, bytes | str, bytes]) -> bytes:
    """A gzipped tar of (name, type, data or link target)."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, kind, data in members:
            member = tarfile.TarInfo(name)
            member.type = kind if isinstance(kind, bytes) else kind.encode()
            if member.type in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                member.linkname = data.decode()
                archive.addfile(member)
            else:
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return gzip.compress(raw.getvalue())


def file(name: str, data: bytes) -> tuple[str, bytes, bytes]:
    return name, tarfile.REGTYPE, data


SOUND = [file(name, data) for name, data in PARTS.items()]


def test_what_was_packed_is_read_back_and_the_same_parts_make_the_same_bytes() -> None:
    assert read_case(pack(PARTS)) == PARTS
    assert pack(PARTS) == pack(PARTS)


def test_a_snapshot_is_found_in_a_case_and_is_a_file_by_itself(tmp_path: Path) -> None:
    case, alone = tmp_path / "case.tar.gz", tmp_path / "snapshot.json"
    case.write_bytes(pack(PARTS))
    alone.write_bytes(PARTS[SNAPSHOT])
    assert read_snapshot(str(case)) == read_snapshot(str(alone)) == PARTS[SNAPSHOT]
    assert (read_key_id(str(case)), read_key_id(str(alone))) == ("abcd", "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pack(PARTS)[:-4], "cut short"),
        (pack(PARTS)[:-30], "cut short|damaged"),
        (pack(PARTS)[:60], "cut short|damaged"),
        (b"\x1f\x8b" + b"\0" * 40, "damaged"),
        (gzip.compress(gzip.decompress(pack(PARTS)) + b"\0" * 600_000 + b"x" * 600_000), "after its end"),
        (gzip.compress(gzip.decompress(pack(PARTS)) + b"\0" * 9_000_000), "after its end"),
        (gzip.compress(b"hello" * 500), "damaged or no case"),
        (gzip.compress(b""), "no about.json"),
        (tar(), "no about.json"),
        (tar(SOUND[0]), "no snapshot.json"),
        (tar(*SOUND[1:]), "no about.json"),
        (tar(*SOUND, SOUND[1]), "snapshot.json twice"),
        (tar(*SOUND, file("evil.sh", b"x")), "'evil.sh', which no case has"),
        (tar(*SOUND, file("../../etc/cron.d/x", b"x")), "leads out of the archive"),
        (tar(*SOUND, file("/etc/passwd", b"x")), "which no case has"),
        (tar((SNAPSHOT, tarfile.SYMTYPE, b"/etc/passwd"), *SOUND), "symbolic link"),
        (tar(*SOUND, ("report2", tarfile.LNKTYPE, b"/etc/passwd")), "hard link"),
        (tar(*SOUND, ("zero", tarfile.CHRTYPE, b"")), "character device"),
        (tar(*SOUND, ("pipe", tarfile.FIFOTYPE, b"")), "named pipe"),
        (tar(file(ABOUT, b'{"schema": "lustre-doctor/case/v2"}')), "newer than"),
        (tar(file(ABOUT, b'{"schema": "sosreport"}')), "its schema is 'sosreport'"),
        (tar(file(ABOUT, b"[" * 100_000)), "damaged: about.json"),
        (tar(file(ABOUT, b"\xff\xfe")), "damaged: about.json"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)
def test_what_is_no_sound_case_is_refused_in_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(BadCase, match=said) as refused:
        read_case(data)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 250


def test_a_bomb_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(casefile.LARGEST_MEMBERS, SNAPSHOT, 1_000_000)
    with pytest.raises(BadCase, match="larger than"):
        read_case(tar(SOUND[0], file(SNAPSHOT, b" " * 50_000_000)))


@given(st.binary(max_size=64), st.integers(0, 600))
def test_a_damaged_case_never_breaks_the_reader(noise: bytes, at: int) -> None:
    whole = pack(PARTS)
    damaged = whole[:at] + noise + whole[at + len(noise) :]
    try:
        read_case(damaged)
    except BadCase as error:
        assert "\n" not in str(error)


@given(st.binary(max_size=64), st.integers(0, 4000))
def test_a_damaged_tar_inside_sound_gzip_never_breaks_the_reader(noise: bytes, at: int) -> None:
    whole = gzip.decompress(pack(PARTS))
    damaged = whole[:at] + noise + whole[at + len(noise) :]
    try:
        read_case(gzip.compress(damaged, compresslevel=1))
    except BadCase as error:
        assert "\n" not in str(error)
