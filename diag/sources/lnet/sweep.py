"""Connecting to every server of a file system, one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from diag.model.verdict import Verdict
from diag.resources.lnet_probe import NidReach, TargetReach
from diag.sources.lnet.caller import Caller, Met
from diag.sources.lnet.conversation import Pinged
from diag.sources.lnet.dial import End, NotConnected, Refusal
from diag.sources.lnet.llog import ConfiguredTarget, TargetKind
from diag.sources.lnet.nid import Lnd, Nid
from diag.sources.lnet.session import Stopped
from diag.sources.lnet.situation import Situation

LIMIT_S = 2.0
"""For one server; a shorter share when the time left does not suffice for all."""
FAIR_S = 1.0
"""Silence for less than this, the first retransmission of a SYN, proves nothing."""


def sweep(
    caller: Caller, configured: Iterable[ConfiguredTarget], mgs: Nid, known: Mapping[Nid, NidReach]
) -> tuple[TargetReach, ...]:
    """Ask every NID of every active target for an LNet ping, each NID once.

    `mgs` tells which network we are on, `known` holds what is known of some NIDs already.
    """
    targets = tuple(configured)
    reached = dict(known)
    waiting = [nid for target in targets if target.active for nid in target.nids if nid not in reached]
    for index, nid in enumerate(dict.fromkeys(waiting)):
        left = max(1, len(set(waiting)) - index)
        reached[nid] = _reach(caller, nid, mgs, min(LIMIT_S, (caller.deadline - caller.now()) / left))
    inactive = {
        nid: NidReach(str(nid), Verdict.SKIP, "switched off by an administrator")
        for target in targets
        if not target.active
        for nid in target.nids
    }
    return tuple(
        TargetReach(
            target.name,
            target.kind.value,
            target.active,
            tuple((reached if target.active else inactive)[nid] for nid in target.nids),
        )
        for target in targets
    )


def situation_of(targets: Iterable[TargetReach]) -> tuple[Situation, tuple[str, ...]]:
    """What the sweep means, and the names of the targets that decide it."""
    active = [target for target in targets if target.active]
    lost = [target for target in active if target.verdict is Verdict.FAIL]
    for kind, situation in ((TargetKind.MDT, Situation.MAP_MDT_LOST), (TargetKind.OST, Situation.MAP_OST_LOST)):
        if any(target.kind == kind.value for target in lost):
            return situation, tuple(target.name for target in lost)
    undecided = tuple(target.name for target in active if target.verdict is Verdict.UNKNOWN)
    return (Situation.MAP_UNDECIDED, undecided) if undecided or not active else (Situation.MAP_REACHED, ())


def _reach(caller: Caller, nid: Nid, mgs: Nid, limit: float) -> NidReach:
    if nid.lnd != Lnd.TCP or nid.network != mgs.network or nid.ip is None or len(nid.address) != 4:
        return NidReach(str(nid), Verdict.UNKNOWN, f"on another network than ours ({mgs.net}), not asked")
    if limit <= 0:
        return NidReach(str(nid), Verdict.UNKNOWN, "no time was left to ask")
    started = caller.now()
    until = started + limit
    failure = _ping(caller, nid, nid.ip, until)
    elapsed = (caller.now() - started) * 1000
    if failure is None:
        return NidReach(str(nid), Verdict.PASS, f"LNet answers in {elapsed:.1f} ms", elapsed)
    verdict, message = failure
    return NidReach(str(nid), verdict, message, elapsed)


def _ping(caller: Caller, nid: Nid, address: str, until: float) -> tuple[Verdict, str] | None:
    started = caller.now()
    line = caller.dial(address, until - started)
    if isinstance(line, NotConnected):
        return _lost(caller, line.why is Refusal.TIMEOUT, started), f"TCP {caller.port}: {line.why.value}"
    if not line.privileged:
        # A server closes such a connection, whatever its state; the connect is all that can be learned.
        line.close()
        return Verdict.UNKNOWN, f"TCP {caller.port} opens; more needs a privileged source port"
    met = caller.greet(line, address, nid, until - caller.now())
    match met:
        case NotConnected():
            return _lost(caller, met.why is Refusal.TIMEOUT, started), f"TCP {caller.port}: {met.why.value}"
        case Stopped():
            silent = met.end is End.SILENT
            return _lost(caller, silent, started), f"TCP {caller.port} opens, then the server {met.end.value}"
        case Met():
            return _ask_ping(caller, met, started, until)
        case _:
            return Verdict.UNKNOWN, "the server has a live connection under our NID"


def _lost(caller: Caller, silent: bool, started: float) -> Verdict:
    return Verdict.UNKNOWN if silent and caller.now() - started < FAIR_S else Verdict.FAIL


def _ask_ping(caller: Caller, met: Met, started: float, until: float) -> tuple[Verdict, str] | None:
    try:
        met.session.conversation.ping()
        pinged = met.session.ask(Pinged, until)
    finally:
        met.session.line.close()
    if isinstance(pinged, Stopped):
        silent = pinged.end is End.SILENT
        return _lost(caller, silent, started), f"said HELLO, then the server {pinged.end.value}"
    return None
