"""What a pod asks for beside its volume: where it runs, which volumes it combines, whose group the files get."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from diag import Draft, Fix, Layer, check, fail, ok, warn
from diag.analysis.pods import changes_ownership
from diag.analysis.volume_usage import Use, VolumeUse, listed
from diag.analysis.volumes import Mount
from diag.resources.kubernetes import FSX_DRIVER, CsiDriver

FARGATE_PROFILE = "eks.amazonaws.com/fargate-profile"
"""Label of every pod that a Fargate profile has caught. Source: EKS User Guide, Fargate profiles."""


@check("pod-placement", layer=Layer.REQUEST, each="volume_uses", speaks_for=("pod-on-fargate", "pod-on-windows"))
def runs_where_lustre_can_be_mounted(use: VolumeUse) -> Iterator[Draft]:
    """Every pod with a Lustre volume runs on a Linux node of EC2, not on Fargate and not on Windows.

    Fargate runs no DaemonSet and loads no kernel module, and there is no Lustre client for Windows, so the driver can
    mount on neither, whatever the manifest says.

    pass: no pod of the volume is on Fargate or Windows
    fail: one is, or a Fargate profile has caught it
    unknown: nodes could not be read
    source: EKS User Guide, FSx for Lustre and Fargate considerations; aws-fsx-csi-driver chart 1.17.0 node selector
    """
    fargate = [one for one in use.uses if _is_on_fargate(one)]
    windows = [one for one in use.uses if _is_on_windows(one)]
    if fargate:
        told = f"{listed(fargate)} is to run on Fargate, where Lustre cannot be mounted"
        yield fail(use, told, cause="pod-on-fargate", concerns=[s for one in fargate for s in one.path])
    if windows:
        told = f"{listed(windows)} is to run on Windows, which has no Lustre client"
        yield fail(use, told, cause="pod-on-windows", concerns=[s for one in windows for s in one.path])
    rest = [one for one in use.uses if one not in fargate and one not in windows]
    if rest:
        told = f"{listed(rest)} is neither on Fargate nor on Windows"
        yield ok(use, told, concerns=[one.mount.pod for one in rest] if fargate or windows else ())


def _is_on_fargate(use: Use) -> bool:
    node = use.known_node
    return bool(use.mount.pod.metadata.label(FARGATE_PROFILE)) or (node is not None and node.is_fargate)


def _is_on_windows(use: Use) -> bool:
    selected = (use.mount.pod.spec.node_selector or {}).get("kubernetes.io/os", "")
    node = use.known_node
    return selected == "windows" or (node is not None and node.status.node_info.operating_system == "windows")


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
            told = (
                f"volumes {' and '.join(uses)} of this pod have one volumeHandle, {handle}: only the first is mounted"
            )
            yield fail(first.pod, told, concerns=[mount.volume for mount in uses.values()])
    for use in volume_uses:
        if use.volume.name not in shared:
            yield ok(use, f"no pod has another volume of handle {use.volume.handle}")


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
    told = f"{listed(walked)} has fsGroup {group}: the kubelet changes the group of every file before the pod starts"
    pod, namespace = shlex.quote(walked[0].mount.pod.metadata.name), shlex.quote(walked[0].mount.pod.metadata.namespace)
    fix = Fix(
        (f"kubectl -n {namespace} get pod {pod} -o yaml | grep -n -A3 'securityContext:'",),
        "set fsGroupChangePolicy: OnRootMismatch beside fsGroup in the pod's template, and make the pods anew",
    )
    yield warn(use, told, cause=None, fix=fix, concerns=[s for one in walked for s in one.path])
