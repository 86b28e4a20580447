"""The Lustre client of the nodes against the Lustre version of the file system."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, check, fail, ok, skip, unknown, warn
from diag.advice.version_change import bring_together, why_this_version
from diag.analysis.nodes.lustre_client import (
    MISMATCH,
    NO_CLIENT,
    NO_MODULE,
    Kinds,
    NodeKind,
    Outcome,
    Pairing,
    clients_of,
    pair,
)
from diag.resources.fsx import FileSystem


@check("client-version", layer=Layer.CLIENT, each="mounted_file_systems", speaks_for=(MISMATCH, NO_MODULE, NO_CLIENT))
def client_version(file_system: FileSystem, mounting_kinds: Kinds, node_kinds: tuple[NodeKind, ...]) -> Iterator[Draft]:
    """The Lustre client of every node that mounts a file system can talk to its Lustre version.

    The client is a module of the node's kernel, so operating system and kernel decide, not the driver's image. FSx
    makes most types with Lustre 2.10 when nobody names a version; a 2.15 client (AL2023, Auto Mode, EL9) is refused by
    it, and the mount ends in exit status 22 with "Is '<mountname>' the correct filesystem name?", though the name is
    right. Nodes are grouped by kind. Where no pod uses the file system yet, one fitting kind of node is enough.

    pass: the pair is supported; that a separately packaged module is installed is not shown by it
    warn: as fail, but the table's row is only inferred
    fail: the pair is not supported, or the kernel has no Lustre client
    unknown: the kernel or the server's version is in no table
    skip: the file system is not Lustre, or the cluster has no Linux node
    source: FSx for Lustre User Guide, client compatibility matrix; FSx API FileSystemTypeVersion; Bottlerocket sources
    """
    users = mounting_kinds.get(file_system.id, ())
    kinds = users or node_kinds
    if not file_system.is_lustre or not kinds:
        yield skip(file_system, "no Linux node could mount it" if file_system.is_lustre else "it is not a Lustre one")
        return
    pairs = [(kind, pair(file_system.file_system_type_version, kind, kind.client)) for kind in kinds]
    fitting = [(kind, paired) for kind, paired in pairs if paired.outcome is Outcome.WORKS]
    fix = bring_together(file_system, clients_of(kinds))
    for kind, paired in pairs if users or not fitting else fitting:
        yield _told(file_system, kind, paired, fix)


def _told(file_system: FileSystem, kind: NodeKind, paired: Pairing, fix: Fix) -> Draft:
    version = file_system.file_system_type_version or "(none)"
    evidence = [f"{kind.who}: {kind.what}", f"{file_system.subject} FileSystemTypeVersion {version}", *paired.evidence]
    if paired.outcome is Outcome.UNKNOWN:
        return unknown(file_system, f"{file_system.id}: {paired.message}", *evidence, concerns=kind.nodes)
    if paired.outcome is Outcome.WORKS:
        message = f"{file_system.id} {paired.message}"
        return ok(file_system, message, *evidence, rules_out=(MISMATCH, NO_CLIENT), concerns=kind.nodes)
    say = fail if paired.certain else warn
    if paired.outcome is Outcome.NO_CLIENT:
        return say(file_system, paired.message, *evidence, cause=paired.cause, concerns=kind.nodes)
    evidence += filter(None, [why_this_version(file_system)])
    message = f"{file_system.id} {paired.message}"
    return say(file_system, message, *evidence, cause=paired.cause, fix=fix, concerns=kind.nodes)
