"""What a newcomer starts from is well formed, and never overwrites."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from diag.knowledge.front_matter import read_cause
from diag.model.layer import Layer
from tests.scaffold import new_cause, new_check


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for layer in Layer:
        folder = layer.value.replace("-", "_")
        (tmp_path / "checks" / folder).mkdir(parents=True)
        (tmp_path / "tests" / "checks" / folder).mkdir(parents=True)
    (tmp_path / "runbooks").mkdir()
    return tmp_path


@pytest.mark.parametrize("layer", list(Layer))
def test_a_check_is_two_files_under_its_id(root: Path, layer: Layer) -> None:
    check, test = new_check("volume-colour", layer.value, root)
    assert check.name == "volume_colour.py"
    assert test.name == "test_volume_colour.py"
    for path in (check, test):
        ast.parse(path.read_text())
    assert f'"volume-colour", layer=Layer.{layer.name}' in check.read_text()


def test_a_cause_is_one_file_that_the_reader_of_runbooks_takes(root: Path) -> None:
    (path,) = new_cause("volume-colour", "request", root)
    assert read_cause(path.read_text(), path.name, path.stem).id == "volume-colour"


@pytest.mark.parametrize(("id", "layer"), [("Colour", "request"), ("../x", "dns"), ("a_b", "dns"), ("a", "moon")])
def test_a_bad_id_or_layer_is_refused(root: Path, id: str, layer: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        new_check(id, layer, root)


def test_nothing_is_overwritten(root: Path) -> None:
    new_cause("volume-colour", "request", root)
    with pytest.raises(FileExistsError):
        new_cause("volume-colour", "request", root)
