"""The climb: one server, rung by rung, on one connection where all goes well."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from diag.model.verdict import Verdict
from diag.resources.lnet_probe import Ladder, NidReach, Rung, ServerNid, TargetReach
from diag.sources.lnet import sweep
from diag.sources.lnet.caller import GREETING_LIMIT_S, Caller, Identify, Met, TurnedAway
from diag.sources.lnet.classify import (
    NAME_SITUATIONS,
    classify_connect_refusal,
    classify_greeting_failure,
    classify_hangup,
    classify_log_open,
    classify_mgs_silence,
    classify_ping,
    classify_tcp_failure,
    compare_versions,
    conclude,
    connect_line,
    describe,
    describe_rung,
    describe_stop,
    error_name,
)
from diag.sources.lnet.conversation import Answered, Pinged
from diag.sources.lnet.dial import Clock, End, Line, NotConnected
from diag.sources.lnet.host import HostLnet, read_host
from diag.sources.lnet.identity import Manner, fresh_identity
from diag.sources.lnet.interview import Interview, interview
from diag.sources.lnet.llog import ConfiguredTarget
from diag.sources.lnet.nid import Nid
from diag.sources.lnet.resolve import NameState, Resolution, Resolver, resolve
from diag.sources.lnet.session import Session, Stopped, question_acceptor
from diag.sources.lnet.situation import Situation
from diag.sources.lnet.target import FSNAME, Depth, Options, Target

QUESTION_LIMIT_S = 2.0
PING_LIMIT_S = 3.0
FAREWELL_S = 0.4
"""For each of the two last waits, beyond the deadline if it must be."""

Compatible = Callable[[str, str], bool | None]
"""Client version, server version; None when the pair is not known."""


class World(msgspec.Struct, frozen=True):
    """What a climb takes from outside, each replaceable."""

    now: Clock = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    resolve: Resolver = resolve
    host: Callable[[], HostLnet] = read_host
    identify: Identify = fresh_identity
    compatible: Compatible | None = None


def climb(target: Target, options: Options | None = None, world: World | None = None) -> Ladder:
    """Climb as far as asked and as it goes, at the first address of the name.

    Ends at most a second after `options.timeout`, whatever the server does; leaves no export behind, also when it is
    interrupted.
    """
    options, world = options or Options(), world or World()
    started = world.now()
    found = world.resolve(target.host, options.timeout)
    climber = Climber(target, options, world, found, started=started, deadline=started + options.timeout)
    return climber.climb(found.addresses[0] if found.addresses else None)


class Climber:
    """One climb in progress: what was seen so far, and the rungs that say it."""

    def __init__(
        self,
        target: Target,
        options: Options,
        world: World,
        found: Resolution,
        *,
        started: float,
        deadline: float,
    ) -> None:
        self._target = target
        self._options = options
        self._world = world
        self._found = found
        self._started = started
        self._host = world.host()
        self._caller = Caller(
            target.port,
            options.source_ip,
            options.source_ports,
            deadline,
            world.now,
            world.sleep,
            self._host,
            world.identify,
            [],
        )
        self._rungs: list[Rung] = []
        self._values = {
            "host": target.host,
            "port": str(target.port),
            "addresses": ", ".join(found.addresses),
            "mount_name": target.mount_name or "",
            "source_ip": options.source_ip or "",
            "client_version": options.client_version or "",
        }
        self._known = Ladder(
            target.host, target.port, target.mount_name, Verdict.UNKNOWN, None, "", (), addresses=found.addresses
        )

    def climb(self, address: str | None) -> Ladder:
        """Climb one address of the name; None when it has none."""
        looked_up_ms = (self._world.now() - self._started) * 1000
        self._note(NAME_SITUATIONS[self._found.state], looked_up_ms, detail=self._found.detail)
        if address is not None:
            self._know(address=address)
            self._values["address"] = address
            nid = self._options.nid or Nid.tcp(address, self._target.network)
            self._values["nid"] = str(nid)
            self._connect(address, nid)
        return self._ladder()

    def _connect(self, address: str, nid: Nid) -> None:
        line = self._caller.dial(address)
        summary = connect_line(self._target, address, line)
        self._know(summary=summary)
        self._values["summary"] = summary
        if isinstance(line, NotConnected):
            self._note(classify_tcp_failure(line.why, line.elapsed_ms / 1000), line.elapsed_ms, detail=line.detail)
            return
        self._note(Situation.TCP_OPEN, line.elapsed_ms)
        self._note_line(line)
        if self._options.depth is Depth.CONNECT and not line.privileged:
            line.close()
            self._note(Situation.PORT_NOT_JUDGED)
            self._note(Situation.LNET_NOT_ASKED)
        elif self._options.depth is Depth.CONNECT or not line.privileged:
            self._question(line, address, nid)
        else:
            self._greet(line, address, nid)

    def _note_line(self, line: Line) -> None:
        self._know(source_address=line.local_address, source_port=line.local_port, privileged=line.privileged)
        self._values |= {
            "source_port": str(line.local_port),
            "client_nid": str(Nid.tcp(line.local_address, self._target.network)),
            "why_unprivileged": line.why_unprivileged,
        }

    def _question(self, line: Line, address: str, nid: Nid) -> None:
        """The silent question alone; from an unprivileged port a server that answers it is asked for a ping, too."""
        started = self._world.now()
        stopped = question_acceptor(line, self._caller.until(QUESTION_LIMIT_S))
        if stopped is not None:
            self._hung_up(stopped, line, started)
            return
        self._note(Situation.PORT_TAKEN if line.privileged else Situation.PORT_ANY_TAKEN)
        if self._options.depth is Depth.CONNECT:
            self._note(Situation.LNET_ACCEPTOR, self._since(started))
            return
        again = self._caller.dial(address)
        if isinstance(again, NotConnected):
            self._note(Situation.LNET_ACCEPTOR, self._since(started))
            return
        self._greet(again, address, nid)

    def _greet(self, line: Line, address: str, nid: Nid) -> None:
        started = self._world.now()
        met = self._caller.greet(line, address, nid, GREETING_LIMIT_S)
        match met:
            case Met():
                self._met(met, nid, started)
            case TurnedAway():
                self._note(Situation.PORT_TAKEN)
                self._note(Situation.LNET_NID_BUSY, self._since(started), tries=str(met.tries))
            case NotConnected():
                self._note(Situation.PORT_NOT_JUDGED)
                self._note(Situation.LNET_SILENT_BRIEFLY, self._since(started))
            case Stopped():
                self._not_met(met, line, address, started)

    def _not_met(self, stopped: Stopped, line: Line, address: str, started: float) -> None:
        """No HELLO came: ask the acceptor silently whether it is one, where that tells more."""
        waited = self._since(started)
        situation = classify_greeting_failure(stopped.end, stopped.first_bytes, waited_s=waited / 1000)
        if situation is not None:
            self._note(Situation.PORT_NOT_JUDGED)
            self._note(situation, waited, detail=describe_stop(stopped.end, stopped.detail, stopped.first_bytes))
            return
        again = self._caller.dial(address)
        if isinstance(again, NotConnected):
            self._hung_up(Stopped(End.RESET), line, started)
            return
        self._hung_up(question_acceptor(again, self._caller.until(QUESTION_LIMIT_S)), again, started)

    def _hung_up(self, stopped: Stopped | None, line: Line, started: float) -> None:
        said = stopped.first_bytes if stopped else b""
        waited = self._since(started)
        end = stopped.end if stopped else None
        situation = classify_hangup(end, said, privileged=line.privileged, waited_s=waited / 1000)
        if situation is Situation.LNET_NID_REFUSED:
            self._note(Situation.PORT_TAKEN)
        elif situation not in (Situation.PORT_REWRITTEN, Situation.PORT_UNPRIVILEGED):
            self._note(Situation.PORT_NOT_JUDGED)
        self._note_line(line)
        self._note(situation, waited, detail=describe(said))

    def _met(self, met: Met, nid: Nid, started: float) -> None:
        self._note_line(met.session.line)
        if met.session.line.privileged:
            self._note(Situation.PORT_TAKEN)
        theirs = met.greeted.hello
        details = [
            f"HELLO version {theirs.version} from {theirs.source}, pid {theirs.source_pid}",
            *self._host.evidence,
        ]
        self._note(Situation.LNET_SPEAKS, self._since(started), details)
        configured: tuple[ConfiguredTarget, ...] | None = None
        try:
            if self._ping(met.session):
                configured = self._manage(met)
        finally:
            met.session.leave(Answered, FAREWELL_S)
        self._know(round_trips=self._caller.round_trips)
        if configured is not None:
            self._sweep(configured, nid)

    def _ping(self, session: Session) -> bool:
        started = self._world.now()
        session.conversation.ping()
        pinged = session.ask(Pinged, self._caller.until(PING_LIMIT_S))
        if isinstance(pinged, Stopped):
            self._note(
                Situation.PING_FAILED, self._since(started), detail=f"{pinged.end.value} {pinged.detail}".rstrip()
            )
            return False
        info = pinged.info
        nids = tuple(ServerNid(str(interface.nid), interface.up) for interface in info.interfaces)
        self._know(server_nids=nids, ping_features=info.feature_names)
        situation, told = classify_ping(nids, self._values["nid"])
        self._note(situation, self._since(started), [f"features: {', '.join(info.feature_names) or 'none'}"], nids=told)
        return True

    def _manage(self, met: Met) -> tuple[ConfiguredTarget, ...] | None:
        """Rungs 6 and 7; the file system's configuration when it was asked for and read."""
        if met.manner is Manner.PING_ONLY:
            unprivileged = not met.session.line.privileged
            self._note(Situation.MGS_UNPRIVILEGED if unprivileged else Situation.MGS_BESIDE_KERNEL)
            return None
        name = self._target.mount_name
        possible = name is not None and FSNAME.fullmatch(name) is not None
        said = interview(met.session, self._caller, f"{name}-client" if possible else None, read_map=self._options.map)
        if self._note_connected(said, met.manner):
            self._note_opened(said, possible=possible)
            return self._note_configured(said)
        return None

    def _note_connected(self, said: Interview, how: Manner) -> bool:
        connected = said.connected
        if isinstance(connected, Stopped):
            if connected.end is End.SILENT:
                literal = self._found.state is NameState.LITERAL
                situation = classify_mgs_silence(literal=literal, waited_s=said.connected_ms / 1000)
            else:
                situation = Situation.MGS_HUNG_UP_BESIDE if how is Manner.BESIDE else Situation.MGS_HUNG_UP
            detail = f"{connected.end.value} {connected.detail}".rstrip()
            self._note(situation, said.connected_ms, detail=detail)
            return False
        if connected.status != 0:
            situation = classify_connect_refusal(connected.status)
            self._note(situation, said.connected_ms, error=error_name(connected.status))
            return False
        version, client = connected.version_text, self._options.client_version
        compatible = None
        if version and client and self._world.compatible is not None:
            compatible = self._world.compatible(client, version)
        self._know(
            server_version=version,
            client_version=client,
            compatible=compatible,
            connect_flags=connected.flag_names,
        )
        situation = Situation.MGS_VERSION_MISMATCH if compatible is False else Situation.MGS_OK
        self._note(
            situation,
            said.connected_ms,
            [f"supports {', '.join(connected.flag_names)}"],
            version=version or "version not told",
            compared=compare_versions(client, compatible),
        )
        return True

    def _note_opened(self, said: Interview, *, possible: bool) -> None:
        opened = said.opened
        situation = classify_log_open(self._target.mount_name, possible, opened)
        self._know(knows_fsname=_KNOWS.get(situation))
        detail = opened.end.value if isinstance(opened, Stopped) else ""
        error = error_name(opened.status) if opened is not None and not isinstance(opened, Stopped) else ""
        self._note(situation, said.opened_ms, detail=detail, error=error)

    def _note_configured(self, said: Interview) -> tuple[ConfiguredTarget, ...] | None:
        if not self._options.map:
            return None
        if said.targets is None and not said.unreadable:
            self._note(Situation.MAP_NOT_NAMED)
        elif said.targets is None:
            self._note(Situation.MAP_UNREADABLE, detail=said.unreadable)
        return said.targets

    def _sweep(self, configured: tuple[ConfiguredTarget, ...], mgs: Nid) -> None:
        started = self._world.now()
        known = {mgs: NidReach(str(mgs), Verdict.PASS, "the server that was probed")}
        targets = sweep.sweep(self._caller, configured, mgs, known)
        self._know(targets=targets)
        situation, names = sweep.situation_of(targets)
        self._note(
            situation, self._since(started), _reach_lines(targets), total=str(len(targets)), lost=", ".join(names)
        )

    def _since(self, started: float) -> float:
        """Milliseconds."""
        return (self._world.now() - started) * 1000

    def _note(
        self, situation: Situation, elapsed_ms: float = 0.0, details: list[str] | None = None, **values: str
    ) -> None:
        self._rungs.append(
            describe_rung(situation, {**self._values, **values}, elapsed_ms=elapsed_ms, details=details or ())
        )

    def _know(self, **fields: object) -> None:
        self._known = msgspec.structs.replace(self._known, **fields)

    def _ladder(self) -> Ladder:
        outcome, cause, headline = conclude(self._rungs)
        return msgspec.structs.replace(
            self._known,
            verdict=outcome,
            cause=cause,
            headline=headline,
            rungs=tuple(self._rungs),
            round_trips=self._known.round_trips or self._caller.round_trips,
            elapsed_ms=self._since(self._started),
        )


_KNOWS = {
    Situation.FS_KNOWN: True,
    Situation.FS_UNKNOWN: False,
    Situation.FS_IMPOSSIBLE: False,
    Situation.FS_TOO_LONG: False,
}


def _reach_lines(targets: tuple[TargetReach, ...]) -> list[str]:
    return [f"{target.name} {nid.nid}: {nid.message}" for target in targets for nid in target.nids]
