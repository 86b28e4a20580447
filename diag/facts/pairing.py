"""One kind of node and one Lustre server version: do they work together, and how is that known."""

from __future__ import annotations

import enum

import msgspec

from diag.facts.clients import NodeKind
from diag.knowledge.lustre_matrix import Home
from diag.knowledge.lustre_versions import Client, NotListed, Talks, talks

MISMATCH = "client-server-version-mismatch"
NO_MODULE = "lustre-module-missing"
NO_CLIENT = "kernel-unsupported-by-client"
LARGE_PAGES = "large-page-kernel"


class Outcome(enum.Enum):
    """How a pair ends."""

    WORKS = "works"
    REFUSED = "refused"
    """The versions do not talk to each other."""
    NO_CLIENT = "no-client"
    """The kernel has no Lustre client at all."""
    UNKNOWN = "unknown"


class Pairing(msgspec.Struct, frozen=True):
    """The answer for one pair."""

    outcome: Outcome
    told: str
    """One sentence with both versions."""
    evidence: tuple[str, ...] = ()
    cause: str = ""
    certain: bool = True
    """False when the table's row is only inferred."""


def pair(server: str, kind: NodeKind, client: Client | NotListed) -> Pairing:
    """What becomes of a mount by such nodes, with that client, from a server of that version.

    Source: the table of clients, kernels and servers, whose row is in the evidence.
    """
    if not isinstance(client, Client):
        return Pairing(Outcome.UNKNOWN, f"cannot tell the Lustre client of {kind.who}: {client.why}")
    rows = (client.row,)
    if not client.version:
        cause = NO_CLIENT if client.module is Home.PACKAGE else NO_MODULE
        if kind.has_large_pages:
            cause = LARGE_PAGES
        told = f"{kind.who} ({kind.what}) has no Lustre client: {client.note}"
        return Pairing(Outcome.NO_CLIENT, told, rows, cause, client.confidence.may_fail)
    told = f"runs Lustre {server or '(no version given)'}, the client of {kind.who} is {client.version} ({kind.what})"
    answer = talks(client, server)
    if answer is Talks.UNKNOWN:
        return Pairing(Outcome.UNKNOWN, f"{told}: no table knows this server version", rows)
    if answer is Talks.YES:
        return Pairing(Outcome.WORKS, told, rows)
    told += f": a {client.version} client and a {server} server do not work together"
    return Pairing(Outcome.REFUSED, told, rows, MISMATCH, client.confidence.may_fail)
