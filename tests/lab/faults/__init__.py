"""Faults by name: each breaks one thing in an otherwise healthy world, and shows what a real cluster would show.

One file for each layer of the mount path; importing it puts its faults into `FAULTS`.
"""

from tests.lab.faults import client, dns, driver, file_system, identity, mount, network, request
from tests.lab.faults.registry import FAULTS, Fault, fault

__all__ = [
    "FAULTS",
    "Fault",
    "client",
    "dns",
    "driver",
    "fault",
    "file_system",
    "identity",
    "mount",
    "network",
    "request",
]
