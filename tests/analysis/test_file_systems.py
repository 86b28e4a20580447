"""Whose a file system is, seen from one cluster."""

from __future__ import annotations

from typing import Any

import pytest

from diag.analysis.file_systems import Standing, standing_of
from diag.resources.fsx import Tag
from diag.resources.kubernetes import PersistentVolume
from tests.checks.given import file_system, replace, volume

VPC = "vpc-0123456789abcdef0"
DRIVERS = Tag("CSIVolumeName", "pvc-1")


def in_phase(phase: str) -> PersistentVolume:
    made = volume()
    return replace(made, status=replace(made.status, phase=phase))


@pytest.mark.parametrize(
    ("volumes", "fields", "vpc", "standing"),
    [
        ((volume(),), {}, VPC, Standing.USED),
        ((in_phase("Released"), volume("second")), {}, VPC, Standing.USED),
        ((in_phase("Released"),), {}, VPC, Standing.KEPT),
        ((), {"tags": (Tag("kubernetes.io/cluster/mine", "owned"),)}, VPC, Standing.LEFT),
        ((), {"tags": (DRIVERS,)}, VPC, Standing.LEFT),
        ((), {}, VPC, Standing.UNCLAIMED),
        ((), {"tags": (Tag("Name", "research"),)}, VPC, Standing.UNCLAIMED),
        ((), {"tags": (DRIVERS,)}, "", Standing.UNCLAIMED),
        ((), {"tags": (DRIVERS, Tag("kubernetes.io/cluster/theirs", "owned"))}, VPC, Standing.FOREIGN),
        ((), {"tags": (DRIVERS,), "vpc_id": "vpc-other"}, VPC, Standing.FOREIGN),
        ((volume(),), {"vpc_id": "vpc-other"}, VPC, Standing.USED),
    ],
)
def test_standing(volumes: tuple[PersistentVolume, ...], fields: dict[str, Any], vpc: str, standing: Standing) -> None:
    assert standing_of(file_system(**fields), volumes, "mine", vpc).standing is standing
