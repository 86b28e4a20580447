"""What a text says, as a value: a reading is a symptom with its clues and its moment."""

from __future__ import annotations

from typing import NamedTuple

from diag.model.symptom import Medium, Symptom
from diag.symptoms.context import in_context
from diag.symptoms.matcher import Matcher
from diag.symptoms.mount import Clues, clues_of, exit_status_of, phase_of
from diag.symptoms.normalise import normalise
from diag.symptoms.time import Moment

LONGEST_TEXT = 4000
# An unexplained text is worth showing when it speaks of a failed mount or comes from Lustre itself.
_TELLING = (
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
    telling: bool
    """Worth showing by itself: a signature that is not noise, or a failure of Lustre that no signature explains."""
    moment: Moment | None = None
    against: frozenset[str] = frozenset()
    """Ids of causes that the text speaks against."""
    wrapped: bool = False
    """Its lines may have been broken inside words."""
    stream: str = ""
    """The file, archive member or object it was read from."""


class Circumstances(NamedTuple):
    """What is known of a text from where it stood."""

    medium: Medium
    node: str = ""
    pod: str = ""
    volume: str = ""
    times: int = 1
    first_seen: str = ""
    last_seen: str = ""
    origin: str = ""
    reason: str = ""
    """The event's reason, such as `FailedMount`."""


def read_symptom(text: str, around: Circumstances, matcher: Matcher) -> Reading:
    """The symptom that one message is, with all its hits; it may have none."""
    flat = normalise(text)
    found = matcher.matches(flat, wrapped="\n" in text)
    clues = clues_of(flat, node=around.node, pod=around.pod, volume=around.volume)
    symptom = Symptom(
        text=flat if len(flat) <= LONGEST_TEXT else flat[:LONGEST_TEXT] + "…",
        medium=around.medium,
        mount=clues.mount,
        hits=in_context(found.hits, flat, asked_about=True),
        phase=phase_of(f"{around.reason} {flat}"),
        exit_status=exit_status_of(flat),
        count=around.times,
        first_seen=around.first_seen,
        last_seen=around.last_seen,
        origin=around.origin,
    )
    return Reading(symptom, clues, is_telling(symptom, about_lustre=True), against=found.against)


def is_telling(symptom: Symptom, *, about_lustre: bool) -> bool:
    """Whether a symptom says something by itself. A node's log is full of failures that are not Lustre's."""
    if symptom.hits:
        return any(hit.weight != "benign" for hit in symptom.hits)
    failed = symptom.exit_status is not None or any(words in symptom.text for words in _TELLING)
    return failed and about_lustre
