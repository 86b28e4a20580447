"""The Lustre module in the node's own kernel, as the node says it."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, unknown, warn
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.knowledge import lustre_waits
from diag.late import late
from diag.resources.node_report import InstalledModule, NodeReport

MISSING, OTHER_KERNEL, UNSIGNED = (
    "lustre-module-missing", "kernel-module-version-mismatch", "secure-boot-module-signature"
)  # fmt: skip


@check("node-module", layer=Layer.CLIENT, speaks_for=(MISSING, OTHER_KERNEL, UNSIGNED))
def node_has_module(fleet: Fleet) -> Iterator[Draft]:
    """The kernel of every inspected node has a Lustre module: loaded, or on disk and made for it.

    mount.lustre in the driver's image is no use without the node's own kernel module. A loaded one is proof. One on
    disk counts when the kernel would take it: the words of its vermagic are those that the kernel asks for, modprobe is
    not told to keep it out, and the kernel log does not say that it was refused. That libcfs and LNet are loaded does
    not show that lustre can be.

    pass: a client is loaded, or one on disk was built for this kernel
    warn: one on disk was built for another kernel, with symbol versions that may fit all the same; or modprobe's
        blacklist keeps it from being loaded by the mount alone
    fail: there is none, one that was built for another kernel, one that modprobe is told not to load, or one that the
        kernel has refused
    unknown: the node did not say
    skip: no node was inspected
    source: kmod modinfo(8) and modprobe(8); dkms(8); Linux kernel/module/version.c same_magic
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
        if unbuilt := _not_built(report):
            message = f"DKMS has {unbuilt} and has not built it for kernel {report.kernel}"
            return fail(
                report, message, line, f"{report.node}: /var/lib/dkms: {', '.join(report.dkms or ())}", cause=MISSING
            )
        return fail(report, "the kernel has no Lustre module, loaded or on disk", line, *_kernel(report), cause=MISSING)
    if report.is_loaded("lustre") is False or report.is_absent("client_version"):
        why = report.why_missing("installed_module")
        message = f"no Lustre client is loaded yet; whether the kernel has one on disk is unknown: {why.detail}"
        return unknown(report, message, *_kernel(report), because=(why,))
    return not_reported(report, "loaded_modules")


def _on_disk(report: NodeReport, module: InstalledModule) -> Draft:
    evidence = (f"{report.node}: modinfo: {module.filename}, version {module.version}, vermagic {module.vermagic}",)
    for line in reversed(report.kernel_messages or ()):
        for pattern, cause, message in _REFUSALS:
            if match := pattern.search(line):
                text = message.format(**match.groupdict())
                return fail(report, text, f"{report.node}: {line}", *evidence, cause=cause)
    for line in report.module_settings or ():
        if match := _KEPT_OUT.fullmatch(line):
            message = f"modprobe is told not to load {match['module']}, so the client that is on disk stays there"
            return fail(report, message, f"{report.node}: modprobe --showconfig: {line}", *evidence, cause=MISSING)
    if report.kernel is None or not module.kernel:
        return not_reported(report, "kernel")
    wanted, has = _flags(report.kernel_vermagic or ""), _flags(module.vermagic)
    if wanted and wanted != has:
        differ = " ".join(word for word in (*wanted, *has) if (word in wanted) != (word in has))
        message = f"the kernel does not take the Lustre module on disk: their vermagic differs in {differ}"
        wants = f"{report.node}: the kernel asks for {report.kernel_vermagic}"
        return fail(report, message, wants, *evidence, cause=OTHER_KERNEL)
    if module.kernel != report.kernel and "/weak-updates/" not in module.filename:
        message = f"the Lustre module on disk was made for kernel {module.kernel}, and {report.kernel} runs"
        if "modversions" in module.vermagic:
            return warn(report, message, *evidence, cause=OTHER_KERNEL)
        return fail(report, message, *evidence, cause=OTHER_KERNEL)
    if "blacklist lustre" in (report.module_settings or ()):
        message = "modprobe's blacklist has lustre: a mount does not load it, `modprobe lustre` does"
        return warn(report, message, *evidence, cause=MISSING)
    return ok(report, f"Lustre client {module.version} is on disk, made for kernel {report.kernel}", *evidence)


def _not_built(report: NodeReport) -> str:
    """Name and version of the Lustre source that DKMS has without a build for the running kernel; empty otherwise."""
    entries = [entry.split("/") for entry in report.dkms or ()]
    sources = [f"{entry[0]} {entry[1]}" for entry in entries if entry[2:] == ["source"]]
    is_built = any(len(entry) == 5 and entry[2] == report.kernel for entry in entries)
    return "" if is_built or not sources or report.kernel is None else sources[-1]


def _flags(vermagic: str) -> tuple[str, ...]:
    """The words after the release, which must be the same whatever the symbol versions say.

    Source: Linux kernel/module/version.c same_magic.
    """
    return tuple(vermagic.split()[1:])


_MODULE = rf"(?P<module>{'|'.join(lustre_waits.table().modules)})"
_KEPT_OUT = late(rf"install {_MODULE} (?:/usr)?/s?bin/(?:false|true)\b.*")
_REFUSALS = (
    (
        late(rf"\b{_MODULE}: version magic '(?P<has>[^']*?) ?' should be '(?P<wants>[^']*?) ?'"),
        OTHER_KERNEL,
        "the kernel refused {module}: its vermagic is '{has}', the kernel asks for '{wants}'",
    ),
    (
        late(rf"\b{_MODULE}: disagrees about version of symbol (?P<symbol>\w{{1,80}})"),
        OTHER_KERNEL,
        "the kernel refused {module}: it was built against another {symbol}",
    ),
    (
        late(rf"\b{_MODULE}: Unknown symbol (?P<symbol>\w{{1,80}})"),
        OTHER_KERNEL,
        "the kernel refused {module}: it needs {symbol}, which is not there",
    ),
    (
        late(r"Loading of (?:unsigned module|module with [\w -]+) is rejected|Lockdown: \S+: unsigned module loading"),
        UNSIGNED,
        "the kernel refuses modules that are not signed with a key that it trusts",
    ),
)
"""What the kernel says when it does not take a module.

Source: Linux kernel/module/main.c, version.c, signing.c and security/lockdown/lockdown.c, 5.10 to 6.12.
"""


def _kernel(report: NodeReport) -> tuple[str, ...]:
    return (f"{report.node}: kernel {report.kernel}",) if report.kernel else ()
