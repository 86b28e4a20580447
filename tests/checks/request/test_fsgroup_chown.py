"""No pod makes the kubelet change the group of every file of the volume before it may start."""

from __future__ import annotations

from typing import Any

import pytest

from checks.request.fsgroup_chown import files_keep_their_group
from diag.model.verdict import Verdict
from tests.checks.given import FS, csi_driver, denied, pod, verdicts, volume
from tests.checks.given_pod_request import only

OWNED = pod(securityContext={"fsGroup": 2000})
CSI = {"driver": "fsx.csi.aws.com", "volumeHandle": FS, "fsType": "lustre"}
ONCE = volume(accessModes=["ReadWriteOnce"], csi=CSI)
POLICY = {policy: (csi_driver(fs_group_policy=policy),) for policy in ("File", "None")}
AT_THE_ROOT = pod(securityContext={"fsGroup": 2000, "fsGroupChangePolicy": "OnRootMismatch"})


class TestGroupOfFiles:
    def test_the_policy_file_walks_through_everything(self) -> None:
        finding = only(files_keep_their_group, pods=(OWNED,), csi_drivers=POLICY["File"])
        assert (finding.verdict, finding.cause) == (Verdict.WARN, "recursive-fsgroup-chown")

    def test_the_drivers_own_policy_walks_where_one_node_writes_and_a_type_is_given(self) -> None:
        assert only(files_keep_their_group, pods=(OWNED,), persistent_volumes=(ONCE,)).verdict is Verdict.WARN

    @pytest.mark.parametrize(
        ("facts", "why"),
        [
            ({"pods": (OWNED,)}, "many may write"),
            ({"pods": (OWNED,), "persistent_volumes": (volume(accessModes=["ReadWriteOnce"]),)}, "no type is given"),
            ({"csi_drivers": POLICY["File"]}, "no fsGroup"),
            ({"pods": (OWNED,), "persistent_volumes": (ONCE,), "csi_drivers": POLICY["None"]}, "never"),
            ({"pods": (AT_THE_ROOT,), "csi_drivers": POLICY["File"]}, "the root alone"),
        ],
    )
    def test_healthy_twins(self, facts: dict[str, Any], why: str) -> None:
        assert verdicts(files_keep_their_group, **facts) == (Verdict.PASS,), why

    def test_unknown_names_the_permission(self) -> None:
        finding = only(files_keep_their_group, csi_drivers=denied("list csidrivers"))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list csidrivers")
