"""Which volumes a run is about: not those that no pod can have any more, unless they are named."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from diag.analysis.volumes import volumes
from diag.resources.kubernetes import PersistentVolume
from diag.resources.target import Target
from tests.checks.given import claim, denied, pod, volume


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
