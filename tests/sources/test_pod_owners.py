"""Owners that may make no pods: asked for side by side, and one refusal costs the fact."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec

from diag.analysis.claims import ClaimCase
from diag.model.unavailable import Unavailable, Unreadable
from diag.resources.kubernetes import PodOwner
from diag.sources.kubernetes.facts import idle_owners
from tests.checks.given import claim, denied

WANTING = {"metadata": {"name": "train", "namespace": "ml"}, "spec": {"replicas": 1, "template": {"spec": {
    "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}}}}  # fmt: skip
PATIENCE_S = 20


class Slow:
    """An API server that answers nobody before all kinds of two namespaces were asked for."""

    def __init__(self, refused: str = "") -> None:
        self.refused, self.together = refused, threading.Barrier(2 * 5, timeout=PATIENCE_S)

    def list(self, path: str, shape: type[PodOwner], *, keep: Callable[[PodOwner], Any]) -> tuple[Any, ...]:
        self.together.wait()
        if path.endswith(self.refused or "-"):
            raise Unreadable(denied(f"list {self.refused}"))
        owners = [msgspec.convert(WANTING, PodOwner)] if path.endswith("/ml/statefulsets") else []
        return tuple(filter(None, map(keep, owners)))


def read(api: Slow) -> Any:
    made = (claim("data", namespace="ml"), claim("other", namespace="web"))
    return idle_owners(api, tuple(ClaimCase(one) for one in made), ())


def test_all_lists_are_under_way_at_once() -> None:
    (found,) = read(Slow())
    assert (found.kind, found.name) == ("StatefulSet", "StatefulSet ml/train")


def test_one_list_that_is_refused_is_named() -> None:
    found = read(Slow("jobs"))
    assert isinstance(found, Unavailable) and found.permission == "list jobs"
