"""Every target of a mounted file system is connected."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, skip, warn
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.resources.node_report import Import, NodeReport

WELL = frozenset({"FULL", "IDLE"})
"""States of a connection that works; an OST that nobody uses goes IDLE. Source: Lustre 2.15 lustre_import.h."""

CAUSE_OF = {"mgc": "mgs-down", "mdc": "mdt-unavailable", "osc": "ost-unavailable"}


EVICTED, LOST = "client-evicted", "connection-lost-network"


@check(
    "node-targets", layer=Layer.WORKLOAD, speaks_for=(EVICTED, "ost-unavailable", "mdt-unavailable", "mgs-down", LOST)
)
def node_is_connected(fleet: Fleet) -> Iterator[Draft]:
    """Every target of a mounted file system is connected.

    A mount stays in the table while its servers are gone; only the state of the connections shows it. It is read from
    the kernel's parameters, which never touch the file system.

    pass: all are FULL, or IDLE for want of use
    warn: the client was evicted before and is connected again, or a first connect is still under way
    fail: a target is disconnected, keeps connecting, or has evicted the client
    unknown: the node did not say
    skip: nothing of Lustre is mounted there, or no node was inspected
    source: Lustre 2.15 lprocfs_import_seq_show; recorded states of a client whose OST was stopped
    """
    yield from judge_nodes(fleet, _targets)


def _targets(report: NodeReport) -> Draft:
    if report.imports is None:
        if report.is_absent("imports") or report.is_loaded("lustre") is False:
            return skip(report, "nothing of Lustre is mounted there")
        return not_reported(report, "imports")
    bad = [found for found in report.imports if found.state not in WELL]
    if not bad:
        evicted = [found for found in report.imports if found.evicted]
        if evicted:
            message = "it was evicted before and is connected again: open files and running calls failed then"
            return warn(report, message, *_lines(report, evicted), cause=EVICTED)
        return ok(report, "all targets are connected") if report.imports else skip(report, "nothing is mounted there")
    if any(found.state == "EVICTED" for found in bad):
        return fail(report, "a target has evicted this client", *_lines(report, bad), cause=EVICTED)
    lost = [found for found in bad if found.attempts > 1 or found.state == "DISCONN"]
    if not lost:
        return warn(report, "it is still connecting for the first time", *_lines(report, bad))
    targets = [found for found in report.imports if found.kind in ("mdc", "osc")]
    if len(targets) > 1 and all(found in lost for found in targets):
        return fail(report, "it has lost every target of the file system", *_lines(report, lost), cause=LOST)
    names = ", ".join(found.target for found in lost[:4])
    return fail(
        report, f"it has no connection to {names}", *_lines(report, lost), cause=CAUSE_OF.get(lost[0].kind, LOST)
    )


def _lines(report: NodeReport, imports: list[Import]) -> Iterator[str]:
    for found in imports[:4]:
        yield f"{report.node}: {found.target} {found.state} at {found.connection}, {found.attempts} connects"
