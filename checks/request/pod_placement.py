"""Every pod with a Lustre volume runs on a Linux node of EC2: not on Fargate, Windows or a hybrid node."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, warn
from diag.analysis.volume_usage import Use, VolumeUse, listed

FARGATE_PROFILE = "eks.amazonaws.com/fargate-profile"
"""Label of every pod that a Fargate profile has caught. Source: EKS User Guide, Fargate profiles."""


CAUSES = ("pod-on-fargate", "pod-on-windows", "hybrid-node-unsupported")


@check("pod-placement", layer=Layer.REQUEST, each="volume_uses", speaks_for=CAUSES)
def runs_where_lustre_can_be_mounted(use: VolumeUse) -> Iterator[Draft]:
    """Every pod with a Lustre volume runs on a Linux node of EC2: not on Fargate, Windows or a hybrid node.

    Fargate runs no DaemonSet and loads no kernel module, and there is no Lustre client for Windows, so the driver can
    mount on neither, whatever the manifest says. EKS does not support the driver on hybrid nodes.

    pass: no pod of the volume is on Fargate, Windows or a hybrid node
    warn: a pod runs on a hybrid node, where AWS does not support the driver
    fail: one is there and not up, or a Fargate profile has caught it
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
    hybrid = [one for one in use.uses if one.known_node is not None and one.known_node.is_hybrid]
    if hybrid:
        say = warn if all(one.mount.pod.is_up for one in hybrid) else fail
        message = f"{listed(hybrid)} is on an EKS hybrid node, where AWS does not support the driver"
        yield say(use, message, cause="hybrid-node-unsupported", concerns=[s for one in hybrid for s in one.path])
    rest = [one for one in use.uses if one not in (*fargate, *windows, *hybrid)]
    if rest:
        message = f"{listed(rest)} is neither on Fargate nor on Windows, nor on a hybrid node"
        yield ok(use, message, concerns=[one.mount.pod for one in rest] if fargate or windows or hybrid else ())


def _is_on_fargate(use: Use) -> bool:
    node = use.known_node
    return bool(use.mount.pod.metadata.label(FARGATE_PROFILE)) or (node is not None and node.is_fargate)


def _is_on_windows(use: Use) -> bool:
    selected = (use.mount.pod.spec.node_selector or {}).get("kubernetes.io/os", "")
    node = use.known_node
    return selected == "windows" or (node is not None and node.status.node_info.operating_system == "windows")
