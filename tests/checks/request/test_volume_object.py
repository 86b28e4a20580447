"""A file system that the driver made for a claim has its PersistentVolume."""

from __future__ import annotations

from typing import Any

import pytest

from checks.request.volume_object import made_file_system_has_its_volume
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.fsx import Tag
from diag.resources.table import Table
from tests.checks import given

WAITING = given.claim(volume="", phase="Pending")
MADE = given.file_system("fs-0fedcba9876543210", tags=(Tag("CSIVolumeName", "pvc-uid-claim"),))


def found(*systems: Any, **facts: Any) -> Finding:
    world = {
        "claims": (WAITING,),
        "persistent_volumes": (),
        "storage_classes": (given.storage_class(),),
        "file_systems": Table({one.id: one for one in systems}),
        "pods": (),
        **facts,
    }
    (told,) = given.findings(made_file_system_has_its_volume, **world)
    return told


def test_a_file_system_without_its_volume() -> None:
    told = found(MADE)
    assert (told.verdict, told.cause) == (Verdict.FAIL, "pod-creation-refused")
    assert MADE.id in told.message


@pytest.mark.parametrize(
    "system",
    [
        given.file_system("fs-0fedcba9876543210", tags=(Tag("CSIVolumeName", "pvc-of-another"),)),
        given.replace(MADE, lifecycle="CREATING"),
        given.replace(MADE, lifecycle="DELETING"),
    ],
)
def test_nothing_that_a_volume_should_name(system: Any) -> None:
    assert found(system).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("lifecycle", "cause"), [("FAILED", "filesystem-failed"), ("MISCONFIGURED", "file-system-misconfigured")]
)
def test_a_file_system_that_does_not_serve(lifecycle: str, cause: str) -> None:
    told = found(given.replace(MADE, lifecycle=lifecycle))
    assert (told.verdict, told.cause) == (Verdict.FAIL, cause)
    assert bool(told.fix) == (lifecycle == "FAILED")


def test_a_volume_that_names_it() -> None:
    assert (
        found(MADE, persistent_volumes=(given.volume("kept", fs=MADE.id, claim="elsewhere"),)).verdict is Verdict.PASS
    )


def test_a_controller_that_is_not_ready_has_other_reasons() -> None:
    assert found(MADE, deployments=(given.controller(ready=0),)).verdict is Verdict.PASS


def test_a_claim_that_waits_for_minutes() -> None:
    young = given.replace(WAITING, metadata=given.replace(WAITING.metadata, creation_timestamp=given.NOW))
    assert found(MADE, claims=(young,)).verdict is Verdict.PASS


def test_a_claim_that_has_its_volume() -> None:
    facts = {"claims": (given.claim(),), "persistent_volumes": (given.volume(),)}
    assert found(MADE, **facts).verdict is Verdict.SKIP


def test_file_systems_that_could_not_be_read() -> None:
    assert found(file_systems=given.denied("fsx:DescribeFileSystems")).verdict is Verdict.UNKNOWN
