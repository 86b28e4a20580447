"""Kernel messages about Lustre, and processes that wait in the kernel."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from diag.model.unavailable import Unavailable
from diag.resources.node_report import BlockedTask
from diag.sanitize import one_line
from diag.sources.nodes.parsers.answers import Answer, garbled, no_answer

MESSAGES = 60


TASKS = 512


STACK = 8
"""Functions of a stack that are kept."""


_TASK = re.compile(r"(\d{1,10}) (?:([A-Z]) (\S{1,100}) (\d{1,10}|-) (\S{1,600})|(\S{2,100}|[0-])) (.{0,64})")
_FUNCTION = re.compile(r"[A-Za-z_][\w.]{0,80}", re.ASCII)


def read_kernel_messages(answer: Answer) -> tuple[str, ...] | Unavailable:
    """Lines of dmesg that the probe picked, oldest first, at most 60."""
    if failed := no_answer(answer):
        return failed
    return tuple(one_line(line, 500) for line in answer.lines[-MESSAGES:] if line.strip())


def read_uptime(answer: Answer) -> float | Unavailable:
    """/proc/uptime: seconds since the kernel started, and seconds idle."""
    first = answer.text.partition(" ")[0]
    if re.fullmatch(r"\d{1,10}\.\d{1,2}", first, re.ASCII):
        return float(first)
    return no_answer(answer) or garbled(f"no uptime: {answer.text}")


def read_blocked(answer: Answer) -> tuple[BlockedTask, ...] | Unavailable:
    """Lines of `PID STATE WCHAN AGE STACK NAME`, or, of processes in state D, `PID WCHAN NAME`.

    Without root wchan is 0 and there is no stack (Linux fs/proc/base.c proc_pid_wchan, proc_pid_stack).
    """
    if failed := no_answer(answer):
        return failed
    found = []
    for line in answer.lines:
        if match := _TASK.fullmatch(line):
            pid, state, where, age, stack, only_where, name = match.groups()
            functions = tuple(f for f in (stack or "").split(",") if _FUNCTION.fullmatch(f))
            wchan = where or only_where
            found.append(
                BlockedTask(
                    int(pid),
                    one_line(name, 64),
                    "" if wchan in ("0", "-") else one_line(wchan, 100),
                    state or "D",
                    int(age) if age and age != "-" else None,
                    functions[:STACK],
                )
            )
    return tuple(found[:TASKS])


def seen_again(tasks: Sequence[BlockedTask], answer: Answer) -> tuple[BlockedTask, ...]:
    """The processes of the first look with what the second one shows: `later SECONDS`, then lines as in the first."""
    head = re.fullmatch(r"later (\d{1,6})", answer.lines[0].strip()) if answer.lines else None
    found = read_blocked(msgspec.structs.replace(answer, text="\n".join(answer.lines[1:])))
    if head is None or isinstance(found, Unavailable):
        return tuple(tasks)
    still = {(task.pid, task.name, task.functions) for task in found}
    return tuple(
        msgspec.structs.replace(task, stayed_s=int(head[1]) if (task.pid, task.name, task.functions) in still else 0)
        for task in tasks
    )
