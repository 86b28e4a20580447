"""Symptoms: error texts that somebody saw, with what the text itself says."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import NamedTuple

import msgspec


class TextStream(NamedTuple):
    """A text that can be read once, before the next one is asked for."""

    name: str
    """Path, `archive.tar.gz:member/name` or `standard input`."""
    pieces: Iterator[bytes]
    node: str = ""
    """The node an archive says it was collected on."""


class Medium(enum.Enum):
    """What kind of text a symptom came out of."""

    EVENT = "event"
    DRIVER_LOG = "driver-log"
    KERNEL_LOG = "kernel-log"
    COMMAND_OUTPUT = "command-output"
    TEXT = "text"


class Phase(enum.Enum):
    """Which operation a symptom belongs to, and which one a cause breaks."""

    PROVISION = "provision"
    SCHEDULE = "schedule"
    MOUNT = "mount"
    USE = "use"
    UNMOUNT = "unmount"


class MountRef(msgspec.Struct, frozen=True):
    """What a text says of the mount it speaks of; empty where it says nothing."""

    volume: str = ""
    """PersistentVolume name."""
    source: str = ""
    """`<host>@tcp:/<mountname>`."""
    target: str = ""
    node: str = ""
    pod: str = ""
    """`namespace/name`."""
    file_system: str = ""
    """`fs-…` when the source or the text names one."""


class Hit(msgspec.Struct, frozen=True):
    """One signature of one cause found in a text."""

    cause: str
    signature: str
    weight: str
    """`decisive`, `strong` or `weak`."""
    text: str
    """The matching text, at most 300 characters, control characters replaced."""
    groups: tuple[tuple[str, str], ...] = ()
    """Named groups that took part in the match, sorted by name."""


class Symptom(msgspec.Struct, frozen=True):
    """One text, normalised, with the signatures it shows."""

    text: str
    medium: Medium
    mount: MountRef = MountRef()
    hits: tuple[Hit, ...] = ()
    phase: Phase | None = None
    """None when the text does not say."""
    exit_status: int | None = None
    count: int = 1
    first_seen: str = ""
    last_seen: str = ""
    """RFC 3339 or the text's own time stamp, empty when there is none."""
    origin: str = ""
    """Where it was read: `event default/pod-fsx.18…`, `messages.log:812`."""
    places: tuple[tuple[str, int], ...] = ()
    """Where it was read first in each file, and how often there, if it was in several."""
    precursor: str = ""
    """What kind of thing it is that came before the loss of a connection and explains it; empty for any other text."""


class ReadLine(msgspec.Struct, frozen=True):
    """One line of a text, and what it is."""

    origin: str
    """`messages.log:812`, or the line's number alone."""
    text: str
    role: str = ""
    """`cause`, `consequence`, `context`, `harmless` or `server`; empty when the line is not known."""
    program: str = ""
    """Who prints it: `Lustre client, mgc`."""
    means: str = ""
    versions: str = ""
    """In which versions of the program it was found; empty when it does not depend on them."""
    causes: tuple[str, ...] = ()
    """Causes that it names, or that it follows from."""
