"""Node groups whose Lustre clients differ: a pod that mounts on one and not on the other."""

from __future__ import annotations

from typing import Any

import pytest

from checks.client.client_mixed import client_mixed
from diag import Verdict
from diag.resources.kubernetes import Taint
from tests.checks import given
from tests.checks.given_client_plans import world


def test_a_pod_that_mounts_here_and_not_on_the_other_node_group() -> None:
    nodes = (given.node("old", given.AL2), given.node("new", given.AL2023, group="al2023"))
    (found,) = given.findings(client_mixed, **world(*nodes, version="2.10"))
    assert (found.verdict, found.cause) == (Verdict.WARN, "client-server-version-mismatch")
    assert "al2023" in found.message
    assert [s.name for s in found.concerns] == ["new"]


@pytest.mark.parametrize("version", ["2.12", "2.15"])
def test_mixed_groups_that_all_fit_pass(version: str) -> None:
    nodes = (given.node("old", given.AL2), given.node("new", given.AL2023))
    assert given.verdicts(client_mixed, **world(*nodes, version=version)) == (Verdict.PASS,)


@pytest.mark.parametrize("spec", [{"nodeSelector": {"eks.amazonaws.com/nodegroup": "workers"}}, {"tolerations": []}])
def test_a_group_that_the_pod_cannot_come_to_does_not_count(spec: dict[str, Any]) -> None:
    closed = given.node("new", given.AL2023, group="other", taints=(Taint("team", "b", "NoSchedule"),))
    pod = given.pod(node="old", **spec)
    assert given.verdicts(client_mixed, **world(given.node("old", given.AL2), closed, version="2.10", pod=pod)) == (
        Verdict.SKIP,
    )


def test_a_group_with_an_unlisted_kernel_is_not_asked_before_a_pod_is_there() -> None:
    nodes = (given.node("old", given.AL2), given.node("new", ("Ubuntu 26.04 LTS", "7.0.0-1001-aws")))
    assert given.verdicts(client_mixed, **world(*nodes, version="2.12")) == (Verdict.SKIP,)
    assert given.verdicts(client_mixed, nodes=given.denied("list nodes")) == (Verdict.UNKNOWN,)
