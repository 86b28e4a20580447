"""One climb's way of calling servers: its clock, its deadline, its ports, and the manners to keep."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from diag.sources.lnet.conversation import Conversation, Greeted, Identity
from diag.sources.lnet.dial import Clock, Line, NotConnected, dial
from diag.sources.lnet.host import HostLnet
from diag.sources.lnet.identity import Manner, manner
from diag.sources.lnet.nid import Nid
from diag.sources.lnet.session import Session, Stopped

CONNECT_LIMIT_S = 5.0
GREETING_LIMIT_S = 6.0
"""A second more than the 5 s for which any idle connection holds an acceptor up."""
RETRIES = 3
RETRY_PAUSE_S = 0.2
"""What a server needs to tear down the connection of a probe that just left."""

Identify = Callable[[Nid, Manner], Identity]


class TurnedAway(msgspec.Struct, frozen=True):
    """The server has a live connection under our NID and pid, and had so on every try."""

    tries: int


class Met(msgspec.Struct, frozen=True):
    """A session that both sides said HELLO on."""

    session: Session
    greeted: Greeted
    manner: Manner


class Caller(msgspec.Struct, frozen=True):
    """Everything a call needs besides the address."""

    port: int
    source_ip: str | None
    source_ports: tuple[int, ...]
    deadline: float
    now: Clock
    sleep: Callable[[float], None]
    host: HostLnet
    identify: Identify
    lines: list[Line]
    """Every connection so far, in order."""

    @property
    def round_trips(self) -> int:
        """Waits for a server so far, over all connections."""
        return sum(line.round_trips for line in self.lines)

    def until(self, limit: float) -> float:
        """The moment at which a step of at most `limit` seconds ends."""
        return min(self.now() + limit, self.deadline)

    def dial(self, address: str, limit: float = CONNECT_LIMIT_S) -> Line | NotConnected:
        """Connect within `limit` seconds."""
        line = dial(
            address,
            self.port,
            ports=self.source_ports,
            source_ip=self.source_ip,
            until=self.until(limit),
            now=self.now,
        )
        if isinstance(line, Line):
            self.lines.append(line)
        return line

    def manner(self, line: Line, server: Nid) -> Manner:
        """How to behave on this line; from an unprivileged port a server may answer elsewhere, so no more than ping."""
        ours = Nid.tcp(line.local_address, server.network)
        return manner(self.host, ours) if line.privileged else Manner.PING_ONLY

    def greet(self, line: Line, address: str, server: Nid, limit: float) -> Met | Stopped | TurnedAway | NotConnected:
        """Say HELLO on an open line, again on a new one when the server asks to come later. Closes what failed."""
        for left in range(RETRIES, -1, -1):
            try:
                how = self.manner(line, server)
                identity = self.identify(Nid.tcp(line.local_address, server.network), how)
                session = Session(line, Conversation(server, identity), self.now)
                session.conversation.greet()
                greeted = session.ask(Greeted, self.until(limit))
            except BaseException:
                line.close()
                raise
            if isinstance(greeted, Greeted) and greeted.accepted:
                return Met(session, greeted, how)
            line.close()
            if isinstance(greeted, Stopped):
                return greeted
            if not left or self.until(RETRY_PAUSE_S) >= self.deadline:
                break
            self.sleep(RETRY_PAUSE_S)
            again = self.dial(address)
            if isinstance(again, NotConnected):
                return again
            line = again
        return TurnedAway(RETRIES + 1 - left)
