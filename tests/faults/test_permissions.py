"""Without one permission: unknown on exactly the checks that need it, which name it, and no other verdict changes.

The report names what was refused, and a run that could not read what the diagnosis needs is not complete."""

from __future__ import annotations

from typing import Any

import pytest

from diag.registry import permissions_of
from diag.sources.world import load_registry
from tests.faults.matrix import run
from tests.lab.lab import Lab

pytestmark = pytest.mark.lab

REGISTRY = load_registry()
CHECKS = REGISTRY.select()
NEEDED = REGISTRY.facts_for(CHECKS)
DIAGNOSED = (fact.name for fact in REGISTRY.facts.values() if fact.always == "diagnosis")
DIAGNOSIS = permissions_of(REGISTRY.facts_for((), *DIAGNOSED))
"""Without these a failure may be missed, so that no run is complete."""


@pytest.fixture(scope="module")
def healthy(running_lab: Lab) -> dict[str, set[str]]:
    running_lab.load("healthy")
    return verdicts(run(running_lab))


def verdicts(report: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in report["findings"]:
        found.setdefault(finding["check"], set()).add(finding["verdict"])
    return found


def needing(permission: str) -> set[str]:
    """Ids of the checks one of whose facts takes the permission."""
    return {check.id for check in CHECKS if permission in permissions_of(REGISTRY.facts_for([check]))}


def deny(lab: Lab, permission: str) -> None:
    lab.load("healthy")
    lab.forget_calls()
    if ":" in permission:
        lab.deny(permission)
    else:
        verb, _, resource = permission.partition(" ")
        lab.deny_kube(verb, resource)


@pytest.mark.parametrize("permission", permissions_of(NEEDED))
def test_only_what_needs_it_changes_and_only_to_unknown(
    lab: Lab, healthy: dict[str, set[str]], permission: str
) -> None:
    lab.load("healthy")
    deny(lab, permission)
    report = run(lab)
    now = verdicts(report)
    changed = {check for check in healthy | now if healthy.get(check) != now.get(check)}
    assert changed <= needing(permission)
    for check in changed:
        assert now[check] <= {"unknown", "skip", "pass", "warn"}, check
        assert "fail" not in now[check]
    unknown = [f for f in report["findings"] if f["verdict"] == "unknown"]
    assert all(permission in {u["permission"] for u in f["unavailable"]} for f in unknown)
    assert report["exit_code"] == (5 if unknown or permission in DIAGNOSIS else 0)
    refused = {permission} if lab.calls().count(permission) else set()
    assert {u["permission"] for u in report["unavailable"]} == refused
