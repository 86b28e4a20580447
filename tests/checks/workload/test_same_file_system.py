"""Every pod that runs with the volume was started after the volume was made."""

from __future__ import annotations

from checks.workload.same_file_system import pods_see_the_same_files
from diag.model.verdict import Verdict
from tests.checks.given import LONG_AGO, denied, pod, replace, verdicts, volume
from tests.checks.given_pod_mounts import AN_HOUR_AGO, only


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
