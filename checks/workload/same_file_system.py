"""Every pod that runs with the volume was started after the volume was made."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, check, ok, skip, warn
from diag.advice.workloads import owners_of, renew
from diag.analysis.pods import Progress
from diag.analysis.volume_usage import Use, VolumeUse, listed
from diag.resources.age import age_s

CLOCKS_S = 60
"""How far the clocks of a node and of the API server may be apart."""


@check("same-file-system", layer=Layer.WORKLOAD, each="volume_uses", speaks_for="different-file-system-per-node")
def pods_see_the_same_files(use: VolumeUse) -> Iterator[Draft]:
    """Every pod that runs with the volume was started after the volume was made.

    A mount keeps what it was given: a pod that is older than the PersistentVolume has what a former volume of that
    name pointed at, and may write where nobody else looks. Nothing fails, so nothing is logged.

    pass: every pod that has the volume is younger than it
    warn: a pod is older, so it may have another file system than the others
    unknown: volumes, claims or pods could not be read
    skip: no pod has the volume mounted
    source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go (a target that is mounted is not mounted again); reasoning
    """
    mounted = [one for one in use.at(Progress.UP) if not one.mount.pod.is_over]
    made = use.volume.metadata.creation_timestamp
    older = [one for one in mounted if (age_s(_started(one), made) or 0.0) > CLOCKS_S]
    if older:
        message = f"{listed(older)} started before the volume was made ({made}), so it may have what a former one meant"
        fix = Fix(renew(owners_of(one.mount.pod for one in older)))
        yield warn(use, message, cause=None, fix=fix, concerns=[subject for one in older for subject in one.path])
    elif mounted:
        yield ok(use, f"all {len(mounted)} pod(s) with it started after it was made")
    else:
        yield skip(use, "no pod has it mounted")


def _started(use: Use) -> str:
    """When the kubelet took the pod: never before it was made, whatever the node's clock says."""
    pod = use.mount.pod
    return max(pod.status.start_time or "", pod.metadata.creation_timestamp)
