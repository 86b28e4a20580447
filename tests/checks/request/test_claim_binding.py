"""The claim is bound to its volume, or will be."""

from __future__ import annotations

from typing import Any

import pytest

from checks.request.claim_binding import claim_has_its_volume
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.kubernetes import Event, PersistentVolume, PersistentVolumeClaim, VolumeSpec
from diag.resources.target import Target
from tests.checks.given import LONG_AGO, claim, denied, event, findings, pod, replace, storage_class, verdicts, volume

JUST_NOW = "2026-11-24T11:55:00Z"


def free(**spec: Any) -> PersistentVolume:
    """A volume that no claim holds."""
    made = volume(**spec)
    status = replace(made.status, phase="Available")
    return replace(made, spec=replace(made.spec, claim_ref=None), status=status)


def released(made: PersistentVolume, uid: str = "uid-of-a-dead-claim") -> PersistentVolume:
    """The volume after its claim was deleted."""
    ref = made.spec.claim_ref
    assert ref is not None
    spec = replace(made.spec, claim_ref=replace(ref, uid=uid))
    return replace(made, spec=spec, status=replace(made.status, phase="Released"))


def pending(**spec: Any) -> PersistentVolumeClaim:
    return claim(phase="Pending", **spec)


def aged(made: PersistentVolumeClaim, created: str) -> PersistentVolumeClaim:
    return replace(made, metadata=replace(made.metadata, creation_timestamp=created))


def complaint(about: PersistentVolumeClaim, text: str) -> Event:
    return event(about, "ProvisioningFailed", text)


def only(**facts: Any) -> Finding:
    (finding,) = findings(claim_has_its_volume, **facts)
    return finding


def test_a_bound_claim_rules_the_claims_causes_out() -> None:
    finding = only()
    assert finding.verdict is Verdict.PASS
    causes = {"claim-pending", "claim-volume-mismatch", "pv-released", "storageclass-wrong-provisioner"}
    assert set(finding.rules_out) == causes


@pytest.mark.parametrize(
    ("asked", "offered", "told"),
    [
        ({"resources": {"requests": {"storage": "2400Gi"}}}, {}, "it asks for 2400 GiB, the volume says 1200 GiB"),
        ({"storageClassName": "gp3"}, {}, "StorageClass gp3, the volume is of fsx-sc"),
        ({"volumeMode": "Block"}, {}, "volumeMode is Block, the volume's Filesystem"),
        ({}, {"accessModes": ["ReadWriteOnce"]}, "it asks for ReadWriteMany, the volume offers ReadWriteOnce"),
    ],
)
def test_a_claim_that_does_not_fit_the_volume_it_names(
    asked: dict[str, Any], offered: dict[str, Any], told: str
) -> None:
    finding = only(claims=(pending(**asked),), persistent_volumes=(free(**offered),))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-volume-mismatch")
    assert told in finding.message
    assert finding.fix is not None
    copied, replaced = finding.fix.commands[:2]
    saved, _, copied = copied.partition(" && ")
    assert ("get pvc" in saved, "patch --local" in copied, replaced.startswith("test -s ")) == (True, True, True)
    *_, deleted, applied = replaced.split(" && ")
    assert "delete pvc" in deleted and applied.startswith("kubectl create -f ")


def test_a_claim_that_fits_binds_in_a_moment() -> None:
    given = {"claims": (aged(pending(), JUST_NOW),), "persistent_volumes": (free(),)}
    assert only(**given).verdict is Verdict.SKIP


def test_a_volume_of_a_deleted_claim_of_the_same_name() -> None:
    finding = only(claims=(pending(),), persistent_volumes=(released(volume()),))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "pv-released")
    assert finding.fix is not None and "/spec/claimRef/uid" in finding.fix.commands[0]


def test_a_released_volume_that_nobody_asks_for_is_nobodys_trouble() -> None:
    other = released(volume("fsx-pv-old", claim="fsx-pvc-old"))
    assert verdicts(claim_has_its_volume, persistent_volumes=(volume(), other)) == (Verdict.PASS,)


def test_a_volume_of_another_claim() -> None:
    finding = only(claims=(pending(),), persistent_volumes=(volume(claim="somebody"),))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-volume-mismatch")
    assert "belongs to the claim default/somebody" in finding.message


def test_a_volume_that_does_not_exist() -> None:
    finding = only(claims=(pending(),), persistent_volumes=())
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-pending")
    assert "names the volume fsx-pv" in finding.message


def test_a_claim_whose_volume_was_deleted() -> None:
    lost = claim(phase="Lost")
    assert only(claims=(lost,), persistent_volumes=()).cause == "claim-pending"


def test_a_class_that_does_not_exist() -> None:
    finding = only(claims=(pending(volume="", storageClassName="fsx-lustre"),), persistent_volumes=())
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-pending")
    assert "fsx-lustre does not exist" in finding.message


def test_no_class_and_no_volume() -> None:
    finding = only(claims=(pending(volume="", storageClassName=None),), persistent_volumes=())
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-pending")


def test_static_binding_needs_no_class() -> None:
    asked = aged(pending(volume="", storageClassName=""), JUST_NOW)
    given = {"claims": (asked,), "persistent_volumes": (free(storageClassName=""),), "storage_classes": ()}
    assert only(**given).verdict is Verdict.SKIP


def test_a_selector_that_takes_no_volume() -> None:
    asked = pending(volume="", storageClassName="", selector={"matchLabels": {"team": "ml"}})
    finding = only(claims=(asked,), persistent_volumes=(free(storageClassName=""),))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-volume-mismatch")
    assert "selector" in finding.message


def test_a_file_system_that_is_being_made() -> None:
    given = {"claims": (aged(pending(volume=""), JUST_NOW),), "persistent_volumes": ()}
    assert only(**given).verdict is Verdict.SKIP


def test_a_file_system_that_takes_too_long_is_a_failure_of_no_known_cause() -> None:
    finding = only(claims=(aged(pending(volume=""), LONG_AGO),), persistent_volumes=())
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "")


def test_a_provisioner_that_complains_is_a_failure_whose_cause_its_text_tells() -> None:
    asked = aged(pending(volume=""), JUST_NOW)
    finding = only(claims=(asked,), persistent_volumes=(), claim_events=(complaint(asked, "not authorized"),))
    assert (finding.verdict, finding.cause, finding.evidence) == (Verdict.FAIL, "", ("event: not authorized",))


def test_a_claim_that_waits_for_the_first_pod() -> None:
    lazy = storage_class(volumeBindingMode="WaitForFirstConsumer")
    given = {"claims": (aged(pending(volume=""), LONG_AGO),), "persistent_volumes": (), "storage_classes": (lazy,)}
    assert only(**given).verdict is Verdict.SKIP


def test_a_dynamic_claim_is_not_given_the_volume_of_its_predecessor() -> None:
    asked = aged(pending(volume=""), JUST_NOW)
    finding = only(claims=(asked,), persistent_volumes=(released(volume()),))
    assert finding.verdict is Verdict.SKIP and "fsx-pv, kept for a former claim of that name" in finding.message


def test_claims_of_other_drivers_are_not_looked_at() -> None:
    asked = pending(name="database", volume="", storageClassName="gp3")
    classes = (storage_class("gp3", provisioner="ebs.csi.aws.com"),)
    assert verdicts(claim_has_its_volume, claims=(asked,), persistent_volumes=(), storage_classes=classes) == ()


def test_a_claim_that_is_bound_to_a_volume_of_no_csi_driver_is_not_lustres() -> None:
    nfs = replace(volume("nfs-pv"), spec=VolumeSpec())
    assert verdicts(claim_has_its_volume, claims=(claim(volume="nfs-pv"),), persistent_volumes=(nfs,)) == ()


def test_one_that_the_run_names_is_told_to_be_none_of_lustres() -> None:
    asked = pending(name="database", volume="", storageClassName="gp3")
    classes = (storage_class("gp3", provisioner="ebs.csi.aws.com"),)
    target = Target(claims=("database",))
    finding = only(claims=(asked,), persistent_volumes=(), storage_classes=classes, target=target)
    assert finding.verdict is Verdict.SKIP and "ebs.csi.aws.com" in finding.message


def test_a_run_about_one_volume_says_nothing_of_other_claims() -> None:
    other = pending(name="other", volume="")
    given = {"claims": (claim(), other), "target": Target(volumes=("fsx-pv",))}
    assert [f.subject.name for f in findings(claim_has_its_volume, **given)] == ["fsx-pvc"]


def test_unknown_names_the_permission() -> None:
    (finding,) = findings(claim_has_its_volume, storage_classes=denied("list storageclasses"))
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.unavailable[0].permission == "list storageclasses"


def test_events_that_cannot_be_read_change_no_verdict() -> None:
    assert only(claim_events=denied("list events")).verdict is Verdict.PASS


def test_a_provisioner_that_nobody_is_called() -> None:
    misspelt = storage_class(provisioner="fsx.csi.aws")
    finding = only(claims=(claim(volume=""),), persistent_volumes=(), storage_classes=(misspelt,))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "storageclass-wrong-provisioner")
    assert finding.fix is not None and '"provisioner":"fsx.csi.aws.com"' in "".join(finding.fix.commands)
    assert not any("delete pvc" in line for line in finding.fix.commands)


@pytest.mark.parametrize("name", ["fsx.openzfs.csi.aws.com", "lustre.csi.storage.gke.io", "csi.trident.netapp.io"])
def test_drivers_of_other_file_systems_are_none_of_ours(name: str) -> None:
    theirs = storage_class(provisioner=name)
    assert (
        findings(claim_has_its_volume, claims=(claim(volume=""),), persistent_volumes=(), storage_classes=(theirs,))
        == ()
    )


def test_the_parameters_of_lustre_under_another_drivers_provisioner() -> None:
    lustre = {"subnetId": "subnet-0", "securityGroupIds": "sg-0", "deploymentType": "SCRATCH_2"}
    facts = {"claims": (claim(volume=""),), "persistent_volumes": ()}
    theirs = storage_class(provisioner="fsx.openzfs.csi.aws.com", parameters=lustre)
    finding = only(storage_classes=(theirs,), **facts)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "storageclass-wrong-provisioner")
    ebs = storage_class(provisioner="ebs.csi.aws.com", parameters={"type": "gp3", "kmsKeyId": "alias/ebs"})
    assert findings(claim_has_its_volume, storage_classes=(ebs,), **facts) == ()


def test_a_selector_keeps_a_dynamic_claim_from_its_volume() -> None:
    asked = pending(volume="", selector={"matchLabels": {"app": "training"}})
    finding = only(claims=(asked,), persistent_volumes=())
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-volume-mismatch")
    assert finding.fix is not None and '"selector":null' in "".join(finding.fix.commands)
    labelled = replace(free(), metadata=replace(free().metadata, labels={"app": "training"}))
    assert only(claims=(aged(asked, JUST_NOW),), persistent_volumes=(labelled,)).verdict is Verdict.SKIP


def test_a_claim_without_a_class_that_would_fit_a_free_volume_of_one() -> None:
    asked = pending(volume="", storageClassName=None)
    told = event(asked, "FailedBinding", "no persistent volumes available for this claim and no storage class is set")
    facts = {"claims": (asked,), "persistent_volumes": (free(),)}
    finding = only(claim_events=(told,), **facts)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-volume-mismatch")
    assert finding.fix is not None and '"storageClassName"' in "".join(finding.fix.commands)
    alone = {"claims": (pending(volume="", storageClassName=None, accessModes=["ReadWriteOnce"]),)}
    assert only(claim_events=(told,), **(facts | alone)).cause == "claim-pending"


def test_a_shared_claim_that_got_another_drivers_class_and_would_fit_a_free_volume() -> None:
    ebs = storage_class("gp3", provisioner="ebs.csi.aws.com")
    asked = claim(volume="", storageClassName="gp3")
    given = {"claims": (asked,), "persistent_volumes": (free(),), "storage_classes": (ebs, storage_class())}
    finding = only(claim_events=(complaint(asked, "Volume capabilities not supported"),), **given)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-volume-mismatch")
    assert findings(claim_has_its_volume, claim_events=(), **given) == ()


def test_a_claim_of_a_class_of_volumes_made_by_hand() -> None:
    by_hand = storage_class(provisioner="kubernetes.io/no-provisioner", volumeBindingMode="WaitForFirstConsumer")
    asked = claim(volume="", resources={"requests": {"storage": "2400Gi"}})
    given = {"persistent_volumes": (free(),), "storage_classes": (by_hand,)}
    finding = only(claims=(asked,), **given)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-volume-mismatch")
    assert only(claims=(aged(claim(volume=""), JUST_NOW),), **given).verdict is Verdict.SKIP


def test_a_claim_of_an_empty_class_made_by_hand_that_a_free_volume_of_another_would_fit() -> None:
    """Nobody makes a volume of it, and nobody tells the claim so where it binds late; disks of a node are no Lustre."""
    by_hand = storage_class("by-hand", provisioner="kubernetes.io/no-provisioner")
    late = replace(by_hand, volume_binding_mode="WaitForFirstConsumer")
    asked = claim(volume="", storageClassName="by-hand")
    for kind in (by_hand, late):
        given = {"claims": (asked,), "persistent_volumes": (free(),), "storage_classes": (kind, storage_class())}
        finding = only(**given)
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-volume-mismatch")
        assert finding.fix is not None and '"storageClassName"' in "".join(finding.fix.commands)
        alone = claim(volume="", storageClassName="by-hand", accessModes=["ReadWriteOnce"])
        assert verdicts(claim_has_its_volume, **(given | {"claims": (alone,)})) == ()
        disk = replace(free(), metadata=replace(free().metadata, name="disk"))
        local = replace(disk, spec=replace(disk.spec, csi=None, storage_class_name="by-hand"))
        assert verdicts(claim_has_its_volume, **(given | {"persistent_volumes": (free(), local)})) == ()


def test_a_claim_that_is_being_deleted() -> None:
    made = claim()
    leaving = replace(made, metadata=replace(made.metadata, deletion_timestamp="2026-11-24T11:00:00Z"))
    assert only(claims=(leaving,)).verdict is Verdict.WARN
    finding = only(claims=(leaving,), pods=(pod(phase="Pending", node=""),))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-pending")
    assert finding.fix is not None


def holding(**ref: str) -> PersistentVolume:
    made = volume()
    assert made.spec.claim_ref is not None
    return replace(made, spec=replace(made.spec, claim_ref=replace(made.spec.claim_ref, **ref)))


@pytest.mark.parametrize("ref", [{"namespace": "other"}, {"name": "other"}, {"uid": "uid-of-a-dead-claim"}])
def test_a_bound_claim_whose_volume_belongs_to_another(ref: dict[str, str]) -> None:
    found = only(persistent_volumes=(holding(**ref),))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "claim-volume-mismatch")
    assert "which says that it belongs to claim" in found.message


def test_a_bound_claim_whose_volume_belongs_to_nobody() -> None:
    assert "belongs to no claim" in only(persistent_volumes=(free(),)).message


def test_a_bound_claim_whose_volume_is_gone() -> None:
    found = only(persistent_volumes=())
    assert (found.verdict, found.cause) == (Verdict.FAIL, "claim-pending")
    assert "none is called so" in found.message
    assert found.fix and found.fix.steps[0].by


def test_a_bound_claim_of_another_driver_s_class_is_none_of_ours() -> None:
    other = (storage_class(provisioner="ebs.csi.aws.com"),)
    assert verdicts(claim_has_its_volume, persistent_volumes=(), storage_classes=other) == ()


def test_a_late_claim_of_a_pod_that_names_its_node_itself() -> None:
    late = storage_class(volumeBindingMode="WaitForFirstConsumer")
    facts: dict[str, Any] = {"claims": (claim(volume=""),), "persistent_volumes": (), "storage_classes": (late,)}
    told = only(**facts, pods=(pod(phase="Pending"),))
    assert (told.verdict, told.cause, "names its node itself" in told.message) == (Verdict.FAIL, "claim-pending", True)
    assert only(**facts, pods=(pod(phase="Pending", node=""),)).verdict is Verdict.SKIP


@pytest.mark.parametrize("field", ["dataSource", "dataSourceRef"])
@pytest.mark.parametrize("kind", ["PersistentVolumeClaim", "VolumeSnapshot"])
def test_the_driver_copies_no_volume(field: str, kind: str) -> None:
    asked = pending(volumeName="", **{field: {"kind": kind, "name": "old"}})
    finding = only(claims=(aged(asked, JUST_NOW),), persistent_volumes=(), storage_classes=(storage_class(),))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "claim-volume-mismatch")
    assert f"a copy of {kind} old" in finding.message
    assert finding.fix is not None and any("dataSource" in line for line in finding.fix.commands)


@pytest.mark.parametrize(("created", "verdict"), [(JUST_NOW, Verdict.SKIP), (LONG_AGO, Verdict.FAIL)])
def test_a_populator_is_given_its_time(created: str, verdict: Verdict) -> None:
    asked = pending(volumeName="", dataSourceRef={"kind": "DatasetCopy", "name": "imagenet"})
    finding = only(claims=(aged(asked, created),), persistent_volumes=(), storage_classes=(storage_class(),))
    assert finding.verdict is verdict
    assert "for a populator to do" in finding.message
