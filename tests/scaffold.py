"""`make new-check ID=… LAYER=…` and `make new-cause ID=… LAYER=…`: the files that one more check or cause needs.

What is made is red on purpose: the test says what to write first.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from diag.model.layer import Layer

ROOT = Path(__file__).parents[1]

CHECK = '''"""{title}."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, ok
from diag.resources.kubernetes import PersistentVolume


@check("{id}", layer=Layer.{layer}, each="volumes")
def {name}(volume: PersistentVolume) -> Iterator[Draft]:
    """{title}.

    Say here in two or three sentences what breaks when it does not hold, and what the message of it looks like.

    pass: it holds
    fail: it does not
    unknown: what it takes could not be read
    source: where the rule comes from: a page of AWS, a file of the driver, of Kubernetes or of Lustre, with its version
    """
    yield ok(volume, "not judged yet")
'''

TEST = '''"""{title}."""

from __future__ import annotations

from checks.{folder}.{name} import {name}
from diag import Verdict
from tests.checks import given


def test_what_is_wrong_fails() -> None:
    (found,) = given.findings({name})
    assert found.verdict is Verdict.FAIL


def test_the_healthy_twin_passes() -> None:
    (found,) = given.findings({name})
    assert found.verdict is Verdict.PASS


def test_what_cannot_be_read_is_unknown() -> None:
    (found,) = given.findings({name}, persistent_volumes=given.denied("list persistentvolumes"))
    assert found.verdict is Verdict.UNKNOWN
'''

CAUSE = """---
id: {id}
title: {title}
layer: {layer}
phase: [mount]
severity: blocks
platforms: [eks]
signatures: []
confirm:
  - look: what shows it
    command: kubectl get pv {{volume}} -o yaml
rule_out:
  - says: what speaks against it
fix:
  - changes: what a person does about it
    by: person
sources:
  - name: where it is known from
    url: https://docs.aws.amazon.com/fsx/latest/LustreGuide/
    date: '2026-01-01'
    confidence: unverified
---

## What happens

## Confirm

## Fix

## Prevent
"""


def new_check(id: str, layer: str, root: Path = ROOT) -> list[Path]:
    """A check and its test, by layer. Raises ValueError for a bad id or layer, FileExistsError for a check that is."""
    values = _values(id, layer)
    made = {
        root / "checks" / values["folder"] / f"{values['name']}.py": CHECK,
        root / "tests" / "checks" / values["folder"] / f"test_{values['name']}.py": TEST,
    }
    values["layer"] = Layer(layer).name
    return [_write(path, text.format(**values)) for path, text in made.items()]


def new_cause(id: str, layer: str, root: Path = ROOT) -> list[Path]:
    """A runbook. Raises as `new_check` does."""
    return [_write(root / "runbooks" / f"{id}.md", CAUSE.format(**_values(id, layer)))]


def _values(id: str, layer: str) -> dict[str, str]:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", id):
        raise ValueError(f"{id!r} is no id: small letters and digits, words joined by dashes")
    if layer not in {known.value for known in Layer}:
        raise ValueError(f"{layer!r} is no layer: {', '.join(known.value for known in Layer)}")
    name = id.replace("-", "_")
    return {
        "id": id, "layer": layer, "folder": layer.replace("-", "_"), "name": name,
        "title": id.replace("-", " ").capitalize(),
    }  # fmt: skip


def _write(path: Path, text: str) -> Path:
    with path.open("x") as file:
        file.write(text)
    return path


def main() -> int:
    """`check|cause ID LAYER`; prints what was made and what to do next."""
    kind, id, layer = sys.argv[1:]
    try:
        made = {"check": new_check, "cause": new_cause}[kind](id, layer)
    except (ValueError, FileExistsError) as error:
        print(error, file=sys.stderr)
        return 2
    for path in made:
        print(path.relative_to(ROOT))
    print(f"next: .venv/bin/pytest {made[-1].relative_to(ROOT) if kind == 'check' else 'tests/runbooks'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
