"""Which volumes a run is about: not those that no pod can have any more, unless they are named."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from diag.analysis.volumes import mounting_nodes, mounts, volumes
from diag.resources.kubernetes import PersistentVolume, label_selector
from diag.resources.target import Target
from tests.checks.given import claim, denied, mount, node, pod, volume


def released(name: str = "old-pv") -> PersistentVolume:
    """A volume that Retain keeps for a claim that was deleted."""
    kept = volume(name, claim="data", namespace="train")
    return msgspec.structs.replace(kept, status=msgspec.structs.replace(kept.status, phase="Released"))


EVERYTHING = Target()


def chosen(claims: Any, pods: Any = (), target: Target = EVERYTHING) -> list[str]:
    found = volumes((released(),), claims, pods, target)
    return [item.name for item in found] if isinstance(found, tuple) else [str(found)]


WAITING = pod("trainer", namespace="train", claims=("data",))


@pytest.mark.parametrize(
    ("claims", "pods", "is_chosen"),
    [
        ((), (), False),
        ((claim("data", namespace="train", volume="new-pv"),), (WAITING,), False),
        ((claim("data", namespace="train", volume="", phase="Pending"),), (), True),
        ((claim("other", namespace="train", volume="old-pv", phase="Pending"),), (), True),
        ((), (WAITING,), True),
        ((), denied("list pods"), True),
        (denied("list persistentvolumeclaims"), (), True),
    ],
)
def test_a_released_volume_counts_while_something_waits_for_it(claims: Any, pods: Any, is_chosen: bool) -> None:
    assert chosen(claims, pods) == ["old-pv"] * is_chosen


def test_one_that_is_named_counts_always() -> None:
    assert chosen((), target=Target(volumes=("old-pv",))) == ["old-pv"]


def test_a_new_claim_of_the_same_name_does_not_bring_the_old_volume_back() -> None:
    taken = claim("data", namespace="train", volume="new-pv")
    assert chosen((taken,), (WAITING,), Target(claims=("train/data",))) == []


def labelled(item: Any, **labels: str) -> Any:
    return msgspec.structs.replace(item, metadata=msgspec.structs.replace(item.metadata, labels=labels))


VOLUMES = (volume("train-pv", claim="train"), volume("eval-pv", claim="eval"), volume("free-pv", claim=""))
CLAIMS = (labelled(claim("train", "train-pv"), team="vision"), claim("eval", "eval-pv"))
PODS = (
    labelled(pod("trainer", claims=("train",)), app="trainer"),
    labelled(pod("reader", claims=("train",)), app="reader"),
    labelled(pod("evaluator", claims=("eval",)), app="evaluator"),
)


@pytest.mark.parametrize(
    ("selector", "names", "users"),
    [
        ("app=trainer", ["train-pv"], ["trainer"]),
        ("team=vision", ["train-pv"], ["trainer", "reader"]),
        ("app=reader,team=vision", ["train-pv"], ["reader"]),
        ("app=evaluator,team=vision", [], []),
        ("app in (trainer,evaluator)", ["train-pv", "eval-pv"], ["trainer", "evaluator"]),
        ("app!=evaluator", ["train-pv", "free-pv"], ["trainer", "reader"]),
        ("team!=vision", ["eval-pv", "free-pv"], ["evaluator"]),
    ],
)
def test_labels_choose_by_what_a_volume_its_claim_and_a_pod_have_together(
    selector: str, names: list[str], users: list[str]
) -> None:
    target = Target(selector=label_selector(selector))
    found = volumes(VOLUMES, CLAIMS, PODS, target)
    assert isinstance(found, tuple) and [item.name for item in found] == names
    assert [mount.pod.metadata.name for mount in mounts(found, CLAIMS, PODS, target)] == users


@pytest.mark.parametrize("unread", ["claims", "pods"])
def test_labels_that_could_not_be_read_choose_nothing_for_certain(unread: str) -> None:
    target, missing = Target(selector=label_selector("app=trainer")), denied(f"list {unread}")
    lists = (missing, PODS) if unread == "claims" else (CLAIMS, missing)
    assert volumes(VOLUMES, *lists, target) == missing


def test_where_the_node_of_a_mount_is_gone_those_are_judged_that_could_mount() -> None:
    here, gone = node("here"), mount(volume(), claim(), pod(node="gone"))
    assert mounting_nodes((here,), (gone,)) == (here,)
    assert mounting_nodes((here, node("other")), (mount(volume(), claim(), pod(node="here")),)) == (here,)
