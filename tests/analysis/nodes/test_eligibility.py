"""What keeps a pod off a node."""

from typing import Any

import msgspec
import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from diag.analysis.nodes.eligibility import keeps_off, tolerates
from diag.resources.kubernetes import PodSpec, Taint, Toleration
from tests.checks import given

GPU = Taint("nvidia.com/gpu", "true", "NoSchedule")
NODE = given.node("node-a", labels={"pool": "gpu", "size": "8"}, taints=(GPU,))
EVERYTHING = {"tolerations": [{"operator": "Exists"}]}


def off(**spec: Any) -> str:
    return keeps_off(msgspec.convert(spec, PodSpec), NODE)


def wants(*expressions: dict[str, Any], fields: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    terms = [{"matchExpressions": list(expressions), "matchFields": list(fields)}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {**EVERYTHING, "affinity": {"nodeAffinity": required}}


@pytest.mark.parametrize(
    ("tolerations", "why"),
    [
        ([], "does not tolerate the taint nvidia.com/gpu=true:NoSchedule"),
        ([{"operator": "Exists"}], ""),
        ([{"key": "nvidia.com/gpu", "operator": "Exists"}], ""),
        ([{"key": "nvidia.com/gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"}], ""),
        ([{"key": "nvidia.com/gpu", "operator": "Equal", "value": "false"}], "does not tolerate"),
        ([{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoExecute"}], "does not tolerate"),
    ],
)
def test_taints(tolerations: list[dict[str, str]], why: str) -> None:
    found = off(tolerations=tolerations)
    assert why in found if why else not found


def test_a_preference_against_a_node_keeps_nothing_off() -> None:
    node = given.node(taints=(Taint("crowded", "", "PreferNoSchedule"),))
    assert keeps_off(PodSpec(), node) == ""


def test_a_cordoned_node_still_takes_daemon_pods() -> None:
    node = given.node(taints=(Taint("node.kubernetes.io/unschedulable", "", "NoSchedule"),))
    assert keeps_off(PodSpec(), node)
    assert keeps_off(PodSpec(), node, daemon=True) == ""


@pytest.mark.parametrize(
    ("name", "effect", "host_network", "off"),
    [
        ("not-ready", "NoExecute", False, False),
        ("unreachable", "NoExecute", False, False),
        ("not-ready", "NoSchedule", False, True),
        ("unreachable", "NoSchedule", False, True),
        ("memory-pressure", "NoSchedule", False, False),
        ("disk-pressure", "NoExecute", False, True),
        ("network-unavailable", "NoSchedule", False, True),
        ("network-unavailable", "NoSchedule", True, False),
    ],
)
def test_a_daemon_tolerates_a_taint_with_its_effect_alone(
    name: str, effect: str, host_network: bool, off: bool
) -> None:
    node = given.node(taints=(Taint(f"node.kubernetes.io/{name}", "", effect),))
    assert bool(keeps_off(PodSpec(host_network=host_network), node, daemon=True)) is off


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ({"key": "pool", "operator": "In", "values": ["gpu", "cpu"]}, True),
        ({"key": "pool", "operator": "In", "values": ["cpu"]}, False),
        ({"key": "pool", "operator": "NotIn", "values": ["gpu"]}, False),
        ({"key": "absent", "operator": "NotIn", "values": ["gpu"]}, True),
        ({"key": "pool", "operator": "Exists"}, True),
        ({"key": "pool", "operator": "DoesNotExist"}, False),
        ({"key": "size", "operator": "Gt", "values": ["7"]}, True),
        ({"key": "size", "operator": "Lt", "values": ["8"]}, False),
        ({"key": "pool", "operator": "Gt", "values": ["7"]}, False),
    ],
)
def test_node_affinity(expression: dict[str, Any], fits: bool) -> None:
    assert (off(**wants(expression)) == "") is fits


def test_node_selector_fields_and_empty_terms() -> None:
    assert off(**EVERYTHING, nodeSelector={"pool": "cpu"}) == "its nodeSelector wants pool=cpu"
    assert off(**wants(fields=({"key": "metadata.name", "operator": "In", "values": ["node-a"]},))) == ""
    assert off(**wants(fields=({"key": "metadata.name", "operator": "In", "values": ["node-b"]},)))
    assert off(**wants())


words = st.sampled_from(["", "a", "b"])


@generated(words, words, st.sampled_from(["NoSchedule", "NoExecute"]))
def test_a_toleration_that_repeats_the_taint_covers_it(key: str, value: str, effect: str) -> None:
    taint = Taint(key or "k", value, effect)
    assert tolerates((Toleration(taint.key, "Equal", taint.value, effect),), taint)
    assert not tolerates((Toleration(taint.key, "Equal", taint.value + "x", effect),), taint)
    assert not tolerates((), taint)
