"""No pod asks the driver for a volume without a claim."""

from __future__ import annotations

from typing import Any

from checks.request.inline_volume import no_volume_is_inline
from diag.model.verdict import Verdict
from tests.checks import given


def inline(driver: str, **pod: Any) -> Any:
    return given.pod(volumes=[{"name": "data", "csi": {"driver": driver}}], **pod)


def test_a_volume_in_the_pod() -> None:
    (told,) = given.findings(no_volume_is_inline, pods=(inline("fsx.csi.aws.com", phase="Pending"),))
    assert (told.verdict, told.cause) == (Verdict.FAIL, "inline-volume-unsupported")


def test_a_volume_of_another_driver_and_a_pod_that_is_over() -> None:
    pods = (inline("secrets-store.csi.k8s.io"), inline("fsx.csi.aws.com", phase="Succeeded"))
    (told,) = given.findings(no_volume_is_inline, pods=pods)
    assert told.verdict is Verdict.PASS


def test_pods_that_could_not_be_read() -> None:
    (told,) = given.findings(no_volume_is_inline, pods=given.denied("list pods"))
    assert told.verdict is Verdict.UNKNOWN
