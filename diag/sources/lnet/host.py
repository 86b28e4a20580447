"""Whether LNet is up in this machine's kernel, and under which NIDs: read-only, from files.

A second peer with the same NID and pid looks to a server like a rebooted one: it cuts the first off. So before the
probe speaks it looks here.
"""

from __future__ import annotations

import enum
import re
from pathlib import Path

import msgspec

from diag.knowledge.lustre_ports import LUSTRE_PORT
from diag.sources.lnet.nid import Lnd, Nid

MAX_FILE = 1 << 20


class LnetState(enum.Enum):
    """How far LNet is in this kernel."""

    ABSENT = "absent"
    """Not loaded, or the kernel is no Linux."""
    LOADED = "loaded"
    """Loaded, but on no TCP network: it speaks to nobody."""
    UP = "up"
    UNKNOWN = "unknown"
    """This process sees too little to tell."""


class HostLnet(msgspec.Struct, frozen=True):
    """LNet in this kernel."""

    state: LnetState
    nids: tuple[Nid, ...] | None = None
    """Without loopback; None when they cannot be read here."""
    elsewhere: bool = False
    """Whether it provably lives in another network namespace than this process: a pod on a node that has it."""
    evidence: tuple[str, ...] = ()
    """One line for each thing that was seen."""

    def speaks_as(self, nid: Nid) -> bool | None:
        """Whether the kernel is on the network under this NID; None when that cannot be told."""
        if self.state in (LnetState.ABSENT, LnetState.LOADED) or self.elsewhere:
            return False
        return None if self.nids is None else nid in self.nids


def read_host(root: Path = Path("/")) -> HostLnet:
    """Look at the kernel's files below `root`. Opens nothing that can block and writes nothing."""
    modules = root / "sys/module"
    if not _is_dir(modules):
        linux = _is_dir(root / "proc/self")
        return HostLnet(
            LnetState.UNKNOWN if linux else LnetState.ABSENT, None if linux else (), evidence=("no /sys/module here",)
        )
    if not _is_dir(modules / "lnet"):
        return HostLnet(LnetState.ABSENT, (), evidence=("no /sys/module/lnet: LNet is not loaded",))
    for place in ("sys/kernel/debug/lnet/nis", "proc/sys/lnet/nis"):
        if (text := _read(root / place)) is not None:
            nids = parse_nis(text)
            state = LnetState.UP if nids else LnetState.LOADED
            return HostLnet(state, nids, evidence=(f"/{place}: {', '.join(map(str, nids)) or 'none'}",))
    users = (_read(modules / "ksocklnd/refcnt") or "0").strip()
    if users == "0":
        # Each TCP network holds the driver (ksocknal_base_startup, Lustre socklnd.c, 2.10 to 2.17).
        return HostLnet(LnetState.LOADED, (), evidence=("LNet is loaded, no TCP network holds ksocklnd",))
    elsewhere = _acceptor_listens_elsewhere(root)
    place = "in another network namespace" if elsewhere else "its NIDs cannot be read here"
    return HostLnet(
        LnetState.UP, None, elsewhere, (f"/sys/module/ksocklnd/refcnt is {users[:20]}: LNet is up, {place}",)
    )


def _acceptor_listens_elsewhere(root: Path) -> bool:
    """Whether no socket of this network namespace listens on LNet's port, though LNet is up and has an acceptor."""
    accept = _read(root / "sys/module/lnet/parameters/accept")
    port = (_read(root / "sys/module/lnet/parameters/accept_port") or "").strip()
    number = int(port) if port.isdecimal() and len(port) < 6 else LUSTRE_PORT
    # A line of /proc/net/tcp: local address and port in hexadecimal, remote, state 0A for listening.
    listener = re.compile(rf"^\s*\d+: [0-9A-F]+:{number:04X} [0-9A-F]+:0000 0A ", re.MULTILINE)
    tables = [_read(root / f"proc/net/{name}") for name in ("tcp", "tcp6")]
    if accept is None or accept.strip() == "none" or tables[0] is None:
        return False
    return not any(listener.search(table or "") for table in tables)


def parse_nis(text: str) -> tuple[Nid, ...]:
    """The NIDs in LNet's `nis` table, without loopback; lines that hold none are passed over."""
    nids = []
    for line in text.splitlines():
        try:
            nid = Nid.parse(line.split(None, 1)[0] if line.strip() else "")
        except ValueError:
            continue
        if nid.lnd != Lnd.LO:
            nids.append(nid)
    return tuple(nids)


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE).decode("utf-8", "replace")
    except OSError:
        return None
