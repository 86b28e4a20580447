"""No pod uses two volumes with the same volumeHandle."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok
from diag.analysis.volume_usage import VolumeUse
from diag.analysis.volumes import Mount


@check("duplicate-volumehandle", layer=Layer.REQUEST, speaks_for="duplicate-volumehandle")
def volumes_of_a_pod_differ(mounts: tuple[Mount, ...], volume_uses: tuple[VolumeUse, ...]) -> Iterator[Draft]:
    """No pod uses two volumes with the same volumeHandle.

    The kubelet keys a pod's volumes of a driver by handle: two with one handle are one to it, the second is never
    mounted, and the only sign is the summary "timed out waiting for the condition". Two pods may share a handle.

    pass: the handles of every pod's volumes differ, or the pod runs all the same
    fail: a pod that does not run yet has two volumes of one handle
    unknown: volumes, claims or pods could not be read
    source: Kubernetes v1.34 pkg/kubelet/volumemanager/cache desired_state_of_world.go; aws-fsx-csi-driver issue 328
    """
    seen: dict[tuple[str, str], dict[str, Mount]] = {}
    for mount in mounts:
        seen.setdefault((mount.pod.key, mount.volume.handle), {})[mount.volume.name] = mount
    shared: set[str] = set()
    for (_, handle), uses in seen.items():
        first = next(iter(uses.values()))
        if len(uses) > 1 and not first.pod.is_up:
            shared |= uses.keys()
            message = (
                f"volumes {' and '.join(uses)} of this pod have one volumeHandle, {handle}: only the first is mounted"
            )
            yield fail(first.pod, message, concerns=[mount.volume for mount in uses.values()])
    for use in volume_uses:
        if use.volume.name not in shared:
            yield ok(use, f"no pod has another volume of handle {use.volume.handle}")
