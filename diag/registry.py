"""Checks and facts: how they are declared, and which ones are installed.

A function becomes a fact or a check by its decorator. The names of its parameters are the facts that it needs:

    @fact(permissions=("list nodes",))
    def nodes(kube: Kube) -> tuple[Node, ...]: ...

    @check("node-ready", layer=Layer.CLIENT, each="nodes")
    def node_is_ready(node: Node) -> Iterator[Draft]: ...

`load` finds them through the entry-point group `lustre_doctor.checks`, the built-in checks like anybody else's. What is
wrong with one of them costs that one alone, and is reported.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import itertools
import os
import re
import sys
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

import msgspec

from diag.grammar.spelling import did_you_mean
from diag.model.exit_code import WrongUsage
from diag.model.finding import Draft
from diag.model.layer import Layer
from diag.model.site import page_of_check
from diag.model.tool_error import ToolError
from diag.model.unavailable import Unavailable, Unreadable
from diag.watchdog import end_process_after

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "lustre_doctor.checks"
"""Entry-point group. An entry names a check, a module, or a package whose modules are all loaded."""

BUILT_IN = "checks"
"""What the entry of the built-in checks names. It is loaded first, so that nobody can take a built-in id."""

IMPORT_S = 5.0
"""How long all plugins together may take to be imported."""

GIVEN = ("target", "settings", "taken_at")
"""What a run supplies besides its sources: facts and checks ask for it by these names."""

_LAYERS = frozenset(layer.value for layer in Layer)

CheckFunction = Callable[..., Iterator[Draft]]


class Need(msgspec.Struct, frozen=True):
    """One fact that a function asks for by name."""

    name: str
    tolerant: bool
    """Declared as `T | Unavailable`: the function wants to see the failure itself."""


class Fact(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A named way to learn one thing: a function of sources or of other facts. See `fact` for what it declares."""

    name: str
    function: Callable[..., Any]
    layer: Layer
    label: str
    permissions: tuple[str, ...]
    optional_permissions: tuple[str, ...]
    always: Literal["", "report", "diagnosis"]
    key: tuple[str, ...]
    names: Mapping[str, str]
    ranges: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Fact({self.name!r})"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The fact, or why it is unavailable."""
        try:
            return self.function(*args, **kwargs)
        except Unreadable as missing:
            return missing.unavailable

    @property
    def origin(self) -> str:
        """The module that it comes from."""
        return self.function.__module__

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """What it asks for. Raises TypeError for a parameter that names no fact."""
        return _needs_of(self.function)

    @cached_property
    def returns(self) -> Any:
        """The type of its value: what a snapshot decodes it to. Raises TypeError when it declares none."""
        return _returns_of(self.function)

    @property
    def title(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.function) or self.name).partition("\n")[0]

    @property
    def page(self) -> str:
        """The docstring without its first line."""
        return (inspect.getdoc(self.function) or "").partition("\n")[2].strip()


class Check:
    """A pure function from facts to findings, with its id, its layer and the causes that it speaks for."""

    def __init__(
        self,
        id: str,
        function: CheckFunction,
        layer: Layer,
        each: str,
        speaks_for: tuple[str, ...],
        opt_in: bool,
    ) -> None:
        self.id = id
        self.function = function
        self.layer = layer
        self.each = each
        self.speaks_for = speaks_for
        self.opt_in = opt_in

    def __repr__(self) -> str:
        return f"Check({self.id!r})"

    def __call__(self, *args: object, **kwargs: object) -> Iterator[Draft]:
        """Call the function itself, as tests do."""
        return self.function(*args, **kwargs)

    @property
    def origin(self) -> str:
        """The module that it comes from."""
        return self.function.__module__

    @property
    def is_built_in(self) -> bool:
        """Whether it is one of our own, which are trusted to return."""
        return self.origin.partition(".")[0] == BUILT_IN

    @property
    def url(self) -> str:
        """Its page; empty for a plugin's."""
        return page_of_check(self.id) if self.is_built_in else ""

    @property
    def family(self) -> str:
        """The name under which related checks are selected: their folder when that is no layer, else their module."""
        package, _, module = self.origin.rpartition(".")
        folder = package.rpartition(".")[2].replace("_", "-")
        return folder if folder and folder not in _LAYERS else module.replace("_", "-")

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """The facts it asks for; the first parameter of an `each` check is an item of that fact.

        Raises TypeError for a parameter that names no fact.
        """
        needs = _needs_of(self.function)
        if self.each and not needs:
            raise TypeError(f"it has no parameter for the items of {self.each!r}")
        return (Need(self.each, False), *needs[1:]) if self.each else needs

    @property
    def title(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.function) or self.id).partition("\n")[0].rstrip(".")

    @property
    def page(self) -> str:
        """The docstring without its first line."""
        return (inspect.getdoc(self.function) or "").partition("\n")[2].strip()


def fact(
    *,
    name: str = "",
    layer: Layer = Layer.WORKLOAD,
    label: str = "",
    permissions: tuple[str, ...] = (),
    optional_permissions: tuple[str, ...] = (),
    always: Literal["", "report", "diagnosis"] = "",
    key: tuple[str, ...] = (),
    names: Mapping[str, str] = MappingProxyType({}),
    ranges: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Fact]:
    """Declare a fact. Its name is the function's unless given.

    `layer` is its place on the mount path, `label` what a person calls one of its objects (`security group`).
    `permissions` are the AWS actions (`fsx:DescribeFileSystems`) and Kubernetes verbs (`list nodes`,
    `get pods/log`) that reading it takes; `optional_permissions` those without which only a part is missing.
    `always` is for facts that the report or the diagnosis itself needs, whatever checks are selected. A run that could
    not read what the diagnosis needs may have missed a failure, and is not complete.

    The rest is for what is done with a recorded fact. `key` names the fields that identify its objects, where they
    have no id or name. `names` says, by dotted path in an object, which fields hold a name and of what kind, so that
    it is redacted: `{"metadata.name": "pv"}`; "" for a name that is public. `ranges` are fields with whole networks.
    """

    def declare(function: Callable[..., Any]) -> Fact:
        own, called = name or function.__name__, label or (name or function.__name__).replace("_", " ")
        return Fact(own, function, layer, called, permissions, optional_permissions, always, key, names, ranges)

    return declare


def check(
    id: str,
    *,
    layer: Layer,
    each: str = "",
    speaks_for: str | tuple[str, ...] = (),
    opt_in: bool = False,
) -> Callable[[CheckFunction], Check]:
    """Declare a check.

    `each` names a fact that is a collection: the function is then called once for each item, passed as its first
    parameter, so that one item's unreadable facts or one crash costs only that item's answer. `speaks_for` are the
    ids of the causes that its failure confirms and its pass refutes, the usual one first. `opt_in` checks run
    only when they are named.
    """

    def declare(function: CheckFunction) -> Check:
        causes = (speaks_for,) if isinstance(speaks_for, str) else tuple(speaks_for)
        return Check(id, function, layer, each, causes, opt_in)

    return declare


class UnknownSelection(WrongUsage):
    """`--only` or `--skip` names neither a check nor a layer."""


class Registry(msgspec.Struct, frozen=True):
    """Every check and fact that can be used, and what is wrong with those that cannot."""

    checks: tuple[Check, ...]
    """In the order of the mount path."""
    facts: dict[str, Fact]
    sources: frozenset[str] = frozenset()
    """Names under which facts ask for what touches the world."""
    errors: tuple[ToolError, ...] = ()

    @property
    def selectable(self) -> frozenset[str]:
        """What may be selected: ids of checks, layers, and families of checks that share a module."""
        return frozenset(name for check in self.checks for name in _names_of(check))

    def select(self, only: Iterable[str] = (), skip: Iterable[str] = ()) -> tuple[Check, ...]:
        """The checks to run: by id, layer or family, `skip` after `only`; opt-in ones only when named.

        Raises UnknownSelection for a name that selects nothing.
        """
        wanted, unwanted = frozenset(only), frozenset(skip)
        if unknown := sorted((wanted | unwanted) - self.selectable):
            hint = did_you_mean(unknown[0], self.selectable) or " (see `lustre-doctor checks`)"
            raise UnknownSelection(f"{unknown[0]!r} is neither a check nor a layer{hint}")

        def is_wanted(check: Check) -> bool:
            names = {check.id, check.family} if check.opt_in else _names_of(check)
            return bool(names & wanted) if wanted or check.opt_in else True

        return tuple(c for c in self.checks if is_wanted(c) and not _names_of(c) & unwanted)

    def facts_of_run(self, checks: Iterable[Check], *more: str) -> tuple[Fact, ...]:
        """The facts of a run: those for the checks, and those that the report and the diagnosis always need."""
        return self.facts_for(checks, *(fact.name for fact in self.facts.values() if fact.always), *more)

    def facts_for(self, checks: Iterable[Check], *more: str) -> tuple[Fact, ...]:
        """The facts that the checks and the further names depend on, each after those that it needs itself."""
        ordered: dict[str, Fact] = {}

        def visit(name: str) -> None:
            if name in ordered or name not in self.facts:
                return
            for need in self.facts[name].needs:
                visit(need.name)
            ordered[name] = self.facts[name]

        for name in (*(need.name for check in checks for need in check.needs), *more):
            visit(name)
        return tuple(ordered.values())

    def is_read(self, fact: Fact) -> bool:
        """Whether a fact comes from the world, not from other facts: only those are worth saving."""
        return any(need.name in self.sources for need in fact.needs)


def permissions_of(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Every permission that reading the facts takes, sorted."""
    return tuple(sorted({p for fact in facts for p in (*fact.permissions, *fact.optional_permissions)}))


def load(facts: Iterable[Fact], sources: Iterable[str], entries: Iterable[EntryPoint] | None = None) -> Registry:
    """The registry of the built-in `facts` and of all that the entries of the group declare.

    Where two share an id or a name the built-in one keeps it, otherwise the first by the entry's name.
    """
    if entries is None:
        entries = _installed()
    ordered = sorted(entries, key=lambda entry: (entry.value != BUILT_IN, entry.name, entry.value))
    named: dict[str, Fact] = {}
    checks: dict[str, Check] = {}
    errors: list[ToolError] = []

    supplied = frozenset((*sources, *GIVEN))
    for component, item in itertools.chain(((fact.origin, fact) for fact in facts), _declared_by(ordered)):
        if isinstance(item, ToolError):
            errors.append(item)
            continue
        if not (fault := _fault_of(item, supplied)):
            known: dict[str, Any] = checks if isinstance(item, Check) else named
            first = known.setdefault(name_of(item), item)
            fault = "" if first is item else f"{first.origin} has one of that name"
        if fault:
            errors.append(_left_out(item, fault, component))
    errors += _drop_unresolvable(checks, named, supplied)
    by_path = sorted(checks.values(), key=lambda check: (check.layer.depth, check.id))
    return Registry(tuple(by_path), named, frozenset(sources), tuple(errors))


def _installed() -> list[EntryPoint]:
    """The entries of the group. As `entry_points`, which opens and parses those of every package that is installed."""
    from importlib.metadata import Distribution, distributions

    packages: list[Distribution] = []
    for place in sys.path:
        try:
            with os.scandir(place or ".") as listed:
                folders = [found.path for found in listed if found.name.endswith((".dist-info", ".egg-info"))]
        except NotADirectoryError:  # an archive
            packages += distributions(path=[place])
        except OSError:
            continue
        else:
            packages += (Distribution.at(folder) for folder in folders if _names_the_group(folder))
    return list(dict.fromkeys(entry for package in packages for entry in package.entry_points.select(group=GROUP)))


def _names_the_group(folder: str) -> bool:
    try:
        with open(os.path.join(folder, "entry_points.txt"), "rb") as text:  # noqa: PTH118, PTH123 - a hundred of them
            return GROUP.encode() in text.read()
    except OSError:
        return False


def members_of(module: Any) -> list[Check | Fact]:
    """The checks and facts among a module's names."""
    return [item for item in vars(module).values() if isinstance(item, Check | Fact)]


def _names_of(check: Check) -> frozenset[str]:
    return frozenset((check.id, check.layer.value, check.family))


def name_of(item: Check | Fact) -> str:
    """What a check or a fact is asked for by."""
    return item.id if isinstance(item, Check) else item.name


def _left_out(item: Check | Fact, why: str, component: str) -> ToolError:
    kind = "check" if isinstance(item, Check) else "fact"
    return ToolError(component, f"{kind} {name_of(item)!r} of {item.origin} is left out: {why}")


def _fault_of(item: Check | Fact, supplied: Collection[str]) -> str:
    """What is wrong with a declaration by itself; empty when nothing is."""
    if not isinstance(item.layer, Layer):
        return f"its layer is {item.layer!r}; layers are {', '.join(f'Layer.{layer.name}' for layer in Layer)}"
    texts: tuple[Any, ...]
    if isinstance(item, Check):
        texts = (item.id, item.each, *item.speaks_for)
    else:
        texts = (item.name, item.label, *item.permissions, *item.optional_permissions, *item.key, *item.ranges)
    if wrong := [text for text in texts if not isinstance(text, str)]:
        return f"{wrong[0]!r} is not a text"
    if not texts[0]:
        return "its name is empty"
    if isinstance(item, Fact) and item.name in supplied:
        return "a run supplies what has this name"
    try:
        _ = item.needs
    except (TypeError, ValueError) as error:
        return str(error)
    if isinstance(item, Fact) and "return" not in getattr(inspect.unwrap(item.function), "__annotations__", ()):
        return "it does not say what it returns"
    return ""


def _drop_unresolvable(checks: dict[str, Check], facts: dict[str, Fact], supplied: Collection[str]) -> list[ToolError]:
    """Take away what needs a fact that is not there, or itself, and what needs that in turn."""
    resolved = set(supplied)
    waiting = dict(facts)
    while ready := [name for name, fact in waiting.items() if resolved.issuperset(need.name for need in fact.needs)]:
        resolved.update(ready)
        for name in ready:
            del waiting[name]
    unresolvable: list[Check | Fact] = list(waiting.values())
    unresolvable += [check for check in checks.values() if not resolved.issuperset(need.name for need in check.needs)]
    errors = []
    for item in unresolvable:
        lacking = next(need.name for need in item.needs if need.name not in resolved)
        why = f"fact {lacking!r} is left out, or needs it in a circle" if lacking in facts else f"no fact {lacking!r}"
        errors.append(_left_out(item, why, item.origin))
    for item in unresolvable:
        known: dict[str, Any] = checks if isinstance(item, Check) else facts
        del known[name_of(item)]
    return errors


def _needs_of(function: Callable[..., Any]) -> tuple[Need, ...]:
    """The needs of a function, in parameter order. Annotations are read, not the default values: a fact has none."""
    scope = getattr(inspect.unwrap(function), "__globals__", {})
    return tuple(Need(name, _admits_unavailable(given, scope)) for name, given in _parameters_of(function))


def _parameters_of(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """Name and annotation of each parameter. Raises TypeError for one that cannot name a fact."""
    if _is_plain(function):
        code, annotations = function.__code__, function.__annotations__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if annotations.keys() >= set(names):
            yield from ((name, annotations[name]) for name in names)
            return
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"its parameter *{parameter.name} names no fact")
        if parameter.annotation is parameter.empty:
            raise TypeError(f"its parameter {parameter.name!r} has no annotation")
        yield parameter.name, parameter.annotation


def _is_plain(function: Callable[..., Any]) -> TypeGuard[types.FunctionType]:
    """Whether its code says all of its signature: a run asks 240 functions, and `inspect.signature` is slow."""
    return (
        isinstance(function, types.FunctionType)
        and not function.__dict__  # `functools.wraps` and `__signature__` are there
        and not function.__code__.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    )


def _admits_unavailable(annotation: Any, scope: Mapping[str, Any]) -> bool:
    """Whether `Unavailable` is one of an annotation's alternatives.

    An annotation's text is parsed, never evaluated: it may name what is imported for the type checker alone, and
    `typing.get_type_hints` takes 20 ms for the annotations of a run.
    """
    if not isinstance(annotation, str):
        return Unavailable in _alternatives(annotation)
    if annotation in scope:
        return Unavailable in _alternatives(scope[annotation])
    if not _MAY_BE_UNION.search(annotation):
        return False
    try:
        tree = ast.parse(annotation, mode="eval").body
    except SyntaxError as error:
        raise TypeError(f"its annotation {annotation!r} is no type") from error
    return _names_unavailable(tree, scope)


_MAY_BE_UNION = re.compile(r"""[|'"]|Optional|Union""")
"""Most annotations are none, and parsing takes its time."""


def _names_unavailable(tree: ast.expr, scope: Mapping[str, Any]) -> bool:
    match tree:
        case ast.BinOp(left=left, right=right):
            return _names_unavailable(left, scope) or _names_unavailable(right, scope)
        case ast.Subscript(value=ast.Name(id="Optional" | "Union") | ast.Attribute(attr="Optional" | "Union")):
            members = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
            return any(_names_unavailable(member, scope) for member in members)
        case ast.Name(id=name):
            return Unavailable in _alternatives(scope[name]) if name in scope else name == Unavailable.__name__
        case ast.Attribute(attr=name):
            return name == Unavailable.__name__
        case ast.Constant(value=str(quoted)):
            return _admits_unavailable(quoted, scope)
    return False


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return typing.get_args(annotation)
    return (annotation,)


def _returns_of(function: Callable[..., Any]) -> Any:
    """The return annotation without `Unavailable`."""
    try:
        declared = typing.get_type_hints(function)["return"]
    except (NameError, KeyError) as error:
        raise TypeError(f"{function.__qualname__} does not say what it returns: {error}") from error
    members = [member for member in _alternatives(declared) if member is not Unavailable]
    return members[0] if len(members) == 1 else declared


def _declared_by(entries: Sequence[EntryPoint]) -> Iterator[tuple[str, Check | Fact | ToolError]]:
    """What the entries declare, in their order, with each entry's name.

    Plugins are imported in threads, so that one that hangs is left behind.
    """
    ours = [entry for entry in entries if entry.value == BUILT_IN]
    theirs = [entry for entry in entries if entry.value != BUILT_IN]
    for entry in ours:
        if foreign := _foreign_checks():
            yield entry.name, ToolError(entry.name, foreign)
        else:
            yield from ((entry.name, item) for item in _members_of(entry, []))
    if theirs:
        yield from _declared_by_plugins(theirs)


def _foreign_checks() -> str:
    """What is wrong where another project's package `checks` hides ours; empty where it does not."""
    found = sys.modules.get(BUILT_IN) or importlib.util.find_spec(BUILT_IN)
    places = list(getattr(found, "__path__", None) or getattr(found, "submodule_search_locations", None) or ())
    ours = str(Path(__file__).parent.with_name(BUILT_IN))
    if not places or places[0] == ours:
        return ""
    return (
        f"another package called {BUILT_IN!r} ({places[0]}) hides the one of lustre-doctor: install lustre-doctor in "
        "an environment of its own, with `pipx install` or `uv tool install`"
    )


def _declared_by_plugins(entries: Sequence[EntryPoint]) -> Iterator[tuple[str, Check | Fact | ToolError]]:
    import threading
    import time

    found: list[list[Check | Fact | ToolError]] = [[] for _ in entries]
    threads = [
        threading.Thread(target=_members_of, args=(entry, items), name=f"plugin {entry.name}", daemon=True)
        for entry, items in zip(entries, found, strict=True)
    ]
    until = time.monotonic() + IMPORT_S
    with end_process_after(IMPORT_S):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
    for entry, items, thread in zip(entries, found, threads, strict=True):
        yield from ((entry.name, item) for item in tuple(items))
        if thread.is_alive():
            hung = f"plugin {entry.name} ({entry.value}) was not imported within {IMPORT_S:g} s"
            yield entry.name, ToolError(entry.name, hung)


def _members_of(entry: EntryPoint, items: list[Check | Fact | ToolError]) -> list[Check | Fact | ToolError]:
    """The items, with all that an entry declares added one by one while its modules are imported."""
    from importlib import import_module

    names = [entry.value]
    while names:
        name = names.pop(0)
        try:
            loaded = entry.load() if name == entry.value else import_module(name)
            if not isinstance(loaded, types.ModuleType | Check | Fact):
                raise TypeError("it is neither a module nor a check")
        except BaseException as error:  # SystemExit too: an import that ends the program costs its plugin alone
            message = f"plugin {entry.name} ({name}) cannot be loaded: {type(error).__name__}: {error}"
            items.append(ToolError(entry.name, message))
            continue
        if isinstance(loaded, types.ModuleType):
            items += members_of(loaded)
            names[:0] = _modules_in(loaded)
        else:
            items.append(loaded)
    return items


def _modules_in(module: types.ModuleType) -> list[str]:
    """The modules of a package, by name. A plain module has none."""
    import pkgutil

    return sorted(found.name for found in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{module.__name__}."))
