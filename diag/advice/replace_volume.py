"""The commands that replace an object that cannot be changed in place."""

from __future__ import annotations

import json
import shlex

from diag.model.finding import Fix
from diag.resources.kubernetes import PersistentVolume


def recreate_volume(volume: PersistentVolume, *, mount_name: str = "", dns_name: str = "", handle: str = "") -> Fix:
    """Make a PersistentVolume anew with corrected CSI values.

    spec.persistentvolumesource is immutable after creation (Kubernetes API validation), so an edit is refused:
    pod, claim and volume have to be deleted and applied again. With reclaim policy Retain the data stay.
    """
    attributes = {key: value for key, value in (("dnsname", dns_name), ("mountname", mount_name)) if value}
    wanted = ([f'volumeHandle: "{handle}"'] if handle else []) + [
        f"{k}: {json.dumps(v)}" for k, v in attributes.items()
    ]
    ref = volume.spec.claim_ref
    commands = [f"kubectl get pv {shlex.quote(volume.name)} -o yaml > {shlex.quote(volume.name)}.yaml"]
    if ref is not None:
        commands.append(f"kubectl delete pvc {shlex.quote(ref.name)} -n {shlex.quote(ref.namespace)}")
    commands += [
        f"kubectl delete pv {shlex.quote(volume.name)}",
        f"kubectl apply -f {shlex.quote(volume.name)}.yaml",
    ]
    change = f"set {', '.join(wanted)} in the file" if wanted else "correct the attributes in the file"
    note = f"{change}, drop its claimRef.uid, resourceVersion and status, and apply claim and pod again"
    if volume.spec.persistent_volume_reclaim_policy == "Delete":
        note += "; FIRST set persistentVolumeReclaimPolicy to Retain, or deleting the volume deletes the file system"
    return Fix(tuple(commands), note)
