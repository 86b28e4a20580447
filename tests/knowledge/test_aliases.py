"""A cause that was merged into another keeps its id as an alias, which resolves everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from diag.cli.runbook import command
from diag.diagnosis.references import broken_references
from diag.knowledge.cause import Cause
from diag.knowledge.front_matter import BadRunbook
from diag.knowledge.index import BUILT_IN, write_index
from diag.knowledge.runbooks import TeamFolder, load_knowledge
from diag.model.layer import Layer
from diag.registry import check

OLD, NEW = "provision-timeout-leaks-filesystems", "leftover-resources"
KNOWLEDGE = load_knowledge()


MERGED = {OLD: NEW, "sg-missing-lustre-ports-at-create": "sg-self-rule-missing"}
"""Every cause that was merged into another."""


def test_the_old_id_names_the_new_cause() -> None:
    aliases = {alias: cause.id for cause in KNOWLEDGE.causes.values() for alias in cause.aliases}
    assert aliases == MERGED
    assert all(KNOWLEDGE.resolve(old) == new == KNOWLEDGE.resolve(new) for old, new in MERGED.items())
    assert KNOWLEDGE.resolve("no-such-cause") == "no-such-cause"


@pytest.mark.parametrize(("old", "new"), MERGED.items())
def test_its_runbook_is_shown(old: str, new: str) -> None:
    runner = CliRunner()
    assert runner.invoke(command, [old]).output == runner.invoke(command, [new]).output != ""


def test_a_check_may_still_speak_for_it() -> None:
    @check("of-a-plugin", layer=Layer.REQUEST, speaks_for=OLD)
    def old() -> object:
        """Speaks for the old id."""
        return iter(())

    def broken(cause: Cause) -> list[str]:
        return [error.component for error in broken_references([old], {NEW: replace(cause, confirm=())})]

    assert broken(KNOWLEDGE.causes[NEW]) == []
    assert broken(replace(KNOWLEDGE.causes[NEW], aliases=())) == ["of-a-plugin"]


def test_no_runbook_takes_the_id_again(tmp_path: Path) -> None:
    page = (BUILT_IN / f"{NEW}.md").read_text("utf-8")
    again = page.replace(f"id: {NEW}", f"id: {OLD}").replace(f"aliases: [{OLD}]\n", "")
    with pytest.raises(BadRunbook, match="is taken by"):
        load_knowledge(TeamFolder("team", {f"{OLD}.md": again.encode()}))
    for name, text in ((NEW, page), (OLD, again)):
        (tmp_path / f"{name}.md").write_text(text.replace("broader: provision-timeout\n", ""), "utf-8")
    with pytest.raises(BadRunbook, match="is the id of a cause"):
        write_index(tmp_path)
