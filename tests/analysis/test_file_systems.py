"""Whose a file system is, seen from one cluster."""

from __future__ import annotations

from typing import Any

import pytest

from diag.analysis.file_systems import Ownership, ownership_of
from diag.resources.fsx import Tag
from diag.resources.kubernetes import PersistentVolume
from tests.checks.given import file_system, replace, volume

VPC = "vpc-0123456789abcdef0"
DRIVERS = Tag("CSIVolumeName", "pvc-1")


OURS = Tag("kubernetes.io/cluster/mine", "owned")


def in_phase(phase: str, name: str = "fsx-pv", *, dynamic: bool = False) -> PersistentVolume:
    made = volume(name)
    by_driver = {"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"} if dynamic else {}
    meta = replace(made.metadata, annotations=by_driver)
    return replace(made, metadata=meta, status=replace(made.status, phase=phase))


@pytest.mark.parametrize(
    ("volumes", "fields", "vpc", "standing"),
    [
        ((volume(),), {}, VPC, Ownership.USED),
        ((in_phase("Released"), volume("second")), {}, VPC, Ownership.USED),
        ((in_phase("Released"),), {}, VPC, Ownership.UNCLAIMED),
        ((in_phase("Released"),), {"tags": (OURS,)}, VPC, Ownership.RETAINED),
        ((in_phase("Released", "pvc-1", dynamic=True),), {"tags": (DRIVERS,)}, VPC, Ownership.RETAINED),
        ((in_phase("Released", "pvc-2", dynamic=True),), {"tags": (DRIVERS,)}, VPC, Ownership.UNCLAIMED),
        ((in_phase("Released"),), {"tags": (Tag("kubernetes.io/cluster/x", "owned"),)}, VPC, Ownership.FOREIGN),
        ((), {"tags": (OURS,)}, VPC, Ownership.ORPHANED),
        ((), {"tags": (DRIVERS,)}, VPC, Ownership.UNCLAIMED),
        ((), {}, VPC, Ownership.UNCLAIMED),
        ((), {"tags": (Tag("Name", "research"),)}, VPC, Ownership.UNCLAIMED),
        ((), {"tags": (DRIVERS,)}, "", Ownership.UNCLAIMED),
        ((), {"tags": (DRIVERS, Tag("kubernetes.io/cluster/theirs", "owned"))}, VPC, Ownership.FOREIGN),
        ((), {"tags": (DRIVERS,), "vpc_id": "vpc-other"}, VPC, Ownership.FOREIGN),
        ((volume(),), {"vpc_id": "vpc-other"}, VPC, Ownership.USED),
    ],
)
def test_ownership(
    volumes: tuple[PersistentVolume, ...], fields: dict[str, Any], vpc: str, standing: Ownership
) -> None:
    assert ownership_of(file_system(**fields), volumes, "mine", vpc).ownership is standing
