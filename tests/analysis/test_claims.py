"""Which claims ask the driver for a file system."""

from __future__ import annotations

from typing import Any

import pytest

from diag.analysis.claims import SELECTED_NODE, provisioning
from diag.resources.kubernetes import PersistentVolumeClaim
from tests.checks import given

NOW = given.storage_class()
LATER = given.storage_class(volumeBindingMode="WaitForFirstConsumer")
OTHERS = given.storage_class(provisioner="ebs.csi.aws.com")


def claim(annotations: dict[str, str] | None = None, **fields: Any) -> PersistentVolumeClaim:
    made = given.claim("wanted", **({"volume": ""} | fields))
    return given.replace(made, metadata=given.replace(made.metadata, annotations=annotations))


@pytest.mark.parametrize(
    ("storage_class", "asking", "waits"),
    [
        (NOW, claim(), True),
        (NOW, claim(volume="fsx-pv", phase="Pending"), False),
        (NOW, claim(phase="Lost"), False),
        (NOW, claim(storageClassName=""), False),
        (LATER, claim(), False),
        (LATER, claim({SELECTED_NODE: "node-a"}), True),
        (OTHERS, claim(), False),
    ],
)
def test_a_claim_waits_when_the_driver_was_asked(
    storage_class: Any, asking: PersistentVolumeClaim, waits: bool
) -> None:
    found = provisioning((storage_class,), (asking,), ())
    assert bool(found.pending) is waits


def test_static_volumes_alone_are_no_provisioning() -> None:
    assert not provisioning((OTHERS,), (given.claim(),), (given.volume(),)).in_use
    assert provisioning((NOW,), (given.claim(),), (given.volume(),)).in_use


def test_a_volume_that_the_driver_made_is() -> None:
    made = given.volume()
    by = {"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"}
    dynamic = given.replace(made, metadata=given.replace(made.metadata, annotations=by))
    assert provisioning((), (), (dynamic,)).dynamic == ("fsx-pv",)


@pytest.mark.parametrize(("policy", "deleted"), [("Delete", ("fsx-pv",)), ("Retain", ())])
def test_the_driver_deletes_a_file_system_that_it_made_unless_the_volume_is_retained(
    policy: str, deleted: tuple[str, ...]
) -> None:
    by = {"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"}
    volume = given.volume()
    volume = given.replace(
        volume,
        metadata=given.replace(volume.metadata, annotations=by),
        spec=given.replace(volume.spec, persistent_volume_reclaim_policy=policy),
    )
    assert provisioning((), (), (volume,)).deleted_with_claim == deleted
