"""The controller's service account may do in the cluster what provisioning takes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.driver.controller_rbac import controller_may_provision_in_the_cluster as check
from diag import Verdict
from diag.model.finding import Finding
from diag.resources.kubernetes import RbacBinding
from tests.checks import given
from tests.checks.given import CHART_RULES
from tests.checks.given_driver_objects import PENDING


def found(**facts: Any) -> Finding:
    (finding,) = given.findings(check, **facts)
    return finding


def without(resource: str, verb: str) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """The chart's rules but for one verb."""
    return tuple(
        (group, name, tuple(v for v in verbs if (name, v) != (resource, verb))) for group, name, verbs in CHART_RULES
    )


def test_the_chart_s_role_passes() -> None:
    told = found()
    assert (told.verdict, told.rules_out) == (Verdict.PASS, ("csi-controller-rbac",))


@pytest.mark.parametrize(
    ("resource", "verb"),
    [
        ("persistentvolumes", "create"),
        ("persistentvolumes", "watch"),
        ("persistentvolumeclaims", "get"),
        ("storageclasses", "list"),
    ],
)
def test_a_verb_that_provisioning_takes(resource: str, verb: str) -> None:
    told = found(cluster_roles=(given.role(*without(resource, verb)),), claims=(PENDING,))
    assert (told.verdict, told.cause) == (Verdict.FAIL, "csi-controller-rbac")
    assert f"{verb} {resource}" in told.message
    assert told.concerns == (PENDING.subject,)


def test_a_verb_that_it_does_not_take_is_not_missed() -> None:
    assert found(cluster_roles=(given.role(*without("persistentvolumeclaims", "update")),)).verdict is Verdict.PASS


def test_the_right_to_delete_only_warns() -> None:
    told = found(cluster_roles=(given.role(*without("persistentvolumes", "delete")),))
    assert (told.verdict, told.cause) == (Verdict.WARN, "csi-controller-rbac")


def test_the_lease_counts_where_replicas_elect_a_leader() -> None:
    roles = (given.role(*without("leases", "update")),)
    assert found(cluster_roles=roles).verdict is Verdict.PASS
    told = found(cluster_roles=roles, deployments=(given.controller(elects=True),))
    assert (told.verdict, "update leases.coordination.k8s.io" in told.message) == (Verdict.FAIL, True)


def test_a_role_of_the_namespace_is_enough_for_the_lease_and_not_for_volumes() -> None:
    *rest, leases = CHART_RULES
    apart = {
        "deployments": (given.controller(elects=True),),
        "role_bindings": (given.binding("leases", kind="Role"),),
        "namespace_roles": (given.role(leases, name="leases"),),
    }
    assert found(cluster_roles=(given.role(*rest),), **apart).verdict is Verdict.PASS
    all_of_it = {"role_bindings": (given.binding(),), "cluster_role_bindings": ()}
    assert found(**all_of_it).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "rules", [(("*", "*", ("*",)),), (("", "*", ("*",)), ("storage.k8s.io", "*", ("list", "watch")), CHART_RULES[-1])]
)
def test_wildcards_give_all(rules: tuple[tuple[str, str, tuple[str, ...]], ...]) -> None:
    assert found(cluster_roles=(given.role(*rules),)).verdict is Verdict.PASS


def test_a_rule_for_named_objects_is_no_right_on_all() -> None:
    assert found(cluster_roles=(given.role(*CHART_RULES, resourceNames=["one"]),)).verdict is Verdict.FAIL


def test_no_binding_and_a_role_that_is_gone() -> None:
    assert found(cluster_role_bindings=(), cluster_roles=()).evidence == ("no binding names it",)
    assert found(cluster_roles=()).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("subject", "is_named"),
    [
        ({"kind": "ServiceAccount", "name": "fsx-csi-controller-sa", "namespace": "kube-system"}, True),
        ({"kind": "ServiceAccount", "name": "fsx-csi-controller-sa", "namespace": "default"}, False),
        ({"kind": "Group", "name": "system:serviceaccounts:kube-system"}, True),
        ({"kind": "Group", "name": "system:masters"}, False),
        ({"kind": "User", "name": "system:serviceaccount:kube-system:fsx-csi-controller-sa"}, True),
    ],
)
def test_whom_a_binding_names(subject: dict[str, str], is_named: bool) -> None:
    bound = msgspec.convert({"metadata": {"name": "one"}, "subjects": [subject]}, RbacBinding)
    assert bound.names(given.service_account().metadata) is is_named


def test_what_is_not_asked_or_not_seen() -> None:
    assert found(storage_classes=()).verdict is Verdict.SKIP
    assert found(deployments=()).verdict is Verdict.SKIP
    assert found(cluster_roles=given.denied("list clusterroles")).verdict is Verdict.UNKNOWN
