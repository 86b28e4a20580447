"""A sample of `make fixes`: what is printed is executed, and helps; and a trial sees when it does not."""

from __future__ import annotations

import pytest

from tests.fixes.trial import Outcome, trial
from tests.lab.faults import FAULTS
from tests.lab.lab import Lab
from tests.lab.setup import NAMESPACE
from tests.programs import NAMES, program

pytestmark = pytest.mark.lab

FIXED = (
    "mountname-wrong-under-policy-delete",
    "sg-without-988-on-second-interface",
    "irsa-provider-of-another-cluster",
    "image-of-another-region-under-another-release",
    "storageclass-misspelt-key",
    "network-policy-closes-aws",
    "transit-gateway-without-route-back",
    "coredns-stub-zone-takes-aws",
    "driver-absent",
)
"""One of each kind of procedure; `make fixes` tries the fix of every fault."""


@pytest.fixture(autouse=True, scope="module")
def programs() -> None:
    for name in NAMES:
        program(name)


@pytest.mark.parametrize("name", FIXED)
def test_the_first_fix_as_printed_fixes(lab: Lab, name: str) -> None:
    done = trial(lab, FAULTS[name])
    assert (done.outcome, done.why, done.placeholders) == (Outcome.FIXED, "", ())


def test_what_a_guard_refuses_is_left_for_the_alternative(lab: Lab) -> None:
    """An umount hangs in the kernel: the driver is not restarted, since the node would have none; it reboots."""
    done = trial(lab, FAULTS["unmount-hangs"])
    assert (done.outcome, done.why) == (Outcome.FIXED, "")
    assert "exit code 1" in done.log[0] and "deleted" not in done.log[0]
    assert any("reboot-instances" in command for command in done.commands)


def test_what_time_alone_heals_needs_no_command(lab: Lab) -> None:
    assert trial(lab, FAULTS["update-under-way"]).outcome is Outcome.WAITS


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("kubectl get pv fsx-pv", "the lab: pod default/pod-fsx is not ready"),
        ("kubectl delete pod pod-fsx", "lost: pod default/pod-fsx"),
        ("kubectl delete pvc fsx-pvc", "hangs: kubectl delete pvc fsx-pvc"),
        ("kubectl patch pv <volume>", "<volume> is not filled"),
        ("reboot", "exit 127: reboot: "),
    ],
)
def test_a_fix_that_does_not_help_is_found(lab: Lab, monkeypatch: pytest.MonkeyPatch, command: str, why: str) -> None:
    if why.startswith("hangs"):
        monkeypatch.setattr("tests.fixes.trial.PATIENCE", 2)
    done = trial(lab, FAULTS["mountname-wrong-case"], {"commands": [command]})
    assert (done.outcome, done.why.startswith(why)) == (Outcome.NOT_FIXED, True), done.why


def test_keys_that_another_workload_reads_are_kept(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chart of the EBS driver names its secret as ours does."""
    key = {"name": "AWS_ACCESS_KEY_ID", "valueFrom": {"secretKeyRef": {"name": "aws-secret", "key": "key_id"}}}
    template = {
        "metadata": {"labels": {"app": "ebs-csi-controller"}},
        "spec": {"containers": [{"name": "ebs-plugin", "image": "ebs", "env": [key]}]},
    }
    neighbour = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "ebs-csi-controller", "namespace": NAMESPACE},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "ebs-csi-controller"}}, "template": template},
    }
    inject = lab.inject
    monkeypatch.setattr(lab, "inject", lambda name: (inject(name), lab.kube.add(neighbour)))
    done = trial(lab, FAULTS["static-keys-of-a-deleted-user"])
    assert done.outcome is Outcome.FIXED and not any("secret aws-secret" in command for command in done.commands), (
        "who else reads the keys is a person's to say"
    )
    assert lab.kube.get("secrets", "aws-secret", NAMESPACE)
