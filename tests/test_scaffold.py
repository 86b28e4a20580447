"""`make new-check` and `make new-cause` write what is sound, and nothing of it stays as it was written."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

from diag.knowledge.front_matter import read_cause
from diag.model.layer import Layer
from diag.model.verdict import Verdict
from diag.registry import Check
from tests.checks import given
from tests.scaffold import left_to_fill_in, new_cause, new_check


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("checks/file_system", "tests/checks/file_system", "runbooks"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def test_nothing_is_left_to_fill_in() -> None:
    assert left_to_fill_in() == []


def test_a_new_check_is_a_check_with_tests_that_pass(root: Path) -> None:
    rule, test = new_check("some-check", "file-system", root)
    assert rule == root / "checks/file_system/some_check.py"
    assert test == root / "tests/checks/file_system/test_some_check.py"
    spec = importlib.util.spec_from_file_location("some_check", rule)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    check = module.some_check
    assert isinstance(check, Check) and (check.id, check.layer) == ("some-check", Layer.FILE_SYSTEM)
    [good] = given.findings(check)
    [bad] = given.findings(check, persistent_volumes=(given.volume(fs=""),))
    assert (good.verdict, bad.verdict) == (Verdict.PASS, Verdict.FAIL)
    tests = [node.name for node in ast.parse(test.read_text()).body if isinstance(node, ast.FunctionDef)]
    assert len(tests) == 3 and "from checks.file_system.some_check import some_check" in test.read_text()


def test_a_new_cause_is_a_runbook(root: Path) -> None:
    [file] = new_cause("some-cause", "lnet", root)
    cause = read_cause(file.read_text(), file.name, file.stem)
    assert (cause.id, cause.layer) == ("some-cause", Layer.LNET)


def test_every_place_to_fill_in_is_found(root: Path) -> None:
    made = (*new_check("some-check", "file-system", root), *new_cause("some-cause", "lnet", root))
    assert {place.rpartition(":")[0] for place in left_to_fill_in(root)} == {str(f.relative_to(root)) for f in made}


def test_what_is_there_is_not_written_over_and_an_id_has_its_grammar(root: Path) -> None:
    new_cause("some-cause", "lnet", root)
    with pytest.raises(FileExistsError):
        new_cause("some-cause", "lnet", root)
    for id, layer in (("Some_Check", "lnet"), ("../x", "lnet"), ("some-check", "nowhere")):
        with pytest.raises(ValueError, match="is not"):
            new_check(id, layer, root)
