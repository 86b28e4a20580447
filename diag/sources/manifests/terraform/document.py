"""`terraform show -json`: its resources with what is known of them before apply, and who refers to whom.

Source: Terraform, internals/json-format (format version 1.2): planned_values, resource_changes, configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from diag.decode import decode_json

DEEPEST_MODULE = 30
_INDEX = re.compile(r"\[[^\]]*\]")


class _Resource(msgspec.Struct):
    address: str = ""
    type: str = ""
    mode: str = "managed"
    values: dict[str, Any] | None = None


class _Module(msgspec.Struct):
    resources: list[_Resource] = []
    child_modules: list[_Module] = []


class _Values(msgspec.Struct):
    root_module: _Module = msgspec.field(default_factory=_Module)


class _Configured(msgspec.Struct):
    address: str = ""
    expressions: dict[str, Any] = {}


class _Call(msgspec.Struct):
    module: _ConfigModule | None = None
    expressions: dict[str, Any] = {}


class _Output(msgspec.Struct):
    expression: Any = None


class _ConfigModule(msgspec.Struct):
    resources: list[_Configured] = []
    module_calls: dict[str, _Call] = {}
    outputs: dict[str, _Output] = {}


class _Configuration(msgspec.Struct):
    root_module: _ConfigModule = msgspec.field(default_factory=_ConfigModule)


class _Change(msgspec.Struct):
    actions: list[str] = []
    after_unknown: Any = None


class _ResourceChange(msgspec.Struct):
    address: str = ""
    change: _Change = msgspec.field(default_factory=_Change)


class _Document(msgspec.Struct):
    format_version: str
    planned_values: _Values | None = None
    values: _Values | None = None
    resource_changes: list[_ResourceChange] = []
    configuration: _Configuration = msgspec.field(default_factory=_Configuration)


class Resource(msgspec.Struct, frozen=True):
    """One managed resource after apply."""

    address: str
    type: str
    values: dict[str, Any]
    unknown: dict[str, Any] = {}
    """Attributes known only after apply: true, or nested like the values."""
    refers: dict[str, tuple[str, ...]] = {}
    """Attribute → addresses of the resources of this plan that its expression names."""
    written: frozenset[str] | None = None
    """The attributes that its source gives; None when the document does not say."""

    def is_unknown(self, attribute: str) -> bool:
        """Whether an attribute is known only after apply, wholly or in part."""
        return _any_true(self.unknown.get(attribute))

    def is_unwritten(self, attribute: str) -> bool:
        """Whether the source surely leaves the attribute to the provider: a source that was read has a subnet."""
        return self.written is not None and "subnet_ids" in self.written and attribute not in self.written


def is_terraform(text: str) -> bool:
    """Whether a text is what `terraform show -json` prints."""
    head = text[:4096].lstrip()
    return head.startswith("{") and '"format_version"' in head and '"apiVersion"' not in head


def resources_of(text: str) -> tuple[Resource, ...]:
    """The managed resources. Raises msgspec.DecodeError or RecursionError for any other document."""
    document = decode_json(text, _Document)
    unknown = {item.address: item.change.after_unknown for item in document.resource_changes}
    configured = dict(_configured(_Scope(document.configuration.root_module)))
    values = document.planned_values or document.values or _Values()
    return tuple(
        Resource(
            item.address,
            item.type,
            item.values or {},
            found if isinstance(found := unknown.get(item.address), dict) else {},
            *configured.get(_INDEX.sub("", item.address), ({}, None)),
        )
        for item in _all(values.root_module)
        if item.mode == "managed"
    )


def _all(module: _Module, depth: int = 0) -> Iterator[_Resource]:
    yield from module.resources
    for child in module.child_modules if depth < DEEPEST_MODULE else ():
        yield from _all(child, depth + 1)


_Source = tuple[dict[str, tuple[str, ...]], frozenset[str]]
"""Of one resource: whom its attributes refer to, and which attributes it writes."""


class _Scope(NamedTuple):
    """One module of the configuration, with the call that made it."""

    module: _ConfigModule
    prefix: str = ""
    call: _Call | None = None
    parent: _Scope | None = None

    def child(self, name: str) -> _Scope | None:
        """The module that a call makes; None for one that is not in the document."""
        call = self.module.module_calls.get(name)
        if call is None or call.module is None:
            return None
        return _Scope(call.module, f"{self.prefix}module.{name}.", call, self)


def _configured(scope: _Scope, depth: int = 0) -> Iterator[tuple[str, _Source]]:
    """Of each resource of a module and of those below: whom its attributes refer to, and which it writes at all."""
    for item in scope.module.resources:
        named = {key: tuple(dict.fromkeys(_named(value, scope))) for key, value in item.expressions.items()}
        refers = {key: found for key, found in named.items() if found}
        yield scope.prefix + item.address, (refers, frozenset(item.expressions))
    for name in scope.module.module_calls if depth < DEEPEST_MODULE else ():
        if (child := scope.child(name)) is not None:
            yield from _configured(child, depth + 1)


def _named(expression: Any, scope: _Scope, depth: int = 0) -> Iterator[str]:
    """The resources that an expression names, in its own module, through variables, or through outputs of modules."""
    references = expression.get("references") if isinstance(expression, dict) else None
    for reference in references if isinstance(references, list) and depth < DEEPEST_MODULE else ():
        head, name, *rest = [*_INDEX.sub("", str(reference)).split("."), ""]
        if head == "var" and scope.parent is not None and scope.call is not None:
            yield from _named(scope.call.expressions.get(name), scope.parent, depth + 1)
        elif head == "module" and (child := scope.child(name)) is not None:
            output = child.module.outputs.get(rest[0] if rest else "")
            yield from _named(output.expression if output else None, child, depth + 1)
        elif any(item.address == f"{head}.{name}" for item in scope.module.resources):
            yield f"{scope.prefix}{head}.{name}"


def _any_true(found: Any) -> bool:
    waiting = [found]
    while waiting:
        here = waiting.pop()
        if here is True:
            return True
        waiting.extend(here.values() if isinstance(here, dict) else here if isinstance(here, list) else ())
    return False
