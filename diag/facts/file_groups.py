"""Whether the kubelet changes the group of a volume's files for a pod."""

from __future__ import annotations

from diag.facts.kubernetes import PersistentVolume, Pod


def changes_ownership(pod: Pod, volume: PersistentVolume, policy: str) -> bool:
    """Whether every file of the volume is walked through when the pod starts.

    `policy` is the CSIDriver's fsGroupPolicy; an absent one is ReadWriteOnceWithFSType.
    Source: Kubernetes v1.34 pkg/volume/csi/csi_mounter.go supportsFSGroup, pkg/volume/volume_linux.go.
    """
    context = pod.spec.security_context
    if context is None or context.fs_group is None or context.fs_group_change_policy == "OnRootMismatch":
        return False
    if policy == "File":
        return True
    has_type = bool(volume.spec.csi and volume.spec.csi.fs_type)
    return policy != "None" and has_type and "ReadWriteOnce" in (volume.spec.access_modes or ())
