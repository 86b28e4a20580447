"""Node groups whose Lustre clients differ: a pod that mounts on one and not on the other."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, ok, skip, warn
from diag.advice.version_change import bring_together
from diag.analysis.nodes.lustre_client import MISMATCH, Kinds, Outcome, clients_of, pair
from diag.resources.fsx import FileSystem


@check("client-mixed", layer=Layer.CLIENT, each="mounted_file_systems", speaks_for=MISMATCH)
def client_mixed(file_system: FileSystem, possible_kinds: Kinds, mounting_kinds: Kinds) -> Iterator[Draft]:
    """Every kind of node on which a pod may land can mount the file system.

    With node groups of several operating systems or kernels a pod mounts on one node and, rescheduled, not on the
    next. Taints, node selectors and required affinity of the pods are taken into account.

    pass: all kinds of nodes where nothing keeps the pods off can mount it
    warn: one of them, on which none of its pods is now, cannot
    unknown: nodes or pods could not be listed
    skip: there is only one kind, none fits (client-version says so), or the table does not know the other's client
    source: FSx for Lustre User Guide, client compatibility matrix; Kubernetes scheduling rules
    """
    kinds, used = possible_kinds.get(file_system.id, ()), mounting_kinds.get(file_system.id, ())
    here = {(kind.os_image, kind.kernel, kind.architecture) for kind in used}
    pairs = [(kind, pair(file_system.file_system_type_version, kind, kind.client)) for kind in kinds]
    if len(kinds) < 2 or not file_system.is_lustre or all(p.outcome is not Outcome.WORKS for _, p in pairs):
        yield skip(file_system, "its pods cannot land on nodes of several kinds of which one fits")
        return
    others = [(k, p) for k, p in pairs if (k.os_image, k.kernel, k.architecture) not in here]
    bad = [(k, p) for k, p in others if p.outcome in (Outcome.REFUSED, Outcome.NO_CLIENT)]
    for kind, paired in bad:
        groups = f" (node groups {', '.join(kind.groups)})" if kind.groups else ""
        message = f"a pod of {file_system.id} that lands on {kind.who}{groups} cannot mount it: {paired.message}"
        fix = bring_together(file_system, clients_of(kinds))
        yield warn(file_system, message, *paired.evidence, cause=paired.cause, fix=fix, concerns=kind.nodes)
    blank = [paired.message for _, paired in others if paired.outcome is Outcome.UNKNOWN]
    if blank:
        yield skip(file_system, f"not asked of nodes without its pods: {blank[0]}")
    elif not bad:
        names = sorted({f"{kind.os_image}, kernel {kind.kernel}" for kind in kinds})
        yield ok(file_system, f"all {len(kinds)} kinds of nodes that its pods may land on fit", *names, rules_out=())
