"""How a pod refers to a claim and where its containers see it."""

from __future__ import annotations

from diag.facts.mounts import Mount


def names_in_pod(mount: Mount) -> frozenset[str]:
    """What the pod itself calls the volume: the entries of spec.volumes that name the claim."""
    return frozenset(
        volume.name
        for volume in mount.pod.spec.volumes or ()
        if volume.persistent_volume_claim and volume.persistent_volume_claim.claim_name == mount.claim.metadata.name
    )


def paths_in_pod(mount: Mount) -> tuple[str, ...]:
    """Where the pod's containers have the volume."""
    names = names_in_pod(mount)
    containers = (*(mount.pod.spec.init_containers or ()), *mount.pod.spec.containers)
    found = (at.mount_path for container in containers for at in container.volume_mounts or () if at.name in names)
    return tuple(dict.fromkeys(path.rstrip("/") or "/" for path in found))


def is_read_only(mount: Mount) -> str:
    """Who asks for the volume to be mounted read-only, in words; empty when nobody does.

    Source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go; Kubernetes documentation, PersistentVolumeClaimVolumeSource.
    """
    names = names_in_pod(mount)
    for volume in mount.pod.spec.volumes or ():
        if volume.name in names and volume.persistent_volume_claim and volume.persistent_volume_claim.read_only:
            return f"the pod asks for its claim {mount.claim.metadata.name} with readOnly: true"
    words = [word.strip() for entry in mount.volume.spec.mount_options or () for word in entry.split(",")]
    if "ro" in words:
        return "the volume's mountOptions have ro"
    containers = mount.pod.spec.containers
    mine = [at for container in containers for at in container.volume_mounts or () if at.name in names]
    return "the container's volumeMount has readOnly: true" if mine and all(at.read_only for at in mine) else ""
