"""The `@check` decorator."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cached_property

from diag.declare.signature import Need, needs_of
from diag.model.finding import Draft
from diag.model.layer import Layer

CheckFunction = Callable[..., Iterator[Draft]]


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

    @property
    def origin(self) -> str:
        """The module that it comes from."""
        return self.function.__module__

    def __call__(self, *args: object, **kwargs: object) -> Iterator[Draft]:
        """Call the function itself, as tests do."""
        return self.function(*args, **kwargs)

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """The facts it asks for; the item parameter of an `each` check stands as that fact."""
        needs = needs_of(self.function)
        return (Need(self.each, False), *needs[1:]) if self.each else needs

    @property
    def title(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.function) or self.id).partition("\n")[0].rstrip(".")

    @property
    def page(self) -> str:
        """The docstring without its first line."""
        return (inspect.getdoc(self.function) or "").partition("\n")[2].strip()


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
        causes = (speaks_for,) if isinstance(speaks_for, str) else speaks_for
        return Check(id, function, layer, each, causes, opt_in)

    return declare
