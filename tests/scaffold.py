"""`make new-check ID=… LAYER=…` and `make new-cause ID=… LAYER=…`: the files of one more check or cause.

What is made is sound: it loads, its tests pass. `FILL IN` marks what only its author knows, and a test stays red while
one is left (tests/test_scaffold.py).
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
from pathlib import Path

from diag.model.layer import Layer

ROOT = Path(__file__).parents[1]
MARK = "FILL IN"
TESTS = {"check": "tests/checks", "cause": "tests/runbooks"}

CHECK = '''"""FILL IN: what it looks at, in a few words."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok
from diag.resources.kubernetes import PersistentVolume


@check("{id}", layer=Layer.{constant}, each="volumes")
def {name}(volume: PersistentVolume) -> Iterator[Draft]:
    """FILL IN: what holds when it passes, in one sentence.

    pass: FILL IN
    fail: FILL IN
    unknown: volumes could not be read
    source: FILL IN: document, API or source file, with its version
    """
    if volume.handle:
        yield ok(volume, "FILL IN: what was found")
    else:
        yield fail(volume, "FILL IN: what was found, and what it should be")
'''

TEST = '''"""FILL IN: what it looks at, in a few words."""

from __future__ import annotations

from checks.{folder}.{name} import {name}
from diag import Verdict
from tests.checks import given


def test_fill_in_what_is_wrong() -> None:
    (found,) = given.findings({name}, persistent_volumes=(given.volume(fs=""),))
    assert found.verdict is Verdict.FAIL


def test_fill_in_what_is_right() -> None:
    (found,) = given.findings({name}, persistent_volumes=(given.volume(),))
    assert found.verdict is Verdict.PASS


def test_what_could_not_be_read_is_unknown() -> None:
    (found,) = given.findings({name}, persistent_volumes=given.denied("list persistentvolumes"))
    assert found.verdict is Verdict.UNKNOWN
'''

CAUSE = """---
id: {id}
title: FILL IN what is wrong, as a sentence without a full stop
layer: {layer}
phase: [mount]
severity: blocks
platforms: [any]
signatures: []
confirm:
  - look: FILL IN what settles it
rule_out:
  - says: FILL IN what speaks against it
fix:
  - changes: FILL IN what a person does; a `command` where one program with its arguments does it
sources:
  - name: FILL IN where this is known from
    date: '{today}'
    confidence: unverified
---

## What it means

FILL IN

## How to verify

FILL IN

## How to fix

FILL IN

## How to prevent

FILL IN

## References

FILL IN
"""


def new_check(id: str, layer: str, root: Path = ROOT) -> list[Path]:
    """Write the check and its test. Raises FileExistsError, and ValueError for a layer that there is not."""
    _hold_to_grammar(id)
    constant = Layer(layer).name
    name, folder = id.replace("-", "_"), layer.replace("-", "_")
    names = {"id": id, "name": name, "folder": folder, "constant": constant}
    return [
        _write(root / "checks" / folder / f"{name}.py", CHECK.format(**names)),
        _write(root / "tests" / "checks" / folder / f"test_{name}.py", TEST.format(**names)),
    ]


def new_cause(id: str, layer: str, root: Path = ROOT) -> list[Path]:
    """Write the runbook. Raises FileExistsError, and ValueError for a layer that there is not."""
    _hold_to_grammar(id)
    today = datetime.date.today().isoformat()
    return [_write(root / "runbooks" / f"{id}.md", CAUSE.format(id=id, layer=Layer(layer).value, today=today))]


def left_to_fill_in(root: Path = ROOT) -> list[str]:
    """`file:line` of every mark in checks, their tests and runbooks."""
    files = (*(root / "checks").rglob("*.py"), *(root / "tests" / "checks").rglob("*.py"), *root.glob("runbooks/*.md"))
    return [
        f"{path.relative_to(root)}:{number}"
        for path in sorted(files)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if MARK in line or "test_fill_in_" in line
    ]


def _hold_to_grammar(id: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9.]+)*", id):
        raise ValueError(f"{id!r} is not an id: lower-case words joined by dashes")


def _write(path: Path, text: str) -> Path:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return path


def main() -> int:
    """Write the files and name them."""
    parser = argparse.ArgumentParser(prog="python -m tests.scaffold", description=main.__doc__)
    parser.add_argument("what", choices=("check", "cause"))
    parser.add_argument("id")
    parser.add_argument("layer")
    chosen = parser.parse_args()
    try:
        made = (new_check if chosen.what == "check" else new_cause)(chosen.id, chosen.layer)
    except (FileExistsError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return 2
    print(*(path.relative_to(ROOT) for path in made), sep="\n")
    print(f"next: fill in what is marked {MARK!r}, and .venv/bin/pytest {TESTS[chosen.what]} tests/test_scaffold.py")
    return 0


if __name__ == "__main__":
    sys.exit(main())
