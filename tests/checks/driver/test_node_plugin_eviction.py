"""Whether the node plugin leaves a node before the pods that need it to unmount."""

from __future__ import annotations

from typing import Any

import pytest

from checks.driver.node_plugin_eviction import node_plugin_eviction
from diag import Verdict
from diag.resources.kubernetes import Taint, Workload
from tests.checks import given
from tests.checks.given_node_plugin_upkeep import NODE

LEAVING = Taint("ToBeDeletedByClusterAutoscaler", "1795000000", "NoSchedule")


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
