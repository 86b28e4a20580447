"""The driver's release against its known faults."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, ok, skip, warn
from diag.advice.driver import update
from diag.analysis.driver.images import Image, parse_image
from diag.analysis.driver.workloads import missing_component
from diag.knowledge.driver_versions import Half, Version, driver_versions, faults_of, parse_version
from diag.resources.kubernetes import Workload


@check("driver-version", layer=Layer.DRIVER, speaks_for="csi-driver-outdated")
def driver_version(node_plugin: Workload | Unavailable, controller: Workload | Unavailable) -> Iterator[Draft]:
    """The driver's release has no known fault that concerns mounting or provisioning.

    Old releases lack the start-up taint, the pre-stop hook, or StorageClass keys that they drop without a word. The
    release does not decide whether client and server fit: the node's kernel does.

    pass: nothing is known against the release of this half of the driver
    warn: known faults of it, each with the release that fixed it
    unknown: the workloads could not be listed
    skip: no such half, or neither image tag nor label gives its release
    source: aws-fsx-csi-driver CHANGELOG and chart CHANGELOG, 2026-04-21
    """
    table = driver_versions()
    for half, workload in ((Half.NODE, node_plugin), (Half.CONTROLLER, controller)):
        if isinstance(workload, Unavailable):
            yield missing_component(half.value, workload)
            continue
        version = release_of(workload)
        if version is None:
            yield skip(workload, "neither the image's tag nor a label gives the driver's release")
            continue
        name = ".".join(str(number) for number in version)
        faults = [fault for fault in faults_of(version) if fault.half is half]
        if not faults:
            yield ok(workload, f"driver {name}: no known fault", f"{table.source}", rules_out=())
            continue
        texts = "; ".join(f"{fault.text} (fixed in {fault.fixed_in})" for fault in faults)
        fix = update(workload, table.newest)
        sources = (f"{fault.source}" for fault in faults)
        yield warn(workload, f"driver {name}: {texts}", *sources, cause="csi-driver-outdated", fix=fix)


def release_of(workload: Workload) -> Version | None:
    """The release of a half of the driver, by its image's tag, else by the label that the chart gives it."""
    for container in workload.spec.template.spec.containers:
        image = parse_image(container.image)
        if isinstance(image, Image) and "aws-fsx-csi-driver" in image.repository:
            return parse_version(image.tag) or parse_version(workload.metadata.label("app.kubernetes.io/version"))
    return None
