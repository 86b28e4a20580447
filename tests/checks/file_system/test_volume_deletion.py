"""What was deleted is really gone."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from checks.file_system.volume_deletion import PROVISIONER, what_was_deleted_is_gone
from diag.diagnosis.diagnose import diagnose
from diag.knowledge.runbooks import load_knowledge
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.resources.kubernetes import PersistentVolume
from tests.checks.given import denied, findings, verdicts, volume

CAUSES = load_knowledge().causes
ABSENT = Unavailable("controller", Reason.ABSENT)


def deleted(phase: str = "Released", *, finalizer: str = PROVISIONER) -> PersistentVolume:
    made = volume(persistentVolumeReclaimPolicy="Delete")
    notes = {"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"}
    metadata = replace(
        made.metadata, deletion_timestamp="2026-01-01T00:00:00Z", finalizers=(finalizer,), annotations=notes
    )
    return replace(made, metadata=metadata, status=replace(made.status, phase=phase))


def judged(*volumes: PersistentVolume, **given: Any) -> tuple[Any, ...]:
    return findings(what_was_deleted_is_gone, persistent_volumes=volumes, **given)


def test_a_static_volume_that_could_not_be_deleted_warns() -> None:
    failed = volume(persistentVolumeReclaimPolicy="Delete")
    (finding,) = judged(replace(failed, status=replace(failed.status, phase="Failed")))
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "volume-deletion-stuck")
    assert "static" in finding.message


def test_a_deletion_that_waits_for_a_backup_needs_time_alone() -> None:
    made = deleted("Failed")
    said = "DeleteFileSystem failed: BadRequest: Cannot delete a file system while a backup is being made"
    (finding,) = judged(replace(made, status=replace(made.status, message=said)))
    assert finding.fix is not None and "Wait until FSx has made the backup" in finding.fix.steps[0].text
    (other,) = judged(replace(made, status=replace(made.status, message="AccessDeniedException")))
    assert other.fix is None


def test_a_deletion_whose_driver_is_gone_fails() -> None:
    (finding,) = judged(deleted(), controller=ABSENT)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "volume-deletion-stuck")


def test_a_deletion_that_the_controller_is_at_work_on_passes() -> None:
    assert [one.verdict for one in judged(deleted())] == [Verdict.PASS]


def test_a_volume_in_use_that_waits_for_its_pods_passes() -> None:
    waiting = deleted("Bound", finalizer="kubernetes.io/pv-protection")
    assert [one.verdict for one in judged(waiting, controller=ABSENT)] == [Verdict.PASS]


def test_a_volume_that_nobody_deletes_passes_without_a_controller() -> None:
    assert [one.verdict for one in judged(volume(), controller=ABSENT)] == [Verdict.PASS]


def test_who_may_not_see_the_controller_does_not_know() -> None:
    (finding,) = judged(deleted(), controller=denied("list deployments"))
    assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list deployments")


def test_volumes_that_cannot_be_read_are_unknown() -> None:
    assert verdicts(what_was_deleted_is_gone, persistent_volumes=denied("list persistentvolumes")) == (Verdict.UNKNOWN,)


@pytest.mark.parametrize("driver_is_gone", [True, False])
def test_the_commands_of_its_diagnosis_name_the_volume(driver_is_gone: bool) -> None:
    """The advice on what no mount carries is filled with the object that it is about."""
    static = volume(persistentVolumeReclaimPolicy="Delete")
    failed = replace(static, status=replace(static.status, phase="Failed"))
    found = judged(deleted(), controller=ABSENT) if driver_is_gone else judged(failed)
    [diagnosis] = diagnose(found, {}, CAUSES, lambda text, medium: ())
    fix = diagnosis.causes[0].fix
    assert fix is not None and fix.commands
    assert all(static.name in command and "<" not in command for command in fix.commands)
