"""A client configuration log as an MGS keeps it: header and blocks of 8192 bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tests.lab.lustre.wire import nid4

CHUNK = 8192
ATTACH, SETUP, ADD_UUID, MOUNT_OPTION, ADD_CONN = 0xCF001, 0xCF003, 0xCF005, 0xCF007, 0xCF00B
LOV_ADD, PARAM, MARKER, ADD_MDC = 0xCF00D, 0xCF00F, 0xCF010, 0xCF014
START, END, SKIP = 1, 2, 4
CREATED = 0x6B04AC1A
LOV_DESCRIPTION = struct.pack("<IIIIQqIIQ", 0, 0xB0CCDE5C, 1, 1, 1 << 20, -1, 0, 5, 0)
"""Stripe count 1, stripe size 1 MiB, any start."""


@dataclass(frozen=True)
class LabTarget:
    """One MDT or OST: `MDT0000` at `("10.0.0.5@tcp",)`, failover servers in further tuples."""

    name: str
    nids: tuple[str, ...]
    failover: tuple[tuple[str, ...], ...] = ()
    active: bool = True
    removed: bool = False
    """After `lctl del_ost`: its records are still there, marked to be skipped."""
    replaced: tuple[str, ...] = ()
    """NIDs it had before `lctl replace_nids`; the old records stay in the log, marked to be skipped."""


def _pad8(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def lustre_cfg(command: int, *buffers: bytes, nid: int = 0) -> bytes:
    lengths = struct.pack(f"<{len(buffers)}I", *map(len, buffers))
    head = struct.pack("<IIIIQII", 0x1CF60001, command, 0, 0, nid, 0, len(buffers))
    return _pad8(head + lengths) + b"".join(map(_pad8, buffers))


def text(value: str) -> bytes:
    return value.encode() + b"\0"


class ConfigLog:
    """The records of `<fsname>-client`, and the pieces a client reads them in."""

    def __init__(self, fsname: str, targets: tuple[LabTarget, ...], version_code: int) -> None:
        self._fsname = fsname
        self._version = version_code
        self._step = 0
        self._records: list[bytes] = []
        self._profile()
        for target in targets:
            if target.replaced:
                self._target(target, (target.replaced,), START | SKIP)
            self._target(target, (target.nids, *target.failover), START | SKIP if target.removed else START)
        self.blocks = self._cut()

    @property
    def last_index(self) -> int:
        return sum(1 for block in self.blocks for _ in split(block))

    def header(self) -> bytes:
        count = self.last_index + 1
        start = struct.pack("<IIIIQIIIIi", CHUNK, 0, 0x10645539, 0, CREATED, count, 88, 80, 4, 0)
        start += b"config_uuid".ljust(40, b"\0")
        bitmap = bytearray(CHUNK)
        for index in range(count):
            bitmap[88 + index // 8] |= 1 << index % 8
        return start + bytes(bitmap[len(start) : CHUNK - 8]) + struct.pack("<II", CHUNK, self.last_index)

    def block_at(self, offset: int, index: int) -> tuple[bytes, int, int] | None:
        """The rest of the chunk that holds record `index`: data, index of its last record, offset behind it."""
        for number, block in enumerate(self.blocks):
            start = CHUNK * (number + 1)
            records = list(split(block))
            if records and records[0] <= index <= records[-1] and start <= offset <= start + CHUNK:
                return block, records[-1], start + (CHUNK if number + 1 < len(self.blocks) else len(block))
        return None

    def _add(self, command: int, *buffers: bytes, nid: int = 0) -> None:
        self._records.append(lustre_cfg(command, *buffers, nid=nid))

    def _mark(self, step: int, flags: int, target: str, comment: str) -> None:
        marker = struct.pack("<IIIIqq", step, flags, self._version, 0, CREATED, 0)
        self._add(MARKER, b"", marker + target.encode().ljust(64, b"\0") + comment.encode().ljust(64, b"\0"))

    def _profile(self) -> None:
        fs = self._fsname
        for name, kind in ((f"{fs}-clilov", "lov"), (f"{fs}-clilmv", "lmv")):
            self._step += 1
            self._mark(self._step, START, name, f"{kind} setup")
            self._add(ATTACH, text(name), text(kind), text(f"{name}_UUID"))
            described = LOV_DESCRIPTION if kind == "lov" else bytes(48)
            self._add(SETUP, text(name), described + f"{name}_UUID".encode().ljust(40, b"\0"))
            self._mark(self._step, END, name, f"{kind} setup")
        self._step += 1
        self._mark(self._step, START, f"{fs}-client", "mount opts")
        self._add(MOUNT_OPTION, b"", text(f"{fs}-client"), text(f"{fs}-clilov"), text(f"{fs}-clilmv"))
        self._mark(self._step, END, f"{fs}-client", "mount opts")

    def _target(self, target: LabTarget, servers: tuple[tuple[str, ...], ...], start: int) -> None:
        kind = "mdc" if target.name.startswith("MDT") else "osc"
        name = f"{self._fsname}-{target.name}"
        device, index = f"{name}-{kind}", str(int(target.name[3:], 16))
        tree = f"{self._fsname}-{'clilmv' if kind == 'mdc' else 'clilov'}"
        self._step += 1
        self._mark(self._step, start, name, f"add {kind}")
        for nid in servers[0]:
            self._add(ADD_UUID, b"", text(servers[0][0]), nid=nid4(nid))
        self._add(ATTACH, text(device), text(kind), text(f"{tree}_UUID"))
        self._add(SETUP, text(device), text(f"{name}_UUID"), text(servers[0][0]))
        for failover in servers[1:]:
            for nid in failover:
                self._add(ADD_UUID, b"", text(failover[0]), nid=nid4(nid))
            self._add(ADD_CONN, text(device), text(failover[0]))
        if kind == "mdc":
            self._add(ADD_MDC, text(tree), text(f"{name}_UUID"), text(index), text("1"), text(f"{device}_UUID"))
        else:
            self._add(LOV_ADD, text(tree), text(f"{name}_UUID"), text(index), text("1"))
        self._mark(self._step, END | start & SKIP, name, f"add {kind}")
        if not target.active:
            self._step += 1
            self._mark(self._step, START, name, f"{kind}.active")
            self._add(PARAM, text(device), text(f"{kind}.active=0"))
            self._mark(self._step, END, name, f"{kind}.active")

    def _cut(self) -> tuple[bytes, ...]:
        """Records in chunks; none crosses a boundary, a pad record fills the gap and takes an index itself."""
        blocks: list[bytes] = []
        block = b""
        index = 0
        for body in self._records:
            length = 16 + len(body) + 8
            if len(block) + length > CHUNK or 0 < CHUNK - len(block) - length < 24:
                index += 1
                block += _record(index, 0x10600000, bytes(CHUNK - len(block) - 24))
                blocks.append(block)
                block = b""
            index += 1
            block += _record(index, 0x10620000, body)
        return (*blocks, block)


def _record(index: int, kind: int, body: bytes) -> bytes:
    length = 16 + len(body) + 8
    return struct.pack("<IIII", length, index, kind, 0) + body + struct.pack("<II", length, index)


def split(block: bytes) -> list[int]:
    """Indices of the records of a block."""
    indices, offset = [], 0
    while offset < len(block):
        length, index = struct.unpack_from("<II", block, offset)
        indices.append(index)
        offset += length
    return indices
