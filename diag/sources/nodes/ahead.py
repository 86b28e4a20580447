"""Connections opened while commands run, so that the next exec session starts without a handshake.

A command on a node takes tens of milliseconds, and so do the TCP and TLS handshakes before it. A worker that has sent
its command opens the next connection before it reads the answer; whoever comes next takes it.
"""

from __future__ import annotations

import socket
import threading
import time

from diag.sources.nodes.websocket import Broken, Endpoint, dial

PATIENCE_S = 1.0
"""How long an answer may wait for the next connection. A handshake that takes longer is the last one tried."""


class Ahead:
    """Idle connections to one API server, never more than sessions are to come."""

    def __init__(self, sessions: int) -> None:
        """`sessions` are those still to come."""
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []
        self._to_come = sessions

    def take(self) -> socket.socket | None:
        """A connection for a session that starts now, None when none was opened ahead of it."""
        with self._lock:
            self._to_come -= 1
            return self._idle.pop() if self._idle else None

    def open(self, endpoint: Endpoint, until: float) -> None:
        """One more for the sessions to come, if they lack one; `until` is the caller's own `time.monotonic()` limit."""
        if not self._lacks_one():
            return
        try:
            connection = dial(endpoint, min(until, time.monotonic() + PATIENCE_S))
        except (OSError, Broken):
            # Whoever needs one meets the same trouble, and tells it.
            with self._lock:
                self._to_come = 0
            return
        with self._lock:
            lacks_one = self._to_come > len(self._idle)
            if lacks_one:
                self._idle.append(connection)
        if not lacks_one:
            connection.close()

    def close(self) -> None:
        """Close what nobody took."""
        with self._lock:
            idle, self._idle, self._to_come = self._idle, [], 0
        for connection in idle:
            connection.close()

    def _lacks_one(self) -> bool:
        with self._lock:
            return self._to_come > len(self._idle)
