"""driver-restarts, driver-version, kubelet-path, startup-taint, node-plugin-eviction."""

from typing import Any

import pytest

from checks.driver.driver_restarts import driver_restarts
from checks.driver.driver_version import driver_version
from checks.driver.kubelet_path import kubelet_path
from checks.driver.node_plugin_eviction import node_plugin_eviction
from checks.driver.startup_taint import startup_taint
from diag import Kind, Subject, Verdict
from diag.resources.kubernetes import Condition, ContainerState, ContainerStatus, Pod, Taint, Terminated, Workload
from tests.checks import given

NODE = Subject(Kind.NODE, given.NODE)
STARTING = Taint("fsx.csi.aws.com/agent-not-ready", "", "NoExecute")
LEAVING = Taint("ToBeDeletedByClusterAutoscaler", "1795000000", "NoSchedule")


def restarted(times: int, finished: str) -> Pod:
    ended = ContainerState(terminated=Terminated("OOMKilled", "", 137, finished))
    return given.plugin_pod(
        given.NODE, ContainerStatus("fsx-plugin", ready=True, restart_count=times, last_state=ended)
    )


@pytest.mark.parametrize(
    ("times", "finished", "verdict"),
    [
        (0, "", Verdict.PASS),
        (2, "2026-11-24T11:00:00Z", Verdict.PASS),
        (9, "2026-10-02T00:00:00Z", Verdict.PASS),
        (9, "2026-11-24T11:00:00Z", Verdict.WARN),
        (9, "not a time", Verdict.PASS),
    ],
)
def test_restarts_of_the_last_day_are_a_pattern(times: int, finished: str, verdict: Verdict) -> None:
    (found,) = given.findings(driver_restarts, pods=(given.pod(), restarted(times, finished)))
    assert found.verdict is verdict
    if verdict is Verdict.WARN:
        assert "exit code 137 OOMKilled" in found.message
        assert found.concerns == (NODE,)


def test_restarts_unseen_or_of_no_plugin() -> None:
    assert given.verdicts(driver_restarts, pods=given.denied("list pods")) == (Verdict.UNKNOWN,)
    assert given.verdicts(driver_restarts, daemon_sets=()) == (Verdict.SKIP,)


@pytest.mark.parametrize(
    ("tag", "verdict", "says"),
    [
        (":v1.9.0", Verdict.PASS, "no known fault"),
        (":v1.9.0-eksbuild.2", Verdict.PASS, "no known fault"),
        (":v1.10.0", Verdict.PASS, "no known fault"),
        (":v1.4.0", Verdict.WARN, "does not wait for pods"),
        (":v1.0.0", Verdict.WARN, "blocks every other pod's mount"),
        (f"@sha256:{'ab' * 32}", Verdict.PASS, "driver 1.9.0"),
    ],
)
def test_the_node_plugin_s_release(tag: str, verdict: Verdict, says: str) -> None:
    plugin = given.node_plugin(image=f"mirror.example.com/aws-fsx-csi-driver{tag}")
    found = given.findings(driver_version, daemon_sets=(plugin,))
    assert found[0].verdict is verdict
    assert says in found[0].message


def test_a_release_that_nothing_tells_is_not_judged() -> None:
    plugin = given.node_plugin(image="mirror.example.com/aws-fsx-csi-driver:latest")
    plugin = given.replace(plugin, metadata=given.replace(plugin.metadata, labels=None))
    assert given.verdicts(driver_version, daemon_sets=(plugin,))[0] is Verdict.SKIP
    assert given.verdicts(driver_version, daemon_sets=given.denied("list daemonsets"))[0] is Verdict.UNKNOWN


def plugin_under(root: str, name: str = "fsx-csi-node") -> Workload:
    volumes = [{"name": "r", "hostPath": {"path": f"{root}/plugins_registry/"}}] if root else []
    made = given.node_plugin(volumes=volumes)
    image = given.DRIVER_IMAGE if name == "fsx-csi-node" else "ebs:v1"
    spec = given.node_plugin(image=image, volumes=volumes).spec
    return given.replace(made, metadata=given.replace(made.metadata, name=name), spec=spec)


@pytest.mark.parametrize(
    ("root", "other", "registered", "verdict"),
    [
        ("/var/lib/kubelet", "", True, Verdict.PASS),
        ("/var/lib/k0s/kubelet", "/var/lib/k0s/kubelet", False, Verdict.PASS),
        ("/var/lib/k0s/kubelet", "", True, Verdict.PASS),
        ("/var/lib/k0s/kubelet", "", False, Verdict.WARN),
        ("/var/lib/k0s/kubelet", "/var/lib/kubelet", False, Verdict.FAIL),
        ("/var/lib/kubelet", "/var/lib/k0s/kubelet", False, Verdict.FAIL),
        ("", "", True, Verdict.SKIP),
    ],
)
def test_the_kubelet_s_root(root: str, other: str, registered: bool, verdict: Verdict) -> None:
    others = (plugin_under(other, "ebs-csi-node"),) if other else ()
    csi_nodes = (given.csi_node(),) if registered else ()
    (found,) = given.findings(kubelet_path, daemon_sets=(plugin_under(root), *others), csi_nodes=csi_nodes)
    assert found.verdict is verdict
    assert (found.cause == "kubelet-path-wrong") is (verdict in (Verdict.FAIL, Verdict.WARN))


def test_the_kubelet_s_root_unseen() -> None:
    odd = (plugin_under("/var/lib/k0s/kubelet"),)
    assert given.verdicts(kubelet_path, daemon_sets=odd, csi_nodes=given.denied("list csinodes")) == (Verdict.UNKNOWN,)
    assert given.verdicts(kubelet_path, daemon_sets=given.denied("list daemonsets")) == (Verdict.UNKNOWN,)


def test_a_start_up_taint_on_an_old_node_is_stuck() -> None:
    (found,) = given.findings(startup_taint, nodes=(given.node(taints=(STARTING,)),))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "startup-taint-stuck")
    assert found.concerns == (), "the pods that it keeps waiting are on no node"
    assert found.evidence == ("tainted: node-a",)
    assert found.fix is not None
    assert found.fix.commands == ("kubectl taint nodes node-a fsx.csi.aws.com/agent-not-ready-",)


def test_a_start_up_taint_stays_where_the_plugin_does_not_run_and_that_is_the_cause() -> None:
    nodes, pods = (given.node(taints=(STARTING,)),), (given.pod(node="", phase="Pending"),)
    plugin = (given.node_plugin(nodeSelector={"pool": "system"}),)
    (found,) = given.findings(startup_taint, nodes=nodes, pods=pods, daemon_sets=plugin)
    assert (found.verdict, found.cause, found.fix) == (Verdict.FAIL, "csi-node-not-scheduled", None)


def ready_since(time: str) -> Pod:
    plugin = given.plugin_pod()
    return given.replace(
        plugin, status=given.replace(plugin.status, conditions=(Condition("Ready", "True", "", "", time),))
    )


@pytest.mark.parametrize(
    ("plugin", "verdict"),
    [
        ((), Verdict.SKIP),
        ((ready_since("2026-11-24T11:59:00Z"),), Verdict.SKIP),
        ((ready_since("2026-11-24T11:50:00Z"),), Verdict.FAIL),
    ],
)
def test_a_start_up_taint_on_a_new_node_is_as_it_should_be(plugin: tuple[Pod, ...], verdict: Verdict) -> None:
    new = given.node(taints=(STARTING,), created="2026-11-24T11:53:00Z")
    assert given.verdicts(startup_taint, nodes=(new,), pods=(given.pod(), *plugin)) == (verdict,)


def test_no_start_up_taint_and_one_without_any_driver() -> None:
    assert given.verdicts(startup_taint) == (Verdict.PASS,)
    (found,) = given.findings(startup_taint, nodes=(given.node(taints=(STARTING,)),), daemon_sets=())
    assert (found.verdict, found.cause) == (Verdict.FAIL, "csi-driver-not-registered")


def test_a_start_up_taint_where_the_plugin_cannot_be_seen() -> None:
    tainted = (given.node(taints=(STARTING,)),)
    assert given.verdicts(startup_taint, nodes=tainted, csi_nodes=given.denied("list csinodes")) == (Verdict.UNKNOWN,)
    assert given.verdicts(startup_taint, nodes=given.denied("list nodes")) == (Verdict.UNKNOWN,)


def with_annotation(value: str) -> Workload:
    plugin = given.node_plugin()
    annotations = {"cluster-autoscaler.kubernetes.io/enable-ds-eviction": value}
    template = plugin.spec.template
    template = given.replace(template, metadata=given.replace(template.metadata, annotations=annotations))
    return given.replace(plugin, spec=given.replace(plugin.spec, template=template))


SCALING = (given.node(), given.node("node-b", taints=(LEAVING,)))


@pytest.mark.parametrize(
    ("facts", "verdicts"),
    [
        ({}, (Verdict.PASS,)),
        ({"nodes": SCALING}, (Verdict.WARN,)),
        ({"nodes": SCALING, "daemon_sets": (with_annotation("false"),)}, (Verdict.PASS,)),
        ({"daemon_sets": (given.node_plugin(priorityClassName=""),)}, (Verdict.WARN,)),
        ({"daemon_sets": ()}, (Verdict.SKIP,)),
        ({"nodes": given.denied("list nodes")}, (Verdict.UNKNOWN,)),
    ],
)
def test_what_may_evict_the_plugin_early(facts: dict[str, Any], verdicts: tuple[Verdict, ...]) -> None:
    assert given.verdicts(node_plugin_eviction, **facts) == verdicts


def test_a_node_being_emptied_without_its_plugin_strands_the_pods() -> None:
    drained = given.node(taints=(Taint("node.kubernetes.io/unschedulable", "", "NoSchedule"),))
    (found,) = given.findings(node_plugin_eviction, nodes=(drained,), pods=(given.pod(),))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "csi-node-pod-evicted-before-workload")
    assert found.concerns == (NODE,)
    served = (given.pod(), given.plugin_pod())
    assert given.verdicts(node_plugin_eviction, nodes=(drained,), pods=served) == (Verdict.PASS,)
