"""Faults by name: each breaks one thing in an otherwise healthy world, and shows what a real cluster would show.

One file or folder for each layer of the mount path; what it registers stands in `FAULTS`.
"""

import importlib
import pkgutil

from tests.lab.faults.registry import FAULTS, Fault, fault

__all__ = ["FAULTS", "Fault", "fault"]

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
