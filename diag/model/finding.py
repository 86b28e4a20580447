"""Findings, and the one place where they are built."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from diag.model.fix import Fix
from diag.model.layer import Layer
from diag.model.subject import Subject
from diag.model.unavailable import Unavailable
from diag.model.verdict import Verdict


class Location(msgspec.Struct, frozen=True):
    """Where in a file a finding points: 1-based line and column, 0 when not known."""

    file: str
    line: int = 0
    column: int = 0


class Correction(msgspec.Struct, frozen=True):
    """A change of one word in a file, where the right value is certain."""

    field: str
    """The key whose value, or which itself, is wrong."""
    old: str
    """Empty where an unquoted word only has to be quoted."""
    new: str
    is_key: bool = False
    """The key is to be spelt otherwise, not its value."""
    line: int = 0
    """The place of the old text, 1-based, with the column after its end; 0 until it was found in the file."""
    column: int = 0
    end_column: int = 0


class Finding(msgspec.Struct, frozen=True):
    """One verdict of one check about one subject."""

    check: str
    layer: Layer
    subject: Subject
    verdict: Verdict
    message: str
    evidence: tuple[str, ...] = ()
    """What was read that supports the message, one fact a line, with its source (`fsx:DescribeFileSystems says …`)."""
    cause: str = ""
    """For a fail or warn: the id of the cause it speaks for, empty when it speaks for none."""
    rules_out: tuple[str, ...] = ()
    """For a pass: ids of the causes it refutes for its subject."""
    fix: Fix | None = None
    concerns: tuple[Subject, ...] = ()
    """Further subjects the finding is about: the volumes, nodes or file systems whose mount path it lies on."""
    unavailable: tuple[Unavailable, ...] = ()
    """For an unknown: the root reasons."""
    location: Location | None = None
    suppressed: str = ""
    """Why this finding does not count for the exit code, with who answers for it; empty when it counts."""
    correction: Correction | None = None
    """What to write in the file instead, only where that is certain."""
    url: str = ""
    """For a warn, unknown or fail: page of the check; empty for a plugin's."""


class Named(Protocol):
    """Anything that a finding can be about."""

    @property
    def subject(self) -> Subject:
        """What findings about it are about."""
        ...


About = Subject | Named


class Draft(msgspec.Struct, frozen=True):
    """A finding as a check writes it: the engine adds the check's id, layer and causes."""

    subject: Subject
    verdict: Verdict
    message: str
    evidence: tuple[str, ...] = ()
    cause: str | None = None
    rules_out: tuple[str, ...] | None = None
    fix: Fix | None = None
    concerns: tuple[Subject, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()
    location: Location | None = None
    correction: Correction | None = None


def subject_of(about: About) -> Subject:
    """The subject behind a fact or a subject itself."""
    return about if isinstance(about, Subject) else about.subject


def subjects_of(abouts: Iterable[About]) -> tuple[Subject, ...]:
    """The distinct subjects behind several facts, first seen first."""
    return tuple(dict.fromkeys(subject_of(about) for about in abouts))


def ok(
    about: About,
    message: str,
    *evidence: str,
    rules_out: tuple[str, ...] | None = None,
    concerns: Iterable[About] = (),
) -> Draft:
    """A pass. `rules_out` defaults to every cause the check speaks for; `()` when the pass refutes none."""
    return Draft(
        subject_of(about),
        Verdict.PASS,
        message,
        evidence,
        rules_out=rules_out,
        concerns=subjects_of(concerns),
    )


def fail(
    about: About,
    message: str,
    *evidence: str,
    cause: str | None = None,
    fix: Fix | None = None,
    concerns: Iterable[About] = (),
    location: Location | None = None,
    correction: Correction | None = None,
) -> Draft:
    """A failure. `cause` defaults to the first cause the check speaks for; `""` for a failure of no known cause."""
    draft = _trouble(Verdict.FAIL, about, message, evidence, cause, fix, concerns, location)
    return draft if correction is None else msgspec.structs.replace(draft, correction=correction)


def warn(
    about: About,
    message: str,
    *evidence: str,
    cause: str | None = "",
    fix: Fix | None = None,
    concerns: Iterable[About] = (),
    location: Location | None = None,
) -> Draft:
    """A warning: worth fixing, not the reason of a failed mount, or only inferred."""
    return _trouble(Verdict.WARN, about, message, evidence, cause, fix, concerns, location)


def _trouble(
    verdict: Verdict,
    about: About,
    message: str,
    evidence: tuple[str, ...],
    cause: str | None,
    fix: Fix | None,
    concerns: Iterable[About],
    location: Location | None,
) -> Draft:
    return Draft(
        subject_of(about),
        verdict,
        message,
        evidence,
        cause=cause,
        fix=fix,
        concerns=subjects_of(concerns),
        location=location,
    )


def unknown(
    about: About,
    message: str,
    *evidence: str,
    because: Iterable[Unavailable] = (),
    concerns: Iterable[About] = (),
) -> Draft:
    """The check looked and could not decide; `because` names the root reasons."""
    return Draft(
        subject_of(about),
        Verdict.UNKNOWN,
        message,
        evidence,
        unavailable=tuple(because),
        concerns=subjects_of(concerns),
    )


def skip(about: About, message: str, *evidence: str, concerns: Iterable[About] = ()) -> Draft:
    """The question does not arise here, or cannot be answered from here. Says why."""
    return Draft(subject_of(about), Verdict.SKIP, message, evidence, concerns=subjects_of(concerns))
