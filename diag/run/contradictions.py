"""Options that contradict what the cluster says of itself: a run with them would judge another place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from diag.analysis.driver.images import Image, parse_image
from diag.model.exit_code import WrongUsage
from diag.model.unavailable import Unavailable
from diag.resources.kubernetes import Node, Pod
from diag.resources.target import KubeContext, Settings
from diag.sources.discovery import cluster_of, region_of

T = TypeVar("T")


def refuse_contradictions(settings: Settings, facts: Mapping[str, Any]) -> None:
    """Raise WrongUsage for a --region or --cluster that the cluster contradicts.

    The kubeconfig counts first, then the labels of the nodes, then the registries that its components run from. Facts
    that were not read say nothing.
    """
    context = facts.get("kube_context")
    context = context if isinstance(context, KubeContext) else KubeContext()
    nodes: tuple[Node, ...] = _read(facts.get("nodes"))
    pods: tuple[Pod, ...] = _read(facts.get("live_pods"))
    named = f"the kubeconfig context {context.name!r} says"
    _refuse(
        "--region",
        settings.region,
        ({context.region}, named),
        ({region_of(node) for node in nodes}, "the cluster's nodes are in"),
        (_registry_regions(pods), "the cluster runs images from the registry of"),
    )
    _refuse(
        "--cluster",
        settings.cluster,
        ({context.cluster}, named),
        ({cluster_of(node) for node in nodes}, "the labels of the cluster's nodes say"),
    )


def _read(value: tuple[T, ...] | Unavailable | None) -> tuple[T, ...]:
    return () if value is None or isinstance(value, Unavailable) else value


def _refuse(option: str, given: str, *sayings: tuple[set[str], str]) -> None:
    """Refuse what is given where the first of the sources that says anything says something else."""
    for said, whose in sayings:
        if others := said - {""}:
            if given and given not in others:
                hint = f"leave {option} out, or choose another cluster with --context"
                raise WrongUsage(f"{option} {given}: {whose} {', '.join(sorted(others))}; {hint}")
            return


def _registry_regions(pods: Iterable[Pod]) -> set[str]:
    """The Regions of the ECR registries that the cluster's own components were pulled from."""
    components = (pod for pod in pods if pod.is_up and not pod.spec.claim_names)
    images = (parse_image(container.image) for pod in components for container in pod.spec.containers)
    hosts = (image.ecr for image in images if isinstance(image, Image))
    return {host.region for host in hosts if host is not None}
