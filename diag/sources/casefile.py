"""A case: one run's facts, its report and how it came about, in one small archive.

The archive is a gzipped tar with regular files at its top: `about.json` first, `snapshot.json`, `report.json`. It is
read as a stream within bounds; nothing is ever unpacked to disk.
"""

from __future__ import annotations

import gzip
import io
import itertools
import math
import tarfile
import zlib
from collections.abc import Iterator, Mapping

import msgspec

from diag.decode import decode_json
from diag.model.exit_code import WrongUsage
from diag.model.unavailable import Unavailable
from diag.sources.files import PIECE, read_bounded
from diag.sources.texts.tar import is_tar, members

SCHEMA = "lustre-doctor/case/v1"
ABOUT, SNAPSHOT, REPORT = "about.json", "snapshot.json", "report.json"

LARGEST_FILE = 128 * 1024 * 1024
"""Bytes of a case as it lies on disk."""
LARGEST_MEMBERS = {ABOUT: 8 * 1024 * 1024, SNAPSHOT: 512 * 1024 * 1024, REPORT: 256 * 1024 * 1024}
"""Bytes of each member; nothing else may be in a case."""

_GZIP = b"\x1f\x8b"


class BadCase(WrongUsage):
    """The file is damaged, cut short, newer, or no case at all. The message says which, in one sentence."""


class _About(msgspec.Struct):
    schema: str = ""
    key_id: str = ""


def pack(parts: Mapping[str, bytes]) -> bytes:
    """A case of these members, in the order given; the same parts make the same bytes."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in parts.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o600
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)


def read_snapshot(path: str, *, until: float = math.inf) -> bytes:
    """The snapshot in a file: a case's, or the file itself where it is not an archive.

    Raises UnreadableFile when the file cannot be read, BadCase when it is an archive but no sound case.
    """
    data = read_bounded(path, until=until)
    if not data.startswith(_GZIP) and not is_tar(data[:512]):
        return data
    return read_case(data)[SNAPSHOT]


def read_key_id(path: str, *, until: float = math.inf) -> str:
    """The id of the key that a case was redacted with; empty for what was not redacted. Raises as `read_snapshot`."""
    data = read_bounded(path, until=until)
    if not data.startswith(_GZIP) and not is_tar(data[:512]):
        return ""
    return decode_json(read_case(data)[ABOUT], _About).key_id


def read_case(data: bytes) -> dict[str, bytes]:
    """The members of a case by name. Raises BadCase."""
    if len(data) > LARGEST_FILE:
        raise BadCase(f"larger than a case can be ({LARGEST_FILE // 1024 // 1024} MiB)")
    pieces = _gunzipped(data) if data.startswith(_GZIP) else iter((data,))
    found: dict[str, bytes] = {}
    for member in members("the case", pieces, _refuse):
        name = member.name.removeprefix("./")
        if name not in LARGEST_MEMBERS:
            raise BadCase(f"not a case: it holds {name[:80]!r}, which no case has")
        if name in found:
            raise BadCase(f"not a case: it holds {name} twice")
        found[name] = _whole(name, member.pieces)
        if name == ABOUT:
            _expect_schema(found[name])
    _expect_end(pieces)
    for name in (ABOUT, SNAPSHOT):
        if name not in found:
            raise BadCase(f"not a case: there is no {name} in it")
    return found


def _expect_end(pieces: Iterator[bytes]) -> None:
    """Read on to gzip's checksum: only padding may be left. Raises BadCase where there is more."""
    if any(piece.strip(b"\0") for piece in itertools.islice(pieces, 2)) or next(pieces, b""):
        raise BadCase("not a case: it goes on after its end")


def _whole(name: str, pieces: Iterator[bytes]) -> bytes:
    limit, size, read = LARGEST_MEMBERS[name], 0, []
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise BadCase(f"{name} in it is larger than {limit // 1024 // 1024} MiB")
        read.append(piece)
    return b"".join(read)


def _expect_schema(about: bytes) -> None:
    try:
        schema = decode_json(about, _About).schema
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadCase(f"the case is damaged: {ABOUT}: {error}") from error
    family, _, version = schema.rpartition("/v")
    if schema != SCHEMA:
        newer = family == SCHEMA.rpartition("/v")[0] and version.isdigit()
        message = f"the case has schema {schema[:80]!r}, newer than {SCHEMA!r}: update lustre-doctor"
        raise BadCase(message if newer else f"not a case: its schema is {schema[:80]!r}, wanted {SCHEMA!r}")


def _refuse(problem: Unavailable) -> None:
    raise BadCase(f"the case is damaged or no case: {problem.detail}")


def _gunzipped(data: bytes) -> Iterator[bytes]:
    inflate = zlib.decompressobj(wbits=31)
    rest = data
    try:
        while not inflate.eof:
            piece = inflate.decompress(rest, PIECE)
            rest = inflate.unconsumed_tail
            if not piece and not rest:
                break
            yield piece
    except zlib.error as error:
        raise BadCase(f"the case is damaged: {error}") from error
    if not inflate.eof:
        raise BadCase("the case is cut short: copy it again")
