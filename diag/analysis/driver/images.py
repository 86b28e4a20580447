"""The images of the driver: their references, their registries, and what went wrong while one was pulled."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from diag.advice.driver import change_image
from diag.advice.steps import advise
from diag.analysis.driver.workloads import containers_of, pods_of
from diag.knowledge.partitions import is_known_region, partition_of
from diag.knowledge.registries import driver_image, regions_of, registries, registry_of
from diag.knowledge.table import Confidence
from diag.late import late
from diag.model.fix import Fix
from diag.resources.kubernetes import Container, ContainerStatus, Event, Pod, Workload
from diag.sanitize import one_line

_COMPONENT = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"


_DOMAIN = rf"(?:{_COMPONENT}(?:\.{_COMPONENT})*|\[[a-fA-F0-9:]+\])(?::\d+)?"


_PATH = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"


_REFERENCE = late(
    rf"(?:(?P<host>{_DOMAIN})/)?(?P<repository>{_PATH}(?:/{_PATH})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[a-zA-Z][a-zA-Z0-9]*(?:[+._-][a-zA-Z][a-zA-Z0-9]*)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)
"""Source: github.com/distribution/reference, reference.go (grammar of a reference)."""


_ECR = late(r"(?P<account>\d{12})\.dkr(?P<joint>[.-])ecr(?P<fips>-fips)?\.(?P<region>[^.]+)\.(?P<suffix>.+)", re.ASCII)
"""Source: Amazon ECR User Guide, private registry URIs (`dkr.ecr`, `dkr.ecr-fips`, and `dkr-ecr` for IPv4 and IPv6)."""

LONGEST = 255 + 128 + 200


DEFAULT_HOST = "docker.io"


_PLACEHOLDERS = late(r"[<>{}$]")


class Image(msgspec.Struct, frozen=True):
    """A reference taken apart."""

    text: str
    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def ecr(self) -> EcrHost | None:
        """The host as a private ECR registry, None when it is none."""
        match = _ECR.fullmatch(self.host)
        if match is None:
            return None
        return EcrHost(match["account"], match["region"], match["suffix"], bool(match["fips"]), match["joint"] == "-")


class EcrHost(msgspec.Struct, frozen=True):
    """A private ECR registry by its host name."""

    account: str
    region: str
    suffix: str
    fips: bool = False
    dual_stack: bool = False

    @property
    def expected_suffix(self) -> str:
        """How the host has to end in its region; empty where no table tells."""
        partition = partition_of(self.region)
        return partition.dns_suffix if partition and not self.dual_stack else ""


class BadImage(msgspec.Struct, frozen=True):
    """A text that no runtime takes for an image."""

    text: str
    why: str


def parse_image(text: str) -> Image | BadImage:
    """The image that a runtime would pull: `docker.io` where no host is written."""
    if not text:
        return BadImage(text, "it is empty")
    if len(text) > LONGEST:
        return BadImage(text[:80] + "…", f"it has {len(text)} characters")
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return BadImage(text, _why_not(text))
    host, repository = match["host"] or "", match["repository"]
    if host and not _is_host(host):
        host, repository = "", f"{host}/{repository}"
    if len(repository) > 255:
        return BadImage(text[:80] + "…", "the repository name has more than 255 characters")
    return Image(text, host or DEFAULT_HOST, repository, match["tag"] or "", match["digest"] or "")


def _is_host(part: str) -> bool:
    """Whether the part before the first slash is a host: `team/image` is a folder of the default registry."""
    return "." in part or ":" in part or part == "localhost" or part != part.lower()


def _why_not(text: str) -> str:
    if ".." in text.partition("/")[0]:
        return "a part of its host name is empty: a variable was empty when it was written"
    if _PLACEHOLDERS.search(text):
        return "it holds a placeholder that was never filled in"
    if text != text.lower() and "/" in text and text.partition("/")[2] != text.partition("/")[2].lower():
        return "repository names are lower case"
    if text.endswith(":"):
        return "its tag is empty"
    if any(char.isspace() for char in text):
        return "it holds a space"
    return "it is not of the form host/repository:tag"


WRONG_REGISTRY = "image-pull-wrong-region-ecr"


BAD_REFERENCE = "image-invalid-reference"


class Misfit(msgspec.Struct, frozen=True):
    """Why a registry does not fit."""

    cause: str
    why: str
    confidence: Confidence = Confidence.DOCUMENTED
    is_elsewhere: bool = False
    """It is EKS's registry of another Region, which nodes with a way to the internet pull from all the same.

    Source: EKS user guide, add-ons-images: "over the internet from any of the following registries".
    """


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
        why = f"it is the EKS registry of {host.region}, the cluster is in {region}"
        if partition_of(host.region) != partition_of(region):
            return Misfit(WRONG_REGISTRY, f"{why}, another partition")
        return Misfit(WRONG_REGISTRY, f"{why}: only over the internet, and billed", Confidence.INFERRED, True)
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


PULL_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
)
"""Reasons of state.waiting about an image. Source: Kubernetes 1.34 pkg/kubelet/images/types.go."""

PULL_DENIED, NO_EGRESS = "image-pull-denied", "image-pull-no-egress"
RATE_LIMITED = "image-pull-rate-limited"

MEANINGS = (
    (RATE_LIMITED, r"toomanyrequests|429 Too Many Requests|pull QPS exceeded"),
    ("image-invalid-reference", r"invalid reference format|couldn't parse image|InvalidImageName|default image tag"),
    (
        PULL_DENIED,
        r"no basic auth credentials|401 Unauthorized|403 Forbidden|pull access denied|not authorized|"
        r"authorization failed|authentication required|insufficient_scope|AccessDenied",
    ),
    (
        NO_EGRESS,
        r"i/o timeout|deadline exceeded|connection refused|no such host|network is unreachable|no route to host|"
        r"Client\.Timeout|TLS handshake timeout|connection reset|x509: |failed to verify certificate|proxyconnect",
    ),
    ("image-wrong-architecture", r"no match for platform|no matching manifest for \S+ in the manifest list"),
    (
        "image-not-found",
        r"manifest unknown|not found|does not exist|not present with pull policy of Never"
        r"|manifest\.v1\+prettyjws\W+is no longer supported",
    ),
)
"""Cause and the words of containerd and of registries that show it, in the order in which they are tried.

Source: containerd 2.1 core/remotes/docker and core/images, distribution spec error codes, public issue threads.
"""


class PullFailure(msgspec.Struct, frozen=True):
    """One container that waits for its image."""

    pod: Pod
    container: str
    reason: str
    message: str
    cause: str
    """Id of the cause that the text shows; empty when it shows none."""
    is_disk_full: bool = False


def pull_failures(pods: Iterable[Pod], events: Iterable[Event]) -> tuple[PullFailure, ...]:
    """The containers of the pods that wait for an image, each with the most telling text there is.

    `ImagePullBackOff` alone says nothing; the reason is then in the pod's event of the failed pull.
    """
    failing = [(pod, status) for pod in pods for status in _statuses(pod) if _pull_reason(status) in PULL_REASONS]
    if not failing:
        return ()
    told = _told_by_events(events)
    return tuple(_failure(pod, status, told.get(pod.key, ())) for pod, status in failing)


def _statuses(pod: Pod) -> tuple[ContainerStatus, ...]:
    return (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))


def _pull_reason(status: ContainerStatus) -> str:
    return status.state.waiting.reason if status.state.waiting else ""


def _failure(pod: Pod, status: ContainerStatus, told: tuple[str, ...]) -> PullFailure:
    reason = _pull_reason(status)
    own = status.state.waiting.message if status.state.waiting else ""
    image = next((c.image for c in pod.spec.containers if c.name == status.name), status.image)
    texts = (f"{reason}: {own}", *(text for text in told if f'"{image}"' in text))
    for text in texts:
        if cause := meaning_of(text):
            return PullFailure(pod, status.name, reason, one_line(text), cause)
    full = any("no space left on device" in text for text in texts)
    return PullFailure(pod, status.name, reason, one_line(texts[-1]), "", full)


def meaning_of(text: str) -> str:
    """The cause that the words of a failed pull show, empty when they show none."""
    return next((cause for cause, words in MEANINGS if re.search(words, text, re.IGNORECASE)), "")


def _told_by_events(events: Iterable[Event]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for event in sorted(events, key=lambda e: e.last_seen, reverse=True):
        about = event.involved_object
        if about.kind == "Pod" and event.reason in ("Failed", "InspectFailed"):
            key = f"{about.namespace}/{about.name}"
            found[key] = (*found.get(key, ()), event.message)
    return found


DRIVER_REPOSITORY = "aws-fsx-csi-driver"

DISK_FULL = "the node's disk is full"


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
    workload: Workload, pods: Iterable[Pod], events: Iterable[Event], region: str, *, has_way_out: bool = True
) -> tuple[Judgement, ...]:
    """What is wrong with the images of a workload and its pods, one judgement for each image at fault.

    `has_way_out` is False where the nodes' subnets surely lead no packet to the internet.
    """
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
        judged = _judge(workload, container, waiting, region, container.image in pulled, has_way_out)
        if judged is not None:
            found.append(judged)
    return tuple(found)


def _wants(pod: Pod, container: Container) -> bool:
    return any(
        c.name == container.name and c.image == container.image
        for c in (*(pod.spec.init_containers or ()), *pod.spec.containers)
    )


def _judge(
    workload: Workload,
    container: Container,
    waiting: tuple[PullFailure, ...],
    region: str,
    runs: bool,
    has_way_out: bool,
) -> Judgement | None:
    parsed = parse_image(container.image)
    misfit = _bad(parsed) if isinstance(parsed, BadImage) else misfit_of(parsed, region)
    evidence = [f"{workload.subject} container {container.name} image {container.image!r}"]
    evidence += [f"{f.pod.subject} waits: {f.message}" for f in waiting[:3]]
    pods = tuple(f.pod for f in waiting)
    if misfit is not None and misfit.is_elsewhere and any(_has_another_reason(failure) for failure in waiting):
        misfit = None
    if misfit is not None:
        may_fail = misfit.confidence.may_fail or (misfit.is_elsewhere and not has_way_out)
        certain = bool(waiting) or (may_fail and not runs)
        fix = _fix(workload, container, parsed, region)
        return Judgement(container.image, container.name, misfit.cause, misfit.why, tuple(evidence), certain, pods, fix)
    if waiting:
        full = f", as {DISK_FULL}" if any(failure.is_disk_full for failure in waiting) else ""
        why = f"it cannot be pulled{full}: {waiting[0].message}"
        return Judgement(container.image, container.name, waiting[0].cause, why, tuple(evidence), True, pods)
    return None


def _has_another_reason(failure: PullFailure) -> bool:
    """Whether a registry of another Region answered, and with something that its place does not explain."""
    return failure.cause in ("image-not-found", "image-wrong-architecture") or bool(_BESIDES.search(failure.message))


_BESIDES = late(r"toomanyrequests|429 Too Many Requests|no space left|unexpected EOF", re.IGNORECASE)
"""Texts of registries and runtimes that have nothing to do with where the registry is."""


def _bad(image: BadImage) -> Misfit:
    return Misfit(BAD_REFERENCE, f"no container runtime accepts it: {image.why}")


def _fix(workload: Workload, container: Container, parsed: Image | BadImage, region: str) -> Fix | None:
    """The driver's own image is known; which side-car somebody meant is not."""
    if DRIVER_REPOSITORY not in container.image:
        return advise("Give the side-car an image that this cluster can pull, in the values or manifest it came from.")
    image = (
        parsed if isinstance(parsed, Image) else Image(container.image, "", DRIVER_REPOSITORY, _tag(container.image))
    )
    return change_image(workload, container.name, fitting_image(image, region))


def _tag(text: str) -> str:
    tag = text.rpartition("/")[2].partition(":")[2]
    return tag if tag.replace(".", "").replace("-", "").isalnum() else ""
