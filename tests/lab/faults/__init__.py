"""Faults by name: each breaks one thing in an otherwise healthy world, and shows what a real cluster would show."""

from tests.lab.faults.registry import FAULTS, Fault, fault

__all__ = ["FAULTS", "Fault", "fault"]
