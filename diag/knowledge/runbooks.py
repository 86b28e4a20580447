"""Loading runbooks: the built-in ones through a compiled index, a team's own ones from their files."""

from __future__ import annotations

from pathlib import Path

import msgspec

from diag.knowledge.cause import Cause, Weight
from diag.knowledge.index import BUILT_IN, fingerprint, read_index, texts_of

_TELLING_LENGTH = 16


class Knowledge(msgspec.Struct, frozen=True, eq=False):
    """All that is known of causes. Compared by identity, so that what is compiled from it can be kept."""

    causes: dict[str, Cause]
    """Cause by id, sorted by id."""
    files: dict[str, str]
    """The runbook file of each cause."""
    texts: dict[str, tuple[str, ...]]
    """By pattern, plain texts in lower case one of which is in every text that it matches; empty when there is none."""


def load_knowledge(*folders: Path) -> Knowledge:
    """The built-in causes and those of `folders` (a team's own runbooks, same format).

    Raises:
        BadRunbook: a file breaks the format, an id is used twice, or `broader` names no cause; every mistake with
            its file and line.
    """
    causes, files, texts = _built_in()
    if folders:
        from diag.knowledge.team import read_folder, together

        for folder in folders:
            added = read_folder(folder)
            causes, files = together(causes, files, added)
        texts = texts_of(causes.values())
    return Knowledge(causes=causes, files=files, texts=texts)


def texts_to_find(knowledge: Knowledge, *, decisive_only: bool = False) -> tuple[str, ...]:
    """Plain texts such that no signature and no refutation can match in a text that holds none of them, sorted.

    With `decisive_only`, the same for decisive signatures alone.
    """
    wanted: set[str] = set()
    for cause in knowledge.causes.values():
        for signature in cause.signatures:
            if decisive_only and signature.weight is not Weight.DECISIVE:
                continue
            choices = [knowledge.texts[pattern] for pattern in (signature.pattern, *signature.all) if pattern]
            wanted.update(max(choices, key=lambda texts: min(map(len, texts), default=0)))
            # The parts of one signature may be on different lines of a kernel log.
            wanted.update(*(texts for texts in choices if texts and min(map(len, texts)) >= _TELLING_LENGTH))
        for refutation in () if decisive_only else cause.rule_out:
            wanted.update(knowledge.texts.get(refutation.pattern, ()))
    return tuple(sorted(wanted))


def _built_in() -> tuple[dict[str, Cause], dict[str, str], dict[str, tuple[str, ...]]]:
    files = sorted(BUILT_IN.glob("*.md"))
    contents = {path.name: path.read_bytes() for path in files}
    index = read_index(BUILT_IN)
    fresh = index is not None and index.files == {name: fingerprint(content) for name, content in contents.items()}
    if index is None or not fresh:
        from diag.knowledge.compile import compile_index

        index = compile_index(contents, str(BUILT_IN), known=index)
    causes = {cause.id: cause for cause in index.causes}
    return causes, {path.stem: str(path) for path in files}, index.texts
