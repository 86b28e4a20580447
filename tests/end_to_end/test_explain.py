"""`explain`: texts to causes, with no credentials, whatever is pasted."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.command import Doctor

EVENT = """MountVolume.SetUp failed for volume "data" : rpc error: code = Internal desc = Could not mount \
"fs-0fedcba9876543210.fsx.us-west-2.amazonaws.com@tcp:/qwertyui" at "/var/lib/kubelet/pods/1/mount": mount failed: \
exit status {status}
Mounting command: mount
Mounting arguments: -t lustre -o flock fs-0fedcba9876543210.fsx.us-west-2.amazonaws.com@tcp:/qwertyui /mnt
Output: {output}
"""
HEAD = "mount.lustre: mount fs-0fedcba9876543210.fsx.us-west-2.amazonaws.com@tcp:/qwertyui at /mnt failed: "
EINVAL = (
    HEAD + "Invalid argument\nThis may have multiple causes.\nIs 'qwertyui' the correct filesystem name?\n"
    "Are the mount options correct?\nCheck the syslog for more info."
)


def event(status: int, output: str) -> str:
    return EVENT.format(status=status, output=output)


@pytest.mark.parametrize(
    ("text", "cause", "verdict"),
    [
        (event(22, EINVAL), "client-server-version-mismatch", "likely"),
        (
            event(22, "mount.lustre: Can't parse NID 'fs-0fedcba9876543210.fsx.us-west-2.amazonaws.com@tcp:/qwertyui'"),
            "dns-resolution-failure",
            "likely",
        ),
        (
            event(
                2,
                HEAD + "No such file or directory\nIs the MGS specification correct?\nIs the filesystem name correct?",
            ),
            "wrong-mountname",
            "likely",
        ),
        (event(5, HEAD + "Input/output error\nIs the MGS running?"), "mgs-unreachable-network", "likely"),
        (event(110, HEAD + "Connection timed out"), "mgs-unreachable-network", "likely"),
        (
            event(22, EINVAL)
            + "\n[ 9.1] LustreError: Server MGS version (2.10.8.0) refused connection from this client with an "
            "incompatible version (2.15.4).  Client must be recompiled",
            "client-server-version-mismatch",
            "confirmed",
        ),
        (
            event(22, EINVAL) + "\n[ 9.1] LustreError: 152-6: Unknown option 'nobarrier', won't mount.",
            "bad-mount-option",
            "confirmed",
        ),
    ],
)
def test_the_text_decides_never_the_number_alone(doctor: Doctor, text: str, cause: str, verdict: str) -> None:
    ran = doctor("explain", "-", "--format", "json", stdin=text)
    assert (ran.best["id"], ran.best["verdict"]) == (cause, verdict)
    assert ran.code == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "all is well",
        "mount failed: exit status 22",
        "Unable to attach or mount volumes: unmounted volumes=[a], unattached volumes=[a]: timed out waiting for the "
        "condition",
        "볼륨을 마운트할 수 없습니다",
    ],
)
def test_what_is_not_known_is_said_to_be_so(doctor: Doctor, text: str) -> None:
    ran = doctor("explain", "-", "--format", "json", stdin=text)
    assert ran.code == 5
    assert all(not diagnosis["causes"] for diagnosis in ran.document["diagnoses"])
    said = doctor("explain", "-", stdin=text).out
    assert "not recognised" in said or "its texts are known and name no cause" in said


def test_archives_folders_and_files_are_read_alike(doctor: Doctor, tmp_path: Path) -> None:
    log = tmp_path / "node" / "messages"
    log.parent.mkdir()
    log.write_text(event(22, EINVAL))
    archive = tmp_path / "logs.tar.gz"
    with tarfile.open(archive, "w:gz") as bundle:
        bundle.add(log, "var_log/messages")
    for path in (log, log.parent, archive):
        assert doctor("explain", str(path), "--format", "json").best["id"] == "client-server-version-mismatch"


def test_a_path_that_is_not_there_is_wrong_usage(doctor: Doctor) -> None:
    assert doctor("explain", "/no/such/file").code == 2


def test_ruled_out_causes_are_shown_when_asked(doctor: Doctor) -> None:
    text = event(22, EINVAL) + "\n[ 9.1] Lustre: Mounted qwertyui-client"
    assert doctor("explain", "-", "--all", stdin=text).code == 0


def test_lines_says_of_each_line_who_prints_it_and_what_it_means(doctor: Doctor) -> None:
    text = (
        "LustreError: 7:0:(mgc_request.c:254:do_config_log_add()) MGC10.0.0.1@tcp: failed processing log, type 1: "
        "rc = -5\na line of somebody else\n"
    )
    out = " ".join(doctor("explain", "--lines", "-", stdin=text).out.split())
    assert "consequence · Lustre client, mgc 2.10 to 2.17" in out
    assert "EIO, Input/output error" in out
    assert "not recognised" not in out
    lines = doctor("explain", "--lines", "-", "--format", "json", stdin=text).document["lines"]
    assert [line["role"] for line in lines] == ["consequence", ""]
    assert doctor("explain", "-", "--format", "json", stdin=text).document["lines"] == []


def test_it_tells_in_which_file_and_line_a_text_was_read(doctor: Doctor, tmp_path: Path) -> None:
    log = tmp_path / "node.log"
    log.write_text("all is well\n" + event(22, EINVAL))
    document = doctor("explain", str(log), "--format", "json").document
    assert document["diagnoses"][0]["origins"] == [f"{log}:2"]
    assert f"{log}:2" in "".join(doctor("explain", str(log)).out.split())
    assert doctor("explain", "-", "--format", "json", stdin="\n").document["diagnoses"][0]["origins"] == []


def test_an_equal_text_of_several_files_is_shown_once_with_each_file(doctor: Doctor, tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b", "c")):
        (tmp_path / f"{name}.log").write_text("all is well\n" * number + event(22, EINVAL) * (number + 1))
    archive = tmp_path.parent / "logs.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        for log in sorted(tmp_path.iterdir()):
            bundle.write(log, log.name)
    for given, prefix in ((tmp_path, f"{tmp_path}/"), (archive, f"{archive}:")):
        (only,) = doctor("explain", str(given), "--format", "json").document["diagnoses"]
        assert only["origins"] == [f"{prefix}a.log:1", f"{prefix}b.log:2 (2 times)", f"{prefix}c.log:3 (3 times)"]


def test_what_was_cut_is_in_the_document_too(doctor: Doctor, tmp_path: Path) -> None:
    log = tmp_path / "node.log"
    log.write_text("Lustre: Mounted ddyezbev-client\n" * 2001)
    ran = doctor("explain", "--lines", str(log), "--format", "json")
    assert len(ran.document["lines"]) == 2000
    assert [missing["what"] for missing in ran.document["unavailable"]] == ["further lines"]
    assert doctor("explain", str(log), "--format", "json").document["unavailable"] == []
    (tmp_path / "cut.gz").write_bytes(gzip.compress(log.read_bytes())[:-20])
    ran = doctor("explain", str(tmp_path / "cut.gz"), "--format", "json")
    assert "ends too early" in ran.document["unavailable"][0]["detail"]
