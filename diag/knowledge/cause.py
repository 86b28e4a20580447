"""The machine's half of a runbook: its front matter as typed values."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import msgspec

from diag.knowledge.table import Confidence
from diag.model.fix import Danger
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


class Stage(enum.Enum):
    """Where a request of the driver's stops with a cause: what AWS says to the request itself is not reached."""

    CONNECTION = "connection"
    """The driver gets no answer from AWS, for credentials or for anything else."""
    CREDENTIALS = "credentials"
    """The driver gets no AWS credentials."""


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
    errno: tuple[str, ...] = ()
    """And one of these errors (`EINVAL`) in any spelling and language: number, name, message, exit status. Their
    pattern is one of `all` once the file is read."""
    unless: tuple[str, ...] = ()
    """None of these may be in the same symptom."""
    beyond: tuple[str, ...] = ()
    """Checks that look at something else than this text is about: their pass says nothing against it."""
    says: str = ""
    """One line for a person, may use the named groups: `server {server_version} refused client {client_version}`."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every pattern that must match."""
        return (self.pattern, *self.all) if self.pattern else self.all


class Place(enum.Enum):
    """Where a command is run."""

    HERE = "here"
    """Wherever the reader is."""
    NODE = "node"
    """On the node of the incident: through a debug pod of busybox with the host's root at `/host`, or on the host."""
    PLUGIN = "plugin"
    """With the Lustre tools of that node: in the driver's own pod there, or on the host."""


class Observation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to look at that settles a cause."""

    look: str
    """What to look at, short: `FileSystemTypeVersion of {file_system}`."""
    command: str = ""
    """How to look, with placeholders."""
    on: Place = Place.HERE
    check: str = ""
    """The check whose verdict answers it, when there is one."""
    yes: str = ""
    """What the answer is where this is the cause."""
    no: str = ""
    """What it is where this is not the cause, and which page to read then."""


class When(enum.Enum):
    """How the time of a text must be to that of the texts that show a cause."""

    ANY = "any"
    EARLIER = "earlier"
    """Before the first of them."""


class Refutation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What speaks against a cause when it is seen beside its symptom."""

    says: str
    check: str = ""
    """A check whose pass refutes the cause."""
    pattern: str = ""
    """Or a text seen in the same group of symptoms."""
    when: When = When.ANY
    """When that text must have been printed."""


class Procedure(enum.Enum):
    """Steps that several runbooks share; `with` says what differs."""

    REPLACE_VOLUME = "replace-volume"
    """`volume` and `claim`: what to change in the spec of each; `former`: `gone` where its file system is no more."""
    REPLACE_CLAIM = "replace-claim"
    """`spec`: what to change in it."""
    PATCH_VOLUME = "patch-volume"
    """`spec`: fields that can be edited in place, also where a claim has the volume; its pods are replaced."""
    REPLACE_CLASS = "replace-class"
    """`parameters` or `mountOptions`: what to change; null takes one away. `claim`: `again` or `kept`."""
    DRIVER_SETTING = "driver-setting"
    """`helm`, `addon` and `manifests`: the options or the command for each way to install the driver."""
    UPDATE_ADDON = "update-addon"
    """`version`: another version than the installed one."""
    REBOOT_NODE = "reboot-node"
    LNET_OPTIONS = "lnet-options"
    """`on`: `node` of Kubernetes or `host`; `line`: the option to write in place of those that are taken away;
    `option`: the only one to take away; `loaded`: the options stay, and the host loads LNet before a pod does."""
    REPLACE_NODE = "replace-node"
    REPLACE_GROUP = "replace-group"
    """A managed node group with another image type; `end`: the former group is deleted."""
    UPDATE_NODES = "update-nodes"
    """The node group takes the newest image of its type."""
    ADD_MOUNT_OPTION = "add-mount-option"
    """`option`: what to add to the volume's; its pods are replaced."""
    DROP_MOUNT_OPTION = "drop-mount-option"
    """Takes the option away that the client refused."""
    REPLACE_PODS = "replace-pods"
    """`pod`: what differs in the new pods' metadata or spec; `first`, with `elsewhere`: a command before."""


PROMPT = "$ "
"""What stands before a command where a sentence may stand as well."""
BY_HAND = "by hand: "
"""What stands before a sentence among commands: no command after it runs before a person did it."""
SAYS = "# "
"""What stands before a sentence among commands that says what those below it do."""


class Remedy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"with_": "with"}):
    """One way to fix it, safest first in the list. Steps are taken in the order of these keys."""

    title: str = ""
    """What it does, in the imperative: `Upgrade the file system in place`."""
    when: str = ""
    """For which case it is, as it goes on after "if": `the file system may be unavailable for half an hour`."""
    caution: str = ""
    """What a person must know or stop first, one sentence a line."""
    prepare: str = ""
    """Commands as in `command`, before anything else: what the rest needs, a new file system for example."""
    save: str = ""
    """Commands that keep the present state in a file, one a line."""
    guard: str = ""
    """Commands that fail unless it is safe to go on."""
    procedure: Procedure | None = None
    with_: dict[str, Any] = {}
    command: str = ""
    """Commands, one a line; without any, `changes` says what a person does.

    A line that begins with `# ` says what the commands below it do, one that begins with `by hand: ` what a person
    does.
    """
    changes: str = ""
    """What the commands do, from the last line that says so on."""
    danger: Danger = Danger.NONE
    """Of the commands together."""
    wait: str = ""
    """Until when: a sentence, or after `$ ` a command."""
    undo: str = ""
    """How to take it back: sentences, or commands after `$ `, one a line."""
    by: str = ""
    """Who must do it, when the reader cannot."""
    platforms: tuple[str, ...] = ()
    """Where it works, when not on all platforms of the cause."""
    unless: tuple[str, ...] = ()
    """Checks whose pass on this path says that it would change nothing."""
    signatures: tuple[str, ...] = ()
    """Signatures whose text asks for it: it comes first where one of them was seen, last where only others were."""


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
    stage: Stage | None = None
    """Where it stops a request of the driver's to AWS; None where that says nothing of other causes."""
    aliases: tuple[str, ...] = ()
    """Ids of causes that were merged into this one."""
    signatures: tuple[Signature, ...] = ()
    confirm: tuple[Observation, ...] = ()
    rule_out: tuple[Refutation, ...] = ()
    fix: tuple[Remedy, ...] = ()
    seen_after: tuple[Observation, ...] = ()
    """What shows that a fix has worked; empty where what its phases show does."""
    url: str = ""
    """A team's own page of the cause; the built-in ones have theirs on the site."""


def refines(cause: Cause, broader: str, causes: Mapping[str, Cause]) -> bool:
    """Whether `broader` is among the causes that the cause is a special case of."""
    seen = set()
    while cause.broader and cause.broader not in seen:
        if cause.broader == broader:
            return True
        seen.add(cause.broader)
        parent = causes.get(cause.broader)
        if parent is None:
            return False
        cause = parent
    return False
