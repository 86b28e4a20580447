"""Messages inside their wrappings: rows of kubectl's event tables and JSON log lines."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

_DESCRIBED = re.compile(
    r"(?:Warning|Normal) (?P<reason>[A-Z]\w{2,40}) (?P<age>[\w<>.]{1,16})"
    r"(?: \(x(?P<count>\d{1,9}) over [\w<>]{1,16}\))? "
    r"(?P<from>[\w./-]{1,253}(?:, [\w.-]{1,253})?) (?P<message>.+)"
)
_LISTED = re.compile(
    r"(?:(?P<namespace>[a-z0-9-]{1,63}) )?[0-9<][\w<>.]{0,15}(?: \(x(?P<count>\d{1,9}) over [\w<>]{1,16}\))? "
    r"(?:Warning|Normal) (?P<reason>[A-Z]\w{2,40}) (?P<kind>[a-z]{2,32})/(?P<name>[\w.-]{1,253}) (?P<message>.+)"
)
_POD_DESCRIPTION = re.compile(r"Name: +(?P<name>\S{1,253}) Namespace: +(?P<namespace>\S{1,63}) ")
_POD_NODE = re.compile(r" Node: +(?P<node>[\w.-]{1,253})/")
_MESSAGE_KEYS = ("MESSAGE", "message", "msg", "log", "err", "error")
_TIME_KEYS = ("time", "ts", "timestamp", "@timestamp")


class Row(NamedTuple):
    """One wrapped message."""

    message: str
    reason: str = ""
    time: str = ""
    node: str = ""
    pod: str = ""
    program: str = ""
    times: int = 1


def event_row(flat: str) -> Row | None:
    """A row of `kubectl describe`'s or `kubectl get events`' table, already on one line; None when it is none."""
    if found := _DESCRIBED.match(flat):
        return Row(found["message"], found["reason"], times=int(found["count"] or 1))
    if found := _LISTED.match(flat):
        pod = f"{found['namespace'] or 'default'}/{found['name']}" if found["kind"] == "pod" else ""
        return Row(found["message"], found["reason"], pod=pod, times=int(found["count"] or 1))
    return None


def json_row(line: str) -> Row | None:
    """A log line that is a JSON object (klog's JSON format, journald's export, a container runtime's file)."""
    try:
        fields: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    messages = [fields[key] for key in _MESSAGE_KEYS if isinstance(fields.get(key), str)]
    if not messages:
        return None
    time = next((fields[key] for key in _TIME_KEYS if isinstance(fields.get(key), str)), "")
    node = fields.get("_HOSTNAME") or fields.get("hostname") or ""
    program = fields.get("SYSLOG_IDENTIFIER") or ""
    return Row(
        " ".join(messages),
        time=time,
        node=node if isinstance(node, str) else "",
        program=program if isinstance(program, str) else "",
    )


def described_pod(flat: str) -> tuple[str, str] | None:
    """`namespace/name` and node of a pod whose description begins here; None when none does."""
    found = _POD_DESCRIPTION.match(flat)
    if found is None:
        return None
    node = _POD_NODE.search(flat)
    return f"{found['namespace']}/{found['name']}", node["node"] if node else ""
