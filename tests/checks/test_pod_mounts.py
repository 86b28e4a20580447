"""Pods and their mounts: who has the volume, who waits for it, who cannot let go of it, what programs meet on it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.mount.pod_mounts import pods_have_the_volume
from checks.workload.same_file_system import pods_see_the_same_files
from checks.workload.stuck_unmount import pods_let_go_of_the_volume
from checks.workload.workload_errors import programs_can_use_the_volume
from diag.declare.check import Check
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.kubernetes import Condition, ContainerStatus, Event, Pod
from tests.checks.given import LONG_AGO, NODE, denied, event, findings, node, pod, replace, verdicts, volume

AN_HOUR_AGO, JUST_NOW = "2026-11-24T11:00:00Z", "2026-11-24T11:59:00Z"
SETUP = 'MountVolume.SetUp failed for volume "fsx-pv" : rpc error: code = Internal desc = Could not mount "x" at "y"'
SUMMARY = "Unable to attach or mount volumes: unmounted volumes=[{}], unattached volumes=[]: context deadline exceeded"


def only(check: Check, **facts: Any) -> Finding:
    (finding,) = findings(check, **facts)
    return finding


def waiting(reason: str = "ContainerCreating", created: str = AN_HOUR_AGO) -> Pod:
    """A pod that has its node and does not run yet."""
    made = pod(phase="Pending", created=created)
    status = {"name": "app", "state": {"waiting": {"reason": reason}}}
    statuses = (msgspec.convert(status, ContainerStatus),)
    return replace(made, status=replace(made.status, container_statuses=statuses))


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


def leaving(deleted: str = AN_HOUR_AGO, *, ended: bool = True, finalizers: tuple[str, ...] = ()) -> Pod:
    """A pod that was deleted."""
    made = pod()
    state = {"terminated": {"exitCode": 0, "finishedAt": deleted}} if ended else {}
    statuses = (msgspec.convert({"name": "app", "state": state}, ContainerStatus),)
    meta = replace(made.metadata, deletion_timestamp=deleted, finalizers=finalizers or None)
    return replace(made, metadata=meta, status=replace(made.status, container_statuses=statuses))


class TestUnmounts:
    def test_nobody_leaves(self) -> None:
        assert verdicts(pods_let_go_of_the_volume) == (Verdict.PASS,)

    def test_a_pod_may_take_its_time(self) -> None:
        assert verdicts(pods_let_go_of_the_volume, pods=(leaving(JUST_NOW),)) == (Verdict.PASS,)

    def test_containers_are_gone_and_the_pod_is_not(self) -> None:
        finding = only(pods_let_go_of_the_volume, pods=(leaving(),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "umount-stuck-terminating")

    def test_kubelet_says_that_the_unmount_fails(self) -> None:
        made = leaving(JUST_NOW, ended=False)
        told = event(made, "FailedUnMount", 'UnmountVolume.TearDown failed for volume "fsx-pvc" : target is busy')
        finding = only(pods_let_go_of_the_volume, pods=(made,), warning_events=(told,))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "umount-stuck-terminating")

    def test_without_a_driver_on_the_node_the_driver_is_the_cause(self) -> None:
        text = "driver name fsx.csi.aws.com not found in the list of registered CSI drivers"
        made = leaving()
        told = event(made, "FailedUnMount", f'UnmountVolume.TearDown failed for volume "fsx-pvc" : {text}')
        finding = only(pods_let_go_of_the_volume, pods=(made,), warning_events=(told,))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "")

    def test_containers_that_do_not_end_are_warned_of(self) -> None:
        assert verdicts(pods_let_go_of_the_volume, pods=(leaving(ended=False),)) == (Verdict.WARN,)

    def test_a_finalizer_is_not_lustres(self) -> None:
        finding = only(pods_let_go_of_the_volume, pods=(leaving(finalizers=("example.com/keep",)),))
        assert finding.verdict is Verdict.SKIP and "finalizer" in finding.message

    def test_a_node_that_is_gone_lets_go_of_nothing(self) -> None:
        lost = node()
        conditions = (Condition("Ready", "Unknown"),)
        lost = replace(lost, status=replace(lost.status, conditions=conditions))
        for nodes in ((), (lost,)):
            assert verdicts(pods_let_go_of_the_volume, pods=(leaving(),), nodes=nodes) == (Verdict.SKIP,)

    def test_unknown_names_the_permission(self) -> None:
        finding = only(pods_let_go_of_the_volume, pods=(leaving(),), nodes=denied("list nodes"))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list nodes")


def using(*, read_only: bool = False, last_words: str = "", **spec: Any) -> Pod:
    """A pod that has the volume at /data."""
    claims = [{"name": "data", "persistentVolumeClaim": {"claimName": "fsx-pvc", "readOnly": read_only}}]
    containers = [{"name": "app", "image": "busybox", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]
    made = pod(volumes=claims, containers=containers, **spec)
    status = {"name": "app", "restartCount": 2, "lastState": {"terminated": {"exitCode": 1, "message": last_words}}}
    return replace(made, status=replace(made.status, container_statuses=(msgspec.convert(status, ContainerStatus),)))


EROFS = "Traceback …\nOSError: [Errno 30] Read-only file system: '/data/out.pt'\n"
ENOSYS = "flock: /data/.lock: Function not implemented"
EACCES = "mkdir: cannot create directory '/data/run': Permission denied"
ESHUTDOWN = "ls: cannot access '/data/x': Cannot send after transport endpoint shutdown"


class TestPrograms:
    def test_programs_that_say_nothing(self) -> None:
        finding = only(programs_can_use_the_volume, pods=(using(),))
        assert (finding.verdict, finding.rules_out) == (Verdict.PASS, ())

    def test_read_only_by_the_pods_own_wish(self) -> None:
        finding = only(programs_can_use_the_volume, pods=(using(read_only=True, last_words=EROFS),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "volume-mounted-readonly")
        assert "readOnly: true" in finding.message

    def test_read_only_by_the_volumes_options(self) -> None:
        given = {"pods": (using(last_words=EROFS),), "persistent_volumes": (volume(mountOptions=["flock,ro"]),)}
        assert only(programs_can_use_the_volume, **given).cause == "volume-mounted-readonly"

    def test_read_only_without_anybodys_wish_is_left_to_the_diagnosis(self) -> None:
        finding = only(programs_can_use_the_volume, pods=(using(last_words=EROFS),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "")

    def test_a_pod_that_only_reads_is_healthy(self) -> None:
        assert verdicts(programs_can_use_the_volume, pods=(using(read_only=True),)) == (Verdict.PASS,)

    def test_locks_without_flock(self) -> None:
        finding = only(programs_can_use_the_volume, pods=(using(last_words=ENOSYS),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "flock-not-enabled")

    def test_the_same_words_with_flock_are_something_else(self) -> None:
        given = {"pods": (using(last_words=ENOSYS),), "persistent_volumes": (volume(mountOptions=["flock"]),)}
        assert only(programs_can_use_the_volume, **given).cause == ""

    def test_permissions(self) -> None:
        assert only(programs_can_use_the_volume, pods=(using(last_words=EACCES),)).cause == "root-squash-or-permissions"

    def test_a_file_system_that_is_full(self) -> None:
        said = "write /data/out.pt: no space left on device"
        assert only(programs_can_use_the_volume, pods=(using(last_words=said),)).cause == "file-system-full"

    def test_kubelet_that_cannot_make_a_sub_path(self) -> None:
        made = using()
        path = "/var/lib/kubelet/pods/uid/volumes/kubernetes.io~csi/fsx-pv/mount/run"
        told = event(made, "Failed", f"Error: failed to prepare subPath: mkdir {path}: permission denied")
        finding = only(programs_can_use_the_volume, pods=(made,), warning_events=(told,))
        assert finding.cause == "root-squash-or-permissions"

    def test_a_probe_that_meets_an_eviction(self) -> None:
        made = using()
        told = event(made, "Unhealthy", f"Readiness probe failed: {ESHUTDOWN}")
        finding = only(programs_can_use_the_volume, pods=(made,), warning_events=(told,))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "")

    @pytest.mark.parametrize("path", ["/tmp/out.pt", "/database/out.pt", "/mnt/data/out.pt", "/data-2/out.pt"])
    def test_errors_on_other_paths_are_not_this_volumes(self, path: str) -> None:
        said = EROFS.replace("/data/out.pt", path)
        assert verdicts(programs_can_use_the_volume, pods=(using(last_words=said),)) == (Verdict.PASS,)

    def test_a_volume_that_nobody_has(self) -> None:
        assert verdicts(programs_can_use_the_volume, pods=(pod(phase="Pending", node=""),)) == (Verdict.SKIP,)

    def test_unknown_names_the_permission(self) -> None:
        finding = only(programs_can_use_the_volume, pods=denied("list pods"))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list pods")


class TestSameFiles:
    def test_pods_that_are_younger_than_their_volume(self) -> None:
        assert verdicts(pods_see_the_same_files) == (Verdict.PASS,)

    def test_a_pod_that_is_older_than_its_volume(self) -> None:
        made = volume()
        anew = replace(made, metadata=replace(made.metadata, creation_timestamp=AN_HOUR_AGO))
        finding = only(pods_see_the_same_files, persistent_volumes=(anew,))
        assert (finding.verdict, finding.cause) == (Verdict.WARN, "different-file-system-per-node")

    def test_clocks_may_differ_by_seconds(self) -> None:
        made = volume()
        anew = replace(made, metadata=replace(made.metadata, creation_timestamp=LONG_AGO.replace("00:00Z", "00:30Z")))
        assert verdicts(pods_see_the_same_files, persistent_volumes=(anew,)) == (Verdict.PASS,)

    def test_a_volume_that_nobody_has(self) -> None:
        assert verdicts(pods_see_the_same_files, pods=(pod(phase="Pending", node=""),)) == (Verdict.SKIP,)

    def test_unknown_names_the_permission(self) -> None:
        finding = only(pods_see_the_same_files, claims=denied("list persistentvolumeclaims"))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list persistentvolumeclaims")
