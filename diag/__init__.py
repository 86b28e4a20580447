"""lustre-doctor: why an FSx for Lustre volume does not mount on EKS, with evidence and the command that fixes it.

For programs: `diagnose` and `explain` give a `Report`, `to_json` is its JSON, `WrongUsage` what they raise. For checks:
what `diag.api` lists. All loads on first use: `lustre-doctor --version` pays for none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diag.version import __version__ as __version__

if TYPE_CHECKING:
    from diag.api import *  # noqa: F403
    from diag.model.exit_code import WrongUsage as WrongUsage
    from diag.reports.json import to_json as to_json
    from diag.reports.report import Report as Report
    from diag.run.diagnose import diagnose as diagnose
    from diag.run.diagnose import explain as explain

_FOR_PROGRAMS = {
    "diagnose": "diag.run.diagnose",
    "explain": "diag.run.diagnose",
    "Report": "diag.reports.report",
    "to_json": "diag.reports.json",
    "WrongUsage": "diag.model.exit_code",
}


def __getattr__(name: str) -> Any:
    if name.startswith("__") and name != "__all__":
        raise AttributeError(name)
    import importlib

    value = globals()[name] = getattr(importlib.import_module(_FOR_PROGRAMS.get(name, "diag.api")), name)
    return value
