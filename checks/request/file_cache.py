"""Volumes that name an Amazon File Cache instead of a file system."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Reason, Table, Unavailable, Unreadable, check, fail, ok, skip, warn
from diag.advice.replace_volume import replace_volume
from diag.advice.steps import advise, change, undo
from diag.analysis.attributes import DRIVER_DEFAULT_MOUNT_NAME, is_address
from diag.analysis.file_systems import meant_cache
from diag.grammar.command import Value
from diag.model.fix import Fix
from diag.resources.fsx import FileCache
from diag.resources.kubernetes import PersistentVolume, Pod


@check("file-cache", layer=Layer.REQUEST, each="volumes", speaks_for="file-cache-in-volume")
def caches_are_mounted_and_no_more(
    volume: PersistentVolume,
    file_caches: Table[FileCache] | Unavailable,
    claim_pods: dict[str, tuple[Pod, ...]] | Unavailable,
) -> Iterator[Draft]:
    """A volume that names an Amazon File Cache is one that can be mounted, and asks for no more than that.

    A cache speaks Lustre, so that a volume made by hand can mount it. The driver's calls to FSx (provision, grow,
    delete) are for file systems alone; a cache has a driver of its own, whose volumes are not looked at.

    pass: FSx has the cache, it is AVAILABLE, and DNS name and mount name are its own
    warn: the reclaim policy is Delete: the driver cannot delete a cache, which stays and is paid for
    fail: FSx has no such cache, it is not AVAILABLE, or the DNS name or mount name is another's
    unknown: file caches could not be read
    skip: the volume names no cache
    source: fsx 2018-03-01 DescribeFileCaches; aws-fsx-csi-driver v1.9.0 pkg/driver/controller.go DeleteVolume
    """
    id = meant_cache(volume)
    if not id:
        yield skip(volume, "it names no Amazon File Cache")
        return
    cache = file_caches if isinstance(file_caches, Unavailable) else file_caches.get(id)
    if isinstance(cache, Unavailable) and cache.reason is not Reason.ABSENT:
        raise Unreadable(cache)
    name = volume.dns_name or ""
    written = (volume.mount_name or "").lstrip("/").partition("/")[0] or DRIVER_DEFAULT_MOUNT_NAME
    if isinstance(cache, Unavailable):
        message = f"it names the file cache {id}, and FSx has none of that id in this account and Region"
        yield fail(volume, message, fix=_ANOTHER)
    elif cache.lifecycle != "AVAILABLE":
        message = f"it names the file cache {id}, which is {cache.lifecycle or 'in no known state'}"
        yield fail(volume, message, fix=_ANOTHER)
    elif cache.mount_name and written != cache.mount_name:
        fix = replace_volume(volume, claim_pods, attributes={"mountname": cache.mount_name})
        yield fail(volume, f"mountname is {written!r}, the file cache {id} has {cache.mount_name!r}", fix=fix)
    elif cache.dns_name and not is_address(name) and name.lower().rstrip(".") != cache.dns_name.lower():
        fix = replace_volume(volume, claim_pods, attributes={"dnsname": cache.dns_name})
        yield fail(volume, f"dnsname is {name!r}, the file cache {id} has {cache.dns_name}", fix=fix)
    elif volume.spec.persistent_volume_reclaim_policy == "Delete":
        message = f"its reclaim policy is Delete, and the driver cannot delete the file cache {id}"
        yield warn(volume, message, cause="file-cache-in-volume", fix=_retain(volume))
    else:
        yield ok(volume, f"it mounts the file cache {id}, which the driver neither grows nor deletes", rules_out=())


_ANOTHER = advise("Name a cache or a file system that is there.", by="the owner of the cache")


def _retain(volume: PersistentVolume) -> Fix:
    command = "kubectl patch pv {volume} --type=merge -p {patch}"

    def policy(name: str) -> dict[str, Value]:
        return {"volume": volume.name, "patch": {"spec": {"persistentVolumeReclaimPolicy": name}}}

    effect = "Set the reclaim policy to Retain: the driver is never asked to delete the cache."
    return Fix((change(command, policy("Retain"), changes=effect), undo(command, policy("Delete"))))
