"""Where the reader's machines are, and which programs are of use there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from diag.grammar.regex import compiled


class Platform(NamedTuple):
    """A cloud, and whether Kubernetes runs on it; None for what nothing shows."""

    cloud: str | None = None
    """`aws`, `azure`, `gcp`."""
    kubernetes: bool | None = None
    distribution: str | None = None
    """`openshift`, `parallelcluster`, `hyperpod`, and `terraform` where the reader makes things with that."""


UNKNOWN = Platform()
HOST = Platform(kubernetes=False)
"""Some machine without Kubernetes."""

_PLACES = {
    "eks": Platform("aws", True),
    "hyperpod": Platform("aws", True, "hyperpod"),
    "parallelcluster": Platform("aws", False, "parallelcluster"),
    "ec2": Platform("aws", False),
    "aks": Platform("azure", True),
    "gke": Platform("gcp", True),
    "openshift": Platform(None, True, "openshift"),
    "bare-metal": Platform(None, False),
    "terraform": Platform("aws", False, "terraform"),
    "any": UNKNOWN,
}
"""The words of `platforms` in a runbook."""
_NAMES = {"hyperpod": "HyperPod", "gke": "GKE", "aks": "AKS", "openshift": "OpenShift"}

_CLOUDS = (
    ("azure", r"\b(?:aks-[a-z0-9]+-\d+-vmss|azurelustre|amlfs|lustre\.csi\.azure)|-azure\b"),
    ("gcp", r"\bgke-[a-z0-9-]+|lustre\.csi\.storage\.gke\.io|-gke\b|\bcos-\d"),
    ("aws", r"\bfsx\.csi\.aws\.com|\.fsx\.[a-z0-9-]+\.amazonaws\.com|\bfs-[0-9a-f]{8,17}\b|\bip-\d+-\d+-\d+-\d+\b"
            r"|\.amzn\d|\barn:aws|-aws\b"),
)  # fmt: skip
_KUBERNETES = r"\bkubelet\b|MountVolume|FailedMount|\bCSI\b|\bcsi\b|rpc error: code|PersistentVolume|\bkubernetes\.io\b"
_HOST = (
    r"(?m)\bsystemd\[|\bfstab\b|\bcloud-init\b|\b(?:ubuntu|ec2-user|root|rocky|centos)@|^[#$] |\bslurm|/mnt/"
    r"|mount -t lustre"
)
_PARALLELCLUSTER = r"(?i)parallelcluster|\bpcluster\b"
_TERRAFORM = r"\bwith aws_\w+\.|\bresource\.aws_\w+|\bresource \"aws_|\.tf(?:\.json)? line \d+|(?i:terraform)"
_OPENSHIFT = r"(?i)openshift|\brhcos\b|CoreOS"

_OF_KUBERNETES = frozenset({"kubectl", "helm", "eksctl"})
_OF_CLOUDS = {"aws": "aws", "eksctl": "aws", "az": "azure", "gcloud": "gcp"}


def platform_of(texts: Iterable[str]) -> Platform:
    """What texts show of where they come from: names of nodes, kernels, drivers, prompts."""
    text = "\n".join(texts)

    def shows(pattern: str) -> bool:
        return compiled(pattern).search(text) is not None

    cloud = next((name for name, pattern in _CLOUDS if shows(pattern)), None)
    if shows(_PARALLELCLUSTER):
        return _PLACES["parallelcluster"]
    if shows(_TERRAFORM) and not shows(_KUBERNETES):
        return _PLACES["terraform"]
    kubernetes = True if shows(_KUBERNETES) else False if shows(_HOST) else None
    return Platform(cloud, kubernetes, "openshift" if shows(_OPENSHIFT) else None)


def is_for(platform: Platform, places: Iterable[str]) -> bool:
    """Whether what is meant for some places can be meant for the platform, as far as it is known."""
    return any(_agree(platform, _PLACES[place]) for place in places if place in _PLACES)


def has(platform: Platform, program: str) -> bool:
    """Whether a program has something to talk to on the platform, as far as it is known."""
    if program in _OF_KUBERNETES and platform.kubernetes is False:
        return False
    cloud = _OF_CLOUDS.get(program)
    return cloud is None or platform.cloud in (None, cloud)


def _agree(known: Platform, wanted: Platform) -> bool:
    cloud = None in (known.cloud, wanted.cloud) or known.cloud == wanted.cloud
    kubernetes = None in (known.kubernetes, wanted.kubernetes) or known.kubernetes == wanted.kubernetes
    return cloud and kubernetes and (wanted.distribution is None or known.distribution in (None, wanted.distribution))


def names_of(places: Collection[str]) -> str:
    """What a person calls the places; Terraform is none."""
    names = [_NAMES[place] for place in places if place in _NAMES]
    hosts = ["hosts without Kubernetes"] if {"ec2", "parallelcluster", "bare-metal"} & set(places) else []
    if hosts and "hyperpod" in places:
        names[names.index(_NAMES["hyperpod"])] += " with Slurm"
    return " or ".join(names + hosts)


def is_of_hosts(names: Iterable[str]) -> bool:
    """Whether all platforms of a runbook are machines without Kubernetes."""
    return all(_PLACES[name].kubernetes is False for name in names)
