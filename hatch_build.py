"""Build hook: compiles the runbooks' front matter, so that an installed tool starts without parsing YAML."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileRunbooks(BuildHookInterface[Any]):
    """Writes `runbooks/index.json`, for a wheel and for an editable install alike."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before files are collected."""
        sys.path.insert(0, self.root)
        from diag.knowledge.index import write_index

        write_index(Path(self.root) / "runbooks")
        build_data["artifacts"].append("runbooks/index.json")
