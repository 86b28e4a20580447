"""No program of a pod that has the volume mounted says that it cannot use it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.workload.workload_errors import programs_can_use_the_volume
from diag.model.verdict import Verdict
from diag.resources.kubernetes import ContainerStatus, Pod
from tests.checks.given import denied, event, pod, replace, verdicts, volume
from tests.checks.given_pod_mounts import only


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


EDQUOT = "OSError: [Errno 122] Disk quota exceeded: '/data/step-1.pt'"
SUB_PATH = 'failed to create subPath directory for volumeMount "{}" of container "app"'


def never_made(message: str, reason: str = "CreateContainerConfigError") -> Pod:
    """A pod whose volume is mounted, and whose container cannot be made."""
    made = using(phase="Pending")
    waiting = {"reason": reason, "message": message}
    status = msgspec.convert({"name": "app", "state": {"waiting": waiting}}, ContainerStatus)
    return replace(made, status=replace(made.status, container_statuses=(status,)))


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

    def test_a_quota_that_is_used_up_is_no_full_file_system(self) -> None:
        assert only(programs_can_use_the_volume, pods=(using(last_words=EDQUOT),)).cause == "lustre-quota-exceeded"

    @pytest.mark.parametrize("text", [SUB_PATH, 'failed to prepare subPath for volumeMount "{}" of container "app"'])
    def test_a_directory_that_the_kubelet_cannot_make(self, text: str) -> None:
        finding = only(programs_can_use_the_volume, pods=(never_made(text.format("data")),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "subpath-not-made")
        other = (never_made(text.format("config")),)
        assert verdicts(programs_can_use_the_volume, pods=other) == (Verdict.PASS,)

    def test_a_directory_on_a_file(self) -> None:
        line = 'error mounting "/var/lib/kubelet/pods/u/volume-subpaths/{}/app/0" to rootfs at "/d": not a directory'
        for name, verdict in (("fsx-pv", Verdict.FAIL), ("config", Verdict.PASS)):
            pod = never_made(line.format(name), reason="RunContainerError")
            finding = only(programs_can_use_the_volume, pods=(pod,))
            assert (finding.verdict, "mountPath" in str(finding.fix)) == (verdict, verdict is Verdict.FAIL)

    @pytest.mark.parametrize(
        "text", ["missing value for RUN", "Error: error SubPath `/run` must not be an absolute path"]
    )
    def test_a_variable_of_a_sub_path(self, text: str) -> None:
        pod = never_made(text)
        assert verdicts(programs_can_use_the_volume, pods=(pod,)) == (Verdict.PASS,), "it has no subPathExpr"
        (container,) = pod.spec.containers
        mounts = tuple(replace(at, sub_path_expr="$(RUN)") for at in container.volume_mounts or ())
        spec = replace(pod.spec, containers=(replace(container, volume_mounts=mounts),))
        finding = only(programs_can_use_the_volume, pods=(replace(pod, spec=spec),))
        assert (finding.cause, "subPathExpr" in str(finding.fix)) == ("subpath-not-made", True)
