"""A remedy is for the reader's platform: no program that has nothing to talk to there, no package of another cloud."""

from __future__ import annotations

import itertools

import pytest

from diag.advice.platform import Platform, platform_of
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
