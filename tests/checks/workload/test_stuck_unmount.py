"""Every pod that was deleted lets go of the volume."""

from __future__ import annotations

import msgspec

from checks.workload.stuck_unmount import pods_let_go_of_the_volume
from diag.model.verdict import Verdict
from diag.resources.kubernetes import Condition, ContainerStatus, Pod
from tests.checks.given import denied, event, node, pod, replace, verdicts
from tests.checks.given_pod_mounts import AN_HOUR_AGO, JUST_NOW, only


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

    def test_a_refused_unmount_is_for_who_holds_it_and_no_restart_helps(self) -> None:
        target = "/var/lib/kubelet/pods/795925cf-bdac-4404-897d-890641a1d4b0/volumes/kubernetes.io~csi/fsx-pv/mount"
        text = (
            f'Could not unmount "{target}": exit status 32\nUnmounting arguments: {target}\nOutput: umount: {target}:'
        )
        made = leaving()
        for end, who in ((" target is busy.", "whoever runs that process"), (" Input/output error", "")):
            told = event(made, "FailedUnMount", f'UnmountVolume.TearDown failed for volume "fsx-pvc" : {text}{end}')
            finding = only(pods_let_go_of_the_volume, pods=(made,), warning_events=(told,))
            assert (finding.fix.steps[0].by if finding.fix else "") == who

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
