"""Equal parts of many pods are kept once, and never one field's for another's."""

from __future__ import annotations

import msgspec

from diag.resources.kubernetes import Pod
from diag.sources.kubernetes.sharing import Sharing


def pod(name: str) -> Pod:
    return msgspec.convert(
        {
            "metadata": {"name": name, "namespace": "default", "labels": {}, "annotations": {}},
            "spec": {"containers": [{"name": "main", "image": "busybox"}], "securityContext": {}, "nodeName": ""},
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True"}, {"type": "Initialized"}],
            },
        },
        Pod,
    )


def test_equal_parts_of_two_pods_are_one_object() -> None:
    sharing = Sharing()
    one, other = sharing.pod(pod("a")), sharing.pod(pod("b"))
    assert one.spec.containers is other.spec.containers
    assert one.metadata.name != other.metadata.name


def test_an_empty_part_stays_of_its_own_kind() -> None:
    kept = Sharing().pod(pod("a"))
    assert kept.spec == pod("a").spec
    assert type(kept.spec.security_context) is type(pod("a").spec.security_context)
    assert kept.metadata.labels == {}


def test_only_conditions_that_something_asks_for_are_kept() -> None:
    assert [c.type for c in Sharing().pod(pod("a")).status.conditions or ()] == ["Ready"]
