"""The `@fact` decorator."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from diag.declare.signature import Need, needs_of, returns_of


class Fact:
    """A named way to learn one thing: a function of sources or of other facts."""

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        permissions: tuple[str, ...],
        optional_permissions: tuple[str, ...],
    ) -> None:
        self.name = name
        self.function = function
        self.permissions = permissions
        self.optional_permissions = optional_permissions

    def __repr__(self) -> str:
        return f"Fact({self.name!r})"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself, as tests do."""
        return self.function(*args, **kwargs)

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """What it asks for."""
        return needs_of(self.function)

    @cached_property
    def returns(self) -> Any:
        """The type of its value: what a snapshot decodes it to."""
        return returns_of(self.function)


def fact(
    *, name: str = "", permissions: tuple[str, ...] = (), optional_permissions: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Fact]:
    """Declare a fact. Its name is the function's unless given.

    `permissions` are the AWS actions (`fsx:DescribeFileSystems`) and Kubernetes verbs (`list nodes`,
    `get pods/log`) that reading it takes; `optional_permissions` those without which only a part is missing.
    """

    def declare(function: Callable[..., Any]) -> Fact:
        return Fact(name or function.__name__, function, permissions, optional_permissions)

    return declare
