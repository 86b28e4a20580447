"""A team's own runbooks beside the built-in ones."""

from __future__ import annotations

from pathlib import Path

from diag.knowledge.cause import Cause
from diag.knowledge.front_matter import BadRunbook, Mistake, read_cause


def read_folder(folder: Path) -> dict[str, tuple[Cause, str]]:
    """Cause and file by id, from every `*.md` in a folder.

    Raises:
        BadRunbook: the folder cannot be read, holds no runbook, or a file breaks the format.
    """
    if not folder.is_dir():
        raise BadRunbook((Mistake(str(folder), 0, "not a folder; --runbooks wants a folder of runbook files (*.md)"),))
    paths = sorted(folder.glob("*.md"))
    if not paths:
        raise BadRunbook((Mistake(str(folder), 0, "holds no runbook file (*.md)"),))
    read: dict[str, tuple[Cause, str]] = {}
    mistakes: list[Mistake] = []
    for path in paths:
        try:
            read[path.stem] = (read_cause(path.read_text("utf-8"), str(path), path.stem), str(path))
        except BadRunbook as error:
            mistakes.extend(error.mistakes)
        except (OSError, UnicodeDecodeError) as error:
            mistakes.append(Mistake(str(path), 0, f"cannot be read: {error}"))
    if mistakes:
        raise BadRunbook(tuple(mistakes))
    return read


def together(
    causes: dict[str, Cause], files: dict[str, str], added: dict[str, tuple[Cause, str]]
) -> tuple[dict[str, Cause], dict[str, str]]:
    """Known causes and added ones as one set, sorted by id.

    Raises:
        BadRunbook: an id is used twice, or `broader` names no cause.
    """
    mistakes = [
        Mistake(file, 0, f"the id `{id_}` is taken by {files[id_]}; give the file another name and id")
        for id_, (_, file) in added.items()
        if id_ in causes
    ]
    merged = dict(sorted((causes | {id_: cause for id_, (cause, _) in added.items()}).items()))
    mistakes += [
        Mistake(file, 0, f"`broader: {cause.broader}` names no cause")
        for cause, file in added.values()
        if cause.broader and cause.broader not in merged
    ]
    if mistakes:
        raise BadRunbook(tuple(mistakes))
    return merged, files | {id_: file for id_, (_, file) in added.items()}
