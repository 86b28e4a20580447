"""What people call the things of a mount and what they say of them, by language, and which cause that speaks for."""

from __future__ import annotations

import functools

import msgspec

from diag.knowledge.table import read_table


class Forms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The forms of one word, language by language: in a person's text they are often mixed."""

    en: str = ""
    de: str = ""
    fr: str = ""
    es: str = ""
    pt: str = ""
    ko: str = ""
    ja: str = ""
    zh: str = ""

    @property
    def all(self) -> tuple[str, ...]:
        """Every form once."""
        return tuple(dict.fromkeys(forms("|".join(msgspec.structs.astuple(self)))))


def forms(text: str) -> tuple[str, ...]:
    """The forms that a field of the table holds."""
    return tuple(filter(None, map(str.strip, text.split("|"))))


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to be bad or good."""

    bad: Forms = Forms()
    good: Forms = Forms()
    denied: Forms = Forms()
    """Words that are bad where they are denied (“was never added”) and say nothing of a thing otherwise."""


class Negations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words that turn another around, by where they stand."""

    before: Forms
    after: Forms
    lack_before: Forms
    """These say by themselves, beside a thing, that it is not there."""
    lack_after: Forms
    lack_alone: Forms
    """These say it of the thing that follows, whatever is said after it (“without the permission it hangs”)."""


class Characters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Chinese characters, each written both ways."""

    traditional: str
    simplified: str


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"in_": "in"}):
    """What has to be said for a cause."""

    cause: str
    of: tuple[str, ...]
    """Things, of which one is said to be bad."""
    in_: tuple[str, ...] = ()
    """In one of these ways."""
    near: tuple[str, ...] = ()
    """Things that all are in the same sentence."""
    beside: tuple[str, ...] = ()
    """Things that all are somewhere in the text."""
    unless: tuple[str, ...] = ()
    """Things of which none is in the sentence."""
    against: tuple[str, ...] = ()
    """Things of which none is anywhere in the text."""
    always: bool = False
    """It is enough that a text about a failure names it."""
    only: bool = False
    """A symptom of several causes: it counts where no other rule fits."""


class Prose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole table."""

    date: str
    characters: Characters
    things: dict[str, Forms]
    states: dict[str, State]
    negations: Negations
    languages: Forms
    """Words by which a sentence's language is told."""
    markers: Forms
    """Before what somebody found to be the cause."""
    troubles: Forms
    """Show that a text is about a failure."""
    supposed: Forms
    """Show that a sentence is of what may be and not of what was."""
    excluded: Forms
    """Show that a clause names what the cause is not, or a report that is wrong."""
    wishes: Forms
    """Show that a text asks for a change of a program, or tells of one."""
    strangers: Forms
    """Show that a sentence is not about Lustre."""
    blamed_after: Forms
    """Before the thing that somebody found to be the cause, and says no more of: “it turned out to be the NACL”."""
    blamed_before: Forms
    """Behind it: “the NACL was the culprit”."""
    remedies: Forms
    """What somebody did to a thing; where it works since then, that thing was wrong."""
    outcomes: Forms
    """It works since then."""
    blamable: tuple[str, ...]
    """Things that say which cause it is, without the way in which they are bad."""
    rules: tuple[Rule, ...]


@functools.cache
def prose() -> Prose:
    """The table."""
    return read_table("prose", Prose)
