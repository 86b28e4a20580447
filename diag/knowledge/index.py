"""The compiled front matter of the built-in runbooks: what `runbooks/index.json` holds."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from diag.decode import decode_json
from diag.knowledge.cause import Cause
from diag.knowledge.fingerprint import Fingerprint, fingerprint

_INSTALLED = Path(__file__).parent.parent / "runbooks"
BUILT_IN = _INSTALLED if _INSTALLED.is_dir() else _INSTALLED.parent.parent / "runbooks"
"""Inside the package in a wheel, beside it in the repository."""
INDEX = "index.json"
INDEX_FORMAT = 3


class Index(msgspec.Struct, frozen=True):
    """The compiled front matter of a folder of runbooks."""

    format: int
    files: dict[str, Fingerprint]
    """Every runbook file, so that an edited one is noticed."""
    causes: tuple[Cause, ...]
    texts: dict[str, tuple[str, ...]]


def texts_of(causes: Iterable[Cause]) -> dict[str, tuple[str, ...]]:
    """The plain texts that every pattern of the causes demands."""
    from diag.grammar.required_text import required_texts
    from diag.knowledge.errors import errors_texts

    found: dict[str, tuple[str, ...]] = {}
    for cause in causes:
        for signature in cause.signatures:
            for pattern in (*signature.patterns, *signature.unless):
                if pattern not in found:
                    found[pattern] = required_texts(pattern)
            if signature.errno:
                found[signature.all[-1]] = errors_texts(signature.errno)
        for refutation in cause.rule_out:
            if refutation.pattern:
                found[refutation.pattern] = required_texts(refutation.pattern)
    return found


def read_index(folder: Path) -> Index | None:
    """The compiled index of a folder; None when there is none or it is of another format."""
    try:
        index = decode_json((folder / INDEX).read_bytes(), Index)
    except (OSError, msgspec.DecodeError):
        return None
    return index if index.format == INDEX_FORMAT else None


def compile_index(contents: Mapping[str, bytes], folder: str, known: Index | None = None) -> Index:
    """The index of runbook files given by name and content. Files that `known` has unchanged are not read again.

    Raises:
        BadRunbook: with every mistake of every file.
    """
    from diag.knowledge.front_matter import read_causes

    fingerprints = {name: fingerprint(content) for name, content in contents.items()}
    kept = {} if known is None else {f"{cause.id}.md": cause for cause in known.causes}
    same = {
        name: kept[name]
        for name in kept
        if known is not None and name in fingerprints and known.files.get(name) == fingerprints[name]
    }
    read = read_causes({name: content for name, content in contents.items() if name not in same}, folder)
    causes = tuple(sorted((*same.values(), *read.values()), key=lambda cause: cause.id))
    return Index(format=INDEX_FORMAT, files=fingerprints, causes=causes, texts=texts_of(causes))


def write_index(folder: Path = BUILT_IN) -> bool:
    """Brings the folder's index up to date; True when it had to be written.

    Raises:
        BadRunbook: a file breaks the format, or `broader` names no cause.
    """
    from diag.knowledge.front_matter import BadRunbook, Mistake

    contents = {path.name: path.read_bytes() for path in folder.glob("*.md")}
    index = compile_index(contents, str(folder))
    ids = {cause.id for cause in index.causes}
    orphans = tuple(
        Mistake(f"{folder}/{cause.id}.md", 0, f"`broader: {cause.broader}` names no cause")
        for cause in index.causes
        if cause.broader and cause.broader not in ids
    )
    taken = tuple(
        Mistake(f"{folder}/{cause.id}.md", 0, f"the alias `{alias}` is the id of a cause")
        for cause in index.causes
        for alias in cause.aliases
        if alias in ids
    )
    if orphans or taken:
        raise BadRunbook((*orphans, *taken))
    if read_index(folder) == index:
        return False
    (folder / INDEX).write_bytes(msgspec.json.encode(index) + b"\n")
    return True


def main() -> int:
    """Writes all that is compiled; 0 when it is up to date afterwards, 2 when a runbook is wrong."""
    from diag.knowledge.front_matter import BadRunbook
    from diag.knowledge.messages import write_messages
    from diag.knowledge.table import write_tables

    try:
        written = write_index()
        written = any([written, write_messages(), write_tables()])
    except BadRunbook as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(
        f"{BUILT_IN / INDEX}, the message catalogue and the tables {'written' if written else 'are up to date'}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
