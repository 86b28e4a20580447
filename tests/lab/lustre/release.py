"""How the releases differ on the wire. 2.15 and 2.17 were seen; 2.10, 2.12 and 2.16 are read from their source."""

from __future__ import annotations

from dataclasses import dataclass

VERSION, MGS_NIDLIST, BARRIER, AT, MNE_SWAB = 0x20, 0x40, 0x2000, 0x1000000, 0x4000000
FULL20, IMP_RECOV, PINGLESS = 0x1000000000, 0x10000000000, 0x4000000000000
BULK_MBITS, FLAGS2 = 0x2000000000000000, 0x8000000000000000

_OLD = VERSION | AT | FULL20 | IMP_RECOV | PINGLESS | BULK_MBITS | BARRIER


@dataclass(frozen=True)
class Release:
    hello_versions: tuple[int, ...]
    connreq_versions: tuple[int, ...]
    ping_features: int
    discovers: bool
    """Asks a NID who it is before the first reply to it (2.11 and later)."""
    known_flags: int
    hello_ips: int = 0
    """Addresses listed in the HELLO."""
    large_nids: bool = False
    """Adds entries with large NIDs to the ping answer."""
    numbered_messages: bool = True
    """Console errors carry a number such as 120."""


RELEASES = {
    (2, 10): Release((1, 2, 3), (1,), 0x06, False, _OLD | MNE_SWAB, hello_ips=1),
    (2, 12): Release((1, 2, 3), (1,), 0x1E, True, _OLD | MNE_SWAB, hello_ips=1),
    (2, 15): Release((1, 2, 3), (1, 2), 0x1E, True, _OLD | FLAGS2),
    (2, 16): Release((1, 2, 3, 4), (1, 2), 0x3E, True, _OLD | FLAGS2, large_nids=True, numbered_messages=False),
    (2, 17): Release((1, 2, 3, 4), (1, 2), 0x1E, True, _OLD | FLAGS2 | MGS_NIDLIST, numbered_messages=False),
}


def release_of(version: str) -> Release:
    major, minor = version.split(".")[:2]
    return RELEASES[int(major), int(minor)]


def version_code(version: str) -> int:
    """`2.15.8.0` is 0x020f0800."""
    code = 0
    for part in (version.split(".") + ["0"] * 4)[:4]:
        code = code << 8 | int(part)
    return code
