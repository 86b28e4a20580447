"""Every PersistentVolume points at a file system that is there."""

from __future__ import annotations

from collections.abc import Iterator

from checks.leftovers._teardown import LEFT, ask_owner, delete_volumes
from diag import Draft, Fix, Layer, Reason, Table, Unavailable, check, ok, warn
from diag.advice.steps import caution
from diag.analysis.file_systems import meant_id
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume

ELSEWHERE = "Its file system may be in another account or Region, and in use"


@check("leftover-volumes", layer=Layer.REQUEST, opt_in=True, speaks_for=LEFT)
def volumes_have_a_file_system(
    volumes: tuple[PersistentVolume, ...], file_systems: Table[FileSystem]
) -> Iterator[Draft]:
    """Every PersistentVolume points at a file system that is there.

    A teardown of the account's side leaves the cluster's objects behind: the next pod that uses such a volume hangs.
    A volume may name a file system of another account or Region, which is not looked at: made by hand, copied from
    another cluster, or made by a driver with a role of another account. With reclaim policy Delete its deletion would
    take that along.

    pass: the file system exists and is not being deleted
    warn: it is being deleted, or there is none of that id in this account and Region (then ask first: nothing is
        offered for deletion)
    unknown: volumes or file systems could not be read
    source: fsx 2018-03-01 Lifecycle; a set-up's clean-up script, run against stand-ins
    """
    for volume in volumes:
        known = file_systems.get(meant_id(volume))
        lifecycle = "" if isinstance(known, Unavailable) else known.lifecycle
        gone = isinstance(known, Unavailable) and known.reason is Reason.ABSENT and bool(meant_id(volume))
        if gone or lifecycle == "DELETING":
            state = "is being deleted" if lifecycle else "does not exist in this account and Region"
            own = Fix((caution("Delete its claim first."), *delete_volumes([volume])))
            fix = own if lifecycle else ask_owner(ELSEWHERE)
            yield warn(volume, f"its file system {meant_id(volume)} {state}", cause=None, fix=fix)
        else:
            yield ok(volume, "its file system is there", rules_out=())
