"""Reads a function's parameters as needs."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from typing import Any

import msgspec

from diag.model.unavailable import Unavailable


class Need(msgspec.Struct, frozen=True):
    """One fact that a function asks for by name."""

    name: str
    tolerant: bool
    """Declared as `T | Unavailable`: the function wants to see the failure itself."""


def needs_of(function: Callable[..., Any]) -> tuple[Need, ...]:
    """The needs of a function, in parameter order.

    Annotations are read, not the default values: a fact has no default.
    Raises TypeError for a parameter without annotation or a variadic one, which could never be resolved by name.
    """
    needs = []
    names = inspect.unwrap(function).__globals__
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"{function.__qualname__}: *{parameter.name} names no fact")
        if parameter.annotation is parameter.empty:
            raise TypeError(f"{function.__qualname__}: parameter {parameter.name!r} has no annotation")
        needs.append(Need(parameter.name, _admits_unavailable(parameter.annotation, names)))
    return tuple(needs)


def returns_of(function: Callable[..., Any]) -> Any:
    """The declared type of the fact: the return annotation without `Unavailable`.

    Raises TypeError when there is no return annotation.
    """
    hints = typing.get_type_hints(function)
    if "return" not in hints:
        raise TypeError(f"{function.__qualname__} does not say what it returns")
    declared = hints["return"]
    members = [member for member in _members(declared) if member is not Unavailable]
    return members[0] if len(members) == 1 else declared


def _members(annotation: Any) -> tuple[Any, ...]:
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return typing.get_args(annotation)
    return (annotation,)


def _admits_unavailable(annotation: Any, names: dict[str, Any]) -> bool:
    """Whether `Unavailable` is one of the annotation's alternatives.

    typing.get_type_hints would do, but takes 20 ms for the annotations of a run; most are plain names.
    """
    if isinstance(annotation, str):
        annotation = names[annotation] if annotation in names else eval(annotation, names)  # noqa: S307 - our own source
    return Unavailable in _members(annotation)
