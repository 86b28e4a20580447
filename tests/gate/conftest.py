"""The same lab and command as the end-to-end tests have."""

from __future__ import annotations

from tests.end_to_end.conftest import doctor, lab, one_lab

__all__ = ["doctor", "lab", "one_lab"]
