"""A file system that the driver made for a claim serves, and has its PersistentVolume."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Table, Unavailable, check, fail, ok, skip, unknown
from diag.advice.replace_claim import replace_claim
from diag.advice.steps import advise, caution
from diag.analysis.claims import ClaimCase, Why, waits_too_long, why_pending
from diag.analysis.driver.cluster_rights import ClusterRights
from diag.analysis.file_systems import VOLUME_TAG
from diag.model.unavailable import value_or
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, Workload

ADMIT = (
    "Look for `error saving volume` in the log of the controller's csi-provisioner, and let the webhook or the policy"
    " that it names admit PersistentVolumes of fsx.csi.aws.com: the claim is Bound at the provisioner's next try."
)
FAILED = "FAILED"
CAUSES = {FAILED: "filesystem-failed", "MISCONFIGURED": "file-system-misconfigured"}
AGAIN = (
    "Correct first what FSx says of the failure; a new claim has FSx make another file system, which costs money, and"
    " the failed one stays until somebody deletes it."
)


@check(
    "volume-object", layer=Layer.REQUEST, each="lustre_claims", speaks_for=("pod-creation-refused", *CAUSES.values())
)
def made_file_system_has_its_volume(
    case: ClaimCase,
    persistent_volumes: tuple[PersistentVolume, ...],
    file_systems: Table[FileSystem] | Unavailable,
    controller: Workload | Unavailable,
    cluster_rights: ClusterRights | Unavailable,
    taken_at: str,
) -> Iterator[Draft]:
    """A file system that the driver made for a claim serves, and has its PersistentVolume.

    The driver asks FSx with one token for a claim, so that a file system which FSx could not make stays the claim's for
    ever. It tags what it makes with the volume's name. The provisioner then stores the volume's object, and where a
    webhook or an admission policy refuses it, tries again in silence: the claim has no event of it, and the file system
    is there and costs money.

    pass: the claim has its volume, or FSx has made nothing for it yet
    fail: its file system is FAILED or MISCONFIGURED; or the claim waits for longer than FSx takes, FSx has the file
        system, no volume names that, and controller and its rights are all right
    unknown: FSx could not be asked
    skip: the claim does not wait for the driver
    source: aws-fsx-csi-driver v1.9.0 pkg/cloud/cloud.go; sig-storage-lib-external-provisioner v13
        controller/volume_store.go
    """
    claim = case.claim
    if case.is_bound or why_pending(case).why is not Why.WAITS_FOR_DRIVER:
        yield skip(claim, "it does not wait for the driver")
        return
    if isinstance(file_systems, Unavailable):
        message = f"whether FSx has made its file system is not known: {file_systems}"
        yield unknown(claim, message, because=(file_systems,))
        return
    name = f"pvc-{claim.metadata.uid}"
    named = {volume.handle for volume in persistent_volumes}
    made = next((one for one in file_systems if _is_for(one, name) and one.id not in named), None)
    if made is not None and made.lifecycle in CAUSES:
        said = (made.failure_details.message,) if made.failure_details and made.failure_details.message else ()
        message = f"{made.id}, which FSx made for it, is {made.lifecycle}, and FSx makes no other one for this claim"
        again = replace_claim(claim, {})
        fix = Fix((caution(AGAIN), *again.steps)) if made.lifecycle == FAILED else None
        yield fail(claim, message, *said, cause=CAUSES[made.lifecycle], fix=fix)
        return
    broken = isinstance(controller, Unavailable) or not controller.status.ready_replicas
    broken = broken or bool(value_or(cluster_rights, ClusterRights()).missing)
    if made is None or made.lifecycle != "AVAILABLE" or broken or not waits_too_long(claim, taken_at):
        yield ok(claim, "FSx has nothing of it that a volume should name", rules_out=())
        return
    message = f"FSx has made {made.id} for it, and no PersistentVolume names that: the API server takes no such object"
    fix = advise(ADMIT, by="whoever owns the webhook or the policy")
    yield fail(claim, message, f"{made.id} is AVAILABLE, its tag {VOLUME_TAG} is {name}", fix=fix)


def _is_for(file_system: FileSystem | Unavailable, name: str) -> bool:
    return isinstance(file_system, FileSystem) and any(
        (tag.key, tag.value) == (VOLUME_TAG, name) for tag in file_system.tags
    )
