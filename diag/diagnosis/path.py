"""Which findings lie on which mount path, fast enough for tens of thousands of mounts."""

from __future__ import annotations

from collections.abc import Iterable

from diag.model.finding import Finding
from diag.model.subject import Kind, Subject

MOST_SPECIFIC_FIRST = (Kind.POD, Kind.CLAIM, Kind.VOLUME, Kind.NODE, Kind.FILE_SYSTEM)
"""Kinds that belong to one mount path. A finding about none of these is about all paths."""

Sets = dict[Kind, frozenset[Subject]]


class PathFindings:
    """The findings of a run, asked for path by path.

    A finding lies on a path when, for every kind that both speak of, it is about the path's object of that kind: one
    about a file system and three nodes lies on the mounts of that file system on those nodes.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._findings = [(finding, by_kind((finding.subject, *finding.concerns))) for finding in findings]
        self._everywhere = tuple(finding for finding, about in self._findings if not about)
        self._indexes: dict[frozenset[Kind], dict[Subject, list[tuple[Finding, Sets]]]] = {}

    def on(self, path: Iterable[Subject]) -> tuple[Finding, ...]:
        """The findings on a path, those about everything first."""
        objects = by_kind(path)
        index = self._index(frozenset(objects))
        found: dict[int, Finding] = {}
        for kind in MOST_SPECIFIC_FIRST:
            for subject in sorted(objects.get(kind, ())):
                for finding, about in index.get(subject, ()):
                    if all(about[k] & objects[k] for k in about.keys() & objects.keys()):
                        found[id(finding)] = finding
        return (*self._everywhere, *found.values())

    def _index(self, kinds: frozenset[Kind]) -> dict[Subject, list[tuple[Finding, Sets]]]:
        """Findings under their most specific objects among the kinds that such a path has."""
        if kinds not in self._indexes:
            index: dict[Subject, list[tuple[Finding, Sets]]] = {}
            for finding, about in self._findings:
                specific = next((kind for kind in MOST_SPECIFIC_FIRST if kind in about and kind in kinds), None)
                for subject in about[specific] if specific else ():
                    index.setdefault(subject, []).append((finding, about))
            self._indexes[kinds] = index
        return self._indexes[kinds]


def by_kind(subjects: Iterable[Subject]) -> Sets:
    """The subjects that belong to mount paths, sorted by kind."""
    found: dict[Kind, set[Subject]] = {}
    for subject in subjects:
        if subject.kind in MOST_SPECIFIC_FIRST:
            found.setdefault(subject.kind, set()).add(subject)
    return {kind: frozenset(members) for kind, members in found.items()}
