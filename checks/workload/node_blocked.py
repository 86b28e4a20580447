"""No process hangs in Lustre on the node."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, warn
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.resources.node_report import NodeReport


@check("node-blocked", layer=Layer.WORKLOAD, speaks_for="umount-stuck-terminating")
def node_has_no_hung_task(fleet: Fleet) -> Iterator[Draft]:
    """No process hangs in Lustre on the node.

    Waiting there is normal under load, so one look at a waiting process proves nothing; the kernel's own complaint
    that it was blocked for more than two minutes does, and so does an unmount or mount that waits.

    pass: none waits in Lustre, or those that do are not complained of
    warn: a mount or unmount waits in Lustre
    fail: the kernel complains that a process which still waits in Lustre has been blocked for minutes
    unknown: the node did not say
    skip: no node was inspected
    source: Linux kernel/hung_task.c; /proc/PID/stat and wchan, never cmdline
    """
    yield from judge_nodes(fleet, _blocked)


def _blocked(report: NodeReport) -> Draft:
    if report.blocked is None:
        return not_reported(report, "blocked")
    waiting = [task for task in report.blocked if task.waits_in_lustre]
    shown = [f"{report.node}: {task.name} ({task.pid}) waits in {task.wchan}" for task in waiting[:4]]
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
    if names:
        return warn(report, f"{', '.join(names)} waits in Lustre", *shown, cause=cause)
    return ok(report, "no process hangs in Lustre", *shown, rules_out=() if waiting else None)
