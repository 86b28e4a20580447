"""Kernel messages about Lustre, and tasks in uninterruptible sleep."""

from __future__ import annotations

import re

from diag.model.unavailable import Unavailable
from diag.resources.node_report import BlockedTask
from diag.sanitize import one_line
from diag.sources.nodes.parsers.answers import Answer, no_answer

MESSAGES = 60


TASKS = 512


_TASK = re.compile(r"(\d{1,10}) (\S{1,100}) (.{0,64})")


def read_kernel_messages(answer: Answer) -> tuple[str, ...] | Unavailable:
    """Lines of dmesg that the probe picked, oldest first, at most 60."""
    if failed := no_answer(answer):
        return failed
    return tuple(one_line(line, 500) for line in answer.lines[-MESSAGES:] if line.strip())


def read_blocked(answer: Answer) -> tuple[BlockedTask, ...] | Unavailable:
    """Lines of `PID WCHAN NAME`. Without root wchan is 0 (Linux fs/proc/base.c proc_pid_wchan)."""
    if failed := no_answer(answer):
        return failed
    found = []
    for line in answer.lines:
        if match := _TASK.fullmatch(line):
            wchan = "" if match[2] in ("0", "-") else one_line(match[2], 100)
            found.append(BlockedTask(int(match[1]), one_line(match[3], 64), wchan))
    return tuple(found[:TASKS])
