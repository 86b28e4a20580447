"""What a pod asks for beside its volume."""

from __future__ import annotations

from typing import Any

from diag.model.finding import Finding
from diag.registry import Check
from tests.checks.given import findings


def only(check: Check, **facts: Any) -> Finding:
    (finding,) = findings(check, **facts)
    return finding
