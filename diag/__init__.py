"""lustre-doctor: why an FSx for Lustre volume does not mount on EKS, with evidence and the command that fixes it.

This is the public face that checks are written against; `diag.api` lists it. It loads on first use, so that
`lustre-doctor --version` does not pay for what it does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diag.version import __version__ as __version__

if TYPE_CHECKING:
    from diag.api import *  # noqa: F403


def __getattr__(name: str) -> Any:
    if name.startswith("__") and name != "__all__":
        raise AttributeError(name)
    import importlib

    value = globals()[name] = getattr(importlib.import_module("diag.api"), name)
    return value
