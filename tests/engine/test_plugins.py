"""Plugins come through entry points, built-in ones too, and each costs only itself."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from diag import Draft, Layer, check, fact
from diag.declare.check import Check
from diag.engine import plugins
from diag.engine.plugins import GROUP, load_plugins
from diag.engine.run import UnknownSelection, select


def module(name: str, monkeypatch: pytest.MonkeyPatch, *items: object) -> EntryPoint:
    made = types.ModuleType(name)
    for position, item in enumerate(items):
        getattr(item, "function").__module__ = name  # noqa: B009
        setattr(made, f"item{position}", item)
    monkeypatch.setitem(sys.modules, name, made)
    return EntryPoint(name.replace("_", "-"), name, GROUP)


def a_check(id: str, layer: Layer = Layer.REQUEST, *, opt_in: bool = False) -> Check:
    @check(id, layer=layer, opt_in=opt_in)
    def rule(number: int) -> Iterator[Draft]:
        """It holds."""
        yield from ()

    return rule


def test_checks_and_facts_of_a_module_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    @fact()
    def number(kube: object) -> int:
        return 1

    found = load_plugins([module("their_plugin", monkeypatch, a_check("theirs"), number)])
    assert [c.id for c in found.checks] == ["theirs"]
    assert [f.name for f in found.facts] == ["number"]


def test_a_plugin_that_cannot_be_imported_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    found = load_plugins(
        [EntryPoint("absent", "no.such.module", GROUP), module("their_plugin", monkeypatch, a_check("theirs"))]
    )
    assert [c.id for c in found.checks] == ["theirs"]
    assert "no.such.module" in found.errors[0].message


def test_a_plugin_that_exits_while_imported_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    (tmp_path / "rude_plugin.py").write_text("raise SystemExit(7)\n")  # type: ignore[operator]
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "SystemExit" in load_plugins([EntryPoint("rude", "rude_plugin", GROUP)]).errors[0].message


def test_a_plugin_that_hangs_while_imported_is_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    (tmp_path / "slow_plugin.py").write_text("import time\ntime.sleep(3)\n")  # type: ignore[operator]
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(plugins, "IMPORT_PATIENCE_S", 0.2)
    found = load_plugins(
        [EntryPoint("slow", "slow_plugin", GROUP), module("their_plugin", monkeypatch, a_check("theirs"))]
    )
    assert [error.message for error in found.errors] == ["plugin slow (slow_plugin) hung while it was imported"]
    assert [c.id for c in found.checks] == ["theirs"]


def test_an_entry_may_name_a_package_and_a_broken_module_of_it_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "whole_plugin" / "inner"
    folder.mkdir(parents=True)
    (tmp_path / "whole_plugin" / "__init__.py").write_text("")
    (folder / "__init__.py").write_text("")
    (tmp_path / "whole_plugin" / "broken.py").write_text("raise ValueError('odd')\n")
    (folder / "rule.py").write_text(
        "from diag import Layer, check\n\n"
        "@check('deep', layer=Layer.DNS)\ndef rule(number: int):\n    'It holds.'\n    yield from ()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = load_plugins([EntryPoint("whole", "whole_plugin", GROUP)])
    assert [c.id for c in found.checks] == ["deep"]
    assert len(found.errors) == 1
    assert "ValueError: odd" in found.errors[0].message


def test_a_check_id_is_never_taken_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    found = load_plugins(
        [module("a_plugin", monkeypatch, a_check("same")), module("b_plugin", monkeypatch, a_check("same"))]
    )
    assert [c.origin for c in found.checks] == ["a_plugin"]
    assert "'same' is taken by a_plugin" in found.errors[0].message


def test_the_built_in_checks_come_through_the_same_door() -> None:
    found = load_plugins()
    assert found.errors == ()
    assert {"security-groups", "tcp-988", "mountname-match"} <= {c.id for c in found.checks}


CHECKS = (a_check("one"), a_check("two", Layer.DNS), a_check("extra", Layer.DNS, opt_in=True))


@pytest.mark.parametrize(
    ("only", "skip", "chosen"),
    [
        ((), (), ["one", "two"]),
        (("one",), (), ["one"]),
        (("dns",), (), ["two"]),
        (("extra",), (), ["extra"]),
        ((), ("dns",), ["one"]),
        (("dns", "one"), ("two",), ["one"]),
    ],
)
def test_selection_by_id_and_layer(only: tuple[str, ...], skip: tuple[str, ...], chosen: list[str]) -> None:
    assert [c.id for c in select(CHECKS, only, skip)] == chosen


@pytest.mark.parametrize(("only", "skip"), [(("typo",), ()), ((), ("typo",))])
def test_an_unknown_selection_is_refused(only: tuple[str, ...], skip: tuple[str, ...]) -> None:
    with pytest.raises(UnknownSelection, match="typo"):
        select(CHECKS, only, skip)
