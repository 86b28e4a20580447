"""Points each finding at the line of the manifest that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from diag.advice.steps import advise
from diag.model.finding import Finding, Location
from diag.model.subject import Subject
from diag.resources.manifests import ManifestSet, Placed

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9./-]*[A-Za-z0-9]")

_OTHER_NAMES = {"capacity": "storage", "handle": "volumeHandle", "images": "repository", "image": "repository"}
"""Fields by the word that messages use for them."""


def attach_locations(findings: Iterable[Finding], facts: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The findings, each with the place of its subject, or of the first related object that is in a manifest."""
    manifests = facts.get("manifest_set")
    if not isinstance(manifests, ManifestSet) or not manifests.places:
        return tuple(finding if finding.location else _uncorrected(finding) for finding in findings)
    places: dict[Subject, Placed] = {}
    for placed in manifests.places:
        places.setdefault(placed.subject, placed)
    return tuple(_with_location(finding, places) for finding in findings)


def _with_location(finding: Finding, places: Mapping[Subject, Placed]) -> Finding:
    if finding.location is not None:
        return finding
    placed = next((places[s] for s in (finding.subject, *finding.concerns) if s in places), None)
    if placed is None:
        return _uncorrected(finding)
    correction = finding.correction
    where = placed.fields.get(correction.field) if correction and finding.subject in places else None
    if where is None:
        finding, where = _uncorrected(finding), _field_of(placed, finding.message)
    fix = finding.fix
    if fix is not None and fix.commands and finding.subject in places:
        # Its commands change a live object; what is still in a file is corrected there.
        fix = advise(f"correct it in {where.file}, line {where.line}, before it is applied")
    return msgspec.structs.replace(finding, location=where, fix=fix)


def _uncorrected(finding: Finding) -> Finding:
    """Without what to write in a file: there is none, or the place in it is not known."""
    return finding if finding.correction is None else msgspec.structs.replace(finding, correction=None)


def _field_of(placed: Placed, message: str) -> Location:
    """The place of the first field that the message names; the object's own when it names none."""
    for word in _WORD.findall(message):
        found = placed.fields.get(word) or placed.fields.get(_OTHER_NAMES.get(word, ""))
        if found is not None:
            return found
    return placed.location
