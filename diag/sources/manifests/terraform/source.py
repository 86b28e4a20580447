"""Terraform source (`.tf`, `.tf.json`), as far as literals go: every expression is left open.

python-hcl2 reads the first kind; it is in the extra `terraform`, and without it the file is named as not read.
Source: Terraform language, JSON configuration syntax; python-hcl2 8 (strings keep quotes, expressions are `${…}`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from diag.model.finding import Location
from diag.resources.manifests import Problem
from diag.sources.manifests.inventory import Inventory
from diag.sources.manifests.terraform.document import Resource
from diag.sources.manifests.terraform.read import inventory_of

OF_INTEREST = re.compile(r"aws_fsx_lustre_file_system|fsx\.csi\.aws\.com")
"""What makes a source one that may be about Lustre."""

HINT = "give the plan instead: terraform show -json plan.out > plan.json"
_RESOURCE = r'resource\s+"{type}"\s+"{name}"|"{name}"\s*:'
_EXPRESSION = re.compile(r"\$\{|%\{")
_WHOLE_EXPRESSION = re.compile(r"\$\{.*\}", re.DOTALL)
MOST_BYTES = 2 << 20
"""Of one source file: written by hand, none is near it, and the parser is a slow one."""


def is_source(name: str) -> bool:
    """Whether a file is Terraform source, by its name."""
    return name.endswith((".tf", ".tf.json", ".tofu"))


def source_in(text: str, file: str) -> Inventory:
    """What the literals of a source say; what cannot be read is named with the reason."""
    if not OF_INTEREST.search(text):
        return Inventory(seen=("Terraform source without FSx for Lustre",))
    if len(text) > MOST_BYTES:
        return _unread(file, f"Terraform source of more than {MOST_BYTES >> 20} MiB is not read; {HINT}")
    if file.endswith(".json"):
        try:
            document = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            return Inventory(problems=(Problem(Location(file, 1, 1), f"not Terraform's JSON syntax: {error}"),))
    else:
        try:
            import hcl2
        except ImportError:
            extra = "pip install 'lustre-doctor[terraform]' reads its literals"
            return _unread(file, f"Terraform source is not read ({extra}); {HINT}")
        try:
            document = hcl2.loads(text)
        except Exception as error:
            why = str(error).strip().splitlines()[:1]
            return _unread(file, f"Terraform source that python-hcl2 cannot read ({''.join(why)[:120]}); {HINT}")
    resources = tuple(_resources(document))
    found = inventory_of(resources, file, lambda address: _place(text, file, address))
    return Inventory(seen=("Terraform source without a resource of FSx for Lustre",)) if found.is_empty else found


def _unread(file: str, why: str) -> Inventory:
    return Inventory(unread=(Problem(Location(file, 1, 1), why),))


def _resources(document: Any) -> Iterator[Resource]:
    """The managed resources. In HCL every block is an item of a list; JSON may leave the lists out."""
    for block in _list(document.get("resource") if isinstance(document, dict) else None):
        for type, named in _mapping(block):
            for one in _list(named):
                for name, bodies in _mapping(one):
                    for body in _list(bodies):
                        yield _resource(_word(type), _word(name), body)


def _resource(type: str, name: str, body: Any) -> Resource:
    values: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    refers: dict[str, tuple[str, ...]] = {}
    for key, given in _mapping(body):
        literal, is_open = _literal(given)
        is_block = isinstance(literal, list) and any(isinstance(item, dict) for item in literal)
        values[_word(key)] = None if is_open and not is_block else literal
        if is_open:
            unknown[_word(key)] = True
            refers[_word(key)] = tuple(_named(given))
    written = frozenset(values)
    for absent in ("storage_capacity", "subnet_ids"):
        values.setdefault(absent, None)
    return Resource(f"{type}.{name}", type, values, unknown, refers, written)


_REFERENCE = re.compile(r"\b(aws_\w+\.\w+)")


def _named(given: Any) -> Iterator[str]:
    for text in re.findall(r"\$\{[^}]*\}", str(given)):
        yield from _REFERENCE.findall(text)


def _literal(given: Any) -> tuple[Any, bool]:
    """A value without the parser's quotes, and whether an expression is in it."""
    if isinstance(given, dict):
        parts = {_word(key): _literal(item) for key, item in _mapping(given)}
        return {key: item for key, (item, _) in parts.items()}, any(is_open for _, is_open in parts.values())
    if isinstance(given, list):
        items = [_literal(item) for item in given]
        return [item for item, _ in items], any(is_open for _, is_open in items)
    if isinstance(given, str):
        return _word(given), bool(_EXPRESSION.search(given))
    return given, False


def _word(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1].replace('\\"', '"') if quoted else text


def _mapping(given: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(given, dict):
        yield from ((str(key), item) for key, item in given.items() if not str(key).startswith("__"))


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given] if given is not None else []


def _place(text: str, file: str, address: str) -> Location:
    type, _, name = address.partition(".")
    pattern = _RESOURCE.format(type=re.escape(type), name=re.escape(name))
    found = re.search(pattern, text)
    at = found.start() if found else 0
    return Location(file, text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1)
