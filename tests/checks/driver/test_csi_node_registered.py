"""csi-node-registered: the node plugin is at work wherever a volume is, or may be, mounted."""

from typing import Any

import msgspec
import pytest

from checks.driver.csi_node_registered import csi_node_registered
from diag import Kind, Subject, Verdict
from diag.model.finding import Finding
from diag.resources.kubernetes import Condition, ContainerState, ContainerStatus, Event, Taint, Terminated, Waiting
from tests.checks import given

JUST_NOW = "2026-11-24T11:58:00Z"
NODE = Subject(Kind.NODE, given.NODE)
GPU = Taint("nvidia.com/gpu", "true", "NoSchedule")
ONLY_CRITICAL = [{"key": "CriticalAddonsOnly", "operator": "Exists"}]


def of_node(**facts: Any) -> Finding:
    """The finding where the pod on the only node waits for its volume."""
    usual = {"pods": (given.pod(phase="Pending"),), "csi_nodes": (given.csi_node(given.NODE, ""),)}
    (found,) = given.findings(csi_node_registered, **usual | facts)
    return found


def test_a_ready_and_registered_plugin_passes() -> None:
    (found,) = given.findings(csi_node_registered)
    assert found.verdict is Verdict.PASS
    assert "csi-driver-not-registered" in found.rules_out
    assert "csi-driver-startup-race" not in found.rules_out, "it may have been late for a pod that failed before"


def test_no_driver_at_all() -> None:
    found = of_node(daemon_sets=(), deployments=())
    assert (found.verdict, found.cause) == (Verdict.FAIL, "csi-driver-not-registered")
    assert found.concerns == ()


@pytest.mark.parametrize(
    ("spec", "node", "why"),
    [
        ({"tolerations": ONLY_CRITICAL}, given.node(taints=(GPU,)), "does not tolerate the taint nvidia.com/gpu=true"),
        ({"nodeSelector": {"pool": "system"}}, given.node(), "nodeSelector wants pool=system"),
        ({}, given.node(), "though nothing keeps it off"),
    ],
)
def test_no_pod_of_the_daemon_set_on_the_node(spec: dict[str, Any], node: Any, why: str) -> None:
    found = of_node(daemon_sets=(given.node_plugin(**spec),), nodes=(node,))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "csi-node-not-scheduled")
    assert why in found.message
    assert found.concerns == (NODE,)


@pytest.mark.parametrize("key", ["ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted"])
def test_a_node_that_is_being_taken_away_lost_its_plugin_first(key: str) -> None:
    node = given.node(taints=(Taint(key, "", "NoSchedule"),))
    found = of_node(daemon_sets=(given.node_plugin(tolerations=[{"operator": "Exists"}]),), nodes=(node,))
    assert found.cause == "csi-node-pod-evicted-before-workload"


def test_a_pod_of_the_daemon_set_that_the_scheduler_cannot_place() -> None:
    field = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [given.NODE]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [field]}}}
    plugin = given.plugin_pod("", workload=given.node_plugin(affinity=affinity), phase="Pending")
    unplaced = Condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available: 1 Too many pods")
    plugin = given.replace(plugin, status=given.replace(plugin.status, conditions=(unplaced,)))
    found = of_node(pods=(given.pod(phase="Pending"), plugin))
    assert found.cause == "csi-node-not-scheduled"
    assert "Too many pods" in found.message


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (ContainerState(waiting=Waiting("CrashLoopBackOff")), "exit code 137 OOMKilled, 17 restarts"),
        (ContainerState(terminated=Terminated("Error", "panic: no region", 2)), "exit code 2 Error (panic: no region)"),
    ],
)
def test_a_crashing_plugin_says_how_it_ended(state: ContainerState, why: str) -> None:
    before = ContainerState(terminated=Terminated("OOMKilled", "", 137))
    status = ContainerStatus("fsx-plugin", restart_count=17, state=state, last_state=before)
    found = of_node(pods=(given.pod(phase="Pending"), given.plugin_pod(given.NODE, status)))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "csi-node-plugin-down")
    assert why in found.message


def test_a_missing_image_is_told_as_such() -> None:
    waits = given.waiting("node-driver-registrar", "ErrImagePull", "dial tcp: i/o timeout")
    found = of_node(pods=(given.pod(phase="Pending"), given.plugin_pod(given.NODE, waits)))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "image-pull-no-egress")


def test_a_ready_plugin_that_the_kubelet_does_not_know() -> None:
    pods = (given.pod(phase="Pending"), given.plugin_pod())
    registry = [{"name": "r", "hostPath": {"path": "/var/snap/kubelet/plugins_registry/"}}]
    elsewhere = given.node_plugin(volumes=registry)
    assert of_node(pods=pods).cause == "csi-driver-not-registered"
    assert of_node(pods=pods, daemon_sets=(elsewhere,)).cause == "kubelet-path-wrong"


@pytest.mark.parametrize("statuses", [None, (given.waiting("fsx-plugin", "ContainerCreating"),), ()])
def test_a_node_of_minutes_is_a_race_that_a_waiting_pod_lost(statuses: tuple[ContainerStatus, ...] | None) -> None:
    plugin = () if statuses is None else (given.plugin_pod(given.NODE, *statuses),)
    young = (given.node(created=JUST_NOW),)
    found = of_node(nodes=young, pods=(given.pod(phase="Pending"), *plugin))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "csi-driver-startup-race")


def test_a_new_node_without_pods_is_too_early_to_tell() -> None:
    nodes = (given.node(), given.node("node-b", created=JUST_NOW))
    assert given.verdicts(csi_node_registered, nodes=nodes) == (Verdict.PASS, Verdict.SKIP)


def test_a_node_that_no_pod_is_on_yet_only_warns() -> None:
    found = given.findings(csi_node_registered, nodes=(given.node(), given.node("node-b")))
    assert [f.verdict for f in found] == [Verdict.PASS, Verdict.WARN]
    assert found[1].concerns == (Subject(Kind.NODE, "node-b"),)


def test_a_plugin_that_is_up_nowhere_fails_though_no_pod_waits() -> None:
    pods = (given.pod(node="", phase="Pending"),)
    found = given.findings(csi_node_registered, pods=pods, csi_nodes=())
    assert [f.verdict for f in found] == [Verdict.FAIL]


def test_nodes_that_the_pods_cannot_reach_do_not_count() -> None:
    pinned = given.pod(nodeSelector={"eks.amazonaws.com/nodegroup": "workers"})
    nodes = (given.node(), given.node("node-b", group="other"), given.node("node-c", operating_system="windows"))
    pods = (pinned, given.plugin_pod())
    assert given.verdicts(csi_node_registered, nodes=nodes, pods=pods) == (Verdict.PASS,)


def test_many_nodes_that_fail_alike_are_one_finding() -> None:
    names = [f"node-{number}" for number in range(300)]
    nodes = tuple(given.node(name) for name in names)
    pods = tuple(given.pod(f"pod-{name}", node=name, phase="Pending") for name in names)
    (found,) = given.findings(csi_node_registered, nodes=nodes, pods=pods, csi_nodes=())
    assert len(found.concerns) == 300
    assert "node-0 and 299 more" in found.message


@pytest.mark.parametrize(
    ("fact", "permission"),
    [
        ("daemon_sets", "list daemonsets"), ("pods", "list pods"), ("nodes", "list nodes"),
        ("csi_nodes", "list csinodes"),
    ],
)  # fmt: skip
def test_what_could_not_be_listed_is_unknown(fact: str, permission: str) -> None:
    (found,) = given.findings(csi_node_registered, **{fact: given.denied(permission)})
    assert found.verdict is Verdict.UNKNOWN
    assert found.unavailable[0].permission == permission


def test_a_pod_that_the_api_server_refuses_has_that_cause() -> None:
    plugin = given.node_plugin()
    text = 'Error creating: pods "fsx-csi-node-" is forbidden: violates PodSecurity "baseline:latest": privileged'
    about = {"kind": "DaemonSet", "name": plugin.metadata.name, "namespace": plugin.metadata.namespace}
    raw = {"metadata": {"name": "e"}, "reason": "FailedCreate", "message": text, "involvedObject": about}
    found = of_node(warning_events=(msgspec.convert(raw, Event),))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "pod-security-forbids-driver")
    assert "the API server refuses its pod: Error creating" in found.message


def _ended(node: str, exit_code: int, message: str = "", reason: str = "Error") -> Any:
    """The plugin's pod on a node, whose container ended again and again."""
    last = ContainerState(terminated=Terminated(reason, message, exit_code))
    return given.plugin_pod(node, ContainerStatus(name="fsx-plugin", restart_count=9, last_state=last))


def test_a_program_of_another_architecture_by_the_runtime_s_words() -> None:
    words = "runc create failed: exec /bin/aws-fsx-csi-driver: exec format error: unknown"
    found = of_node(pods=(given.pod(phase="Pending"), _ended(given.NODE, 128, words, "StartError")))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "image-wrong-architecture")


@pytest.mark.parametrize(
    ("other", "exit_code", "cause"),
    [
        ("amd64", 1, "image-wrong-architecture"),
        ("amd64", 255, "image-wrong-architecture"),
        ("arm64", 1, "csi-node-plugin-down"),
        ("amd64", 137, "csi-node-plugin-down"),
    ],
)
def test_a_program_that_ends_on_one_architecture_alone(other: str, exit_code: int, cause: str) -> None:
    nodes = (given.node(arch="arm64"), given.node("node-b", arch=other))
    pods = (given.pod(phase="Pending"), _ended(given.NODE, exit_code), given.plugin_pod("node-b"))
    drivers = (given.csi_node(given.NODE, ""), given.csi_node("node-b"))
    found = given.findings(csi_node_registered, nodes=nodes, pods=pods, csi_nodes=drivers)
    assert next(one.cause for one in found if one.verdict is Verdict.FAIL) == cause
