"""Build hooks: runbooks, message catalogue and tables are compiled, so that an installed tool parses neither YAML nor
TOML; the README of an index links to where its files are."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

_COMPILED = ("runbooks/index.json", "diag/knowledge/messages/index.jsonl", "diag/knowledge/tables/index.json")


class CompileRunbooks(BuildHookInterface[Any]):
    """Writes the indexes of runbooks, messages and tables, for a wheel and for an editable install alike."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before files are collected."""
        sys.path.insert(0, self.root)
        from diag.knowledge.index import write_index
        from diag.knowledge.messages import write_messages
        from diag.knowledge.table import write_tables

        write_index(Path(self.root) / "runbooks")
        write_messages()
        write_tables()
        build_data["artifacts"] += _COMPILED
        if version == "standard" and self.target_name == "wheel":
            # Another project's package may be called `runbooks`; what is installed of ours lies inside `diag`.
            build_data["force_include"][str(Path(self.root) / "runbooks")] = "diag/runbooks"
            # An editable install finds it where it is.
            build_data["force_include"][str(Path(self.root) / "lustre_doctor.py")] = "lustre_doctor.py"


class AbsoluteLinks(MetadataHookInterface):
    """The README as an index shows it: there is no file beside it there."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Make each relative link one into the repository."""
        source = metadata["urls"]["Source"]
        text = (Path(self.root) / "README.md").read_text("utf-8")
        text = re.sub(r"(!\[[^\]]*\]\()(?!https?:)(?=[^)\s]+\))", rf"\g<1>{source}/raw/main/", text)
        text = re.sub(r"(?<=\]\()(?!https?:|#|mailto:)(?=[^)\s]+\))", f"{source}/blob/main/", text)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
