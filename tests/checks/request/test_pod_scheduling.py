"""The scheduler has a node for every pod of a Lustre claim."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.request.pod_scheduling import pods_get_a_node
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.kubernetes import (
    ClaimVolume,
    Condition,
    OwnerReference,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodVolume,
)
from diag.resources.kubernetes.pod import Ephemeral
from tests.checks.given import (
    LONG_AGO,
    REGION,
    claim,
    denied,
    event,
    findings,
    node,
    pod,
    replace,
    storage_class,
    verdicts,
    volume,
)

ZONE = "topology.kubernetes.io/zone"
JUST_NOW = "2026-11-24T11:59:00Z"
CONFLICT = "0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity."
OLD_CONFLICT = "0/1 nodes are available: 1 node(s) had volume node affinity conflict."
NO_ZONE = "0/1 nodes are available: 1 node(s) had no available volume zone."
NOTHING = "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind."
CPU = "0/1 nodes are available: 1 Insufficient cpu."
LIMIT = "0/1 nodes are available: 1 node(s) exceed max volume count"


def bound_to(zone: str) -> dict[str, Any]:
    need = {"key": ZONE, "operator": "In", "values": [zone]}
    return {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [need]}]}}}


def labelled(**labels: str) -> PersistentVolume:
    made = volume()
    return replace(made, metadata=replace(made.metadata, labels={ZONE: labels["zone"]}))


def waiting(text: str = "", *, reason: str = "Unschedulable", **fields: Any) -> Pod:
    made = pod(phase="Pending", node="", **fields)
    condition = Condition("PodScheduled", "False", reason, text)
    return replace(made, status=replace(made.status, conditions=(condition,)))


def only(**facts: Any) -> Finding:
    (finding,) = findings(pods_get_a_node, **facts)
    return finding


def test_pods_that_have_their_node_rule_the_causes_out() -> None:
    finding = only()
    assert finding.verdict is Verdict.PASS
    assert set(finding.rules_out) == {"volume-node-affinity", "claim-volume-mismatch", "pod-unschedulable"}


@pytest.mark.parametrize("made", [volume(**bound_to(f"{REGION}f")), labelled(zone=f"{REGION}f")])
def test_a_volume_that_leaves_no_node(made: PersistentVolume) -> None:
    finding = only(persistent_volumes=(made,), pods=(waiting(CONFLICT),))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "volume-node-affinity")
    assert f"{ZONE} In {REGION}f, and no node of the cluster fits" in finding.message
    assert finding.fix is not None


def test_a_copy_without_the_affinity_does_not_keep_the_labels_of_the_zone() -> None:
    old = "failure-domain.beta.kubernetes.io/zone"
    made = volume(**bound_to(f"{REGION}f"))
    made = replace(made, metadata=replace(made.metadata, labels={ZONE: f"{REGION}f", old: f"{REGION}f"}))
    fix = only(persistent_volumes=(made,), pods=(waiting(CONFLICT),)).fix
    assert fix is not None
    assert fix.commands[0] == f"kubectl label pv {made.name} {ZONE}- {old}-"
    assert any("nodeAffinity" in line for line in fix.commands)


def test_it_is_a_warning_as_long_as_no_pod_waits() -> None:
    assert verdicts(pods_get_a_node, persistent_volumes=(volume(**bound_to(f"{REGION}f")),)) == (Verdict.WARN,)


@pytest.mark.parametrize(
    "made", [volume(**bound_to(f"{REGION}a")), labelled(zone=f"{REGION}a"), labelled(zone=f"{REGION}c__{REGION}a")]
)
def test_a_volume_that_leaves_the_pods_node_is_right(made: PersistentVolume) -> None:
    assert verdicts(pods_get_a_node, persistent_volumes=(made,)) == (Verdict.PASS,)


def test_a_node_without_zones_takes_a_volume_with_a_label_as_the_scheduler_lets_it() -> None:
    plain = node()
    plain = replace(plain, metadata=replace(plain.metadata, labels={"kubernetes.io/os": "linux"}))
    assert verdicts(pods_get_a_node, persistent_volumes=(labelled(zone="x"),), nodes=(plain,)) == (Verdict.PASS,)


def test_the_nodes_that_the_volume_leaves_and_the_pod_refuses() -> None:
    nodes = (node(), node("node-c", labels={ZONE: f"{REGION}c"}))
    made = waiting(OLD_CONFLICT, nodeSelector={ZONE: f"{REGION}c"})
    finding = only(persistent_volumes=(volume(**bound_to(f"{REGION}a")),), pods=(made,), nodes=nodes)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "volume-node-affinity")
    assert f"cannot go there: its nodeSelector wants {ZONE}={REGION}c" in finding.message


def test_a_class_that_allows_no_zone_with_nodes() -> None:
    topology = [{"matchLabelExpressions": [{"key": ZONE, "values": [f"{REGION}f"]}]}]
    delayed = storage_class(volumeBindingMode="WaitForFirstConsumer", allowedTopologies=topology)
    given = {"claims": (claim(volume=""),), "persistent_volumes": (), "pods": (waiting(NOTHING),)}
    finding = only(storage_classes=(delayed,), **given)
    assert (finding.verdict, finding.cause, finding.subject.name) == (Verdict.FAIL, "volume-node-affinity", "fsx-pvc")
    assert finding.fix is not None and '"allowedTopologies":null' in "".join(finding.fix.commands)
    allowed = msgspec.structs.replace(
        delayed, allowed_topologies=storage_class(allowedTopologies=_in(f"{REGION}a")).allowed_topologies
    )
    told = only(storage_classes=(allowed,), **{**given, "pods": (waiting(CPU, created=JUST_NOW),)})
    assert told.verdict is Verdict.SKIP


def _in(zone: str) -> list[dict[str, Any]]:
    return [{"matchLabelExpressions": [{"key": ZONE, "values": [zone]}]}]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (CONFLICT, "volume-node-affinity"),
        (OLD_CONFLICT, "volume-node-affinity"),
        (NO_ZONE, "volume-node-affinity"),
        (NOTHING, "claim-volume-mismatch"),
    ],
)
def test_what_the_scheduler_says_of_the_only_volume_counts_at_once(text: str, cause: str) -> None:
    finding = only(pods=(waiting(text, created=JUST_NOW),))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, cause)


def test_what_it_says_of_two_volumes_is_not_this_one_that_may_be_anywhere() -> None:
    finding = only(pods=(waiting(CONFLICT, claims=("fsx-pvc", "ebs-pvc")),))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "pod-unschedulable")
    assert "another of its volumes" in finding.message


def test_nodes_at_their_limit_of_volumes_count_at_once_unless_they_lack_more() -> None:
    finding = only(pods=(waiting(LIMIT, created=JUST_NOW),))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "pod-unschedulable")
    both = f"{LIMIT}, 1 Insufficient cpu"
    assert verdicts(pods_get_a_node, pods=(waiting(both, created=JUST_NOW),)) == (Verdict.SKIP,)


def test_the_drivers_startup_taint_is_its_own_checks_matter() -> None:
    text = "0/1 nodes are available: 1 node(s) had untolerated taint {fsx.csi.aws.com/agent-not-ready: }."
    assert verdicts(pods_get_a_node, pods=(waiting(text, created=LONG_AGO),)) == (Verdict.SKIP,)


def test_other_reasons_count_after_minutes() -> None:
    assert verdicts(pods_get_a_node, pods=(waiting(CPU, created=JUST_NOW),)) == (Verdict.SKIP,)
    finding = only(pods=(waiting(CPU, created=LONG_AGO),))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "pod-unschedulable")
    assert "1 Insufficient cpu" in finding.message


def test_an_event_is_as_good_as_a_condition() -> None:
    made = pod(phase="Pending", node="")
    assert only(pods=(made,), warning_events=(event(made, "FailedScheduling", CPU),)).cause == "pod-unschedulable"


def test_a_claim_that_is_not_ready_is_for_the_claims_own_checks() -> None:
    text = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    assert verdicts(pods_get_a_node, claims=(claim(volume=""),), pods=(waiting(text),)) == (Verdict.SKIP,)


def test_a_gated_pod_waits_for_somebody_elses_word() -> None:
    finding = only(pods=(waiting(reason="SchedulingGated"),))
    assert (finding.verdict, "schedulingGates" in finding.message) == (Verdict.SKIP, True)


def test_silence_for_long_is_unknown() -> None:
    assert verdicts(pods_get_a_node, pods=(pod(phase="Pending", node=""),)) == (Verdict.UNKNOWN,)


def test_unknown_names_the_permission_where_the_nodes_decide() -> None:
    given = {"persistent_volumes": (volume(**bound_to(f"{REGION}a")),), "nodes": denied("list nodes")}
    finding = only(**given)
    assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list nodes")
    assert verdicts(pods_get_a_node, nodes=denied("list nodes")) == (Verdict.PASS,)


def test_a_scheduler_that_is_not_there() -> None:
    made = waiting(created=LONG_AGO)
    named = replace(made, spec=replace(made.spec, scheduler_name="volcano"))
    finding = only(pods=(named,))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "pod-unschedulable")
    assert "waits for scheduler volcano" in finding.message
    usual = replace(made, spec=replace(made.spec, scheduler_name="default-scheduler"))
    assert only(pods=(usual,)).verdict is Verdict.UNKNOWN
    young = replace(named, metadata=replace(named.metadata, creation_timestamp=JUST_NOW))
    assert only(pods=(young,)).verdict is Verdict.SKIP


def beside(zone: str) -> tuple[PersistentVolume, PersistentVolumeClaim]:
    """Another volume, which leaves one zone, with its claim."""
    made, asked = volume(**bound_to(zone)), claim(volumeName="other")
    other = replace(made, metadata=replace(made.metadata, name="other"))
    return other, replace(asked, metadata=replace(asked.metadata, name="other-claim"))


def both(*, mine: str, other: str, text: str = CONFLICT) -> dict[str, Any]:
    """A pod of two volumes, on nodes of two zones."""
    volume_beside, claim_beside = beside(other)
    user = waiting(text)
    named = (*(user.spec.volumes or ()), PodVolume("o", ClaimVolume("other-claim")))
    return {
        "nodes": tuple(node(f"node-{zone}", labels={ZONE: f"{REGION}{zone}"}) for zone in "ac"),
        "persistent_volumes": (volume(**bound_to(mine)), volume_beside),
        "claims": (claim(), claim_beside),
        "pods": (replace(user, spec=replace(user.spec, volumes=named)),),
    }


def test_two_volumes_that_leave_no_node_together() -> None:
    first, *_ = findings(pods_get_a_node, **both(mine=f"{REGION}a", other=f"{REGION}c"))
    assert (first.verdict, first.cause) == (Verdict.FAIL, "volume-node-affinity")
    assert "no node fits both volumes" in first.message


def test_another_volume_that_leaves_none_by_itself_is_to_blame_alone() -> None:
    first, *_ = findings(pods_get_a_node, **both(mine=f"{REGION}a", other=f"{REGION}f"))
    assert (first.verdict, first.cause) == (Verdict.FAIL, "pod-unschedulable")


def test_of_volumes_to_choose_from_one_that_leaves_a_node_counts() -> None:
    late = storage_class(provisioner="kubernetes.io/no-provisioner", volumeBindingMode="WaitForFirstConsumer")
    asked = claim(phase="Pending", volumeName="")
    away, near = (
        replace(made, metadata=replace(made.metadata, name=name), spec=replace(made.spec, claim_ref=None),
                status=replace(made.status, phase="Available"))
        for name, made in (("away", volume(**bound_to(f"{REGION}f"))), ("near", volume()))
    )  # fmt: skip
    given: dict[str, Any] = {"claims": (asked,), "storage_classes": (late,), "pods": (waiting(NOTHING),)}
    (finding,) = findings(pods_get_a_node, persistent_volumes=(away,), **given)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "volume-node-affinity")
    (finding,) = findings(pods_get_a_node, persistent_volumes=(away, near), **given)
    assert finding.cause != "volume-node-affinity"


@pytest.mark.parametrize("owners", [None, (OwnerReference("Pod", "other", "uid-of-another"),)])
def test_a_claim_with_the_name_that_an_ephemeral_volume_needs(owners: tuple[OwnerReference, ...] | None) -> None:
    user = waiting()
    own = (PodVolume("scratch", ClaimVolume("fsx-pvc"), Ephemeral()),)
    user = replace(user, metadata=replace(user.metadata, uid="uid"), spec=replace(user.spec, volumes=own))
    asked = claim()
    asked = replace(asked, metadata=replace(asked.metadata, owner_references=owners))
    finding = only(pods=(user,), claims=(asked,))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-volume-mismatch")
    made = replace(asked, metadata=replace(asked.metadata, owner_references=(OwnerReference("Pod", "pod", "uid"),)))
    assert only(pods=(user,), claims=(made,)).cause != "claim-volume-mismatch"
