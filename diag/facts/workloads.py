"""Which pods a Deployment or DaemonSet owns, and how its image is changed."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from diag.facts.kubernetes import Container, Pod, Workload
from diag.model.finding import Fix

HELM_RELEASE = "meta.helm.sh/release-name"
"""Annotation of every object that Helm 3 made."""
MANIFESTS = "github.com/kubernetes-sigs/aws-fsx-csi-driver/deploy/kubernetes/overlays/stable/?ref=release-1.9"
CHART = "aws-fsx-csi-driver/aws-fsx-csi-driver"
"""The chart, in the repository as the driver's docs/install.md names it."""


def pods_of(workload: Workload, pods: Iterable[Pod]) -> tuple[Pod, ...]:
    """The pods that the workload's selector takes in, in its namespace."""
    wanted = (workload.spec.selector.match_labels if workload.spec.selector else None) or {}
    return tuple(
        pod
        for pod in pods
        if wanted
        and pod.metadata.namespace == workload.metadata.namespace
        and wanted.items() <= (pod.metadata.labels or {}).items()
    )


def containers_of(workload: Workload, pods: Iterable[Pod]) -> tuple[Container, ...]:
    """The distinct containers of the template and of its pods, which may still be older ones."""
    specs = (workload.spec.template.spec, *(pod.spec for pod in pods))
    found = {(c.name, c.image): c for spec in specs for c in (*(spec.init_containers or ()), *spec.containers)}
    return tuple(found.values())


def change_image(workload: Workload, container: str, image: str) -> Fix:
    """Give one container another image, through Helm where Helm installed it: it would take any other change back."""
    name, namespace = workload.metadata.name, shlex.quote(workload.metadata.namespace)
    release = workload.metadata.annotation(HELM_RELEASE)
    if release and container == "fsx-plugin" and ":" in image:
        repository, _, tag = image.rpartition(":")
        return Fix(
            (
                f"helm upgrade {shlex.quote(release)} {CHART} -n {namespace} --reuse-values "
                f"--set image.repository={shlex.quote(repository)} --set image.tag={shlex.quote(tag)}",
            ),
            "rolls the driver's pods; mounted volumes stay mounted",
            f"helm rollback {shlex.quote(release)} -n {namespace}",
        )
    target = f"{workload.kind.lower()}/{name}"
    return Fix(
        (f"kubectl -n {namespace} set image {shlex.quote(target)} {shlex.quote(f'{container}={image}')}",),
        "rolls the driver's pods; mounted volumes stay mounted",
        f"kubectl -n {namespace} rollout undo {shlex.quote(target)}",
    )


def scale(workload: Workload, replicas: int) -> Fix:
    """Give a Deployment that many replicas."""
    namespace, target = shlex.quote(workload.metadata.namespace), shlex.quote(f"deployment/{workload.metadata.name}")
    return Fix(
        (f"kubectl -n {namespace} scale {target} --replicas={replicas}",),
        "starts the controller; a claim that waits is provisioned at once, which costs money",
        f"kubectl -n {namespace} scale {target} --replicas=0",
    )


def reinstall(workload: Workload, *, first: str = "") -> Fix:
    """Put the objects of an installation back as its chart or manifests have them, after one command if given."""
    release, namespace = workload.metadata.annotation(HELM_RELEASE), shlex.quote(workload.metadata.namespace)
    if release:
        command = f"helm upgrade {shlex.quote(release)} {CHART} -n {namespace} --reuse-values"
    else:
        command = f'kubectl apply -k "{MANIFESTS}"'
    note = "creates what is missing and leaves mounts alone; an EKS add-on does the same with aws eks update-addon"
    return Fix((first, command) if first else (command,), note)
