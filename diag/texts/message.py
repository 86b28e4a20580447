"""One message becomes one symptom, with the causes that it shows. This is the only place where a symptom is made."""

from __future__ import annotations

from typing import NamedTuple

from diag.model.symptom import Medium, Symptom
from diag.sanitize import one_line
from diag.texts.line import Moment
from diag.texts.matching import Matcher, filter_by_context
from diag.texts.mount import Clues, find_clues, find_exit_status, find_phase
from diag.texts.owner import is_of_another, mentions_lustre

LONGEST_TEXT = 4000
# An unexplained text is worth showing when it speaks of a failed mount or comes from Lustre itself.
_FAILURES = (
    "mount failed",
    "Could not mount",
    "mount.lustre: ",
    "LustreError",
    "LNetError",
    "MountVolume.SetUp failed",
    "MountVolume.MountDevice failed",
    "FailedMount",
    "FailedAttachVolume",
    "ProvisioningFailed",
)


class Reading(NamedTuple):
    """A symptom, what its text says of the mount, and when it was."""

    symptom: Symptom
    clues: Clues
    significant: bool
    """Worth showing by itself: a signature that is not noise, or a failure of Lustre that no signature explains."""
    moment: Moment | None = None
    against: frozenset[str] = frozenset()
    """Ids of causes that the text speaks against."""
    wrapped: bool = False
    """Its lines may have been broken inside words."""
    seen: frozenset[int] = frozenset()
    """Patterns of signatures that its text matched."""
    stream: str = ""
    """The file, archive member or object it was read from."""
    line: int = 0
    precursor: str = ""
    """Id of what explains a loss of the connection after it; empty where it does not."""


class Context(NamedTuple):
    """What is known of a message from where it was found."""

    medium: Medium
    node: str = ""
    pod: str = ""
    volume: str = ""
    reason: str = ""
    """The event's reason, such as `FailedMount`."""
    times: int = 1
    first_seen: str = ""
    last_seen: str = ""
    origin: str = ""
    asked_about: bool = True
    """Somebody asks about this very text; it is not one of many in a log."""
    wrapped: bool = False
    """Its lines may have been broken inside words."""


def read_message(message: str, context: Context, matcher: Matcher) -> Reading:
    """The symptom that a normalised message is, with all its hits; it may have none."""
    localised = context.medium is not Medium.KERNEL_LOG
    matches = matcher.match(message, wrapped=context.wrapped, localised=localised)
    clues = find_clues(message, node=context.node, pod=context.pod, volume=context.volume)
    symptom = Symptom(
        text=one_line(message, LONGEST_TEXT),
        medium=context.medium,
        mount=clues.mount,
        hits=filter_by_context(matches.hits, message, asked_about=context.asked_about),
        phase=find_phase(f"{context.reason} {message}"),
        exit_status=find_exit_status(message),
        count=context.times,
        first_seen=context.first_seen,
        last_seen=context.last_seen,
        origin=context.origin,
    )
    significant = _is_significant(symptom, message, about_lustre=context.asked_about or mentions_lustre(message))
    return Reading(symptom, clues, significant, against=matches.against, wrapped=context.wrapped, seen=matches.seen)


def _is_significant(symptom: Symptom, message: str, *, about_lustre: bool) -> bool:
    """A node's log is full of failures that are not Lustre's."""
    if is_of_another(message):
        return False
    if symptom.hits:
        return any(hit.weight != "benign" for hit in symptom.hits)
    failed = symptom.exit_status not in (None, 0) or any(words in message for words in _FAILURES)
    return failed and about_lustre
