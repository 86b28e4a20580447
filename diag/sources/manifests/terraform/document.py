"""`terraform show -json`: its resources with what is known of them before apply, and who refers to whom.

Source: Terraform, internals/json-format (format version 1.2): planned_values, resource_changes, configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

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


class _ConfigModule(msgspec.Struct):
    resources: list[_Configured] = []
    module_calls: dict[str, _Call] = {}


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

    def is_unknown(self, attribute: str) -> bool:
        """Whether an attribute is known only after apply, wholly or in part."""
        return _any_true(self.unknown.get(attribute))


def is_terraform(text: str) -> bool:
    """Whether a text is what `terraform show -json` prints."""
    head = text[:4096].lstrip()
    return head.startswith("{") and '"format_version"' in head and '"apiVersion"' not in head


def resources_of(text: str) -> tuple[Resource, ...]:
    """The managed resources. Raises msgspec.DecodeError or RecursionError for any other document."""
    document = decode_json(text, _Document)
    unknown = {item.address: item.change.after_unknown for item in document.resource_changes}
    refers = dict(_references(document.configuration.root_module, ""))
    values = document.planned_values or document.values or _Values()
    return tuple(
        Resource(
            item.address,
            item.type,
            item.values or {},
            found if isinstance(found := unknown.get(item.address), dict) else {},
            refers.get(_INDEX.sub("", item.address), {}),
        )
        for item in _all(values.root_module)
        if item.mode == "managed"
    )


def _all(module: _Module, depth: int = 0) -> Iterator[_Resource]:
    yield from module.resources
    for child in module.child_modules if depth < DEEPEST_MODULE else ():
        yield from _all(child, depth + 1)


def _references(module: _ConfigModule, prefix: str, depth: int = 0) -> Iterator[tuple[str, dict[str, tuple[str, ...]]]]:
    """Each resource's references within its own module; what passes through variables is not followed."""
    own = {item.address for item in module.resources}
    for item in module.resources:
        named = {key: tuple(_named(expression, own, prefix)) for key, expression in item.expressions.items()}
        yield prefix + item.address, {key: found for key, found in named.items() if found}
    for name, call in module.module_calls.items() if depth < DEEPEST_MODULE else ():
        if call.module is not None:
            yield from _references(call.module, f"{prefix}module.{name}.", depth + 1)


def _named(expression: Any, own: set[str], prefix: str) -> Iterator[str]:
    references = expression.get("references") if isinstance(expression, dict) else None
    seen: dict[str, None] = {}
    for reference in references if isinstance(references, list) else ():
        address = ".".join(_INDEX.sub("", str(reference)).split(".")[:2])
        if address in own:
            seen[prefix + address] = None
    yield from seen


def _any_true(found: Any) -> bool:
    waiting = [found]
    while waiting:
        here = waiting.pop()
        if here is True:
            return True
        waiting.extend(here.values() if isinstance(here, dict) else here if isinstance(here, list) else ())
    return False
