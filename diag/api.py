"""What checks and plugins are written with. `from diag import …` takes it from here."""

from diag.model.finding import Correction, Draft, Finding, Location, fail, ok, skip, unknown, warn
from diag.model.fix import Fix
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.model.unavailable import Reason, Unavailable, Unreadable, unwrap
from diag.model.verdict import Verdict
from diag.registry import check, fact
from diag.resources.table import Table

__all__ = [
    "Correction", "Draft", "Finding", "Fix", "Kind", "Layer", "Location", "Reason", "Subject", "Table", "Unavailable",
    "Unreadable", "Verdict", "check", "fact", "fail", "ok", "skip", "unknown", "unwrap", "warn",
]  # fmt: skip
