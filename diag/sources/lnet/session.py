"""One conversation over one connection: questions asked in turn, each with its deadline."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from diag.sources.lnet import acceptor
from diag.sources.lnet.conversation import Conversation, Discovered, Event
from diag.sources.lnet.cursor import DecodeError
from diag.sources.lnet.dial import Clock, End, Line

FIRST_BYTES = 128

E = TypeVar("E", bound=Event)


class Stopped(msgspec.Struct, frozen=True):
    """No answer, and how it ended."""

    end: End
    detail: str = ""
    first_bytes: bytes = b""
    """What the peer sent first, at most 128 bytes."""
    pending: int = 0
    """Bytes of a message that never became whole."""


class Session:
    """A line and the conversation on it."""

    def __init__(self, line: Line, conversation: Conversation, now: Clock) -> None:
        self.line = line
        self.conversation = conversation
        self._now = now
        self._outbox = bytearray()
        self._first_bytes = b""

    def ask(self, wanted: type[E], until: float) -> E | Stopped:
        """Send what the conversation has to send and wait for the event that answers it."""
        sent = self._send(until)
        self.line.round_trips += 1
        while True:
            # Even when sending failed, what the peer said before it hung up tells what it is.
            data = self.line.receive(until)
            if isinstance(data, End):
                return self._stopped(sent or data)
            if len(self._first_bytes) < FIRST_BYTES:
                self._first_bytes = (self._first_bytes + data)[:FIRST_BYTES]
            try:
                events = self.conversation.receive(data)
            except DecodeError as error:
                return self._stopped(End.GARBLED, str(error))
            if any(isinstance(event, Discovered) for event in events):
                self.line.round_trips += 1
            sent = self._send(until)
            for event in events:
                if isinstance(event, wanted):
                    return event

    def leave(self, wanted: type[E], patience: float) -> None:
        """Give back the export, if there is or may be one, and close. Waits at most twice `patience` seconds.

        An interrupt that comes meanwhile is raised after the export is given back all the same.
        """
        try:
            try:
                self._give_back(wanted, patience)
            except BaseException:
                self._give_back(wanted, patience)
                raise
        finally:
            self.line.close()

    def _give_back(self, wanted: type[E], patience: float) -> None:
        if self.conversation.connecting:
            # An export may be in the making; without its handle it could not be given back.
            self.ask(wanted, self._now() + patience)
        if self.conversation.connected:
            if not self.conversation.leaving:
                self.conversation.disconnect()
            self.ask(wanted, self._now() + patience)

    def _send(self, until: float) -> End | None:
        # What an interrupt keeps from going out stays in the box, and goes out before anything else does.
        self._outbox += self.conversation.to_send()
        return self.line.send(self._outbox, until)

    def _stopped(self, end: End, detail: str = "") -> Stopped:
        return Stopped(end, detail, self._first_bytes, self.conversation.pending)


def question_acceptor(line: Line, until: float) -> Stopped | None:
    """Put the silent question; None when an LNet acceptor answers. Closes the line."""
    try:
        line.round_trips += 1
        sent = line.send(bytearray(acceptor.QUESTION), until)
        said = b""
        while True:
            data = line.receive(until)
            if isinstance(data, End):
                return Stopped(sent or data, first_bytes=said)
            said = (said + data)[:FIRST_BYTES]
            if not acceptor.starts_answer(said):
                return Stopped(End.GARBLED, first_bytes=said)
            if len(said) >= acceptor.ANSWER_SIZE:
                # The server closes first, so that our port does not lie in TIME_WAIT.
                line.receive(until)
                return None
    finally:
        line.close()
