"""The client configuration log of a file system: every MDT and OST with the NIDs it is served from.

Structures: Lustre lustre_idl.h (llog, cfg_marker) and lustre_cfg.h (lustre_cfg), 2.10 to 2.17.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator

import msgspec

from diag.sources.lnet.cursor import Cursor, DecodeError, c_string
from diag.sources.lnet.nid import Nid, nid4

HEADER_MAGIC = 0x10645539
"""LLOG_HDR_MAGIC."""

CONFIG_RECORD = 0x10620000
"""OBD_CFG_REC."""

CONFIG_VERSION = 0x1CF60001
"""LUSTRE_CFG_VERSION."""

RECORD_HEAD = 16
RECORD_TAIL = 8
MAX_CONFIG_BUFFERS = 8
"""LUSTRE_CFG_MAX_BUFCOUNT."""


class Command(enum.IntEnum):
    """LCFG_*: the commands that say which target is where."""

    ATTACH = 0xCF001
    SETUP = 0xCF003
    ADD_UUID = 0xCF005
    ADD_CONN = 0xCF00B
    PARAM = 0xCF00F
    MARKER = 0xCF010


class MarkerFlag(enum.IntFlag):
    """CM_*: records between a start with SKIP and its end are void, as after `lctl replace_nids`."""

    START = 1
    END = 2
    SKIP = 4
    EXCLUDE = 16


class LogHeader(msgspec.Struct, frozen=True):
    """What of `struct llog_log_hdr` is needed to read on."""

    flags: int
    last_index: int


class Record(msgspec.Struct, frozen=True):
    """One log record without head and tail."""

    index: int
    kind: int
    body: bytes


class Config(msgspec.Struct, frozen=True):
    """One `struct lustre_cfg`."""

    command: int
    nid: int
    buffers: tuple[bytes, ...]

    def text(self, index: int) -> str:
        """Buffer `index` as text, empty when there is none."""
        return c_string(self.buffers[index]) if index < len(self.buffers) else ""


class TargetKind(enum.Enum):
    """What a target serves."""

    MDT = "MDT"
    OST = "OST"


class ConfiguredTarget(msgspec.Struct, frozen=True):
    """One MDT or OST as the configuration log has it."""

    name: str
    """`ddyezbev-OST0000`."""
    kind: TargetKind
    nids: tuple[Nid, ...]
    """All of them, the main server's first."""
    active: bool = True
    """False when an administrator switched the target off (`lctl conf_param …active=0`)."""


def decode_header(data: bytes) -> LogHeader:
    """Read the header of a log. Raises DecodeError when it is none."""
    cursor = Cursor(data, "log header")
    length, _index, kind = cursor.u32(), cursor.u32(), cursor.u32()
    if kind != HEADER_MAGIC:
        raise DecodeError(f"log header: type {kind:#x} instead of {HEADER_MAGIC:#x}")
    cursor.take(4 + 8 + 4 + 4 + 4)
    flags = cursor.u32()
    if length < cursor.offset + RECORD_TAIL or length > len(data):
        raise DecodeError(f"log header: says it has {length} bytes, {len(data)} came")
    return LogHeader(flags, Cursor(data, "log header", length - 4).u32())


def decode_block(data: bytes) -> Iterator[Record]:
    """Cut a block into its records, up to the zeroes that fill it. Raises DecodeError at a broken one."""
    cursor = Cursor(data, "log block")
    while cursor.left >= RECORD_HEAD:
        length, index, kind = cursor.u32(), cursor.u32(), cursor.u32()
        cursor.u32()
        if length == 0:
            return
        if length < RECORD_HEAD + RECORD_TAIL:
            raise DecodeError(f"log block: record {index} claims {length} bytes")
        body = cursor.take(length - RECORD_HEAD - RECORD_TAIL)
        cursor.take(RECORD_TAIL)
        yield Record(index, kind, body)


def decode_config(body: bytes) -> Config:
    """Read one `lustre_cfg`. Raises DecodeError when it is none."""
    cursor = Cursor(body, "configuration record")
    if (version := cursor.u32()) != CONFIG_VERSION:
        raise DecodeError(f"configuration record: version {version:#x} instead of {CONFIG_VERSION:#x}")
    command = cursor.u32()
    cursor.take(8)
    nid = cursor.u64()
    cursor.u32()
    if (count := cursor.u32()) > MAX_CONFIG_BUFFERS:
        raise DecodeError(f"configuration record: {count} buffers, at most {MAX_CONFIG_BUFFERS} are possible")
    lengths = [cursor.u32() for _ in range(count)]
    buffers = []
    for length in lengths:
        cursor.align(8)
        buffers.append(cursor.take(length))
    return Config(command, nid, tuple(buffers))


def targets(records: Iterable[Record]) -> tuple[ConfiguredTarget, ...]:
    """The MDTs and OSTs that a client would set up from these records, in the log's order.

    Raises DecodeError when a configuration record cannot be read.
    """
    building = _Building()
    for record in records:
        if record.kind == CONFIG_RECORD:
            building.take(decode_config(record.body))
    return building.targets()


class _Building:
    """What the records said so far; later records about the same device override earlier ones."""

    def __init__(self) -> None:
        self._live = False
        self._nids: dict[str, list[Nid]] = {}
        self._kinds: dict[str, TargetKind] = {}
        self._names: dict[str, str] = {}
        self._servers: dict[str, list[str]] = {}
        self._inactive: set[str] = set()

    def take(self, config: Config) -> None:
        device = config.text(0)
        match config.command:
            case Command.MARKER:
                self._mark(config)
            case _ if not self._live:
                # A client skips what stands outside markers or inside a skipped pair.
                return
            case Command.ADD_UUID:
                self._add_nid(config)
            case Command.ATTACH if kind := _KIND_OF_DEVICE.get(config.text(1)):
                self._kinds[device] = kind
            case Command.SETUP if device in self._kinds:
                self._names[device] = config.text(1).removesuffix("_UUID")
                self._servers[device] = [config.text(2)]
            case Command.ADD_CONN if device in self._servers:
                self._servers[device].append(config.text(1))
            case Command.PARAM if config.text(1) in _SWITCHES:
                self._switch(device, _SWITCHES[config.text(1)])
            case _:
                return

    def targets(self) -> tuple[ConfiguredTarget, ...]:
        return tuple(
            ConfiguredTarget(
                name,
                self._kinds[device],
                tuple(dict.fromkeys(nid for server in self._servers[device] for nid in self._nids.get(server, ()))),
                device not in self._inactive,
            )
            for device, name in self._names.items()
        )

    def _mark(self, config: Config) -> None:
        if len(config.buffers) < 2:
            raise DecodeError("configuration record: a marker without its buffer")
        flags = MarkerFlag(Cursor(config.buffers[1], "marker", 4).u32() & 0x1F)
        if MarkerFlag.START in flags:
            self._live = not flags & (MarkerFlag.SKIP | MarkerFlag.EXCLUDE)
        elif MarkerFlag.END in flags:
            self._live = False

    def _add_nid(self, config: Config) -> None:
        nid = nid4(config.nid)
        if config.nid == 0:
            # A large NID stands as text in the second buffer (2.16 and later).
            try:
                nid = Nid.parse(config.text(2))
            except ValueError:
                return
        self._nids.setdefault(config.text(1), []).append(nid)

    def _switch(self, device: str, active: bool) -> None:
        if active:
            self._inactive.discard(device)
        else:
            self._inactive.add(device)


_KIND_OF_DEVICE = {"mdc": TargetKind.MDT, "osc": TargetKind.OST}
_SWITCHES = {"osc.active=0": False, "osc.active=1": True, "mdc.active=0": False, "mdc.active=1": True}
