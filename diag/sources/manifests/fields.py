"""The fields of a Kubernetes object, as strict as `kubectl apply` is: each is known, and its value of its type.

A misspelt field is written as it was meant before the object is read, so that the rest of it is judged all the same and
the mistake costs one problem.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.grammar.yaml_tree import Value
from diag.knowledge.kubernetes_fields import fields_of
from diag.model.finding import Correction

MOST_VALUES = 50_000
"""Values of one object that are looked at."""
QUOTE = "(quote it)"
"""Said where a number or a bool stands for a string."""

_PART = 6
"""Letters of a name that is a part of a longer one: `storageClass`."""
_PLAIN = {"str": str, "int": int, "bool": bool, "quantity": str | int | float}
_WORDS = {"str": "a string", "int": "a whole number", "bool": "true or false", "quantity": "a quantity"}


class Misfit(NamedTuple):
    """One field that the API server refuses."""

    value: Value
    message: str
    correction: Correction | None = None
    is_lost: bool = False
    """What was meant is not known well enough to read the rest of the object."""


def misfits(root: Value, shape: str) -> Iterator[Misfit]:
    """Every field of an object that its type does not have, or whose value has another type.

    Renames in the object itself what is surely one of the type's own fields.
    """
    waiting: list[tuple[Value, str, str, tuple[str, ...]]] = [(root, shape, "", ())]
    seen = 0
    while waiting and seen < MOST_VALUES:
        value, shape, path, above = waiting.pop()
        seen += 1
        if value.content is None or shape == "any":
            continue
        if wanted := _wrong_type(value, shape):
            expected = f"{path}: expected {wanted}, got `{type(value.content).__name__}`".replace("`", "")
            quoted = Correction("", "", "") if QUOTE in expected else None
            yield Misfit(value, expected, quoted, is_lost=True)
            continue
        inner = shape.strip("[]{}")
        if isinstance(value.content, list):
            waiting += [(item, inner, f"{path}[{number}]", above) for number, item in enumerate(value.content)]
        elif isinstance(value.content, dict):
            fields = fields_of(shape)
            if fields:
                yield from _unknown(value, shape, path, above)
            for key, item in value.content.items():
                if key == "<<":
                    merged = item.content if isinstance(item.content, list) else [item]
                    waiting += [(source, shape, path, above) for source in merged]
                elif key in fields or not fields:
                    waiting.append((item, fields.get(key, inner), f"{path}.{key}".strip("."), (*above, shape)))


def _wrong_type(value: Value, shape: str) -> str:
    """What is wanted instead; empty where the value has its type."""
    content = value.content
    if shape.startswith("["):
        return "" if isinstance(content, list) else "a list"
    if shape not in _PLAIN:
        return "" if isinstance(content, dict) else "an object"
    plain = _PLAIN[shape]
    if isinstance(content, bool) and shape != "bool":
        fits = False
    else:
        fits = isinstance(content, plain) or (shape == "int" and isinstance(content, float) and content.is_integer())
    quote = f" {QUOTE}" if shape == "str" and isinstance(content, bool | int | float) else ""
    return "" if fits else f"{_WORDS[shape]}{quote}"


def _unknown(value: Value, shape: str, path: str, above: tuple[str, ...]) -> Iterator[Misfit]:
    fields = fields_of(shape)
    for key in [key for key in value.content if key not in fields and key != "<<"]:
        item = value.content[key]
        message = f"{path}.{key}".strip(".") + " is a field that Kubernetes does not know"
        if home := _home(key, shape, above):
            yield Misfit(item, f"{message} there; it belongs {home}", is_lost=True)
            continue
        meant = _meant(key, item, fields)
        if not meant:
            yield Misfit(item, message)
        elif meant in value.content:
            yield Misfit(item, f"{message}; {meant} is given as well")
        else:
            certain = Correction(key, key, meant, is_key=True) if _letters(key) == _letters(meant) else None
            yield Misfit(item, f"{message}; {meant} is meant", certain)
            value.content = {meant if name == key else name: kept for name, kept in value.content.items()}


def _home(key: str, shape: str, above: tuple[str, ...]) -> str:
    """Where exactly such a field is known: in one of the fields beside it, or around it."""
    below = [name for name, inner in fields_of(shape).items() if key in fields_of(inner.strip("[]"))]
    if len(below) == 1:
        return f"into {below[0]}"
    return "further out" if any(key in fields_of(outer) for outer in above) else ""


def _meant(key: str, item: Value, fields: dict[str, str]) -> str:
    """The field that a misspelt one was meant to be, and whose type the value has; empty where none is near."""
    names = {_letters(name): name for name, shape in fields.items() if not _wrong_type(item, shape)}
    wanted = _letters(key)
    longer = [name for name in names if min(len(wanted), len(name)) >= _PART and (wanted in name or name in wanted)]
    short = [name for name in names if wanted == "".join(re.findall("^[a-z]|[A-Z]", names[name])).lower()]
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.65)
    found = [wanted] if wanted in names else [*longer, *short, *near]
    return names[found[0]] if found else ""


def _letters(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())
