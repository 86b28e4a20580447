"""A few made-up causes, so that the matcher's tests do not hang on the real runbooks."""

from __future__ import annotations

from diag.knowledge.cause import Cause, Refutation, Severity, Signature, Source, Weight
from diag.knowledge.index import texts_of
from diag.knowledge.runbooks import Knowledge
from diag.model.layer import Layer
from diag.model.symptom import Phase


def signature(id_: str, weight: Weight, *patterns: str, unless: tuple[str, ...] = ()) -> Signature:
    """A signature of one pattern or of several that must be there together."""
    single = patterns[0] if len(patterns) == 1 else ""
    several = () if single else patterns
    return Signature(id=id_, weight=weight, sample="s", source="s", pattern=single, all=several, unless=unless)


def cause(id_: str, *signatures: Signature, rule_out: str = "") -> Cause:
    """A cause with these signatures, ruled out by a text."""
    return Cause(
        id=id_,
        title=id_,
        layer=Layer.MOUNT,
        phase=(Phase.MOUNT,),
        severity=Severity.BLOCKS,
        platforms=("any",),
        sources=(Source(name="a test"),),
        signatures=signatures,
        rule_out=(Refutation(says="no", pattern=rule_out),) if rule_out else (),
    )


def knowledge(*causes: Cause) -> Knowledge:
    """These causes as a body of knowledge."""
    return Knowledge(causes={one.id: one for one in causes}, files={}, texts=texts_of(causes))


REFUSED = cause(
    "refused",
    signature(
        "by-version",
        Weight.DECISIVE,
        r"version \((?P<server_version>[\d.]+)\) refused connection from this client with an incompatible version"
        r" \((?P<client_version>[\d.]+)\)",
    ),
    signature("profile", Weight.STRONG, r"client profile '(?P<mount_name>\S+)-client' could not be read"),
    signature("invalid", Weight.WEAK, "failed: Invalid argument", unless=("Can't parse NID",)),
)
UNREACHABLE = cause(
    "unreachable",
    signature("hint", Weight.STRONG, "Is the MGS running"),
    signature("both-lines", Weight.STRONG, "failed processing log, type 1", "guration from log .* failed from MGS"),
    rule_out="Connection restored to",
)
UPCALL = cause("upcall", signature("lctl", Weight.BENIGN, "error invoking upcall /usr/sbin/lctl"))
GENERIC = cause("generic", signature("timed-out", Weight.WEAK, "Connection timed out"))
KNOWN = knowledge(REFUSED, UNREACHABLE, UPCALL, GENERIC)
