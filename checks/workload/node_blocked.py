"""No process hangs in Lustre on the node."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, warn
from diag.analysis.nodes.connections import judge_connections, minutes, seconds_in, silent_targets
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.knowledge.lustre_waits import lustre_function, waits_for
from diag.resources.node_report import BlockedTask, Import, NodeReport


@check("node-blocked", layer=Layer.WORKLOAD, speaks_for="umount-stuck-terminating")
def node_has_no_hung_task(fleet: Fleet) -> Iterator[Draft]:
    """No process hangs in Lustre on the node.

    Waiting there is normal under load, so one look at a waiting process proves nothing: a second one, two seconds
    later at least, leaves out those that have moved on. What proves a hang: the kernel's own complaint that it was
    blocked for more than two minutes, a target that the client has lost (its history says since when), or a request
    that has had no reply for two minutes. Such waits are mostly in state S or I, which the kernel never complains of.
    Lustre's own threads, which wait for work, are left out.

    pass: none waits in Lustre, or those that do are not complained of and no target is lost or silent
    warn: a mount or unmount waits in Lustre
    fail: a process waits in Lustre while a target is lost or owes a reply for two minutes, or the kernel complains that
        it has been blocked for minutes
    unknown: the node did not say
    skip: no node was inspected
    source: Linux kernel/hung_task.c; /proc/PID/stat, wchan and stack, never cmdline; stacks of 2.15.8 with its MDT gone
    """
    yield from judge_nodes(fleet, _blocked)


def _blocked(report: NodeReport) -> Draft:
    if report.blocked is None:
        return not_reported(report, "blocked")
    waiting = [task for task in report.blocked if lustre_function(task.functions) and task.stayed_s != 0]
    shown = [_line(report, task) for task in waiting[:4]]
    complaints = {
        int(match[1])
        for line in report.kernel_messages or ()
        if (match := re.search(r"task \S{1,64}:(\d{1,10}) blocked for more than \d+ seconds", line))
    }
    names = sorted({task.name for task in waiting if task.name.startswith(("umount", "mount"))})
    cause = "umount-stuck-terminating" if any(name.startswith("umount") for name in names) else ""
    if any(task.pid in complaints for task in waiting):
        return fail(
            report,
            "a process has hung in Lustre for minutes; only its servers or a reboot free it",
            *shown,
            cause=cause,
        )
    connections = judge_connections(report.imports or ())
    if waiting and connections.waiting:
        lost = ", ".join(one.target for one in connections.imports[:4])
        shown += [_since(report, one) for one in connections.imports[:4]]
        number = f"{len(waiting)} processes wait" if len(waiting) > 1 else "1 process waits"
        return fail(
            report, f"{number} in Lustre, and {lost} is not connected: they go on when it is back", *shown, cause=cause
        )
    if waiting and (silent := silent_targets(report.imports or ())):
        owing = ", ".join(one.target for one in silent[:4])
        shown += [f"{report.node}: {one.target}: no reply for {minutes(one.silent_s or 0)}" for one in silent[:4]]
        number = f"{len(waiting)} processes wait" if len(waiting) > 1 else "1 process waits"
        message = f"{number} in Lustre, and {owing} has not replied to a request for two minutes or longer"
        return fail(report, message, *shown, cause=cause)
    if names:
        return warn(report, f"{', '.join(names)} waits in Lustre", *shown, cause=cause)
    return ok(report, "no process hangs in Lustre", *shown, rules_out=() if waiting else None)


def _since(report: NodeReport, one: Import) -> str:
    age = seconds_in(one, report.clock_s)
    return f"{report.node}: {one.target} is {one.state}" + (f", not well for {minutes(age)}" if age is not None else "")


def _line(report: NodeReport, task: BlockedTask) -> str:
    what = waits_for(task.functions)
    age = f", started {task.age_s} s ago" if task.age_s is not None else ""
    still = f", still there {task.stayed_s} s later" if task.stayed_s else ""
    where = f"{lustre_function(task.functions)}{what and f' for {what}'}{still}"
    return f"{report.node}: {task.name} ({task.pid}, state {task.state}{age}) waits in {where}"
