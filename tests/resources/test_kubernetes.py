"""What is kept of a Kubernetes object, and what never is."""

from __future__ import annotations

import msgspec
import pytest

from diag.resources.kubernetes import CsiNode, Pod, label_selector


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


@pytest.mark.parametrize(
    ("text", "takes", "leaves"),
    [
        ("app=a", {"app": "a"}, {"app": "b"}),
        ("app==a", {"app": "a"}, {}),
        ("app!=a", {}, {"app": "a"}),
        ("app in (a, b)", {"app": "b"}, {"app": "c"}),
        ("app notin (a,b)", {"app": "c"}, {"app": "b"}),
        ("example.com/app", {"example.com/app": ""}, {"app": "a"}),
        ("!app", {"other": "a"}, {"app": ""}),
        ("app=a,tier!=db", {"app": "a", "tier": "web"}, {"app": "a", "tier": "db"}),
        ("app in (a,b),!canary", {"app": "a"}, {"app": "a", "canary": "yes"}),
        ("app=", {"app": ""}, {"app": "a"}),
        ("app=a,app=b", {}, {"app": "a"}),
    ],
)
def test_a_selector_means_what_it_means_to_kubectl(text: str, takes: dict[str, str], leaves: dict[str, str]) -> None:
    selector = label_selector(text)
    assert not selector.takes(leaves)
    assert selector.takes(takes) or not takes
    assert label_selector(str(selector)) == selector


def test_objects_that_belong_together_have_their_labels_together() -> None:
    selector = label_selector("app=trainer,team=vision,!retired")
    assert selector.takes({"app": "trainer"}, {"team": "vision"}, {})
    assert not selector.takes({"app": "trainer"}, {"team": "vision"}, {"retired": ""})
    assert not selector.takes({"app": "trainer"}, {})


@pytest.mark.parametrize(
    "text", ["", ",", "app in (a", "a=b=c", "a b", "app in a", "-a=b", "a=$(id)", "a=b,", "in (a)"]
)
def test_a_text_that_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a label selector"):
        label_selector(text)
