"""The images of the driver's two halves, each judged by its name and by what its pods say of it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from diag.facts.image import BadImage, Image, parse_image
from diag.facts.kubernetes import Container, Event, Pod, Workload
from diag.facts.pull_failure import PullFailure, pull_failures
from diag.facts.registry_fit import BAD_REFERENCE, Misfit, fitting_image, misfit_of
from diag.facts.workloads import change_image, containers_of, pods_of
from diag.model.finding import Fix

DRIVER_REPOSITORY = "aws-fsx-csi-driver"


class Judgement(msgspec.Struct, frozen=True):
    """One image that is not as it should be."""

    image: str
    container: str
    cause: str
    """Empty when the runtime does not say why it has no image."""
    why: str
    evidence: tuple[str, ...]
    certain: bool
    """It is not pulled, or cannot be: not a mere oddity of an image that runs."""
    pods: tuple[Pod, ...] = ()
    """Pods that wait for it."""
    fix: Fix | None = None


def judge_images(
    workload: Workload, pods: Iterable[Pod], events: Iterable[Event], region: str
) -> tuple[Judgement, ...]:
    """What is wrong with the images of a workload and its pods, one judgement for each image at fault."""
    own = pods_of(workload, pods)
    failing = pull_failures(own, events)
    pulled = {
        container.image
        for pod in own
        for status in pod.status.container_statuses or ()
        for container in pod.spec.containers
        if container.name == status.name and status.image_id
    }
    found = []
    for container in containers_of(workload, own):
        waiting = tuple(f for f in failing if f.container == container.name and _wants(f.pod, container))
        judged = _judge(workload, container, waiting, region, container.image in pulled)
        if judged is not None:
            found.append(judged)
    return tuple(found)


def _wants(pod: Pod, container: Container) -> bool:
    return any(
        c.name == container.name and c.image == container.image
        for c in (*(pod.spec.init_containers or ()), *pod.spec.containers)
    )


def _judge(
    workload: Workload, container: Container, waiting: tuple[PullFailure, ...], region: str, runs: bool
) -> Judgement | None:
    parsed = parse_image(container.image)
    misfit = _bad(parsed) if isinstance(parsed, BadImage) else misfit_of(parsed, region)
    evidence = [f"{workload.subject} container {container.name} image {container.image!r}"]
    evidence += [f"{f.pod.subject} waits: {f.message}" for f in waiting[:3]]
    pods = tuple(f.pod for f in waiting)
    if misfit is not None:
        certain = bool(waiting) or (misfit.confidence.may_fail and not runs)
        fix = _fix(workload, container, parsed, region)
        return Judgement(container.image, container.name, misfit.cause, misfit.why, tuple(evidence), certain, pods, fix)
    if waiting:
        why = f"it cannot be pulled: {waiting[0].message}"
        return Judgement(container.image, container.name, waiting[0].cause, why, tuple(evidence), True, pods)
    return None


def _bad(image: BadImage) -> Misfit:
    return Misfit(BAD_REFERENCE, f"no container runtime accepts it: {image.why}")


def _fix(workload: Workload, container: Container, parsed: Image | BadImage, region: str) -> Fix | None:
    """The driver's own image is known; which side-car somebody meant is not."""
    if DRIVER_REPOSITORY not in container.image:
        return Fix((), "give the side-car an image that this cluster can pull, in the values or manifest it came from")
    image = (
        parsed if isinstance(parsed, Image) else Image(container.image, "", DRIVER_REPOSITORY, _tag(container.image))
    )
    return change_image(workload, container.name, fitting_image(image, region))


def _tag(text: str) -> str:
    tag = text.rpartition("/")[2].partition(":")[2]
    return tag if tag.replace(".", "").replace("-", "").isalnum() else ""
