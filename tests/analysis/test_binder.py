"""The binder's own rules, as a table of its cases.

The cases are those of Kubernetes' tests of FindMatchingVolume (pv_helpers_test.go, index_test.go) and of
syncUnboundClaim (pv_controller, binder_test.go, unit test sets 1 and 2), told in facts: what is bound to what.
"""

from __future__ import annotations

from typing import Any

import pytest

from checks.request.claim_binding import claim_has_its_volume
from diag.analysis.binding import CLASS_ANNOTATION, class_of, class_of_volume
from diag.analysis.claims import SELECTED_NODE, provisioning
from diag.model.verdict import Verdict
from diag.resources.kubernetes import PersistentVolume, PersistentVolumeClaim
from diag.resources.kubernetes.meta import ObjectReference
from tests.checks.given import LONG_AGO, NOW, claim, findings, replace, storage_class, volume

MINE = ObjectReference(name="fsx-pvc", namespace="default")
LATE = {"volumeBindingMode": "WaitForFirstConsumer"}
BY_HAND = "kubernetes.io/no-provisioner"


def pv(
    name: str = "fsx-pv", *, ref: ObjectReference | None = None, phase: str = "Available", **spec: Any
) -> PersistentVolume:
    """A volume that nobody holds, or that `ref` has reserved; `deleting` marks it for deletion."""
    deleting = spec.pop("deleting", None)
    labels = spec.pop("labels", None)
    made = volume(name, **spec)
    meta = replace(made.metadata, deletion_timestamp=deleting and NOW, labels=labels)
    return replace(
        made, metadata=meta, spec=replace(made.spec, claim_ref=ref), status=replace(made.status, phase=phase)
    )


def asked(name: str = "", **spec: Any) -> PersistentVolumeClaim:
    """A claim that is minutes old, and names a volume or none."""
    made = claim(volume=name, phase="Pending", **spec)
    return replace(made, metadata=replace(made.metadata, creation_timestamp=NOW))


BINDS, WAITS, REFUSED = "binds", "waits for a pod", "refused"
GOLD = {"volumeAttributesClassName": "gold"}
LARGE = {"resources": {"requests": {"storage": "2400Gi"}}}
SELECTOR = {"selector": {"matchLabels": {"team": "ml"}}}
OTHER_CLASS = {"storageClassName": "other"}

NAMED = [
    ("fits", asked("fsx-pv"), pv(), BINDS),
    ("is reserved, and nothing is asked", asked("fsx-pv", **LARGE, **OTHER_CLASS), pv(ref=MINE), BINDS),
    ("is reserved by uid", asked("fsx-pv", **LARGE), pv(ref=replace(MINE, uid="uid-claim")), BINDS),
    ("was a former claim's", asked("fsx-pv"), pv(ref=replace(MINE, uid="former"), phase="Released"), REFUSED),
    ("is another claim's", asked("fsx-pv"), pv(ref=replace(MINE, name="other")), REFUSED),
    ("is too small", asked("fsx-pv", **LARGE), pv(), REFUSED),
    ("is of another class", asked("fsx-pv", **OTHER_CLASS), pv(), REFUSED),
    ("is of another mode", asked("fsx-pv", volumeMode="Block"), pv(), REFUSED),
    ("lacks an access mode", asked("fsx-pv"), pv(accessModes=["ReadWriteOnce"]), REFUSED),
    ("is being deleted", asked("fsx-pv"), pv(deleting=True), REFUSED),
    ("is of another attributes class", asked("fsx-pv", **GOLD), pv(), REFUSED),
    ("has labels that nobody asks of a named one", asked("fsx-pv", **SELECTOR), pv(), BINDS),
    ("is in any phase", asked("fsx-pv"), pv(phase="Failed"), BINDS),
]  # fmt: skip
"""Unit test set 2: the claim names its volume. The class binds at once, or late, which makes no difference."""

UNNAMED = [
    ("fits", asked(), pv(), BINDS),
    ("is reserved", asked(), pv(ref=MINE), BINDS),
    ("is reserved, of another class and without the labels", asked(**OTHER_CLASS, **SELECTOR), pv(ref=MINE), BINDS),
    ("is reserved, in any phase", asked(), pv(ref=MINE, phase="Failed"), BINDS),
    ("is reserved and too small", asked(**LARGE), pv(ref=MINE), REFUSED),
    ("is reserved and of another mode", asked(volumeMode="Block"), pv(ref=MINE), REFUSED),
    ("is reserved and being deleted", asked(), pv(ref=MINE, deleting=True), REFUSED),
    ("is reserved and of another attributes class", asked(**GOLD), pv(ref=MINE), REFUSED),
    ("is too small", asked(**LARGE), pv(), REFUSED),
    ("is of another mode", asked(volumeMode="Block"), pv(), REFUSED),
    ("lacks an access mode", asked(), pv(accessModes=["ReadWriteOnce"]), REFUSED),
    ("is being deleted", asked(), pv(deleting=True), REFUSED),
    ("is not available", asked(), pv(phase="Failed"), REFUSED),
    ("has no phase yet", asked(), pv(phase=""), BINDS),
    ("is of another attributes class", asked(**GOLD), pv(), REFUSED),
    ("is of the attributes class", asked(**GOLD), pv(volumeAttributesClassName="gold"), BINDS),
    ("lacks the labels", asked(**SELECTOR), pv(), REFUSED),
    ("has the labels", asked(**SELECTOR), pv(labels={"team": "ml"}), BINDS),
]
"""Unit test set 1: the binder looks for one, here of a class whose volumes people make."""


def outcome(one: PersistentVolumeClaim, *volumes: PersistentVolume, **of_class: Any) -> tuple[str, str]:
    fields = {"provisioner": BY_HAND, **of_class}
    classes = (storage_class(**fields), storage_class("other", **fields))
    (found,) = findings(claim_has_its_volume, claims=(one,), persistent_volumes=volumes, storage_classes=classes)
    if found.verdict is Verdict.FAIL:
        return REFUSED, found.message
    assert found.verdict is Verdict.SKIP
    return (WAITS if "when a pod" in found.message else BINDS), found.message


@pytest.mark.parametrize(("what", "one", "offered", "expected"), NAMED, ids=[case[0] for case in NAMED])
@pytest.mark.parametrize("of_class", [{}, LATE], ids=["at once", "late"])
def test_a_volume_that_the_claim_names(
    what: str, one: PersistentVolumeClaim, offered: PersistentVolume, expected: str, of_class: dict[str, Any]
) -> None:
    assert outcome(one, offered, **of_class)[0] == expected


@pytest.mark.parametrize(("what", "one", "offered", "expected"), UNNAMED, ids=[case[0] for case in UNNAMED])
def test_a_volume_that_the_binder_finds(
    what: str, one: PersistentVolumeClaim, offered: PersistentVolume, expected: str
) -> None:
    assert outcome(one, offered)[0] == expected


@pytest.mark.parametrize(("what", "one", "offered", "expected"), UNNAMED, ids=[case[0] for case in UNNAMED])
def test_a_class_that_binds_late_leaves_free_volumes_to_the_scheduler(
    what: str, one: PersistentVolumeClaim, offered: PersistentVolume, expected: str
) -> None:
    late = WAITS if expected == BINDS and offered.spec.claim_ref is None else expected
    assert outcome(one, offered, **LATE)[0] == late


@pytest.mark.parametrize("provisioner", [BY_HAND, "fsx.csi.aws.com"])
def test_a_claim_without_a_pod_may_wait_for_good_though_a_volume_is_free(provisioner: str) -> None:
    old = replace(asked(), metadata=replace(asked().metadata, creation_timestamp=LONG_AGO))
    assert outcome(old, pv(), provisioner=provisioner, **LATE)[0] == WAITS


def test_a_reserved_volume_counts_before_one_that_a_former_claim_left() -> None:
    left, reserved = pv("pv-a", ref=replace(MINE, uid="former"), phase="Released"), pv("pv-b", ref=MINE)
    for volumes in ((left, reserved), (reserved, left)):
        how, message = outcome(asked(), *volumes)
        assert how == BINDS and "pv-b" in message
    assert outcome(asked(), left)[0] == REFUSED


def test_a_free_volume_counts_before_one_that_a_former_claim_left() -> None:
    left = pv("pv-a", ref=replace(MINE, uid="former"), phase="Released")
    how, message = outcome(asked(), left, pv("pv-b"))
    assert how == BINDS and "pv-b" in message


def test_a_reserved_volume_that_does_not_fit_does_not_hide_another_that_does() -> None:
    how, message = outcome(asked(), pv("pv-a", ref=MINE, volumeMode="Block"), pv("pv-b", ref=MINE))
    assert how == BINDS and "pv-b" in message


@pytest.mark.parametrize("provisioner", [BY_HAND, "fsx.csi.aws.com"])
def test_a_node_that_the_scheduler_chose_ends_the_delay(provisioner: str) -> None:
    """shouldDelayBinding: with the annotation the controller binds a free volume by itself, or has one made."""
    chosen = replace(asked(), metadata=replace(asked().metadata, annotations={SELECTED_NODE: "node-a"}))
    how, message = outcome(chosen, pv(), provisioner=provisioner, **LATE)
    assert how == BINDS and "fits and is free" in message
    old = replace(chosen, metadata=replace(chosen.metadata, creation_timestamp=LONG_AGO))
    assert outcome(old, pv(), provisioner=provisioner, **LATE)[0] == REFUSED


@pytest.mark.parametrize(
    ("annotation", "field", "name"),
    [(None, "fsx-sc", "fsx-sc"), ("old", "fsx-sc", "old"), ("", "fsx-sc", ""), ("old", None, "old"), (None, None, "")],
)
def test_the_old_annotation_of_the_class_counts_before_the_field_though_it_is_empty(
    annotation: str | None, field: str | None, name: str
) -> None:
    notes = {} if annotation is None else {CLASS_ANNOTATION: annotation}
    one = asked(storageClassName=field)
    assert class_of(replace(one, metadata=replace(one.metadata, annotations=notes))) == name
    both = pv(storageClassName=field or "")
    assert class_of_volume(replace(both, metadata=replace(both.metadata, annotations=notes))) == name


def test_a_claim_that_asks_by_annotation_waits_for_the_driver_too() -> None:
    one = asked(storageClassName=None)
    one = replace(one, metadata=replace(one.metadata, annotations={CLASS_ANNOTATION: "fsx-sc"}))
    assert provisioning((storage_class(),), (one,), ()).pending == (one,)
    assert provisioning((storage_class(),), (asked(storageClassName=None),), ()).pending == ()
