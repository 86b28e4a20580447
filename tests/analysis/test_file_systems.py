"""Whose a file system is, seen from one cluster."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from diag.analysis.file_systems import Ownership, ownership_of
from diag.resources.fsx import Tag
from diag.resources.kubernetes import PersistentVolume
from tests.checks.given import file_system, replace, volume

VPC = "vpc-0123456789abcdef0"
DRIVERS = Tag("CSIVolumeName", "pvc-1")


OURS = Tag("kubernetes.io/cluster/mine", "owned")
CREATED = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)


def in_phase(phase: str, name: str = "fsx-pv", *, dynamic: bool = False, after_min: int | None = 9) -> PersistentVolume:
    made = volume(name)
    by_driver = {"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"} if dynamic else {}
    at = "" if after_min is None else (CREATED + datetime.timedelta(minutes=after_min)).isoformat()
    meta = replace(made.metadata, annotations=by_driver, creation_timestamp=at)
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
        *(
            (
                (in_phase("Released", "pvc-1", dynamic=True, after_min=age),),
                {"tags": (DRIVERS,)},
                VPC,
                Ownership.UNCLAIMED,
            )
            for age in (61, -1, None)
        ),
        (
            (in_phase("Released", "pvc-1", dynamic=True),),
            {"tags": (DRIVERS,), "creation_time": None},
            VPC,
            Ownership.UNCLAIMED,
        ),
        ((), {"tags": (OURS, Tag("alpha.eksctl.io/cluster-name", "theirs"))}, VPC, Ownership.FOREIGN),
        ((in_phase("Released"),), {"tags": (OURS, Tag("KubernetesCluster", "theirs"))}, VPC, Ownership.FOREIGN),
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
    """A volume that the driver made is minutes younger than its file system: one that was copied here is not."""
    made = file_system(**{"creation_time": CREATED, **fields})
    assert ownership_of(made, volumes, "mine", vpc).ownership is standing
