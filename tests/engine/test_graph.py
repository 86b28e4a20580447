"""Which facts are read for which checks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from diag import Draft, Layer, check, fact
from diag.engine.graph import GraphError, catalogue, closure, permissions_of, wanted_by


@fact(permissions=("fsx:DescribeFileSystems",))
def names(aws: object) -> tuple[str, ...]:
    return ("a",)


@fact()
def lengths(names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(map(len, names))


@fact(permissions=("list nodes",), optional_permissions=("list pods",))
def unrelated(kube: object) -> int:
    return 0


@check("length", layer=Layer.REQUEST)
def length(lengths: tuple[int, ...]) -> Iterator[Draft]:
    """Names have a length."""
    yield from ()


def test_only_what_the_checks_need_is_read_each_after_what_it_needs() -> None:
    needed = closure(wanted_by([length]), catalogue([unrelated, lengths, names]), ["aws"])
    assert [f.name for f in needed] == ["names", "lengths"]


def test_permissions_are_those_of_the_facts_needed() -> None:
    needed = closure(wanted_by([length]), catalogue([unrelated, lengths, names]), ["aws"])
    assert permissions_of(needed) == ("fsx:DescribeFileSystems",)
    assert permissions_of([unrelated]) == ("list nodes", "list pods")


def test_an_unknown_fact_is_named_with_who_asks_for_it() -> None:
    with pytest.raises(GraphError, match=r"'names' .needed by lengths"):
        closure(["lengths"], catalogue([lengths]), [])


def test_a_circle_is_told_with_its_way() -> None:
    @fact()
    def egg(hen: int) -> int:
        return hen

    @fact()
    def hen(egg: int) -> int:
        return egg

    with pytest.raises(GraphError, match="hen → egg → hen"):
        closure(["hen"], catalogue([egg, hen]), [])


def test_two_facts_of_one_name_are_refused() -> None:
    @fact(name="names")
    def other(kube: object) -> int:
        return 0

    with pytest.raises(GraphError, match="names"):
        catalogue([names, other])


def test_a_parameter_that_no_name_can_fill_is_refused() -> None:
    @fact()
    def greedy(*everything: int) -> int:
        return 0

    with pytest.raises(TypeError, match="everything"):
        _ = greedy.needs
