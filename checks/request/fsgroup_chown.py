"""No pod makes the kubelet change the group of every file of the volume before it may start."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, check, ok, warn
from diag.advice.workloads import owners_of, renew
from diag.analysis.pods import changes_ownership
from diag.analysis.volume_usage import VolumeUse, listed
from diag.resources.kubernetes import FSX_DRIVER, CsiDriver


@check("fsgroup-chown", layer=Layer.REQUEST, each="volume_uses", speaks_for="recursive-fsgroup-chown")
def files_keep_their_group(use: VolumeUse, csi_drivers: tuple[CsiDriver, ...]) -> Iterator[Draft]:
    """No pod makes the kubelet change the group of every file of the volume before it may start.

    With an fsGroup the kubelet walks through the whole volume first, unless the CSIDriver's fsGroupPolicy or the
    volume's access mode spares it; on millions of files that takes hours, and the pod stays in ContainerCreating.
    With fsGroupChangePolicy OnRootMismatch it looks at the root directory alone.

    pass: no pod has an fsGroup that applies here, or only the root directory is looked at
    warn: a pod has one, and every file is changed at each start
    unknown: CSIDriver objects, volumes, claims or pods could not be read
    source: Kubernetes v1.34 pkg/volume/csi/csi_mounter.go supportsFSGroup; aws-fsx-csi-driver docs/troubleshooting.md
    """
    driver = next((item for item in csi_drivers if item.metadata.name == FSX_DRIVER), None)
    policy = driver.spec.fs_group_policy if driver else ""
    walked = [one for one in use.uses if changes_ownership(one.mount.pod, use.volume, policy)]
    if not walked:
        yield ok(use, f"no pod has its files' group changed recursively (fsGroupPolicy {policy or '(default)'})")
        return
    context = walked[0].mount.pod.spec.security_context
    group = context.fs_group if context else None
    message = f"{listed(walked)} has fsGroup {group}: the kubelet changes the group of every file before the pod starts"
    pod = {"spec": {"securityContext": {"fsGroupChangePolicy": "OnRootMismatch"}}}
    fix = Fix(renew(owners_of(one.mount.pod for one in walked), pod))
    yield warn(use, message, cause=None, fix=fix, concerns=[s for one in walked for s in one.path])
