"""The namespaces of the claims and of the driver admit what has to be made in them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.request.namespace_admission import LEVEL, namespaces_admit_what_is_made_in_them
from diag import Verdict
from diag.model.finding import Finding
from diag.resources.kubernetes import LimitRange, PersistentVolumeClaim, ResourceQuota
from tests.checks import given


def found(**facts: Any) -> list[Finding]:
    """What does not pass."""
    judged = given.findings(namespaces_admit_what_is_made_in_them, **facts)
    return [finding for finding in judged if finding.verdict is not Verdict.PASS]


def quota(hard: dict[str, str], used: dict[str, str]) -> ResourceQuota:
    raw = {"metadata": {"name": "team", "namespace": "default"}, "spec": {"hard": hard}, "status": {"used": used}}
    return msgspec.convert(raw, ResourceQuota)


def limits(kind: str = "PersistentVolumeClaim", **item: Any) -> LimitRange:
    raw = {"metadata": {"name": "usual", "namespace": "default"}, "spec": {"limits": [{"type": kind, **item}]}}
    return msgspec.convert(raw, LimitRange)


def planned() -> PersistentVolumeClaim:
    """A claim that nobody has made yet: it has no uid."""
    claim = given.claim()
    return given.replace(claim, metadata=given.replace(claim.metadata, uid=""))


def test_the_usual_namespaces() -> None:
    assert found() == []


def test_a_namespace_that_is_being_deleted() -> None:
    (told,) = found(namespaces=(given.namespace("default", "Terminating"), given.namespace("kube-system")))
    assert (told.verdict, told.cause) == (Verdict.FAIL, "pod-creation-refused")


@pytest.mark.parametrize("level", ["baseline", "restricted", "Privileged", ""])
def test_a_level_that_refuses_the_node_plugin(level: str) -> None:
    driver = given.namespace("kube-system", **{LEVEL: level})
    (told,) = found(namespaces=(given.namespace("default"), driver))
    assert (told.verdict, told.cause) == (Verdict.WARN, "pod-security-forbids-driver")
    assert told.fix is not None
    assert told.fix.commands[0].endswith("enforce=privileged --overwrite")


def test_a_level_of_the_workload_s_namespace_refused_nothing() -> None:
    driver = given.namespace("kube-system", **{LEVEL: "privileged"})
    assert found(namespaces=(given.namespace("default", **{LEVEL: "restricted"}), driver)) == []


@pytest.mark.parametrize(
    ("resource", "hard", "used"),
    [
        ("pods", "10", "11"),
        ("count/persistentvolumeclaims", "0", "1"),
        ("requests.storage", "1Ti", "1200Gi"),
        ("fsx-sc.storageclass.storage.k8s.io/requests.storage", "500Gi", "1200Gi"),
    ],
)
def test_a_quota_that_grants_less_than_is_in_use(resource: str, hard: str, used: str) -> None:
    (told,) = found(resource_quotas=(quota({resource: hard}, {resource: used}),))
    assert (told.verdict, told.cause) == (Verdict.WARN, "resource-quota-exceeded")
    assert found(resource_quotas=(quota({resource: used}, {resource: used}),)) == []


def test_a_quota_of_what_no_claim_takes() -> None:
    assert found(resource_quotas=(quota({"requests.cpu": "1"}, {"requests.cpu": "2"}),)) == []


def test_a_quota_that_will_refuse_a_claim_of_the_manifests() -> None:
    room = quota({"requests.storage": "2Ti"}, {"requests.storage": "500Gi"})
    full = quota({"requests.storage": "2Ti"}, {"requests.storage": "1Ti"})
    assert found(claims=(planned(),), resource_quotas=(room,)) == []
    (told,) = found(claims=(planned(),), resource_quotas=(full,))
    assert (told.verdict, told.cause) == (Verdict.FAIL, "resource-quota-exceeded")
    (told,) = found(claims=(planned(),), resource_quotas=(quota({"persistentvolumeclaims": "0"}, {}),))
    assert told.verdict is Verdict.FAIL


def test_a_limit_range() -> None:
    assert found(limit_ranges=(limits(max={"storage": "1200Gi"}, min={"storage": "1Gi"}),)) == []
    assert found(limit_ranges=(limits("Container", max={"storage": "1Gi"}),)) == []
    (told,) = found(limit_ranges=(limits(max={"storage": "500Gi"}),))
    assert (told.verdict, told.cause) == (Verdict.WARN, "pod-creation-refused")
    (told,) = found(limit_ranges=(limits(min={"storage": "2400Gi"}),), claims=(planned(),))
    assert (told.verdict, told.cause) == (Verdict.FAIL, "pod-creation-refused")


def test_what_was_not_seen() -> None:
    for fact in ("namespaces", "resource_quotas", "limit_ranges"):
        assert {told.verdict for told in found(**{fact: given.denied("list them")})} == {Verdict.UNKNOWN}
    nothing = {"claims": (), "persistent_volumes": (), "deployments": (), "daemon_sets": (), "storage_classes": ()}
    assert [told.verdict for told in found(**nothing)] == [Verdict.SKIP]
