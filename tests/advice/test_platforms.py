"""A remedy is for the reader's platform: no program that has nothing to talk to there, no package of another cloud."""

from __future__ import annotations

import itertools
import re

import pytest

from diag.advice.platform import Platform, names_of, platform_of
from diag.advice.runbook import fix_of
from diag.knowledge.runbooks import load_knowledge
from diag.model.fix import Fix

PLACES = {
    "eks": Platform("aws", True),
    "ec2": Platform("aws", False),
    "parallelcluster": Platform("aws", False, "parallelcluster"),
    "terraform": Platform("aws", False, "terraform"),
    "openshift": Platform("aws", True, "openshift"),
    "aks": Platform("azure", True),
    "gke": Platform("gcp", True),
}
FOREIGN = re.compile("you are on (?:HyperPod|GKE|AKS|OpenShift|hosts)")
"""How a way begins that is for other places than EKS."""
OF_KUBERNETES = {"kubectl", "helm", "eksctl"}
OF_AWS = ("aws ", "eksctl ", "amazon-linux-extras", "fsx-lustre-client-repo", "AmazonFSx")


def everything(fix: Fix | None) -> tuple[str, ...]:
    """Every line and sentence of a fix and of its alternatives."""
    if fix is None:
        return ()
    own = (text for step in fix.steps for text in (step.line, step.text, step.changes) if text)
    return (*own, *itertools.chain.from_iterable(everything(other) for other in fix.alternatives))


@pytest.mark.parametrize("place", PLACES)
def test_every_remedy_names_only_what_the_platform_has(place: str) -> None:
    platform = PLACES[place]
    wrong = []
    for cause in load_knowledge().causes.values():
        for text in everything(fix_of(cause, {}, platform)):
            program = text.split()[0]
            if platform.kubernetes is False and program in OF_KUBERNETES:
                wrong.append(f"{cause.id}: {text}")
            if platform.cloud != "aws" and text.startswith(OF_AWS):
                wrong.append(f"{cause.id}: {text}")
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("MountVolume.SetUp failed for volume: fs-04cb64a224a31f75d.fsx.us-east-1.amazonaws.com", "eks"),
        (
            "ubuntu@ip-10-0-0-9:~$ mount -t lustre fs-04cb64a224a31f75d.fsx.us-east-1.amazonaws.com@tcp:/x",
            "ec2",
        ),
        ("ParallelCluster: mount fs-04cb64a224a31f75d failed on the head node", "parallelcluster"),
        ("Error: creating FSx for Lustre File System\n  with aws_fsx_lustre_file_system.this,", "terraform"),
        ("MountVolume.MountDevice failed: rpc error: code = Internal desc = aks-gpu-12345678-vmss000001 amlfs", "aks"),
        ("MountVolume.SetUp failed: gke-training-pool-1-abcd lustre.csi.storage.gke.io", "gke"),
    ],
)
def test_a_text_shows_its_platform(text: str, place: str) -> None:
    assert platform_of([text]) == PLACES[place]


def cases(fix: Fix | None) -> list[str]:
    """For which case each option is."""
    assert fix is not None
    return [option.when for option in (fix, *fix.alternatives)]


def test_a_way_for_other_platforms_says_so_where_the_readers_is_not_known() -> None:
    cause = load_knowledge().causes["mount-not-permitted"]
    cases_here = cases(fix_of(cause, {}))
    foreign = [FOREIGN.match(one) is not None for one in cases_here]
    assert any(foreign) and foreign == sorted(foreign)
    assert not any(map(FOREIGN.match, cases(fix_of(cause, {}, PLACES["ec2"]))))


def test_every_way_that_is_not_for_eks_has_a_name() -> None:
    """Beside ways for EKS; a sentence for Terraform names it itself."""
    for cause in load_knowledge().causes.values():
        others = [one for one in cause.fix if one.platforms and not {"eks", "terraform"} & set(one.platforms)]
        if {"eks", "any"} & set(cause.platforms):
            named = [one for one in cases(fix_of(cause, {})) if one.startswith("you are on ")]
            assert len(named) >= len(others), cause.id


def test_the_add_on_has_its_way_where_nothing_shows_what_installed_the_driver() -> None:
    cause = load_knowledge().causes["csi-node-not-scheduled"]
    on_eks, on_azure = cases(fix_of(cause, {})), cases(fix_of(cause, {}, PLACES["aks"]))
    installed = [one.partition(" installed")[0] for one in on_eks[:2]]
    assert installed == ["Helm", "the EKS add-on or manifests"]
    assert not any("add-on" in one for one in on_azure)


def test_the_ways_of_eks_stand_before_those_of_other_places() -> None:
    mixed = []
    for id, cause in load_knowledge().causes.items():
        fix = fix_of(cause, {})
        ways = (fix, *fix.alternatives) if fix else ()
        foreign = [bool(FOREIGN.match(way.when)) for way in ways]
        mixed += [id] if foreign != sorted(foreign) else []
    assert mixed == []


def test_hyperpod_beside_hosts_is_the_one_without_kubernetes() -> None:
    """Its nodes in a cluster of EKS have the ways of EKS."""
    assert names_of(["ec2", "hyperpod"]) == "HyperPod with Slurm or hosts without Kubernetes"
    assert names_of(["hyperpod"]) == "HyperPod"
