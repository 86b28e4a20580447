"""Every target of a mounted file system is connected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from diag import Draft, Layer, check, fail, ok, skip, warn
from diag.analysis.nodes.connections import (
    SILENT_S,
    Outage,
    judge_connections,
    minutes,
    seconds_in,
    silent_targets,
    time_left,
)
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.resources.node_report import Import, NodeReport

CAUSE_OF = {"mgc": "mgs-down", "mdc": "mdt-unavailable", "osc": "ost-unavailable"}


EVICTED, LOST = "client-evicted", "connection-lost-network"


@check(
    "node-targets", layer=Layer.WORKLOAD, speaks_for=(EVICTED, "ost-unavailable", "mdt-unavailable", "mgs-down", LOST)
)
def node_is_connected(fleet: Fleet) -> Iterator[Draft]:
    """Every target of a mounted file system is connected.

    A mount stays in the table while its servers are gone; only the state of the connections shows it. It is read from
    the kernel's parameters, which never touch the file system. The connections are judged together: a server that
    answers for another target, or as the MGS, is reachable, so what is lost is the target and not the network.

    pass: all are FULL, or IDLE for want of use
    warn: the client was evicted before and is connected again, a first connect is under way, servers recover, or a
        connected target owes a reply for two minutes
    fail: a target or a whole server is disconnected or keeps connecting, or has evicted the client
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
    if not report.imports:
        return skip(report, "nothing is mounted there")
    found = judge_connections(report.imports)
    names = ", ".join(one.target for one in found.imports[:4])
    lines = _lines(report, found.imports)
    match found.outage:
        case Outage.NOTHING:
            if evicted := [one for one in report.imports if one.evicted]:
                message = "it was evicted before and is connected again: open files and running calls failed then"
                return warn(report, message, *_lines(report, evicted), cause=EVICTED)
            if silent := silent_targets(report.imports):
                names = ", ".join(one.target for one in silent[:4])
                message = f"{names} is connected and has not replied to a request for {SILENT_S} s or longer"
                return warn(report, message, *_lines(report, silent))
            return ok(report, "all targets are connected")
        case Outage.EVICTED:
            return fail(report, "a target has evicted this client", *lines, cause=EVICTED)
        case Outage.CONNECTING:
            return warn(report, "it is still connecting for the first time", *lines)
        case Outage.RECOVERY:
            left = next(iter(_recovery(report)), "") or time_left(found.imports, report.clock_s)
            message = f"{names} is in recovery: processes wait until it ends{left and f'; {left}'}"
            return warn(report, message, *lines)
        case Outage.NETWORK if len(report.imports) > 1:
            which = "that it uses" if any(one.state == "IDLE" for one in report.imports) else "of the file system"
            return fail(report, f"it has lost every target {which}", *lines, cause=LOST)
        case Outage.TARGETS:
            message = f"the server answers, but not for {names}: it is not mounted there, or takes no client yet"
            return fail(report, message, *lines, cause=_cause(found.imports))
        case _:
            message = f"it has no connection to {names}"
            return fail(report, message, *lines, cause=_cause(found.imports))


def _cause(lost: Sequence[Import]) -> str:
    """The cause of the target that all else needs: without an MDT no OST is of use, without an MGS nobody mounts."""
    kinds = {one.kind for one in lost}
    return next((CAUSE_OF[kind] for kind in ("mdc", "osc", "mgc") if kind in kinds), LOST)


def _recovery(report: NodeReport) -> list[str]:
    """What the log says of the time that a recovery takes, newest first."""
    pattern = re.compile(r"(?i)\brecovery\b.{0,80}?\b(\d{1,2}:\d{2}|\d{1,4} ?s(?:ec(?:onds)?)?)\b")
    found = (pattern.search(line) for line in reversed(report.kernel_messages or ()))
    return [match[0] for match in found if match]


def _lines(report: NodeReport, imports: Iterable[Import]) -> Iterator[str]:
    for found in list(imports)[:4]:
        age = seconds_in(found, report.clock_s)
        long = f", {found.state} or alike for {minutes(age)}" if age is not None and not found.is_well else ""
        silent = f", no reply for {minutes(found.silent_s)}" if found.silent_s and found.in_flight else ""
        connects = f"{found.attempts} connects"
        yield f"{report.node}: {found.target} {found.state} at {found.connection}, {connects}{long}{silent}"
