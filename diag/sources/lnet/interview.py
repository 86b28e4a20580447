"""What is asked of the MGS: an export, one file system's log by name, and on demand all of that log."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from diag.sources.lnet import llog, mgs
from diag.sources.lnet.caller import Caller
from diag.sources.lnet.conversation import Answered
from diag.sources.lnet.cursor import DecodeError
from diag.sources.lnet.dial import End
from diag.sources.lnet.session import Session, Stopped

CONNECT_LIMIT_S = 5.0
"""An MGS answers in milliseconds; where there is none, nothing ever comes back."""
LOG_LIMIT_S = 3.0
MAX_BLOCKS = 4096
"""32 MiB of configuration: far more than any file system has."""


A = TypeVar("A", bound=mgs.Answer)


class Interview(msgspec.Struct, frozen=True):
    """The MGS's answers, each None when it was not asked for."""

    connected: mgs.Connected | Stopped
    connected_ms: float
    opened: mgs.LogOpened | Stopped | None = None
    opened_ms: float = 0.0
    targets: tuple[llog.ConfiguredTarget, ...] | None = None
    unreadable: str = ""
    """Why the log could not be read, when it could not."""


def interview(session: Session, caller: Caller, log_name: str | None, *, read_map: bool) -> Interview:
    """Connect, open `log_name` when given, read it when asked to. The caller leaves the session."""
    started = caller.now()
    session.conversation.connect()
    connected = _ask(session, caller, CONNECT_LIMIT_S, mgs.Connected)
    connected_ms = (caller.now() - started) * 1000
    if isinstance(connected, Stopped) or connected.status != 0 or log_name is None:
        return Interview(connected, connected_ms)
    started = caller.now()
    session.conversation.open_log(log_name)
    opened = _ask(session, caller, LOG_LIMIT_S, mgs.LogOpened)
    opened_ms = (caller.now() - started) * 1000
    if isinstance(opened, Stopped) or opened.status != 0 or not read_map:
        return Interview(connected, connected_ms, opened, opened_ms)
    try:
        targets = llog.targets(_read_log(session, caller, opened.position))
    except (DecodeError, _Unreadable) as error:
        return Interview(connected, connected_ms, opened, opened_ms, None, str(error))
    return Interview(connected, connected_ms, opened, opened_ms, targets)


class _Unreadable(Exception):
    """The log cannot be read on."""


def _ask(session: Session, caller: Caller, limit: float, wanted: type[A]) -> A | Stopped:
    event = session.ask(Answered, caller.until(limit))
    if isinstance(event, Stopped):
        return event
    if isinstance(event.answer, wanted):
        return event.answer
    return Stopped(End.GARBLED, "answered another question than was asked")


def _read_log(session: Session, caller: Caller, opened: mgs.LogPosition) -> list[llog.Record]:
    session.conversation.read_header(mgs.LogPosition(opened.log_id))
    header = llog.decode_header(_piece(session, caller).data)
    records: list[llog.Record] = []
    position = mgs.LogPosition(opened.log_id, header.flags, 1, 0, mgs.CHUNK_SIZE, mgs.CHUNK_SIZE)
    for _ in range(MAX_BLOCKS):
        if position.index > header.last_index:
            return records
        session.conversation.read_block(position)
        piece = _piece(session, caller)
        fresh = [record for record in llog.decode_block(piece.data) if record.index >= position.index]
        if not fresh:
            raise _Unreadable(f"record {position.index} of {header.last_index} is not in the block that was sent")
        records += fresh
        last = fresh[-1].index
        position = mgs.LogPosition(opened.log_id, header.flags, last + 1, last, mgs.CHUNK_SIZE, piece.position.offset)
    raise _Unreadable(f"it has more than {MAX_BLOCKS} blocks")


def _piece(session: Session, caller: Caller) -> mgs.LogPiece:
    piece = _ask(session, caller, LOG_LIMIT_S, mgs.LogPiece)
    if isinstance(piece, Stopped):
        raise _Unreadable(f"the server {piece.end.value} {piece.detail}".rstrip())
    if piece.status != 0:
        raise _Unreadable(f"the MGS answers error {-piece.status}")
    return piece
