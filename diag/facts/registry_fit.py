"""Whether a registry can serve an image to a cluster's region, by its name alone."""

from __future__ import annotations

import msgspec

from diag.facts.image import EcrHost, Image
from diag.knowledge.confidence import Confidence
from diag.knowledge.partitions import is_known_region, partition_of
from diag.knowledge.registries import driver_image, regions_of, registries, registry_of

WRONG_REGISTRY = "image-pull-wrong-region-ecr"
BAD_REFERENCE = "image-invalid-reference"


class Misfit(msgspec.Struct, frozen=True):
    """Why a registry does not fit."""

    cause: str
    why: str
    confidence: Confidence = Confidence.DOCUMENTED


def misfit_of(image: Image, region: str) -> Misfit | None:
    """Why the image's registry cannot serve the region; None when nothing speaks against it.

    Only EKS's own registries and the form of ECR host names are judged: a registry of one's own, in any account or
    region, is its owner's business. An empty `region` (not known) leaves the comparison with it out.
    """
    host = image.ecr
    if host is None:
        return None
    if partition_of(host.region) is None:
        return Misfit(BAD_REFERENCE, f"{host.region!r} in the host name {image.host} is not an AWS region")
    if host.expected_suffix and host.suffix != host.expected_suffix:
        return Misfit(
            WRONG_REGISTRY,
            f"{image.host} ends in {host.suffix}, hosts in {host.region} end in {host.expected_suffix}",
        )
    return _eks_misfit(host, region)


def _eks_misfit(host: EcrHost, region: str) -> Misfit | None:
    served = regions_of(host.account)
    if not served:
        return None
    dated = f"AWS's table of {registries().date}"
    right = registry_of(host.region)
    if host.region not in served:
        if right is None:
            why = f"{dated} does not list {host.region}, and account {host.account} is that of other regions"
            return Misfit(WRONG_REGISTRY, why, Confidence.INFERRED)
        why = f"account {host.account} has no registry in {host.region}; {dated} gives {right.account}"
        return Misfit(WRONG_REGISTRY, why, right.confidence)
    if region and host.region != region:
        return Misfit(WRONG_REGISTRY, f"it is the EKS registry of {host.region}, the cluster is in {region}")
    if host.fips and not host.region.startswith(("us-", "ca-")) and is_known_region(host.region):
        why = f"{host.region} has no FIPS endpoint of ECR, as far as is known"
        return Misfit(WRONG_REGISTRY, why, Confidence.INFERRED)
    return None


def fitting_image(image: Image, region: str) -> str:
    """The same release of the driver from where the region gets it: its EKS registry, else the public one."""
    table = registries()
    tag = image.tag or "<version>"
    if "-eksbuild." in tag and driver_image(region):
        return f"{driver_image(region)}:{tag}"
    return f"{table.public_driver_image}:{tag.partition('-eksbuild.')[0]}"
