"""A StorageClass that means FSx for Lustre names the driver fsx.csi.aws.com."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Correction, Draft, Layer, Unavailable, check, fail, ok
from diag.advice.steps import advise
from diag.analysis.claims import means_lustre
from diag.grammar.unfilled import is_unfilled
from diag.resources.kubernetes import FSX_DRIVER
from diag.resources.manifests import ManifestSet


@check("storageclass-provisioner", layer=Layer.REQUEST, speaks_for="storageclass-wrong-provisioner")
def names_the_driver(manifest_set: ManifestSet | Unavailable) -> Iterator[Draft]:
    """A StorageClass that means FSx for Lustre names the driver fsx.csi.aws.com.

    Its parameters say what it means, or a provisioner that is nearly the driver's name. Nobody answers for a
    misspelt provisioner, and the driver of something else does not know the parameters: the claim stays Pending.
    Classes of the manifests are judged here; those of a cluster by the claims that wait for them.

    pass: its provisioner is fsx.csi.aws.com
    fail: it is not, while its name or the parameters are nearly those of FSx for Lustre
    source: aws-fsx-csi-driver v1.9.0 pkg/driver/driver.go; Kubernetes documentation, storage classes
    """
    for item in () if isinstance(manifest_set, Unavailable) else manifest_set.classes:
        given = item.provisioner
        if given == FSX_DRIVER:
            yield ok(item, f"its provisioner is {given}")
        elif given and not is_unfilled(given) and means_lustre(item):
            message = (
                f"its provisioner is {given!r}, and its parameters or name mean FSx for Lustre: that is {FSX_DRIVER}"
            )
            certain = Correction("provisioner", given, FSX_DRIVER) if given.lower().strip() == FSX_DRIVER else None
            fix = advise("Write fsx.csi.aws.com as the provisioner before the class is applied.")
            yield fail(item, message, fix=fix, correction=certain)
