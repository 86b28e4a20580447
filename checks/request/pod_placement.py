"""Every pod with a Lustre volume runs on a Linux node of EC2, not on Fargate and not on Windows."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok
from diag.analysis.volume_usage import Use, VolumeUse, listed

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
        message = f"{listed(fargate)} is to run on Fargate, where Lustre cannot be mounted"
        yield fail(use, message, cause="pod-on-fargate", concerns=[s for one in fargate for s in one.path])
    if windows:
        message = f"{listed(windows)} is to run on Windows, which has no Lustre client"
        yield fail(use, message, cause="pod-on-windows", concerns=[s for one in windows for s in one.path])
    rest = [one for one in use.uses if one not in fargate and one not in windows]
    if rest:
        message = f"{listed(rest)} is neither on Fargate nor on Windows"
        yield ok(use, message, concerns=[one.mount.pod for one in rest] if fargate or windows else ())


def _is_on_fargate(use: Use) -> bool:
    node = use.known_node
    return bool(use.mount.pod.metadata.label(FARGATE_PROFILE)) or (node is not None and node.is_fargate)


def _is_on_windows(use: Use) -> bool:
    selected = (use.mount.pod.spec.node_selector or {}).get("kubernetes.io/os", "")
    node = use.known_node
    return selected == "windows" or (node is not None and node.status.node_info.operating_system == "windows")
