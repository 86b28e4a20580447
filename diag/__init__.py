"""lustre-doctor: why an FSx for Lustre volume does not mount on EKS, with evidence and the command that mends it.

This is the public face that checks are written against. Names load on first use, so that `lustre-doctor --version`
does not pay for what it does not need.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from diag.version import __version__ as __version__

if TYPE_CHECKING:
    from diag.model.finding import Draft as Draft
    from diag.model.finding import Finding as Finding
    from diag.model.finding import Location as Location
    from diag.model.finding import fail as fail
    from diag.model.finding import ok as ok
    from diag.model.finding import skip as skip
    from diag.model.finding import unknown as unknown
    from diag.model.finding import warn as warn
    from diag.model.fix import Fix as Fix
    from diag.model.layer import Layer as Layer
    from diag.model.subject import Kind as Kind
    from diag.model.subject import Subject as Subject
    from diag.model.unavailable import Reason as Reason
    from diag.model.unavailable import Unavailable as Unavailable
    from diag.model.unavailable import Unreadable as Unreadable
    from diag.model.verdict import Verdict as Verdict
    from diag.registry import check as check
    from diag.registry import fact as fact
    from diag.resources.table import Table as Table

_HOME = {
    "check": "diag.registry",
    "fact": "diag.registry",
    "Table": "diag.resources.table",
    **dict.fromkeys(("Draft", "Finding", "Location", "fail", "ok", "skip", "unknown", "warn"), "diag.model.finding"),
    "Fix": "diag.model.fix",
    "Layer": "diag.model.layer",
    **dict.fromkeys(("Kind", "Subject"), "diag.model.subject"),
    **dict.fromkeys(("Reason", "Unavailable", "Unreadable"), "diag.model.unavailable"),
    "Verdict": "diag.model.verdict",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'diag' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value
