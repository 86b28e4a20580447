"""No pod waits for a secret that its volume names and the driver does not read."""

from __future__ import annotations

from typing import Any

from checks.request.volume_secret import waits_for_no_secret
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.kubernetes import PersistentVolume
from tests.checks import given

WAITING = given.pod(phase="Pending")


def naming(**secret: str) -> PersistentVolume:
    usual = given.volume()
    csi = {"driver": "fsx.csi.aws.com", "volumeHandle": usual.handle, "nodePublishSecretRef": secret}
    return given.volume(csi=csi)


def found(volume: PersistentVolume, **facts: Any) -> Finding:
    (told,) = given.findings(waits_for_no_secret, persistent_volumes=(volume,), **facts)
    return told


def test_a_pod_that_waits() -> None:
    told = found(naming(name="creds", namespace="storage"), pods=(WAITING,))
    assert (told.verdict, told.cause) == (Verdict.WARN, "csi-secret-unusable")
    assert told.fix is not None
    assert told.fix.commands == ("kubectl -n storage create secret generic creds",)


def test_a_pod_that_runs_has_it() -> None:
    assert found(naming(name="creds", namespace="storage")).verdict is Verdict.PASS


def test_a_volume_without_one() -> None:
    assert found(given.volume(), pods=(WAITING,)).verdict is Verdict.SKIP


def test_volumes_that_could_not_be_read() -> None:
    (told,) = given.findings(waits_for_no_secret, persistent_volumes=given.denied("list persistentvolumes"))
    assert told.verdict is Verdict.UNKNOWN
