"""Pods and their mounts: who has the volume, who waits for it, who cannot let go of it, what programs meet on it."""

from __future__ import annotations

from typing import Any

from diag.model.finding import Finding
from diag.registry import Check
from tests.checks.given import findings

AN_HOUR_AGO, JUST_NOW = "2026-11-24T11:00:00Z", "2026-11-24T11:59:00Z"


def only(check: Check, **facts: Any) -> Finding:
    (finding,) = findings(check, **facts)
    return finding
