"""Which nodes a run looks into."""

from diag.analysis.volumes import Mount
from diag.model.unavailable import Reason, Unavailable
from diag.resources.kubernetes import Node
from diag.sources.nodes.selection import choose
from tests.checks import given as world

NO_INSTANCES = Unavailable("instances", Reason.DENIED)


def node(name: str, system: tuple[str, str] = world.AL2023) -> Node:
    return world.node(name, system)


def mount(pod_phase: str, on: str, name: str = "pod-a") -> Mount:
    pod = world.pod(name, phase=pod_phase, node=on)
    return world.mount(world.volume(), world.claim(), pod)


def chosen(nodes: list[Node], mounts: list[Mount], *wanted: str) -> list[str]:
    return [n.name for n in choose(nodes, mounts, NO_INSTANCES, wanted).nodes]


def test_affected_are_those_whose_pod_does_not_come_up() -> None:
    nodes = [node("a"), node("b"), node("c")]
    assert chosen(nodes, [mount("Running", "a"), mount("Pending", "b")], "affected") == ["b"]


def test_without_any_one_of_each_kind_stands_for_the_rest() -> None:
    nodes = [node("a"), node("b"), node("c", world.AL2)]
    assert chosen(nodes, [mount("Running", "a")], "affected") == ["a", "c"]
    assert chosen(nodes, [mount("Pending", "b")], "sample") == ["a", "c"]


def test_all_and_names() -> None:
    nodes = [node("a"), node("b"), node("c")]
    assert chosen(nodes, [], "all") == ["a", "b", "c"]
    assert chosen(nodes, [], "c", "a") == ["a", "c"]


def test_a_name_that_is_no_node_is_told() -> None:
    assert choose([node("a")], [], NO_INSTANCES, ("a", "zzz")).strangers == ("zzz",)
