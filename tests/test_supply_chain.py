"""What is declared, what is locked and what the security page lists are one set."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
DECLARED = {
    re.split(r"[<>=!\[; ]", line)[0].lower()
    for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
}
LOCK = (ROOT / "requirements" / "run.txt").read_text()


def test_every_dependency_is_locked_with_hashes() -> None:
    entries = re.split(r"\n(?=[a-z0-9])", LOCK)
    locked = {entry.partition("==")[0].partition("[")[0]: entry for entry in entries if "==" in entry}
    assert set(locked) >= DECLARED
    assert [name for name, entry in locked.items() if "--hash=sha256:" not in entry] == []


def test_the_security_page_lists_every_direct_dependency() -> None:
    listed = set(re.findall(r"^\| ([a-z0-9-]+) \|", (ROOT / "SECURITY.md").read_text(), re.M)) - {"package", "---"}
    assert listed == DECLARED


def test_the_container_installs_what_is_locked() -> None:
    assert "--require-hashes -r requirements/run.txt" in (ROOT / "deploy" / "Dockerfile").read_text()
