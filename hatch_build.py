"""Build hook: compiles runbooks and message catalogue, so that an installed tool parses neither YAML nor TOML."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileRunbooks(BuildHookInterface[Any]):
    """Writes `runbooks/index.json` and the message catalogue's index, for a wheel and for an editable install alike."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before files are collected."""
        sys.path.insert(0, self.root)
        from diag.knowledge.index import write_index
        from diag.knowledge.messages import write_messages

        write_index(Path(self.root) / "runbooks")
        write_messages()
        build_data["artifacts"] += ["runbooks/index.json", "diag/knowledge/messages/index.json"]
