"""The mount helper where the mount is made: in the driver's container, or on the host."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, skip
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.resources.node_report import NodeReport, Vantage


@check("node-mount-helper", layer=Layer.MOUNT, speaks_for="mount-helper-missing")
def node_has_mount_helper(fleet: Fleet) -> Iterator[Draft]:
    """The driver's container on the node has the mount helper, /sbin/mount.lustre.

    `mount -t lustre` calls it; without it the kernel is handed a name that it cannot resolve. The driver mounts in its
    own container, so a host needs the helper only for mounts of its own. `lctl` and `lnetctl` are not needed to mount.

    pass: the helper is there, with its version
    fail: the driver's container has none
    unknown: the node did not say
    skip: the host has none and the driver brings its own; it was not asked; or no node was inspected
    source: util-linux mount(8), external helpers; Lustre 2.10 to 2.17 utils/mount_lustre.c; aws-fsx-csi-driver 1.9
        Dockerfile
    """
    yield from judge_nodes(fleet, _helper)


def _helper(report: NodeReport) -> Draft:
    where = "the driver's container" if report.vantage is Vantage.POD else "the host"
    tools = f"lctl {report.tools_version}" if report.tools_version else "no answer of lctl"
    evidence = f"{report.node}: {where}: mount.lustre {report.mount_helper or 'is not there'}, {tools}"
    if report.mount_helper:
        return ok(report, f"{where} has mount.lustre {report.mount_helper}", evidence, rules_out=_proof(report))
    if not report.is_absent("mount_helper"):
        return not_reported(report, "mount_helper")
    if report.vantage is Vantage.POD:
        return fail(report, "the driver's container has no /sbin/mount.lustre, so it can mount nothing", evidence)
    return skip(report, "the host has no /sbin/mount.lustre; pods do not need it, the driver brings its own", evidence)


def _proof(report: NodeReport) -> tuple[str, ...] | None:
    """A helper on the host says nothing of the driver's container, where the mounts of pods are made."""
    return None if report.vantage is Vantage.POD else ()
