"""Every pod that uses the volume has it mounted."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.mount.pod_mounts import pods_have_the_volume
from diag.model.verdict import Verdict
from diag.resources.kubernetes import ContainerStatus, Event, Pod
from tests.checks.given import NODE, denied, event, findings, pod, replace, verdicts
from tests.checks.given_pod_mounts import AN_HOUR_AGO, JUST_NOW, only

SETUP = 'MountVolume.SetUp failed for volume "fsx-pv" : rpc error: code = Internal desc = Could not mount "x" at "y"'
SUMMARY = "Unable to attach or mount volumes: unmounted volumes=[{}], unattached volumes=[]: context deadline exceeded"


def waiting(reason: str = "ContainerCreating", created: str = AN_HOUR_AGO) -> Pod:
    """A pod that has its node and does not run yet."""
    made = pod(phase="Pending", created=created)
    status = {"name": "app", "state": {"waiting": {"reason": reason}}}
    statuses = (msgspec.convert(status, ContainerStatus),)
    return replace(made, status=replace(made.status, container_statuses=statuses))


ENDED = {"terminated": {"exitCode": 1, "startedAt": AN_HOUR_AGO, "finishedAt": JUST_NOW}}


def failed(reason: str, **status: Any) -> Pod:
    """A pod in phase Failed, with what its container's status shows."""
    made = waiting()
    own = msgspec.convert({"name": "app", "state": {"waiting": {}}, **status}, ContainerStatus)
    return replace(made, status=replace(made.status, phase="Failed", reason=reason, container_statuses=(own,)))


def failing(message: str = SETUP, reason: str = "FailedMount", about: Pod | None = None) -> Event:
    return event(about or waiting(), reason, message)


class TestMounts:
    def test_a_pod_that_runs_has_its_volume(self) -> None:
        assert verdicts(pods_have_the_volume) == (Verdict.PASS,)

    @pytest.mark.parametrize("message", [SETUP, SUMMARY.format("fsx-pvc")])
    def test_a_pod_that_waits_fails_with_no_cause_of_its_own(self, message: str) -> None:
        finding = only(pods_have_the_volume, pods=(waiting(),), warning_events=(failing(message),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "")
        assert "see the diagnosis" in finding.message
        assert {subject.name for subject in finding.concerns} == {"pod-fsx", NODE}

    @pytest.mark.parametrize("reason", ["ImagePullBackOff", "ErrImagePull", "CrashLoopBackOff", "CreateContainerError"])
    def test_whatever_comes_after_the_mount_shows_that_it_succeeded(self, reason: str) -> None:
        given = {"pods": (waiting(reason),), "warning_events": (failing(),)}
        assert verdicts(pods_have_the_volume, **given) == (Verdict.PASS,)

    def test_a_sandbox_that_cannot_be_made_comes_after_the_mount(self) -> None:
        told = failing("Failed to create pod sandbox: plugin type aws-cni failed", "FailedCreatePodSandBox")
        assert verdicts(pods_have_the_volume, pods=(waiting(),), warning_events=(told,)) == (Verdict.PASS,)

    def test_a_pod_that_runs_now_has_only_a_history(self) -> None:
        assert verdicts(pods_have_the_volume, warning_events=(failing(about=pod()),)) == (Verdict.PASS,)

    @pytest.mark.parametrize(
        "message",
        ['MountVolume.SetUp failed for volume "config" : configmap "absent" not found', SUMMARY.format("config")],
    )
    def test_another_volume_that_fails_is_not_this_one(self, message: str) -> None:
        finding = only(pods_have_the_volume, pods=(waiting(),), warning_events=(failing(message),))
        assert finding.verdict is Verdict.SKIP and "waits for another volume" in finding.message

    def test_an_event_of_a_former_pod_of_that_name_is_not_this_pods(self) -> None:
        former = replace(waiting(), metadata=replace(waiting().metadata, uid="uid-of-its-predecessor"))
        given = {"pods": (waiting(created=JUST_NOW),), "warning_events": (failing(about=former),)}
        assert verdicts(pods_have_the_volume, **given) == (Verdict.SKIP,)

    @pytest.mark.parametrize("reason", ["DeadlineExceeded", "Evicted", "NodeAffinity", "UnexpectedAdmissionError"])
    def test_a_pod_that_failed_before_any_container_started_shows_no_mount(self, reason: str) -> None:
        over = failed(reason)
        assert not over.is_up
        finding = only(pods_have_the_volume, pods=(over,), warning_events=(failing(about=over),))
        assert finding.verdict is Verdict.FAIL and "failed while they waited" in finding.message
        silent = only(pods_have_the_volume, pods=(over,))
        assert silent.verdict is Verdict.SKIP and f"it failed ({reason})" in silent.message

    @pytest.mark.parametrize("shown", [{"state": ENDED}, {"lastState": ENDED}, {"restartCount": 1}])
    def test_a_failed_pod_whose_container_ran_had_its_volume(self, shown: dict[str, Any]) -> None:
        over = failed("Error", **shown)
        assert verdicts(pods_have_the_volume, pods=(over,)) == (Verdict.PASS,)

    def test_a_container_that_kubelet_could_not_find_shows_no_start(self) -> None:
        lost = {"terminated": {"reason": "ContainerStatusUnknown", "exitCode": 137}}
        assert verdicts(pods_have_the_volume, pods=(failed("Evicted", state=lost),)) == (Verdict.SKIP,)

    def test_the_next_try_on_the_same_node_that_runs_makes_a_failed_one_history(self) -> None:
        over, again = failed("Evicted"), pod("again")
        given = {"pods": (over, again), "warning_events": (failing(about=over),)}
        assert verdicts(pods_have_the_volume, **given) == (Verdict.PASS, Verdict.SKIP)

    def test_a_pod_without_a_node_mounts_nothing(self) -> None:
        finding = only(pods_have_the_volume, pods=(pod(phase="Pending", node=""),))
        assert finding.verdict is Verdict.SKIP and "not scheduled" in finding.message

    def test_silence_of_a_minute_means_nothing_and_of_an_hour_is_unknown(self) -> None:
        assert verdicts(pods_have_the_volume, pods=(waiting(created=JUST_NOW),)) == (Verdict.SKIP,)
        assert verdicts(pods_have_the_volume, pods=(waiting(),)) == (Verdict.UNKNOWN,)

    def test_events_that_cannot_be_read_are_named(self) -> None:
        finding = only(pods_have_the_volume, pods=(waiting(),), warning_events=denied("list events"))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list events")

    def test_those_that_have_it_pass_beside_those_that_wait(self) -> None:
        other = pod("pod-b")
        good, bad = findings(pods_have_the_volume, pods=(other, waiting()), warning_events=(failing(),))
        assert (good.verdict, bad.verdict) == (Verdict.PASS, Verdict.FAIL)
        assert [subject.name for subject in good.concerns] == ["pod-b"]
