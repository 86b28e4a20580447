"""--region and --cluster against what the cluster says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from diag.model.exit_code import WrongUsage
from diag.resources.target import KubeContext, Settings
from diag.run.contradictions import refuse_contradictions
from tests.checks.given import denied, node, pod

HERE, ELSEWHERE = "ap-northeast-2", "us-east-1"
IMAGE = f"123456789012.dkr.ecr.{HERE}.amazonaws.com/coredns:v1"
SAYS_HERE = {
    "kubeconfig": {"kube_context": KubeContext("work", cluster="training", region=HERE)},
    "nodes": {"nodes": (node(region=HERE, labels={"alpha.eksctl.io/cluster-name": "training"}),)},
    "registries": {
        "live_pods": (
            pod(
                "coredns",
                claims=(),
                containers=[{"name": "c", "image": f"123456789012.dkr.ecr.{HERE}.amazonaws.com/coredns"}],
            ),
        )
    },
}
SILENT = {"kube_context": KubeContext("work"), "nodes": denied("list nodes"), "live_pods": ()}


@pytest.mark.parametrize("source", list(SAYS_HERE))
def test_a_region_that_one_of_them_contradicts_is_refused(source: str) -> None:
    with pytest.raises(WrongUsage, match=rf"^--region {ELSEWHERE}: .*{HERE}; leave --region out"):
        refuse_contradictions(Settings(region=ELSEWHERE), SILENT | SAYS_HERE[source])


@pytest.mark.parametrize("source", ["kubeconfig", "nodes"])
def test_a_cluster_that_one_of_them_contradicts_is_refused(source: str) -> None:
    with pytest.raises(WrongUsage, match=r"^--cluster other: .*training"):
        refuse_contradictions(Settings(cluster="other"), SILENT | SAYS_HERE[source])


@pytest.mark.parametrize("source", list(SAYS_HERE))
@pytest.mark.parametrize("settings", [Settings(), Settings(region=HERE), Settings(region=HERE, cluster="training")])
def test_what_they_confirm_or_nobody_gave_is_taken(source: str, settings: Settings) -> None:
    refuse_contradictions(settings, SILENT | SAYS_HERE[source])


@pytest.mark.parametrize("facts", [SILENT, {}, {"kube_context": denied("kubeconfig"), "nodes": ()}])
def test_where_nothing_is_known_nothing_is_refused(facts: dict[str, Any]) -> None:
    refuse_contradictions(Settings(region=ELSEWHERE, cluster="other"), facts)


def test_images_of_another_region_do_not_outweigh_the_nodes() -> None:
    facts = {"nodes": (node(region=ELSEWHERE),), **SAYS_HERE["registries"]}
    refuse_contradictions(Settings(region=ELSEWHERE), facts)


def test_images_of_workloads_may_be_of_any_region() -> None:
    own = pod("job", containers=[{"name": "c", "image": IMAGE}])
    refuse_contradictions(Settings(region=ELSEWHERE), {"live_pods": (own,)})


def test_nodes_in_several_regions_confirm_each_of_them() -> None:
    facts = {"nodes": (node("a", region=HERE), node("b", region="eu-west-1"))}
    refuse_contradictions(Settings(region="eu-west-1"), facts)
    with pytest.raises(WrongUsage, match=r"ap-northeast-2, eu-west-1"):
        refuse_contradictions(Settings(region=ELSEWHERE), facts)
