"""What a PersistentVolume asks of the driver."""

from __future__ import annotations

from typing import Any

from diag.declare.check import Check
from diag.model.finding import Finding
from tests.checks.given import findings


def only(check: Check, **facts: Any) -> Finding:
    (finding,) = findings(check, **facts)
    return finding
