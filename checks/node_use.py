"""A mounted file system as the node sees it: connections to its targets, tasks that hang, the clock."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, skip, warn
from diag.analysis.nodes.differential import Fleet, not_told, tell
from diag.resources.node_report import Import, NodeTruth

WELL = frozenset({"FULL", "IDLE"})
"""States of a connection that works; an OST that nobody uses goes IDLE. Source: Lustre 2.15 lustre_import.h."""

CAUSE_OF = {"mgc": "mgs-down", "mdc": "mdt-unavailable", "osc": "ost-unavailable"}
EVICTED, LOST = "client-evicted", "connection-lost-network"
SKEW_S = 60.0
"""A clock that differs by more makes logs of node and servers hard to put side by side."""


@check(
    "node-targets", layer=Layer.WORKLOAD, speaks_for=(EVICTED, "ost-unavailable", "mdt-unavailable", "mgs-down", LOST)
)
def node_is_connected(fleet: Fleet) -> Iterator[Draft]:
    """Every target of a mounted file system is connected.

    A mount stays in the table while its servers are gone; only the state of the connections tells. It is read from
    the kernel's parameters, which never touch the file system.

    pass: all are FULL, or IDLE for want of use
    warn: the client was evicted before and is connected again, or a first connect is still under way
    fail: a target is disconnected, keeps connecting, or has evicted the client
    unknown: the node did not say
    skip: nothing of Lustre is mounted there, or no node was looked into
    source: Lustre 2.15 lprocfs_import_seq_show; recorded states of a client whose OST was stopped
    """
    yield from tell(fleet, _targets)


def _targets(truth: NodeTruth) -> Draft:
    if truth.imports is None:
        if truth.is_absent("imports") or truth.is_loaded("lustre") is False:
            return skip(truth, "nothing of Lustre is mounted there")
        return not_told(truth, "imports")
    bad = [found for found in truth.imports if found.state not in WELL]
    if not bad:
        evicted = [found for found in truth.imports if found.evicted]
        if evicted:
            message = "it was evicted before and is connected again: open files and running calls failed then"
            return warn(truth, message, *_lines(truth, evicted), cause=EVICTED)
        return ok(truth, "all targets are connected") if truth.imports else skip(truth, "nothing is mounted there")
    if any(found.state == "EVICTED" for found in bad):
        return fail(truth, "a target has evicted this client", *_lines(truth, bad), cause=EVICTED)
    lost = [found for found in bad if found.attempts > 1 or found.state == "DISCONN"]
    if not lost:
        return warn(truth, "it is still connecting for the first time", *_lines(truth, bad))
    targets = [found for found in truth.imports if found.kind in ("mdc", "osc")]
    if len(targets) > 1 and all(found in lost for found in targets):
        return fail(truth, "it has lost every target of the file system", *_lines(truth, lost), cause=LOST)
    names = ", ".join(found.target for found in lost[:4])
    return fail(truth, f"it has no connection to {names}", *_lines(truth, lost), cause=CAUSE_OF.get(lost[0].kind, LOST))


def _lines(truth: NodeTruth, imports: list[Import]) -> Iterator[str]:
    for found in imports[:4]:
        yield f"{truth.node}: {found.target} {found.state} at {found.connection}, {found.attempts} connects"


@check("node-blocked", layer=Layer.WORKLOAD, speaks_for="umount-stuck-terminating")
def node_has_no_hung_task(fleet: Fleet) -> Iterator[Draft]:
    """No process hangs in Lustre on the node.

    Waiting there is normal under load, so one look at a waiting process proves nothing; the kernel's own complaint
    that it was blocked for more than two minutes does, and so does an unmount or mount that waits.

    pass: none waits in Lustre, or those that do are not complained of
    warn: a mount or unmount waits in Lustre
    fail: the kernel complains that a process which still waits in Lustre has been blocked for minutes
    unknown: the node did not say
    skip: no node was looked into
    source: Linux kernel/hung_task.c; /proc/PID/stat and wchan, never cmdline
    """
    yield from tell(fleet, _blocked)


def _blocked(truth: NodeTruth) -> Draft:
    if truth.blocked is None:
        return not_told(truth, "blocked")
    waiting = [task for task in truth.blocked if task.waits_in_lustre]
    shown = [f"{truth.node}: {task.name} ({task.pid}) waits in {task.wchan}" for task in waiting[:4]]
    complaints = {
        int(match[1])
        for line in truth.kernel_messages or ()
        if (match := re.search(r"task \S{1,64}:(\d{1,10}) blocked for more than \d+ seconds", line))
    }
    names = sorted({task.name for task in waiting if task.name.startswith(("umount", "mount"))})
    cause = "umount-stuck-terminating" if any(name.startswith("umount") for name in names) else ""
    if any(task.pid in complaints for task in waiting):
        return fail(
            truth, "a process has hung in Lustre for minutes; only its servers or a reboot free it", *shown, cause=cause
        )
    if names:
        return warn(truth, f"{', '.join(names)} waits in Lustre", *shown, cause=cause)
    return ok(truth, "no process hangs in Lustre", *shown, rules_out=() if waiting else None)


@check("node-clock", layer=Layer.WORKLOAD)
def node_clock_agrees(fleet: Fleet) -> Iterator[Draft]:
    """The node's clock agrees with this machine's.

    Lustre itself does not need it, but times of files and logs are compared between nodes and servers.

    pass: it differs by at most a minute
    warn: it differs by more
    unknown: the node did not say
    skip: no node was looked into
    source: date(1) on the node, between question and answer
    """
    yield from tell(fleet, _clock)


def _clock(truth: NodeTruth) -> Draft:
    if truth.clock_skew_s is None:
        return not_told(truth, "clock_skew_s")
    if abs(truth.clock_skew_s) <= SKEW_S:
        return ok(truth, "its clock agrees with this machine's")
    way = "ahead of" if truth.clock_skew_s > 0 else "behind"
    return warn(truth, f"its clock is minutes {way} this machine's", f"{truth.node}: {truth.clock_skew_s:+.0f} s")
