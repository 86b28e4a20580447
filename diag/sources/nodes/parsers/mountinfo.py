"""Lustre lines of /proc/self/mountinfo. Mounted paths are read as text, never touched."""

from __future__ import annotations

from diag.knowledge.harmless import shown_options
from diag.late import late
from diag.model.unavailable import Unavailable
from diag.resources.node_report import LustreMount
from diag.sanitize import one_line
from diag.sources.nodes.parsers.answers import Answer, no_answer

_OCTAL = late(r"\\([0-3][0-7]{2})")


def read_lustre_mounts(answer: Answer) -> tuple[LustreMount, ...] | Unavailable:
    """Lines of type lustre. Source: proc_pid_mountinfo(5): fields to ` - `, then type, source, super options."""
    if failed := no_answer(answer):
        return failed
    found = []
    for line in answer.lines:
        before, dash, after = line.partition(" - ")
        head, tail = before.split(" "), after.split(" ")
        if not dash or len(head) < 6 or len(tail) < 3 or tail[0] != "lustre":
            continue
        mount, whole = head[5].split(","), tail[2].split(",")
        options = shown_options(dict.fromkeys(one_line(option, 100) for option in (*mount, *whole)))
        found.append(LustreMount(_unescape(tail[1]), _unescape(head[4]), options, "ro" in (*mount, *whole)))
    return tuple(found)


def _unescape(field: str) -> str:
    return one_line(_OCTAL.sub(lambda match: chr(int(match[1], 8)), field), 4096)
