"""No pod asks the driver for a volume without a claim."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Kind, Layer, Subject, check, fail, ok
from diag.resources.kubernetes import FSX_DRIVER, Pod


@check("inline-volume", layer=Layer.REQUEST, speaks_for="inline-volume-unsupported")
def no_volume_is_inline(pods: tuple[Pod, ...]) -> Iterator[Draft]:
    """No pod asks the driver for a volume without a claim.

    A volume of kind csi in the pod itself is made by its driver for the pod alone. The FSx driver does not offer that:
    its CSIDriver names the mode Persistent only, and the kubelet refuses the pod's volume before it asks anybody.

    pass: no pod has such a volume
    fail: one has
    unknown: pods could not be read
    source: Kubernetes documentation, CSI ephemeral volumes; aws-fsx-csi-driver chart 1.17.0 csidriver.yaml
    """
    found = [pod for pod in pods if FSX_DRIVER in pod.spec.inline_drivers and not pod.is_over]
    for pod in found:
        yield fail(pod, f"its volume of {FSX_DRIVER} is written into the pod, which the driver offers to nobody")
    if not found:
        yield ok(Subject(Kind.CSI_DRIVER, FSX_DRIVER), "no pod has a volume of it without a claim", rules_out=())
