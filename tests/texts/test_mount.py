# ruff: noqa: E501 - log lines are as long as they are
"""Which mount a text speaks of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.model.symptom import MountRef, Phase
from diag.texts.mount import find_clues, find_exit_status, find_phase

KUBELET = (
    'MountVolume.SetUp failed for volume "fsx-pv" : rpc error: code = Internal desc = Could not mount '
    '"fs-04cb64a224a31f75d.fsx.ap-northeast-2.amazonaws.com@tcp:/ddyezbev" at "/var/lib/kubelet/pods/54547989-658e/'
    'volumes/kubernetes.io~csi/fsx-pv/mount": mount failed: exit status 22 Mounting command: mount'
)


def test_a_kubelet_event_names_volume_source_target_and_file_system() -> None:
    clues = find_clues(KUBELET, node="ip-10-0-1-2", pod="default/app")
    assert clues.mount == MountRef(
        volume="fsx-pv",
        source="fs-04cb64a224a31f75d.fsx.ap-northeast-2.amazonaws.com@tcp:/ddyezbev",
        target="/var/lib/kubelet/pods/54547989-658e/volumes/kubernetes.io~csi/fsx-pv/mount",
        node="ip-10-0-1-2",
        pod="default/app",
        file_system="fs-04cb64a224a31f75d",
    )
    assert clues.names == {"ddyezbev"}
    assert (find_exit_status(KUBELET), find_phase(KUBELET)) == (22, Phase.MOUNT)


@pytest.mark.parametrize(
    ("text", "source", "target"),
    [
        ("mount.lustre: mount 10.0.0.1@tcp:/abc at /fsx failed: x", "10.0.0.1@tcp:/abc", "/fsx"),
        ("mount.lustre: mount 10.0.0.1@tcp0:10.0.0.2@tcp0:/fs at /mnt/fs failed", "10.0.0.1@tcp0:10.0.0.2@tcp0:/fs", "/mnt/fs"),
        ("10.0.0.1@o2ib:/abc/sub/dir on /data type lustre (rw)", "10.0.0.1@o2ib:/abc/sub/dir", "/data"),
        ("mount -t lustre fs-***.fsx.us-east-1.amazonaws.com@tcp:/abc /mnt", "fs-***.fsx.us-east-1.amazonaws.com@tcp:/abc", "/mnt"),
        ("Mounting arguments: -t lustre <redacted>@tcp:/abc /mnt", "<redacted>@tcp:/abc", "/mnt"),
        ("Can't parse NID 'fs-0123456789abcdef0.fsx.x@tcp:/abc'", "fs-0123456789abcdef0.fsx.x@tcp:/abc", ""),
        ("an e-mail to me@tcp.example", "", ""),
    ],
)  # fmt: skip
def test_source_and_target_are_found(text: str, source: str, target: str) -> None:
    mount = find_clues(text).mount
    assert (mount.source, mount.target) == (source, target)


def test_the_kernel_names_its_mount_in_its_own_way() -> None:
    clues = find_clues(
        "LustreError: 15c-8: MGC10.77.0.2@tcp: Confguration from log ddyezbev-client failed from MGS -5."
    )
    assert clues.names == {"ddyezbev"} and clues.nids == {"10.77.0.2@tcp"}
    assert clues.mount == MountRef()


@pytest.mark.parametrize("nid", ["fd00::1@tcp", "2001:db8:0:1::15@tcp1", "10.0.0.1@efa", "10.0.0.1@tcp:10.0.0.2@tcp"])
def test_nids_of_every_network_and_family(nid: str) -> None:
    """IPv6 from 2.16 on, by its source (lnet/lnet/nidstrings.c): no such server was seen."""
    source = f"{nid}:/ddyezbev"
    assert f"source='{source}'" in repr(
        find_clues(f"mount.lustre: mount {source} at /mnt/fsx failed: Input/output error")
    )


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("UnmountVolume.TearDown failed for volume", Phase.UNMOUNT),
        ("failed to provision volume with StorageClass", Phase.PROVISION),
        ("0/3 nodes are available", Phase.SCHEDULE),
        ("mount.lustre: mount x at y failed", Phase.MOUNT),
        ("something else", None),
    ],
)
def test_the_operation_is_told_where_the_text_tells_it(text: str, phase: Phase | None) -> None:
    assert find_phase(text) is phase


def test_an_exit_status_is_read_in_every_wording() -> None:
    assert find_exit_status("mount failed: exit status 5") == 5
    assert find_exit_status("Expected process to exit with [0], but received '22'") == 22
    assert find_exit_status("status 22 of exit") is None


@given(st.text(alphabet="fs-0abc@tcp:/ \"'MGC-client.<*>", max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    find_clues(text)
