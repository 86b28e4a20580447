"""Lustre clients: what a node's kernel brings, and which servers it talks to.

AWS, "Lustre file system and client kernel compatibility" (FSx for Lustre User Guide, read 2026-06): 2.10 servers take
2.10 and 2.12 clients, 2.12 servers 2.10 to 2.15, 2.15 servers 2.12 and 2.15; RHEL 10's client takes 2.15 servers alone.
"""

import re
from typing import Any


def client_of(info: dict[str, Any]) -> str | None:
    """The version of a node's Lustre client by its operating system and kernel, None without one."""
    image, kernel = info["osImage"], _numbers(info["kernelVersion"])
    large_pages = info["kernelVersion"].endswith("-64k")
    if info.get("operatingSystem", "linux") != "linux":
        return None
    if image.startswith("Amazon Linux 2023"):
        return "2.15" if kernel >= (6, 1, 79) else None
    if image.startswith("Amazon Linux 2"):
        return "2.12" if kernel >= (5, 10, 144) or kernel < (5,) else "2.10"
    if image.startswith("Bottlerocket"):
        return "2.15" if kernel >= (6, 1, 61) else None
    if image.startswith("Ubuntu"):
        if large_pages:
            return "2.15" if kernel >= (6, 14, 0, 1018) else None
        return "2.15" if kernel < (6, 14, 0, 1021) else None
    if image.startswith("Red Hat Enterprise Linux 10"):
        return "2.15-rhel10"
    return "2.15" if image.startswith(("Red Hat", "Rocky", "CentOS", "AlmaLinux")) else None


def fits(client: str, server: str) -> bool:
    """Whether a client of this version mounts a server of that one."""
    takes = {
        "2.10": ("2.10", "2.12"),
        "2.12": ("2.10", "2.12", "2.15"),
        "2.15": ("2.12", "2.15"),
        "2.15-rhel10": ("2.15",),
    }
    return server in takes[client]


def _numbers(kernel: str) -> tuple[int, ...]:
    found = re.match(r"[\d.]+(-\d+)?", kernel)
    return tuple(int(part) for part in re.split(r"[.-]", found[0]) if part) if found else ()
