"""Checks and facts are declared by their signatures, found through entry points, and each costs only itself."""

from __future__ import annotations

import sys
import types
import typing
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

import diag
from diag import Draft, Layer, Unavailable, check, fact, registry
from diag.registry import GROUP, Check, Fact, Registry, UnknownSelection, load, permissions_of
from diag.sources.world import load_registry
from tests.patience import in_time

Maybe = int | Unavailable


@fact(permissions=("fsx:DescribeFileSystems",))
def names(aws: object) -> tuple[str, ...]:
    return ("a",)


@fact()
def lengths(names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(map(len, names))


@fact(permissions=("list nodes",), optional_permissions=("list pods",))
def unrelated(aws: object) -> int:
    return 0


@check("length", layer=Layer.REQUEST)
def length(lengths: tuple[int, ...]) -> Iterator[Draft]:
    """Names have a length."""
    yield from ()


def a_check(id: str, layer: Layer = Layer.REQUEST, *, opt_in: bool = False) -> Check:
    @check(id, layer=layer, opt_in=opt_in)
    def rule(names: tuple[str, ...]) -> Iterator[Draft]:
        """It holds."""
        yield from ()

    return rule


def loaded(*entries: EntryPoint) -> Registry:
    return load([names, lengths, unrelated], ["aws"], entries)


class TestSignatures:
    def test_parameters_are_needs_in_their_order(self) -> None:
        def read(first: int, second: str) -> int:
            return 0

        assert [need.name for need in fact()(read).needs] == ["first", "second"]

    @pytest.mark.parametrize(
        ("annotation", "tolerant"),
        [
            ("int", False),
            ("int | Unavailable", True),
            ("Unavailable | int", True),
            ("tuple[int, ...] | str | diag.Unavailable", True),
            ("typing.Optional[Unavailable]", True),
            ("typing.Union[int, Unavailable]", True),
            ("Maybe", True),
            ("Maybe | None", True),
            ("tuple[Unavailable, ...]", False),
            ("OnlyForTheTypeChecker", False),
            ("OnlyForTheTypeChecker | Unavailable", True),
            ("'int | Unavailable'", True),
            (int | Unavailable, True),
            (typing.Optional[int], False),  # noqa: UP045 - as a plugin may spell it
        ],
    )
    def test_a_union_with_unavailable_asks_for_the_failure_itself(self, annotation: object, tolerant: bool) -> None:
        def read(number: int) -> int:
            return number

        read.__annotations__["number"] = annotation
        [need] = fact()(read).needs
        assert need.tolerant is tolerant

    def test_an_annotation_is_never_run(self) -> None:
        def read(number: int) -> int:
            return number

        read.__annotations__["number"] = "print('run') or 1/0"
        assert [need.tolerant for need in fact()(read).needs] == [False]

    def test_the_value_of_a_fact_is_what_it_returns_when_it_is_available(self) -> None:
        def read() -> Maybe:
            return 1

        assert fact()(read).returns is int


class TestFacts:
    def test_only_what_the_checks_need_is_read_each_after_what_it_needs(self) -> None:
        needed = loaded().facts_for([length])
        assert [f.name for f in needed] == ["names", "lengths"]

    def test_permissions_are_those_of_the_facts_needed(self) -> None:
        assert permissions_of(loaded().facts_for([length])) == ("fsx:DescribeFileSystems",)
        assert permissions_of([unrelated]) == ("list nodes", "list pods")

    def test_facts_that_ask_a_source_are_read_the_others_worked_out(self) -> None:
        assert loaded().is_read(names)
        assert not loaded().is_read(lengths)


class TestSelection:
    CHECKS = (a_check("one"), a_check("two", Layer.DNS), a_check("extra", Layer.DNS, opt_in=True))

    @pytest.mark.parametrize(
        ("only", "skip", "chosen"),
        [
            ((), (), ["one", "two"]),
            (("one",), (), ["one"]),
            (("dns",), (), ["two"]),
            (("extra",), (), ["extra"]),
            (("tests",), (), ["one", "two", "extra"]),
            ((), ("dns",), ["one"]),
            (("extra",), ("dns",), []),
            (("dns", "one"), ("two",), ["one"]),
        ],
    )
    def test_by_id_layer_and_family(self, only: tuple[str, ...], skip: tuple[str, ...], chosen: list[str]) -> None:
        assert [c.id for c in Registry(self.CHECKS, {}).select(only, skip)] == chosen

    @pytest.mark.parametrize(("only", "skip"), [(("typo",), ()), ((), ("typo",))])
    def test_an_unknown_name_is_refused(self, only: tuple[str, ...], skip: tuple[str, ...]) -> None:
        with pytest.raises(UnknownSelection, match="typo"):
            Registry(self.CHECKS, {}).select(only, skip)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], EntryPoint]]:
    """Writes a plugin's module, and gives the entry point that names it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def write(path: str, text: str = "") -> EntryPoint:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("from diag import *\n" + text)
        name = path.partition("/")[0].removesuffix(".py")
        return EntryPoint(name.replace("_", "-"), name, GROUP)

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


GOOD = """
@check("theirs", layer=Layer.DNS, each="volumes", speaks_for="cause")
def rule(volume: object, names: tuple) -> object:
    "It holds."
    yield from ()

@fact()
def volumes(aws: object) -> tuple:
    return ()
"""


class TestPlugins:
    def test_checks_and_facts_of_a_module_are_taken(self, install: Callable[[str, str], EntryPoint]) -> None:
        found = loaded(install("their_plugin.py", GOOD))
        assert found.errors == ()
        assert [c.id for c in found.checks] == ["theirs"]
        assert found.facts["volumes"].origin == "their_plugin"

    def test_an_entry_may_name_one_check(self, install: Callable[[str, str], EntryPoint]) -> None:
        install("their_plugin.py", GOOD)
        found = loaded(EntryPoint("one", "their_plugin:rule", GROUP))
        # The fact that it needs is in the module too, but the entry does not name it.
        assert [error.message for error in found.errors] == [
            "check 'theirs' of their_plugin is left out: no fact 'volumes'"
        ]

    def test_an_entry_may_name_a_package(self, install: Callable[[str, str], EntryPoint]) -> None:
        entry = install("whole_plugin/__init__.py", "")
        install("whole_plugin/inner/__init__.py", "")
        install("whole_plugin/broken.py", "raise ValueError('odd')")
        install("whole_plugin/inner/rule.py", GOOD)
        install("whole_plugin/inner/again.py", "from whole_plugin.inner.rule import rule")
        found = loaded(entry)
        assert [c.id for c in found.checks] == ["theirs"]
        assert [error.message for error in found.errors] == [
            "plugin whole-plugin (whole_plugin.broken) cannot be loaded: ValueError: odd"
        ]

    def test_the_built_in_checks_are_found_like_anybody_elses(self) -> None:
        found = load_registry()
        assert found.errors == ()
        assert {"security-groups", "tcp-988", "mountname-match"} <= {c.id for c in found.checks}


def rule(signature: str, decorator: str = 'check("odd", layer=Layer.DNS)') -> str:
    return f"@{decorator}\ndef odd{signature}:\n    'It holds.'\n    yield from ()\n"


class TestOnePluginCostsOneAnswer:
    """Whatever is wrong with a plugin is reported, and everything else works."""

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("import no.such.module", "cannot be loaded: ModuleNotFoundError: No module named 'no'"),
            ("raise SystemExit(7)", "cannot be loaded: SystemExit: 7"),
            ("def broken(:", "cannot be loaded: SyntaxError"),
            (rule("(names)"), "its parameter 'names' has no annotation"),
            (rule("(*names: int)"), "its parameter *names names no fact"),
            (rule("(names: 'int |')"), "its annotation 'int |' is no type"),
            (rule("(nothing: int)"), "no fact 'nothing'"),
            (rule("(name: int)", 'check("odd", layer=Layer.DNS, each="nothing")'), "no fact 'nothing'"),
            (rule("()", 'check("odd", layer=Layer.DNS, each="names")'), "it has no parameter for the items of 'names'"),
            (rule("(names: int)", 'check("odd", layer="dns")'), "its layer is 'dns'; layers are Layer.REQUEST, "),
            (rule("(names: int)", "check(7, layer=Layer.DNS)"), "7 is not a text"),
            (rule("(names: int)", "check(['odd'], layer=Layer.DNS)"), "['odd'] is not a text"),
            (rule("(names: int)", "check('', layer=Layer.DNS)"), "its name is empty"),
            (rule("(names: int)", "check('odd')"), "missing 1 required keyword-only argument: 'layer'"),
            (rule("(names: int)", "check('odd', layer=Layer.DNS, speaks_for=(7,))"), "7 is not a text"),
            (rule("(names: int)", "fact()"), "it does not say what it returns"),
            (rule("(nothing: int) -> int", "fact()"), "no fact 'nothing'"),
            (rule("(odd: int) -> int", "fact()"), "fact 'odd' is left out, or needs it in a circle"),
            (rule("(aws: int) -> int", "fact(name='names')"), "has one of that name"),
            (rule("(aws: int) -> int", "fact(name='aws')"), "a run supplies what has this name"),
            (rule("(aws: int) -> int", "fact(name='target')"), "a run supplies what has this name"),
            (rule("(names: int)", 'check("length", layer=Layer.DNS)'), "tests.test_registry has one of that name"),
        ],
    )
    def test_a_fault_is_reported_and_harmless(
        self, text: str, message: str, install: Callable[[str, str], EntryPoint]
    ) -> None:
        entries = [EntryPoint("a-first", "tests.test_registry:length", GROUP), install("b_odd.py", text)]
        found = loaded(*entries, install("c_plugin.py", GOOD))
        [error] = found.errors
        assert message in error.message
        assert "odd" in error.message or "length" in error.message
        assert [c.id for c in found.checks] == ["length", "theirs"]
        assert set(found.facts) == {"names", "lengths", "unrelated", "volumes"}

    @pytest.mark.parametrize("value", ["their_plugin:NUMBER", "their_plugin:nothing", "their_plugin:NOTHING"])
    def test_an_entry_that_is_no_module_and_no_check(
        self, value: str, install: Callable[[str, str], EntryPoint]
    ) -> None:
        install("their_plugin.py", "NUMBER = 7\nNOTHING = None\n" + GOOD)
        found = loaded(EntryPoint("odd", value, GROUP))
        [error] = found.errors
        assert f"plugin odd ({value}) cannot be loaded" in error.message

    def test_a_circle_of_facts_costs_those_in_it_and_what_needs_them(
        self, install: Callable[[str, str], EntryPoint]
    ) -> None:
        circle = "@fact()\ndef egg(hen: int) -> int: ...\n@fact()\ndef hen(egg: int) -> int: ...\n"
        found = loaded(install("odd.py", circle + rule("(hen: int)")), install("their_plugin.py", GOOD))
        assert [error.message.partition(" is left out: ")[0] for error in found.errors] == [
            "fact 'egg' of odd", "fact 'hen' of odd", "check 'odd' of odd",
        ]  # fmt: skip
        assert [c.id for c in found.checks] == ["theirs"]

    def test_one_that_hangs_while_it_is_imported_is_left_behind(
        self, install: Callable[[str, str], EntryPoint], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(registry, "IMPORT_S", 1.0)
        slow = [install(f"slow_{n}.py", "import threading\nthreading.Event().wait()\n") for n in range(10)]
        with in_time(10):  # the time is shared, not each one's own
            found = loaded(*slow, install("their_plugin.py", GOOD))
        assert [c.id for c in found.checks] == ["theirs"]
        assert len(found.errors) == 10
        assert found.errors[0].message == "plugin slow-0 (slow_0) was not imported within 1 s"

    def test_a_built_in_id_cannot_be_taken(
        self, install: Callable[[str, str], EntryPoint], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entry = install("a_plugin.py", rule("(names: int)", 'check("same", layer=Layer.DNS)'))
        built_in = types.ModuleType("checks")
        built_in.same = a_check("same")  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "checks", built_in)
        found = loaded(entry, EntryPoint("z-last", "checks", GROUP))
        assert [c.origin for c in found.checks] == ["tests.test_registry"]
        [error] = found.errors
        assert error.message == "check 'same' of a_plugin is left out: tests.test_registry has one of that name"

    def test_a_fact_that_was_imported_from_another_module_is_no_second_one(
        self, install: Callable[[str, str], EntryPoint]
    ) -> None:
        found = loaded(install("their_plugin.py", "from tests.test_registry import names, length\n"))
        assert found.errors == ()
        assert found.facts["names"] is names


METADATA = {
    "theirs-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: theirs\nVersion: 1\n",
    "theirs-1.dist-info/entry_points.txt": f"[{GROUP}]\ntheirs = their_plugin\n[console_scripts]\nx = y:z\n",
    "others-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: others\nVersion: 1\n",
    "others-1.dist-info/entry_points.txt": "[console_scripts]\na = b:c\n",
    "silent-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: silent\nVersion: 1\n",
}


class TestInstalledPackages:
    """A plugin is found by its package's metadata, wherever on the search path that is."""

    def found(self) -> list[str]:
        return [f"{entry.name} = {entry.value}" for entry in registry._installed()]

    def test_in_a_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, text in METADATA.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        monkeypatch.setattr(sys, "path", [str(tmp_path / "absent"), str(tmp_path)])
        assert self.found() == ["theirs = their_plugin"]

    def test_in_the_working_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.test_in_a_folder(tmp_path, monkeypatch)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", [""])
        assert self.found() == ["theirs = their_plugin"]

    def test_in_an_archive(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with zipfile.ZipFile(tmp_path / "all.pyz", "w") as archive:
            for name, text in METADATA.items():
                archive.writestr(name, text)
        monkeypatch.setattr(sys, "path", [str(tmp_path / "all.pyz")])
        assert self.found() == ["theirs = their_plugin"]

    def test_ours_are_found_once(self) -> None:
        assert self.found() == [f"{entry.name} = {entry.value}" for entry in entry_points(group=GROUP)]
        assert self.found().count("built-in = checks") == 1


class TestBuiltInFacts:
    """Nothing about a fact is said elsewhere, so what it does not say itself nobody knows."""

    FACTS = load_registry().facts

    def test_each_says_where_on_the_mount_path_it_belongs(self) -> None:
        assert [fact.name for fact in self.FACTS.values() if fact.layer is Layer.WORKLOAD] == [], "the default"

    def test_each_that_is_recorded_says_what_its_objects_are_called(self) -> None:
        recorded = [fact for fact in self.FACTS.values() if load_registry().is_read(fact)]
        assert [fact.name for fact in recorded if fact.label == fact.name.replace("_", " ")] == []

    def test_each_of_kubernetes_objects_says_what_their_names_are(self) -> None:
        def has_metadata(fact: Fact) -> bool:
            [*items] = typing.get_args(fact.returns)[:1]
            return any("metadata" in getattr(item, "__struct_fields__", ()) for item in items)

        objects = [fact for fact in self.FACTS.values() if load_registry().is_read(fact) and has_metadata(fact)]
        assert len(objects) > 10
        assert [fact.name for fact in objects if "metadata.name" not in fact.names] == []

    def test_each_is_read_for_somebody(self) -> None:
        found = load_registry()
        used = {need.name for item in (*found.checks, *found.facts.values()) for need in item.needs}
        assert [fact.name for fact in self.FACTS.values() if fact.name not in used and not fact.always] == []


def test_the_public_face_offers_what_plugins_import() -> None:
    assert isinstance(names, Fact)
    assert {"check", "fact", "ok", "warn", "fail", "unknown", "skip", "Layer", "Table", "Draft", "Finding"} <= set(
        diag.__all__
    )
