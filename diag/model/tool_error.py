"""A fault of the tool itself, told apart from every verdict about the world."""

from __future__ import annotations

import msgspec


class ToolError(msgspec.Struct, frozen=True):
    """A check, fact or plugin that broke: what, one sentence, and the trace."""

    component: str
    message: str
    trace: str = ""
