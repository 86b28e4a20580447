"""A fault of the tool itself: never mixed with a verdict about a cluster."""

from __future__ import annotations

import msgspec


class ToolError(msgspec.Struct, frozen=True):
    """A check, fact or plugin that broke: what, one sentence, and the trace."""

    component: str
    message: str
    trace: str = ""
