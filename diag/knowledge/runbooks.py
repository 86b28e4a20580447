"""All that is known of causes: the built-in runbooks, through a compiled index, and a team's own ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from diag.knowledge.cause import Cause, Weight
from diag.knowledge.fingerprint import is_current
from diag.knowledge.index import BUILT_IN, INDEX, read_index, texts_of
from diag.model.site import page_of_cause

_TELLING_LENGTH = 16


class Knowledge(msgspec.Struct, frozen=True, eq=False):
    """All that is known of causes. Compared by identity, so that what is compiled from it can be kept."""

    causes: dict[str, Cause]
    """Cause by id, sorted by id."""
    files: dict[str, str]
    """The runbook file of each cause."""
    texts: dict[str, tuple[str, ...]]
    """By pattern, plain texts in lower case of which one must be where the pattern matches; empty when none must."""
    team: dict[str, str] = {}
    """The whole text of each runbook of a team."""

    def resolve(self, id: str) -> str:
        """The id itself, or that of the cause into which the cause of that id was merged."""
        if id in self.causes:
            return id
        return next((cause.id for cause in self.causes.values() if id in cause.aliases), id)

    def page(self, cause: str) -> str:
        """The whole text of a cause's runbook."""
        return self.team.get(cause) or Path(self.files[cause]).read_text("utf-8")


class TeamFolder(NamedTuple):
    """A folder of a team's own runbooks, as it was read."""

    path: str
    files: Mapping[str, bytes]
    """Content of every `*.md` by its name."""


def load_knowledge(*folders: TeamFolder) -> Knowledge:
    """The built-in causes and those of a team's own runbooks, which have the same format.

    Raises:
        BadRunbook: a folder holds no runbook, a file breaks the format, an id is used twice, or `broader` names no
            cause; every mistake with its file and line.
    """
    knowledge = _built_in()
    for folder in folders:
        knowledge = _with_team(knowledge, folder)
    return knowledge


def texts_to_find(knowledge: Knowledge, *, decisive_only: bool = False) -> tuple[str, ...]:
    """Plain texts such that no signature and no refutation can match where none of them is found, sorted.

    With `decisive_only`, the same for decisive signatures alone.
    """
    wanted: set[str] = set()
    for cause in knowledge.causes.values():
        for signature in cause.signatures:
            if decisive_only and signature.weight is not Weight.DECISIVE:
                continue
            choices = [knowledge.texts[pattern] for pattern in signature.patterns]
            wanted.update(max(choices, key=lambda texts: min(map(len, texts), default=0)))
            # The parts of one signature may be on different lines of a kernel log.
            wanted.update(*(texts for texts in choices if texts and min(map(len, texts)) >= _TELLING_LENGTH))
        for refutation in () if decisive_only else cause.rule_out:
            wanted.update(knowledge.texts.get(refutation.pattern, ()))
    return tuple(sorted(wanted))


def _built_in() -> Knowledge:
    index = read_index(BUILT_IN)
    if index is None or not is_current(BUILT_IN / INDEX, BUILT_IN, ".md", index.files):
        from diag.knowledge.index import compile_index

        contents = {path.name: path.read_bytes() for path in sorted(BUILT_IN.glob("*.md"))}
        index = compile_index(contents, str(BUILT_IN), known=index)
    causes = {cause.id: msgspec.structs.replace(cause, url=page_of_cause(cause.id)) for cause in index.causes}
    return Knowledge(causes, {name.removesuffix(".md"): f"{BUILT_IN}/{name}" for name in index.files}, index.texts)


def _with_team(known: Knowledge, folder: TeamFolder) -> Knowledge:
    from diag.knowledge.front_matter import BadRunbook, Mistake, read_causes

    if not folder.files:
        raise BadRunbook((Mistake(folder.path, 0, "holds no runbook file (*.md)"),))
    added = read_causes(folder.files, folder.path)
    files = {id_: f"{folder.path}/{id_}.md" for id_ in added}
    mistakes = [
        Mistake(files[id_], 0, f"the id `{id_}` is taken by {known.files[taken]}; give the file another name and id")
        for id_ in added
        if (taken := known.resolve(id_)) in known.causes
    ]
    causes = dict(sorted((known.causes | added).items()))
    mistakes += [
        Mistake(files[id_], 0, f"`broader: {cause.broader}` names no cause")
        for id_, cause in added.items()
        if cause.broader and cause.broader not in causes
    ]
    if mistakes:
        raise BadRunbook(tuple(mistakes))
    pages = {id_: folder.files[f"{id_}.md"].decode("utf-8") for id_ in added}
    return Knowledge(causes, known.files | files, texts_of(causes.values()), known.team | pages)
