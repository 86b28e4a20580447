"""`python -m diag.knowledge.compile`: compiles the built-in runbooks' front matter into `runbooks/index.json`.

The index only saves time: an edited runbook is noticed by its fingerprint and read from its file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from diag.knowledge.front_matter import BadRunbook, Mistake, read_cause
from diag.knowledge.index import BUILT_IN, INDEX, INDEX_FORMAT, Index, fingerprint, read_index, texts_of


def compile_index(contents: dict[str, bytes], folder: str, known: Index | None = None) -> Index:
    """The index of runbook files given by name and content. Files that `known` has unchanged are not read again.

    Raises:
        BadRunbook: with every mistake of every file.
    """
    fingerprints = {name: fingerprint(content) for name, content in contents.items()}
    kept = {} if known is None else {cause.id: cause for cause in known.causes}
    causes = []
    mistakes: list[Mistake] = []
    for name, content in sorted(contents.items()):
        stem = name.removesuffix(".md")
        if known is not None and stem in kept and known.files.get(name) == fingerprints[name]:
            causes.append(kept[stem])
            continue
        try:
            causes.append(read_cause(content.decode("utf-8"), f"{folder}/{name}", stem))
        except BadRunbook as error:
            mistakes.extend(error.mistakes)
        except UnicodeDecodeError as error:
            mistakes.append(Mistake(f"{folder}/{name}", 0, f"not UTF-8: {error}"))
    if mistakes:
        raise BadRunbook(tuple(mistakes))
    return Index(format=INDEX_FORMAT, files=fingerprints, causes=tuple(causes), texts=texts_of(causes))


def write_index(folder: Path = BUILT_IN) -> bool:
    """Brings the folder's index up to date; True when it had to be written.

    Raises:
        BadRunbook: a file breaks the format, or `broader` names no cause.
    """
    contents = {path.name: path.read_bytes() for path in folder.glob("*.md")}
    index = compile_index(contents, str(folder))
    ids = {cause.id for cause in index.causes}
    orphans = tuple(
        Mistake(f"{folder}/{cause.id}.md", 0, f"`broader: {cause.broader}` names no cause")
        for cause in index.causes
        if cause.broader and cause.broader not in ids
    )
    if orphans:
        raise BadRunbook(orphans)
    if read_index(folder) == index:
        return False
    (folder / INDEX).write_bytes(msgspec.json.format(msgspec.json.encode(index), indent=1) + b"\n")
    return True


def main() -> int:
    """Writes the index; 0 when it is up to date afterwards, 2 when a runbook is wrong."""
    try:
        written = write_index()
    except BadRunbook as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{BUILT_IN / INDEX} {'written' if written else 'is up to date'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
