"""What is declared, what is locked and what the security page lists are one set."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, distributions, version
from pathlib import Path

import pytest

from deploy import sbom

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def names(requirements: list[str | dict[str, str]]) -> set[str]:
    """The packages that a list of requirements names; groups that it includes are lists of their own."""
    return {re.split(r"[<>=!\[; ]", line)[0].lower() for line in requirements if isinstance(line, str)}


DECLARED = names(PROJECT["project"]["dependencies"])
SITE = names(PROJECT["dependency-groups"]["docs"])
TESTED_WITH = names(PROJECT["dependency-groups"]["test"]) | SITE
LOCK = (ROOT / "requirements" / "run.txt").read_text()


@pytest.mark.parametrize(
    ("file", "wanted"),
    [("run.txt", DECLARED), ("docs.txt", DECLARED | SITE), ("test.txt", DECLARED | TESTED_WITH)],
)
def test_every_dependency_is_locked_with_hashes(file: str, wanted: set[str]) -> None:
    text = (ROOT / "requirements" / file).read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text)
    locked = {entry.partition("==")[0].partition("[")[0]: entry for entry in entries if "==" in entry}
    assert set(locked) >= wanted
    assert [name for name, entry in locked.items() if "--hash=sha256:" not in entry] == []
    assert "://" not in text, "no registry's address"


def test_the_security_page_lists_every_direct_dependency() -> None:
    listed = set(re.findall(r"^\| ([a-z0-9-]+) \|", (ROOT / "SECURITY.md").read_text(), re.M)) - {"package", "---"}
    assert listed == DECLARED


def test_the_container_installs_what_is_locked() -> None:
    assert "--require-hashes -r requirements/run.txt" in (ROOT / "deploy" / "Dockerfile").read_text()


LICENCES = re.compile(
    r"(?:(?:MIT|BSD|Apache|ISC|PSF|Python|MPL|LGPL|0BSD|CNRI|Mozilla|GNU L|CC0|Unlicense)[^()]*|[()\s]|AND|OR|WITH)+"
)
"""How licences that may be shipped with ours begin. None is the GPL itself."""


def locked() -> dict[str, Distribution]:
    """The packages of the lock that are installed here; some are for other platforms."""
    names = set(re.findall(r"^([a-z0-9-]+)(?:\[[^]]*\])?==", LOCK, re.M))
    found = {re.sub(r"[-_.]+", "-", item.metadata["Name"]).lower(): item for item in distributions()}
    return {name: item for name, item in found.items() if name in names}


def test_every_locked_package_has_a_known_licence() -> None:
    licences = {name: sbom.licence_of(found) for name, found in locked().items()}
    assert licences.keys() >= DECLARED
    assert {name: licence for name, licence in licences.items() if not LICENCES.fullmatch(licence)} == {}


def test_a_licence_that_nobody_knows_is_seen() -> None:
    assert LICENCES.fullmatch("BSD-3-Clause AND MIT")
    assert not any(LICENCES.fullmatch(licence) for licence in ("", "GPL-3.0-only", "Proprietary", "UNKNOWN"))


def test_the_bill_of_materials_names_each_package_with_version_and_licence() -> None:
    made = sbom.bill(distributions())
    parts = {part["name"].lower(): part for part in made["components"]}
    assert made["metadata"]["component"]["name"] == "lustre-doctor"
    assert parts["boto3"]["purl"] == f"pkg:pypi/boto3@{version('boto3')}"
    assert all(parts[name]["licenses"] for name in locked() if name in parts)
    assert "python deploy/sbom.py" in (ROOT / "deploy" / "Dockerfile").read_text()
