"""The last mount that a node tried, as its kernel log tells it."""

from __future__ import annotations

import re

import msgspec

from diag.resources.node_report import NodeReport

RECENT_S = 900.0
"""A failed attempt is news for a quarter of an hour: kubelet repeats one every two minutes, a person sooner."""

_TIME = re.compile(r"\[\s*(\d{1,10}\.\d{1,6})\]")
_MOUNTED = re.compile(r"Lustre: Mounted (?P<name>[\w-]{1,8})-client\b", re.ASCII)
_FAILED = re.compile(
    r"Unable to mount\b|, won't mount|Bad mount options|Configuration from log|Confguration from log"
    r"|network initiali[sz]ation failed|cannot mds_connect|version magic '|disagrees about version of symbol",
    re.ASCII,
)
"""Lines that a mount prints when it fails.

Source: Lustre 2.10 to 2.17 llite/super25.c, obdclass/obd_mount.c, mgc/mgc_request.c, ptlrpc/events.c,
llite/llite_lib.c; Linux kernel/module/version.c.
"""
_NAME = re.compile(r"\b(?P<name>[A-Za-z0-9_]{1,8})-client\b", re.ASCII)


class Attempt(msgspec.Struct, frozen=True):
    """Kernel messages of mounts that failed after the last one that worked."""

    messages: tuple[str, ...]
    mount_name: str
    """Name of the file system, empty where no message has it."""
    age_s: float | None
    """Seconds since the last of them; None where the node did not say how long it is up."""


def failed_attempt(report: NodeReport) -> Attempt | None:
    """The failed attempts of the last minutes, or None: nothing failed, or a mount has worked since.

    Without the uptime of the node the last lines of its log count as recent.
    """
    messages = report.kernel_messages or ()
    mounted = [number for number, line in enumerate(messages) if _MOUNTED.search(line)]
    since = messages[mounted[-1] + 1 if mounted else 0 :]
    failed = [line for line in since if _FAILED.search(line)]
    if not failed:
        return None
    at = _TIME.search(failed[-1])
    age = report.uptime_s - float(at[1]) if at and report.uptime_s is not None else None
    if age is not None and age > RECENT_S:
        return None
    named = (_NAME.search(line) for line in reversed(since))
    return Attempt(since, next((match["name"] for match in named if match), ""), age)
