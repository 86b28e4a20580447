"""What sets failing nodes apart, as people say it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.analysis.nodes.differential import KINDS, Scope, compare


def fleet(**groups: tuple[int, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Nodes `name-0`, `name-1`, … with the traits of their group."""
    return {f"{name}-{n}": dict(traits) for name, (count, traits) in groups.items() for n in range(count)}


def of(traits: dict[str, dict[str, str]], *groups: str) -> set[str]:
    return {name for name in traits if name.rpartition("-")[0] in groups}


NEW = {"kernel": "6.12.46", "node group": "gpu-a", "subnet": "subnet-1", "zone": "eu-west-1a"}


def told(traits: dict[str, dict[str, str]], failing: set[str]) -> tuple[str, Scope]:
    found = compare(failing, set(traits) - failing, traits)
    return str(found), found.scope


def test_an_old_kernel_in_one_node_group() -> None:
    traits = fleet(good=(509, NEW), bad=(3, NEW | {"kernel": "6.1.66", "node group": "gpu-b"}))
    assert told(traits, of(traits, "bad")) == (
        "3 of 512 nodes; all 3 and only they: kernel 6.1.66, node group gpu-b",
        Scope.IMAGE,
    )


def test_a_subnet() -> None:
    traits = fleet(good=(8, NEW), bad=(4, NEW | {"subnet": "subnet-2"}))
    assert told(traits, of(traits, "bad")) == ("4 of 12 nodes; all 4 and only they: subnet subnet-2", Scope.PLACE)


def test_all_alike_is_no_fault_of_a_node() -> None:
    traits = fleet(a=(3, NEW), b=(2, NEW | {"kernel": "5.10"}))
    text, scope = told(traits, set(traits))
    assert text.startswith("all 5 nodes alike") and scope is Scope.EVERYWHERE


def test_one_of_many_that_nothing_sets_apart() -> None:
    traits = fleet(good=(19, NEW), bad=(1, NEW))
    text, scope = told(traits, {"bad-0"})
    assert text == "1 of 20 nodes; nothing sets it apart: kernel 6.12.46 too has 19 that are fine"
    assert scope is Scope.SINGLE


def test_one_with_a_trait_of_its_own() -> None:
    traits = fleet(good=(19, NEW), bad=(1, NEW | {"kernel": "6.1.66"}))
    assert told(traits, {"bad-0"})[0] == "1 of 20 nodes; it and only it: kernel 6.1.66"


def test_two_traits_that_only_together_set_them_apart() -> None:
    traits = fleet(
        a=(2, {"kernel": "6.1", "zone": "a"}),
        b=(2, {"kernel": "6.1", "zone": "b"}),
        c=(2, {"kernel": "6.12", "zone": "a"}),
    )
    assert told(traits, of(traits, "a"))[0] == "2 of 6 nodes; all 2 and only they: kernel 6.1 together with zone a"


def test_scattered_nodes_share_nothing() -> None:
    traits = fleet(a=(2, {"kernel": "6.1"}), b=(2, {"kernel": "6.12"}))
    text, scope = told(traits, {"a-0", "b-0"})
    assert text == "2 of 4 nodes; nothing that is known sets them apart" and scope is Scope.SCATTERED


def test_what_is_not_known_of_the_others_is_not_different() -> None:
    traits = fleet(bad=(2, {"subnet": "subnet-2", "kernel": "6.1"}), good=(2, {"kernel": "6.1"}))
    assert "subnet" not in told(traits, of(traits, "bad"))[0]


@pytest.mark.parametrize(("failing", "passing"), [(set(), {"a"}), ({"a"}, set()), (set(), set())])
def test_nothing_to_compare_is_not_told(failing: set[str], passing: set[str]) -> None:
    assert str(compare(failing, passing, {})) == ""


names = st.sampled_from([f"n{i}" for i in range(8)])
values = st.dictionaries(st.sampled_from(list(KINDS)), st.sampled_from("xyz"))


@given(st.dictionaries(names, values), st.sets(names, min_size=1))
def test_an_exclusive_trait_is_exclusive(traits: dict[str, dict[str, str]], failing: set[str]) -> None:
    passing = set(traits) - failing
    found = compare(failing, passing, traits)
    for trait in found.exclusive:
        assert {n for n in failing | passing if traits.get(n, {}).get(trait.kind) == trait.value} == failing
    if found.together:
        have = [{n for n in failing | passing if traits.get(n, {}).get(t.kind) == t.value} for t in found.together]
        assert have[0] & have[1] == failing
    assert not (found.exclusive and found.together)
    str(found)
