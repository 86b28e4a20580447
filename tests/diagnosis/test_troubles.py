"""From a run's facts and findings to its diagnoses: which texts count, for which mount or claim, in which operation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from checks.mount.pod_mounts import pods_have_the_volume
from checks.request.claim_binding import claim_has_its_volume
from checks.request.storageclass_network import network_is_given
from checks.request.storageclass_parameters import parameters_are_known
from checks.workload.stuck_unmount import pods_let_go_of_the_volume
from checks.workload.workload_errors import programs_can_use_the_volume
from diag.diagnosis.diagnose import diagnose
from diag.engine.judge import judge
from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import Diagnosis, Likelihood
from diag.model.finding import Finding
from diag.model.symptom import Medium, Symptom
from diag.resources.ec2 import SecurityGroup, Subnet
from diag.resources.kubernetes import ContainerStatus, Pod
from diag.resources.table import Table
from diag.texts.symptoms import match_text
from tests.checks.given import claim, event, pod, replace, storage_class, volume, worked_out
from tests.checks.given import waiting as container_waiting

SUBNET, GROUP = "subnet-0123456789abcdef0", "sg-0123456789abcdef0"
NETWORK = {"class_subnets": Table({SUBNET: Subnet(SUBNET)}), "class_groups": Table({GROUP: SecurityGroup(GROUP)})}
GOOD = storage_class(parameters={"subnetId": SUBNET, "securityGroupIds": GROUP})
KNOWLEDGE = load_knowledge()
CHECKS = (
    claim_has_its_volume,
    pods_have_the_volume,
    pods_let_go_of_the_volume,
    network_is_given,
    parameters_are_known,
    programs_can_use_the_volume,
)
NO_SUCH_DEVICE = (
    'MountVolume.SetUp failed for volume "fsx-pv" : rpc error: code = Internal desc = Could not mount'
    ' "fs-0123456789abcdef0.fsx.ap-northeast-2.amazonaws.com@tcp:/abcdebev" at "/var/lib/kubelet/x": mount failed: exit'
    " status 19\nOutput: mount.lustre: mount a@tcp:/b at /x failed: No such device\nAre the lustre modules loaded?\n"
)
UNHEARD_OF = 'MountVolume.SetUp failed for volume "fsx-pv" : rpc error: code = Internal desc = the moon is in the way'


def match(text: str, medium: Medium) -> Sequence[Symptom]:
    return match_text(text, medium, KNOWLEDGE)


def run(**facts: Any) -> tuple[Sequence[Finding], tuple[Diagnosis, ...]]:
    """Findings and diagnoses of a world that differs from the healthy one in some facts."""
    given = {"class_subnets": Table(), "class_groups": Table()} | facts
    values = worked_out(CHECKS, "lustre_claims", "mounts", **given)
    findings = judge(CHECKS, values, deadline=time.monotonic() + 60).findings
    return findings, diagnose(findings, values, KNOWLEDGE.causes, match)


def first(**facts: Any) -> tuple[str, str]:
    """The id and the verdict of the first cause of the first diagnosis."""
    cause = run(**facts)[1][0].causes[0]
    return cause.id, cause.verdict.value


def waiting(**fields: Any) -> Pod:
    return pod(phase="Pending", created="2026-11-24T11:00:00Z", **fields)


def test_a_healthy_world_has_no_diagnosis() -> None:
    assert run()[1] == ()


def test_a_pod_that_waits_is_diagnosed_by_its_event() -> None:
    told = event(waiting(), "FailedMount", NO_SUCH_DEVICE)
    assert first(pods=(waiting(),), warning_events=(told,)) == ("lustre-module-missing", "likely")


def test_what_nobody_recognises_is_still_a_failure() -> None:
    told = event(waiting(), "FailedMount", UNHEARD_OF)
    findings, diagnoses = run(pods=(waiting(),), warning_events=(told,))
    assert [finding.check for finding in findings if finding.verdict.value == "fail"] == ["pod-mounts"]
    assert "not recognised" in diagnoses[0].headline


def test_many_pods_of_one_trouble_are_told_once() -> None:
    pods = tuple(waiting(name=f"pod-{n}", node=f"node-{n}") for n in range(5))
    events = tuple(event(one, "FailedMount", NO_SUCH_DEVICE) for one in pods)
    (diagnosis,) = run(pods=pods, warning_events=events)[1]
    assert "on 5 nodes" in diagnosis.headline


@pytest.mark.parametrize("reason", ["ErrImagePull", "CrashLoopBackOff"])
def test_a_pod_beyond_the_mount_has_only_a_history(reason: str) -> None:
    status = container_waiting("app", reason)
    made = waiting()
    made = replace(made, status=replace(made.status, container_statuses=(status,)))
    assert run(pods=(made,), warning_events=(event(made, "FailedMount", NO_SUCH_DEVICE),))[1] == ()


def test_the_schedulers_other_reasons_are_none_of_lustres() -> None:
    made = waiting(node="")
    told = event(made, "FailedScheduling", "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.")
    assert run(pods=(made,), warning_events=(told,))[1] == ()


def test_fargates_refusal_is_one() -> None:
    made = waiting(node="")
    text = "Pod not supported on Fargate: volumes not supported: data not supported because: PVC fsx-pvc bound to"
    told = event(made, "FailedScheduling", f"{text} invalid PV fsx-pv with CSI Driver: fsx.csi.aws.com")
    assert first(pods=(made,), warning_events=(told,)) == ("pod-on-fargate", "confirmed")


def test_a_program_that_meets_an_eviction() -> None:
    containers = [{"name": "app", "image": "x", "volumeMounts": [{"name": "fsx-pvc", "mountPath": "/data"}]}]
    made = pod(containers=containers)
    told = event(made, "Unhealthy", "ls: cannot access '/data/x': Cannot send after transport endpoint shutdown")
    assert first(pods=(made,), warning_events=(told,)) == ("client-evicted", "likely")


def test_a_program_whose_last_words_tell_of_an_eviction() -> None:
    containers = [{"name": "app", "image": "x", "volumeMounts": [{"name": "fsx-pvc", "mountPath": "/data"}]}]
    made = pod(containers=containers)
    said = {"exitCode": 1, "message": "ls: cannot access '/data/x': Cannot send after transport endpoint shutdown"}
    ended = msgspec.convert({"name": "app", "lastState": {"terminated": said}}, ContainerStatus)
    made = replace(made, status=replace(made.status, container_statuses=(ended,)))
    assert first(pods=(made,)) == ("client-evicted", "likely")


def test_a_probe_that_fails_for_its_own_reasons() -> None:
    told = event(pod(), "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
    assert run(warning_events=(told,))[1] == ()


def test_an_unmount_that_hangs() -> None:
    made = pod()
    meta = replace(made.metadata, deletion_timestamp="2026-11-24T11:00:00Z")
    ended = msgspec.convert({"name": "app", "state": {"terminated": {"exitCode": 0}}}, ContainerStatus)
    made = replace(made, metadata=meta, status=replace(made.status, container_statuses=(ended,)))
    assert first(pods=(made,)) == ("umount-stuck-terminating", "confirmed")


class TestClaims:
    asked = claim(volume="", phase="Pending")

    def test_one_that_is_bound_has_no_diagnosis_whatever_its_events_say(self) -> None:
        told = event(claim(), "ProvisioningFailed", "is not authorized to perform: fsx:CreateFileSystem")
        assert run(claim_events=(told,))[1] == ()

    def test_one_whose_file_system_is_being_made_is_not_broken(self) -> None:
        young = replace(self.asked, metadata=replace(self.asked.metadata, creation_timestamp="2026-11-24T11:55:00Z"))
        told = event(young, "ExternalProvisioning", "Waiting for a volume to be created by the external provisioner")
        asked = {"claims": (young,), "persistent_volumes": (), "pods": (), "storage_classes": (GOOD,)}
        assert run(**asked, **NETWORK, claim_events=(told,))[1] == ()

    def test_the_class_explains_the_claim(self) -> None:
        asked = {"claims": (self.asked,), "persistent_volumes": (), "pods": ()}
        assert first(**asked) == ("storageclass-network-missing", "confirmed")

    def test_the_provisioners_words_explain_it(self) -> None:
        text = "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: fsx:CreateFileSystem"
        told = event(self.asked, "ProvisioningFailed", text)
        asked = {"claims": (self.asked,), "persistent_volumes": (), "pods": (), "storage_classes": (GOOD,)}
        assert first(**asked, **NETWORK, claim_events=(told,))[0] == "iam-missing-permission"

    def test_a_claim_that_cannot_be_bound_is_not_the_identitys_fault(self) -> None:
        """A failure about the whole cluster that breaks provisioning alone is no cause of a static claim's trouble."""
        pending = claim(phase="Pending", resources={"requests": {"storage": "9Ti"}})
        made = volume()
        free = replace(made, spec=replace(made.spec, claim_ref=None))
        _, (diagnosis,) = run(claims=(pending,), persistent_volumes=(free,), pods=(waiting(node=""),))
        assert [c.id for c in diagnosis.causes if c.verdict is Likelihood.CONFIRMED] == ["claim-volume-mismatch"]
        assert diagnosis.headline.startswith("the binding of PersistentVolumeClaim default/fsx-pvc fails")
