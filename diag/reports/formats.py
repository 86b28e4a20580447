"""The formats that need neither a terminal nor options: by name, each from the one model."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diag.reports.report import Report

MACHINE = {
    "json": "diag.reports.json:to_json",
    "junit": "diag.reports.junit:to_junit",
    "sarif": "diag.reports.sarif:to_sarif",
    "markdown": "diag.reports.markdown:to_markdown",
    "github": "diag.reports.github:to_github",
    "html": "diag.reports.html.page:to_html",
    "openmetrics": "diag.reports.openmetrics:to_openmetrics",
}
"""Each in a module of its own, imported when it is asked for."""


def machine_format(name: str) -> Callable[[Report], str]:
    """The function that writes a format. Raises KeyError for a name that is none."""
    module, _, function = MACHINE[name].partition(":")
    found: Callable[[Report], str] = getattr(importlib.import_module(module), function)
    return found
