"""A built-in fact is found by being declared: nothing else names its module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from diag.sources import world

FACT = "from diag import Layer, fact\n\n\n@fact(layer=Layer.DNS)\ndef {name}(kube: object) -> int:\n    return 1\n"


def test_every_module_that_declares_a_fact_is_loaded_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "some_facts" / "inner"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        (package / "__init__.py").write_text("")
    (folder / "deep.py").write_text(FACT.format(name="deep"))
    (folder.parent / "high.py").write_text(FACT.format(name="high"))
    (folder.parent / "other.py").write_text("raise RuntimeError('is not to be imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(world, "FACT_PACKAGES", ("some_facts",))
    assert {fact.name: fact.origin for fact in world.facts()} == {
        "deep": "some_facts.inner.deep",
        "high": "some_facts.high",
    }


def test_no_large_library_is_loaded_for_it() -> None:
    code = "import sys; from diag.sources.world import load_registry; load_registry(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"boto3", "botocore", "kubernetes", "paramiko", "jinja2", "dns"} & set(loaded) == set()
