"""The client's connections to its targets: `lctl get_param *.*.import *.*.state`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from diag.model.unavailable import Unavailable
from diag.resources.node_report import Import, phase_of
from diag.sanitize import one_line
from diag.sources.nodes.parsers.answers import Answer, absent, garbled, no_answer

_HEAD = re.compile(r"(?:mgc|mdc|osc)\.(?P<name>\S{1,200})\.(?P<what>import|state)=")


_STATE = re.compile(r"- \[ (?P<at>\d{1,11}), (?P<state>[A-Z_]{1,20}) \]", re.ASCII)

STATES = 16
"""States of a history that Lustre keeps (IMP_STATE_HIST_LEN, 2.10 to 2.17)."""

LIMIT = 4096
"""Imports of one node that are kept."""


def read_imports(answer: Answer) -> tuple[Import, ...] | Unavailable:
    """Imports and state histories of mgc, mdc and osc devices. Absent while no client is loaded.

    Source: Lustre 2.15 lustre/obdclass/lprocfs_status.c, lprocfs_import_seq_show and lprocfs_state_seq_show.
    """
    imports: dict[str, dict[str, str]] = {}
    histories: dict[str, list[tuple[int, str]]] = {}
    name, what = "", ""
    for line in answer.lines:
        text = line.strip()
        if head := _HEAD.fullmatch(text):
            name, what = head["name"], head["what"]
            if what == "import" and len(imports) < LIMIT:
                imports.setdefault(name, {})
            continue
        key, colon, value = text.partition(":")
        if what == "import" and name in imports and colon:
            imports[name].setdefault(key, one_line(value.strip().strip('"')))
        elif what == "state" and (state := _STATE.fullmatch(text)) and len(histories.setdefault(name, [])) < STATES:
            histories[name].append((int(state["at"]), state["state"]))
    found = tuple(
        Import(
            one_line(name),
            fields.get("target", "").removesuffix("_UUID"),
            fields["state"],
            fields.get("current_connection", ""),
            fields.get("target_version", ""),
            _number(fields.get("connection_attempts", "")),
            sum(state == "EVICTED" for _, state in histories.get(name, ())),
            _since(fields["state"], histories.get(name, ())),
            _number(fields.get("inflight", "")),
            _number(fields["idle"].removesuffix(" sec")) if "idle" in fields else None,
        )
        for name, fields in imports.items()
        if fields.get("state")
    )
    if found:
        return found
    if "param_path" in answer.text and "No such file" in answer.text:
        return absent("the kernel has no mgc, mdc or osc device: nothing of Lustre is mounted")
    return no_answer(answer) or (garbled(answer.text) if answer.text.strip() else ())


def _since(state: str, history: Sequence[tuple[int, str]]) -> int | None:
    """When the import came into the phase that it is in: the first of the last states of that phase."""
    found = None
    for at, former in reversed(history):
        if phase_of(former) != phase_of(state):
            break
        found = at
    return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
