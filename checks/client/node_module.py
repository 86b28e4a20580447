"""The Lustre module in the node's own kernel, as the node says it."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, unknown, warn
from diag.analysis.nodes.differential import Fleet, not_told, tell
from diag.resources.node_report import InstalledModule, NodeTruth

MISSING, OTHER_KERNEL = "lustre-module-missing", "kernel-module-version-mismatch"


@check("node-module", layer=Layer.CLIENT, speaks_for=(MISSING, OTHER_KERNEL))
def node_has_module(fleet: Fleet) -> Iterator[Draft]:
    """The kernel of every node that was looked into has a Lustre module: loaded, or on disk and made for it.

    mount.lustre in the driver's image is no use without the node's own kernel module. A loaded one is proof; one on
    disk counts when it was built for the kernel that runs, or when the distribution's weak-modules vouch for it.

    pass: a client is loaded, or one on disk was built for this kernel
    warn: one on disk was built for another kernel, with symbol versions that may fit all the same
    fail: there is none, or one that was built for another kernel
    unknown: the node did not say
    skip: no node was looked into
    source: kmod modinfo(8) and modprobe(8); Linux kernel/module/version.c same_magic
    """
    yield from tell(fleet, _of_one)


def _of_one(truth: NodeTruth) -> Draft:
    version, module = truth.module_version, truth.installed_module
    if truth.is_loaded("lustre") or truth.client_version:
        text = f"/sys/module/lustre or /sys/fs/lustre through {truth.via.value}"
        return ok(truth, f"Lustre client {version or '(no version)'} is loaded", text)
    if module is not None:
        return _on_disk(truth, module)
    if truth.is_absent("installed_module"):
        texts = f"{truth.node}: {truth.missing['installed_module'].detail}"
        return fail(truth, "the kernel has no Lustre module, loaded or on disk", texts, *_kernel(truth), cause=MISSING)
    if truth.is_loaded("lustre") is False or truth.is_absent("client_version"):
        why = truth.why_missing("installed_module")
        message = f"no Lustre client is loaded yet; whether the kernel has one on disk is not told: {why.detail}"
        return unknown(truth, message, *_kernel(truth), because=(why,))
    return not_told(truth, "loaded_modules")


def _on_disk(truth: NodeTruth, module: InstalledModule) -> Draft:
    evidence = (f"{truth.node}: modinfo: {module.filename}, version {module.version}, vermagic {module.vermagic}",)
    if truth.kernel is None or not module.kernel:
        return not_told(truth, "kernel")
    if module.kernel == truth.kernel or "/weak-updates/" in module.filename:
        return ok(truth, f"Lustre client {module.version} is on disk, made for kernel {truth.kernel}", *evidence)
    message = f"the Lustre module on disk was made for kernel {module.kernel}, and {truth.kernel} runs"
    if "modversions" in module.vermagic:
        return warn(truth, message, *evidence, cause=OTHER_KERNEL)
    return fail(truth, message, *evidence, cause=OTHER_KERNEL)


def _kernel(truth: NodeTruth) -> tuple[str, ...]:
    return (f"{truth.node}: kernel {truth.kernel}",) if truth.kernel else ()
