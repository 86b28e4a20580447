"""The ladder: what was asked of one server, rung by rung, and what came of each. Values only."""

from __future__ import annotations

import enum

import msgspec

from diag.model.verdict import Verdict


class Step(enum.Enum):
    """The rungs, bottom up. The first that fails explains the ones above it."""

    NAME = "name"
    TCP = "tcp"
    SOURCE_PORT = "source-port"
    LNET = "lnet"
    PING = "ping"
    MGS = "mgs"
    FILE_SYSTEM = "file-system"
    MAP = "map"

    @property
    def number(self) -> int:
        """1 to 8."""
        return _NUMBER[self]


_NUMBER = {step: number for number, step in enumerate(Step, 1)}


class Rung(msgspec.Struct, frozen=True):
    """What came of one rung."""

    step: Step
    verdict: Verdict
    message: str
    cause: str | None = None
    """Cause id, for a failure that speaks for one."""
    fix: str = ""
    """What to do, or what would settle it; empty when nothing is to be done."""
    elapsed_ms: float = 0.0
    details: tuple[str, ...] = ()
    """What was seen, one fact a line, already safe to print."""
    beside: str = ""
    """Another cause that looks the same from here."""


class ServerNid(msgspec.Struct, frozen=True):
    """One of the server's own NIDs, as its LNet ping lists them."""

    nid: str
    up: bool | None


class NidReach(msgspec.Struct, frozen=True):
    """Whether LNet answered under one NID of a target."""

    nid: str
    verdict: Verdict
    message: str
    elapsed_ms: float = 0.0


class TargetReach(msgspec.Struct, frozen=True):
    """One MDT or OST of the file system's configuration, with what came of connecting to its NIDs."""

    name: str
    kind: str
    """`MDT` or `OST`."""
    active: bool
    nids: tuple[NidReach, ...]

    @property
    def verdict(self) -> Verdict:
        """Pass when one NID answers; a client needs no more. Unknown when none could be asked."""
        verdicts = {nid.verdict for nid in self.nids}
        for verdict in (Verdict.PASS, Verdict.FAIL):
            if verdict in verdicts:
                return verdict
        return Verdict.UNKNOWN


class Ladder(msgspec.Struct, frozen=True):
    """One climb."""

    host: str
    port: int
    mount_name: str | None
    verdict: Verdict
    """Fail when a rung failed, else unknown when one that was asked could not be decided, else warn or pass."""
    cause: str | None
    headline: str
    """The rung that decides, in a sentence."""
    rungs: tuple[Rung, ...]
    summary: str = ""
    """The TCP rung as `nc -zv` would print it."""
    address: str | None = None
    """The address that was climbed."""
    addresses: tuple[str, ...] = ()
    """All that the name resolves to."""
    source_address: str | None = None
    source_port: int | None = None
    privileged: bool | None = None
    """Whether the connection came from a port that `accept=secure` lets in."""
    server_version: str | None = None
    """`2.10.5.0`, exactly as the MGS reports it."""
    client_version: str | None = None
    """The client it was compared with."""
    compatible: bool | None = None
    """None when no client was given or the pair is not known."""
    server_nids: tuple[ServerNid, ...] = ()
    ping_features: tuple[str, ...] = ()
    connect_flags: tuple[str, ...] = ()
    knows_fsname: bool | None = None
    """Whether the MGS has a configuration log for the mount name; None when it was not asked or did not say."""
    targets: tuple[TargetReach, ...] = ()
    round_trips: int = 0
    """Waits for the server: connects, and questions asked, over all connections of the climb to rung 7."""
    elapsed_ms: float = 0.0

    @property
    def failed(self) -> Rung | None:
        """The first rung that failed."""
        return next((rung for rung in self.rungs if rung.verdict is Verdict.FAIL), None)
