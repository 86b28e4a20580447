"""What is kept of a Kubernetes object, and what never is."""

from __future__ import annotations

import msgspec

from diag.resources.kubernetes import CsiNode, Pod


def test_values_and_command_lines_are_never_kept() -> None:
    container = {
        "name": "app",
        "image": "app:1",
        "args": ["--password=hunter2"],
        "command": ["/bin/app", "--token=hunter2"],
        "env": [{"name": "PASSWORD", "value": "hunter2"}],
    }
    applied = {"kubectl.kubernetes.io/last-applied-configuration": '{"password": "hunter2"}', "mine": "kept"}
    raw = {"metadata": {"name": "p", "annotations": applied}, "spec": {"containers": [container]}}
    pod = msgspec.json.decode(msgspec.json.encode(raw), type=Pod)
    assert b"hunter2" not in msgspec.json.encode(pod)
    assert pod.metadata.annotations == {"mine": "kept"}
    assert pod.spec.containers[0].env_names == {"PASSWORD"}


def test_a_csinode_without_drivers_is_served_as_null() -> None:
    node = msgspec.json.decode(b'{"metadata": {"name": "n"}, "spec": {"drivers": null}}', type=CsiNode)
    assert node.driver_names == frozenset()
