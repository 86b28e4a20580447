"""The Lustre module in the node's own kernel, as the node says it."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, unknown, warn
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.resources.node_report import InstalledModule, NodeReport

MISSING, OTHER_KERNEL = "lustre-module-missing", "kernel-module-version-mismatch"


@check("node-module", layer=Layer.CLIENT, speaks_for=(MISSING, OTHER_KERNEL))
def node_has_module(fleet: Fleet) -> Iterator[Draft]:
    """The kernel of every inspected node has a Lustre module: loaded, or on disk and made for it.

    mount.lustre in the driver's image is no use without the node's own kernel module. A loaded one is proof; one on
    disk counts when it was built for the kernel that runs, or when the distribution's weak-modules vouch for it.

    pass: a client is loaded, or one on disk was built for this kernel
    warn: one on disk was built for another kernel, with symbol versions that may fit all the same
    fail: there is none, or one that was built for another kernel
    unknown: the node did not say
    skip: no node was inspected
    source: kmod modinfo(8) and modprobe(8); Linux kernel/module/version.c same_magic
    """
    yield from judge_nodes(fleet, _of_one)


def _of_one(report: NodeReport) -> Draft:
    version, module = report.module_version, report.installed_module
    if report.is_loaded("lustre") or report.client_version:
        text = f"/sys/module/lustre or /sys/fs/lustre through {report.via.value}"
        return ok(report, f"Lustre client {version or '(no version)'} is loaded", text)
    if module is not None:
        return _on_disk(report, module)
    if report.is_absent("installed_module"):
        line = f"{report.node}: {report.missing['installed_module'].detail}"
        return fail(report, "the kernel has no Lustre module, loaded or on disk", line, *_kernel(report), cause=MISSING)
    if report.is_loaded("lustre") is False or report.is_absent("client_version"):
        why = report.why_missing("installed_module")
        message = f"no Lustre client is loaded yet; whether the kernel has one on disk is unknown: {why.detail}"
        return unknown(report, message, *_kernel(report), because=(why,))
    return not_reported(report, "loaded_modules")


def _on_disk(report: NodeReport, module: InstalledModule) -> Draft:
    evidence = (f"{report.node}: modinfo: {module.filename}, version {module.version}, vermagic {module.vermagic}",)
    if report.kernel is None or not module.kernel:
        return not_reported(report, "kernel")
    if module.kernel == report.kernel or "/weak-updates/" in module.filename:
        return ok(report, f"Lustre client {module.version} is on disk, made for kernel {report.kernel}", *evidence)
    message = f"the Lustre module on disk was made for kernel {module.kernel}, and {report.kernel} runs"
    if "modversions" in module.vermagic:
        return warn(report, message, *evidence, cause=OTHER_KERNEL)
    return fail(report, message, *evidence, cause=OTHER_KERNEL)


def _kernel(report: NodeReport) -> tuple[str, ...]:
    return (f"{report.node}: kernel {report.kernel}",) if report.kernel else ()
