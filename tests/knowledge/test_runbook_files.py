"""Reading runbooks: every mistake is reported with its file and line; the compiled index never hides an edit."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from diag.knowledge import runbooks
from diag.knowledge.cause import Weight
from diag.knowledge.front_matter import BadRunbook, read_cause
from diag.knowledge.index import read_index, write_index
from diag.knowledge.runbooks import load_knowledge
from diag.model.exit_code import WrongUsage
from diag.sources.runbooks import load_runbooks

GOOD = """\
---
id: disk-on-fire
title: The disk is on fire
layer: mount
phase: [mount]
severity: blocks
platforms: [any]
signatures:
  - id: smoke
    weight: decisive
    pattern: 'smoke from (?P<path>/\\S+)'
    sample: smoke from /dev/sda
    source: a neighbour
sources:
  - name: the fire brigade
    date: 2026-11-24
---

## What it means
"""


def mistake(text: str, stem: str = "disk-on-fire") -> str:
    with pytest.raises(BadRunbook) as error:
        read_cause(text, "f.md", stem)
    return str(error.value)


def test_a_good_file_is_read() -> None:
    cause = read_cause(GOOD, "f.md", "disk-on-fire")
    assert cause.signatures[0].weight is Weight.DECISIVE
    assert cause.sources[0].date == "2026-11-24", "a date stays text"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("severity: blocks", "severty: blocks", "f.md:6: unknown key `severty`"),
        ("severity: blocks\n", "", "f.md:2: Object missing required field `severity`"),
        ("weight: decisive", "weight: certain", "f.md:10: signatures.weight: Invalid enum value 'certain'"),
        ("weight: decisive", "weigth: decisive", "f.md:10: unknown key `weigth`"),
        ("layer: mount", "layer: cellar", "f.md:4: layer: Invalid enum value 'cellar'"),
        ("phase: [mount]", "phase: mount", "f.md:5: phase: Expected `array`, got `str`"),
        ("phase: [mount]", "phase: []", "f.md:5: at least one phase"),
        ("smoke from (?P", "smoke from ((?P", "f.md:11: not an RE2 pattern"),
        ("'smoke from (?P<path>/\\S+)'", "'\\d+'", "f.md:11: '\\\\d+' demands no plain text"),
        ("    pattern:", "    all: ['smoke']\n    pattern:", "f.md:9: give exactly one of `pattern` and `all`"),
        ("title: The", "title: The disk\ntitle: The", "f.md:4: the key 'title' is given twice"),
        ("title: The disk", "title: &a The disk", "f.md:3: anchors and aliases are not accepted"),
        ("id: disk-on-fire", "id: other", "f.md:2: the id `other` must equal the file's name, `disk-on-fire`"),
        ("[any]", "[any", "f.md:8: "),
    ],
)
def test_a_mistake_is_reported_with_its_line(old: str, new: str, message: str) -> None:
    assert old in GOOD
    assert mistake(GOOD.replace(old, new, 1)).startswith(message)


def test_a_file_without_front_matter_is_told() -> None:
    assert "must begin with front matter" in mistake("# Heading\n")


def test_a_second_wrong_signature_is_found_by_its_own_line() -> None:
    second = GOOD.replace("sources:", "  - id: heat\n    weight: weak\n    pattern: [hot]\n    sample: s\nsources:", 1)
    assert mistake(second).startswith("f.md:16: signatures.pattern: Expected `str`, got `array`")


def test_deep_nesting_is_refused_not_followed() -> None:
    # Where libyaml reads ahead far enough it meets a limit of its own first.
    assert re.search("nested deeper|nesting depth", mistake(GOOD.replace("[any]", "[" * 5000 + "]" * 5000)))
    assert "nested deeper" in mistake(GOOD.replace("[any]", "[" * 120 + "]" * 120))


def test_a_teams_runbook_joins_the_built_in_ones(tmp_path: Path) -> None:
    (tmp_path / "disk-on-fire.md").write_text(GOOD.replace("layer: mount", "layer: mount\nbroader: mgs-down"))
    knowledge = load_runbooks([str(tmp_path)])
    assert knowledge.causes["disk-on-fire"].broader == "mgs-down"
    assert "client-server-version-mismatch" in knowledge.causes
    assert "smoke from" in knowledge.texts[knowledge.causes["disk-on-fire"].signatures[0].pattern]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("mgs-down.md", GOOD.replace("disk-on-fire", "mgs-down"), "the id `mgs-down` is taken by"),
        ("disk-on-fire.md", GOOD.replace("layer: mount", "layer: mount\nbroader: hell"), "`broader: hell` names no"),
        ("notes.txt", "", "holds no runbook file"),
    ],
)
def test_a_teams_folder_is_checked_against_the_rest(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadRunbook, match=message):
        load_runbooks([str(tmp_path)])


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="No such file"):
        load_runbooks([str(tmp_path / "nowhere")])
    (tmp_path / "file.md").write_text(GOOD)
    with pytest.raises(WrongUsage, match="not a folder"):
        load_runbooks([str(tmp_path / "file.md")])


@pytest.fixture
def built_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two runbooks in place of the built-in ones."""
    (tmp_path / "disk-on-fire.md").write_text(GOOD)
    (tmp_path / "disk-wet.md").write_text(GOOD.replace("disk-on-fire", "disk-wet").replace("on fire", "wet"))
    monkeypatch.setattr(runbooks, "BUILT_IN", tmp_path)
    return tmp_path


def test_the_index_says_the_same_as_the_files(built_in: Path) -> None:
    without = load_knowledge()
    assert write_index(built_in)
    assert not write_index(built_in), "an index that is up to date is left alone"
    with_index = load_knowledge()
    assert msgspec.json.encode(with_index.causes) == msgspec.json.encode(without.causes)
    assert with_index.texts == without.texts


def test_an_edited_runbook_is_never_ignored(built_in: Path) -> None:
    write_index(built_in)
    path = built_in / "disk-wet.md"
    path.write_text(path.read_text().replace("The disk is wet", "The disk is wot"))
    assert load_knowledge().causes["disk-wet"].title == "The disk is wot"


def test_a_new_and_a_removed_runbook_are_noticed(built_in: Path) -> None:
    write_index(built_in)
    (built_in / "disk-wet.md").rename(built_in / "disk-dry.md")
    (built_in / "disk-dry.md").write_text((built_in / "disk-dry.md").read_text().replace("disk-wet", "disk-dry"))
    assert set(load_knowledge().causes) == {"disk-on-fire", "disk-dry"}


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 999}', b'{"format": 1, "files": [], "causes": []}'])
def test_a_damaged_index_is_read_past(built_in: Path, content: bytes) -> None:
    (built_in / "index.json").write_bytes(content)
    assert read_index(built_in) is None
    assert set(load_knowledge().causes) == {"disk-on-fire", "disk-wet"}
