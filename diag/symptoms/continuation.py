"""One message that a container runtime wrote as several records, a record a line: put together again."""

from __future__ import annotations

import re
from typing import Any

import msgspec

_CRI = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}(?:Z|[+-]\d\d:\d\d) (?:stdout|stderr) [FP] "
_JSON = r"\{\"log\": ?\""
# How the lines go on that the mount library and mount.lustre print after their first, and klog's closing bracket.
_GOES_ON = (
    r"(?:\\t|[ \t]|Mounting (?:command|arguments): |Unmounting arguments: |Output: |This may have multiple causes"
    r"|Is (?:the|')|Are the |Check |If upgrading, |Note 'alias |>(?:\\n|\n|$))"
)
CONTINUES = re.compile(f"(?:{_CRI}|{_JSON}){_GOES_ON}".encode())
"""A record that goes on with the message of the one before it."""
_RECORD = re.compile(_CRI)


def rejoined(block: str) -> str:
    """A block of records as the one message they were: the first record as it is, the others' text alone."""
    first, *others = block.split("\n")
    return "\n".join((first, *map(_text_of, others)))


def _text_of(record: str) -> str:
    if found := _RECORD.match(record):
        return record[found.end() :]
    if record.startswith('{"log":'):
        try:
            fields: Any = msgspec.json.decode(record)
        except (msgspec.DecodeError, RecursionError):
            return record
        if isinstance(fields, dict) and isinstance(fields.get("log"), str):
            return str(fields["log"]).rstrip("\n")
    return record
