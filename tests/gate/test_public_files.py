"""The log of public files: whole, and of every kind."""

from __future__ import annotations

from pathlib import PurePath

from diag.registry import Registry
from diag.sources.world import load_registry
from tests.gate.public_files import read_log


def test_the_log_has_enough_repositories_and_every_verdict_was_read() -> None:
    rows = read_log()
    assert len({row.repository for row in rows}) >= 40
    assert len(rows) == len({(row.repository, row.commit, row.path) for row in rows})
    assert {PurePath(row.path).suffix for row in rows} >= {".yaml", ".yml", ".json", ".tf", ".template"}
    assert all(row.judgement for row in rows)


def test_red_has_its_findings_and_green_has_none_that_fails() -> None:
    registry: Registry = load_registry()
    checks = {check.id for check in registry.checks}
    for row in read_log():
        found = [part.split() for part in row.findings.split(", ") if row.findings != "-"]
        assert {check for _, _, check in found} <= checks, row
        assert any(verdict == "fail" for _, verdict, _ in found) == (row.code == "3"), row
        assert row.code in ("0", "3", "6"), row


def test_every_release_of_the_driver_is_in_it() -> None:
    releases = {row.commit.split()[0] for row in read_log() if row.repository.endswith("/aws-fsx-csi-driver")}
    assert releases == {f"v1.{minor}.0" for minor in range(10)}
