"""The machine's half of a runbook: its front matter as typed values."""

from __future__ import annotations

import enum

import msgspec

from diag.knowledge.table import Confidence
from diag.model.layer import Layer
from diag.model.symptom import Phase


class Weight(enum.Enum):
    """What a signature proves by itself."""

    DECISIVE = "decisive"
    """The program names this cause: confirmed."""
    STRONG = "strong"
    """Mostly this cause: likely, with nothing against it."""
    WEAK = "weak"
    """Shared with other causes: possible."""
    BENIGN = "benign"
    """Noise that is often taken for a cause: never one."""


class Severity(enum.Enum):
    """How much it hurts."""

    BLOCKS = "blocks"
    """The operation cannot succeed until this is fixed."""
    DEGRADES = "degrades"
    """Works, but slower, partly or not for long."""
    TRANSIENT = "transient"
    """Heals by itself."""
    NONE = "none"
    """Harmless."""


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text that shows a cause. Patterns are RE2 syntax: no look-around, no back-references."""

    id: str
    weight: Weight
    sample: str
    """Real text that it matches, as a program printed it."""
    source: str
    """Where the sample comes from."""
    pattern: str = ""
    all: tuple[str, ...] = ()
    """All of these must be in the same symptom (a text block); exactly one of `pattern` and `all` is given."""
    unless: tuple[str, ...] = ()
    """None of these may be in the same symptom."""
    says: str = ""
    """One line for a person, may use the named groups: `server {server_version} refused client {client_version}`."""


class Observation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to look at that settles a cause."""

    look: str
    """What to look at, short: `FileSystemTypeVersion of {file_system}`."""
    command: str = ""
    """How to look, with placeholders."""
    check: str = ""
    """The check whose verdict answers it, when there is one."""


class Refutation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What speaks against a cause when it is seen beside its symptom."""

    says: str
    check: str = ""
    """A check whose pass refutes the cause."""
    pattern: str = ""
    """Or a text seen in the same group of symptoms."""


class Remedy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to fix it, safest first in the list."""

    command: str = ""
    changes: str = ""
    undo: str = ""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a runbook's knowledge comes from."""

    name: str
    url: str = ""
    date: str = ""
    """ISO date it was read or published."""
    confidence: Confidence = Confidence.DOCUMENTED


class Cause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the machine knows of one cause."""

    id: str
    title: str
    layer: Layer
    phase: tuple[Phase, ...]
    """Operations that it breaks."""
    severity: Severity
    platforms: tuple[str, ...]
    sources: tuple[Source, ...]
    broader: str = ""
    signatures: tuple[Signature, ...] = ()
    confirm: tuple[Observation, ...] = ()
    rule_out: tuple[Refutation, ...] = ()
    fix: tuple[Remedy, ...] = ()
