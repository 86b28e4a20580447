"""What was seen, and which situation of the decision table that is. Pure."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence

from diag.model.verdict import Verdict, worst
from diag.resources.lnet_probe import Rung, ServerNid
from diag.sources.lnet import acceptor, hello
from diag.sources.lnet.dial import End, Line, NotConnected, Refusal
from diag.sources.lnet.mgs import LogOpened
from diag.sources.lnet.resolve import NameState
from diag.sources.lnet.session import Stopped
from diag.sources.lnet.situation import TABLE, Situation
from diag.sources.lnet.target import MAX_FSNAME, Target

ACCEPT_TIMEOUT_S = 5.0
"""`accept_timeout` (Lustre acceptor.c): an idle connection of anybody holds the acceptor up for so long."""


def describe_rung(
    situation: Situation, values: Mapping[str, str], *, elapsed_ms: float = 0.0, details: Sequence[str] = ()
) -> Rung:
    """The row of a situation with this climb's values filled in."""
    row = TABLE[situation]
    filled = {"elapsed": f"{elapsed_ms / 1000:.1f} s", **values}
    message, fix = row.message.format_map(filled), row.fix.format_map(filled)
    return Rung(row.step, row.verdict, message, row.cause, fix, elapsed_ms, tuple(details), row.beside)


NAME_SITUATIONS: Mapping[NameState, Situation] = {
    NameState.LITERAL: Situation.NAME_LITERAL,
    NameState.FOUND: Situation.NAME_FOUND,
    NameState.UNKNOWN_NAME: Situation.NAME_UNKNOWN,
    NameState.TEMPORARY: Situation.NAME_TEMPORARY,
    NameState.SILENT: Situation.NAME_SILENT,
}

TCP_SITUATIONS: Mapping[Refusal, Situation] = {
    Refusal.REFUSED: Situation.TCP_REFUSED,
    Refusal.REJECTED: Situation.TCP_REJECTED,
    Refusal.NO_ROUTE: Situation.TCP_NO_ROUTE,
    Refusal.TIMEOUT: Situation.TCP_TIMEOUT,
    Refusal.FORBIDDEN: Situation.TCP_FORBIDDEN,
    Refusal.NO_SOURCE: Situation.TCP_NO_SOURCE,
    Refusal.OTHER: Situation.TCP_OTHER,
}

CONNECT_ERRORS: Mapping[int, Situation] = {
    errno.ENODEV: Situation.MGS_ABSENT,
    errno.EAGAIN: Situation.MGS_NOT_READY,
    errno.EBUSY: Situation.MGS_NOT_READY,
    errno.EALREADY: Situation.MGS_NOT_READY,
    errno.EINPROGRESS: Situation.MGS_NOT_READY,
    errno.ENOTCONN: Situation.MGS_NOT_READY,
    errno.ESHUTDOWN: Situation.MGS_NOT_READY,
    errno.EPROTO: Situation.MGS_PROTOCOL,
    errno.EACCES: Situation.MGS_FORBIDDEN,
    errno.EPERM: Situation.MGS_FORBIDDEN,
}


def classify_tcp_failure(why: Refusal, waited_s: float) -> Situation:
    """What a connect that failed means; silence before the first retransmission of a SYN proves nothing."""
    if why is Refusal.TIMEOUT and waited_s < 1.0:
        return Situation.TCP_TIMEOUT_BRIEFLY
    return TCP_SITUATIONS[why]


def classify_connect_refusal(status: int) -> Situation:
    """What a negative status of MGS_CONNECT means."""
    return CONNECT_ERRORS.get(-status, Situation.MGS_REFUSES)


def classify_mgs_silence(*, literal: bool, waited_s: float) -> Situation:
    """What it means that no MGS answered, for a target given as an address or by name.

    The DNS name of an FSx file system stands for the interface of its MGS; an address may be any server's.
    """
    if waited_s < 2.0:
        return Situation.MGS_SILENT_BRIEFLY
    return Situation.MGS_SILENT_ADDRESS if literal else Situation.MGS_SILENT_NAME


def classify_lnet_silence(waited_s: float) -> Situation:
    """What it means that the peer took the connection and said nothing."""
    return Situation.LNET_SILENT if waited_s > ACCEPT_TIMEOUT_S else Situation.LNET_SILENT_BRIEFLY


def classify_greeting_failure(end: End, first_bytes: bytes, *, waited_s: float) -> Situation | None:
    """What it means that no HELLO came; None when the peer hung up without a word, which has two readings."""
    if first_bytes[:4] in _LNET_MAGICS:
        return Situation.LNET_UNREADABLE if end is End.GARBLED else Situation.LNET_HALF
    if first_bytes:
        return Situation.LNET_OTHER_SERVICE
    return classify_lnet_silence(waited_s) if end is End.SILENT else None


def classify_hangup(fingerprint: End | None, first_bytes: bytes, *, privileged: bool, waited_s: float) -> Situation:
    """What it means that the peer hung up on our greeting without a word, after the acceptor was asked silently.

    `fingerprint` is None when the acceptor answered as one: then it lives, lets our port in and refuses the NID.
    """
    if fingerprint is None:
        return Situation.LNET_NID_REFUSED
    if first_bytes:
        return Situation.LNET_OTHER_SERVICE
    if fingerprint is End.SILENT:
        return classify_lnet_silence(waited_s)
    return Situation.PORT_REWRITTEN if privileged else Situation.PORT_UNPRIVILEGED


def classify_ping(nids: Sequence[ServerNid], asked: str) -> tuple[Situation, str]:
    """What the server's list of its own NIDs means for the one that was asked for, and the list in words."""
    told = ", ".join(nid.nid if nid.up is None else f"{nid.nid} {'up' if nid.up else 'down'}" for nid in nids)
    down = any(nid.nid == asked and nid.up is False for nid in nids)
    return (Situation.PING_DOWN if down else Situation.PING_OK), told or "it lists no NID"


def classify_log_open(mount_name: str | None, possible: bool, answer: LogOpened | Stopped | None) -> Situation:
    """What the answer to opening `<mount_name>-client` means."""
    if mount_name is None:
        return Situation.FS_NOT_NAMED
    if not possible:
        return Situation.FS_TOO_LONG if len(mount_name) > MAX_FSNAME else Situation.FS_IMPOSSIBLE
    if answer is None or isinstance(answer, Stopped):
        return Situation.FS_NO_ANSWER
    return {0: Situation.FS_KNOWN, -errno.ENOENT: Situation.FS_UNKNOWN}.get(answer.status, Situation.FS_ERROR)


def compare_versions(client: str | None, compatible: bool | None) -> str:
    """How the server's version compares to the client's, as the end of a sentence."""
    if client is None:
        return ""
    return f"; client {client} can mount from it" if compatible else f"; whether client {client} fits is not known"


def connect_line(target: Target, address: str, line: Line | NotConnected) -> str:
    """The TCP connect in the words of `nc -zv`."""
    where = address if address == target.host else f"{target.host} ({address})"
    if isinstance(line, NotConnected):
        return f"connect to {where} port {target.port} (tcp) failed: {line.detail}"
    took = f"{line.elapsed_ms:.1f} ms, from {line.local_address} port {line.local_port}"
    return f"Connection to {where} {target.port} port [tcp/lustre] succeeded! ({took})"


def error_name(status: int) -> str:
    """`-2` is `ENOENT: No such file or directory`."""
    number = -status
    return f"{errno.errorcode.get(number, f'error {number}')}: {os.strerror(number)}"


def describe_stop(end: End, detail: str, first_bytes: bytes) -> str:
    """How a peer stopped that had begun to speak, or what it is when it does not speak LNet."""
    if first_bytes[:4] in _LNET_MAGICS:
        return detail or f"{len(first_bytes)} bytes came, then it {end.value}"
    return describe(first_bytes)


def describe(first_bytes: bytes) -> str:
    """What a peer that is not LNet said first, safe to print."""
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in first_bytes[:60])
    for name, sign in _BANNERS:
        if first_bytes.startswith(sign):
            return f"{name} answers ({text!r})"
    if first_bytes and sum(0x20 <= byte < 0x7F or byte in b"\r\n\t" for byte in first_bytes) == len(first_bytes):
        return f"it says {text!r}"
    return f"it sends {first_bytes[:16].hex(' ')}" if first_bytes else "it says nothing"


_LNET_MAGICS = frozenset(magic.to_bytes(4, "little") for magic in (hello.MAGIC, acceptor.MAGIC))


_BANNERS = (
    ("an HTTP server", b"HTTP/"),
    ("an SSH server", b"SSH-"),
    ("a TLS server", b"\x15\x03"),
    ("an SMTP or FTP server", b"220"),
)


def conclude(rungs: Sequence[Rung]) -> tuple[Verdict, str | None, str]:
    """Verdict, cause and headline of a whole climb: the first that failed, else what is open."""
    verdict = worst(rung.verdict for rung in rungs if rung.verdict is not Verdict.SKIP)
    if verdict is Verdict.PASS:
        passed = [rung for rung in rungs if rung.verdict is Verdict.PASS]
        return verdict, None, "; ".join(rung.message for rung in passed[-2:])
    decisive = next(rung for rung in rungs if rung.verdict is verdict)
    return verdict, decisive.cause, decisive.message
