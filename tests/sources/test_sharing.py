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


def test_a_component_keeps_every_condition() -> None:
    kept = Sharing().pod(pod("a"), is_component=True)
    assert [c.type for c in kept.status.conditions or ()] == ["Ready", "Initialized"]


def test_pods_that_differ_in_their_token_alone_share_the_rest() -> None:
    def with_token(name: str) -> Pod:
        mounts = [{"name": "data", "mountPath": "/data"}, {"name": name, "mountPath": "/run/token"}]
        container = {"name": "main", "image": "busybox", "env": [{"name": "A"}], "volumeMounts": mounts}
        volumes = [{"name": "data", "hostPath": {"path": "/data"}}, {"name": name}]
        return msgspec.convert(
            {"metadata": {"name": "a"}, "spec": {"containers": [container], "volumes": volumes}}, Pod
        )

    sharing = Sharing()
    one, other = sharing.pod(with_token("token-1")), sharing.pod(with_token("token-2"))
    assert (one.spec, other.spec) == (with_token("token-1").spec, with_token("token-2").spec)
    (first,), (second,) = one.spec.containers, other.spec.containers
    assert first.env is second.env
    assert [a is b for a, b in zip(first.volume_mounts or (), second.volume_mounts or (), strict=True)] == [True, False]
    assert [a is b for a, b in zip(one.spec.volumes or (), other.spec.volumes or (), strict=True)] == [True, False]
