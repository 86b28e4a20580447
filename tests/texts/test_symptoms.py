# ruff: noqa: E501 - log lines are as long as they are
"""From files, folders and archives to groups of symptoms."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from diag.model.symptom import Medium
from diag.sources.texts.streams import Texts
from diag.texts.symptoms import SymptomReport, read_symptoms
from tests.texts.known import KNOWN
from tests.texts.test_scanning import EVENT, PROFILE, REFUSAL

DMESG = (
    f"{REFUSAL}\n{PROFILE}\n[640442.335581] LustreError: 1:0:(super25.c:1:lustre_fill_super()) llite: Unable to mount\n"
)


def report(*paths: Path) -> SymptomReport:
    texts = Texts(str(path) for path in paths)
    found = read_symptoms(texts, KNOWN)
    return found._replace(problems=(*texts.problems, *found.problems))


def is_refused(found: SymptomReport) -> bool:
    return any(hit.cause == "refused" for group in found.groups for s in group.symptoms for hit in s.hits)


def tar_of(files: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


class Pipe(io.RawIOBase):
    """Takes bytes and cannot go back, so that an archive's sizes come after its data."""

    def __init__(self) -> None:
        super().__init__()
        self.content = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.content += bytes(data)
        return len(bytes(data))


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, *, through_pipe: bool = False) -> bytes:
    pipe, buffer = Pipe(), io.BytesIO()
    with zipfile.ZipFile(pipe if through_pipe else buffer, "w", method) as archive:  # type: ignore[arg-type]
        for name, content in files.items():
            archive.writestr(name, content)
    return pipe.content or buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        DMESG.encode(),
        zip_of({"logs/": b"", "logs/dmesg": DMESG.encode()}),
        zip_of({"logs/dmesg": DMESG.encode()}, zipfile.ZIP_STORED),
        zip_of({"logs/dmesg": DMESG.encode()}, through_pipe=True),
        zip_of({"logs.tar.gz": tar_of({"dmesg": DMESG.encode()}, "w:gz")}),
        gzip.compress(DMESG.encode()),
        gzip.compress(DMESG[:200].encode()) + gzip.compress(DMESG[200:].encode()),
        bz2.compress(DMESG.encode()),
        lzma.compress(DMESG.encode()),
        tar_of({"a/dmesg": DMESG.encode()}),
        tar_of({"a/dmesg": DMESG.encode()}, "w:gz"),
        tar_of({"a/dmesg.gz": gzip.compress(DMESG.encode())}, "w:xz"),
        tar_of({"in.tar.gz": tar_of({"x" * 180 + "/dmesg": DMESG.encode()}, "w:gz")}),
        DMESG.encode("utf-16"),
    ],
    ids=[
        "plain",
        "zip",
        "zip-stored",
        "zip-through-pipe",
        "tar-in-zip",
        "gz",
        "gz-members",
        "bz2",
        "xz",
        "tar",
        "tar.gz",
        "gz-in-tar.xz",
        "tar-in-tar",
        "utf-16",
    ],
)
def test_a_text_is_found_in_every_wrapping(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "given"
    path.write_bytes(content)
    found = report(path)
    assert is_refused(found) and found.problems == () and len(found.groups) == 1


def test_a_folder_is_walked_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "dmesg").write_text(DMESG)
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    found = report(tmp_path)
    assert is_refused(found) and found.texts_read == 1
    assert "1 symbolic link not followed" in found.problems[0].detail


def test_collectors_say_which_node_a_text_is_of(tmp_path: Path) -> None:
    sos = tmp_path / "s.tar.xz"
    sos.write_bytes(
        tar_of({"sosreport-ip-10-0-1-2-2026-11-24-abcdef/sos_commands/kernel/dmesg": DMESG.encode()}, "w:xz")
    )
    eks = tmp_path / "eks_i-0123456789abcdef0_2026-11-24_0648-UTC_0.7.8.tar.gz"
    eks.write_bytes(tar_of({"kernel/dmesg.current": DMESG.encode()}, "w:gz"))
    assert report(sos).groups[0].mount.node == "ip-10-0-1-2"
    assert report(eks).groups[0].mount.node == "i-0123456789abcdef0"


def test_events_as_json_and_yaml_say_the_same(tmp_path: Path) -> None:
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "app.18", "namespace": "team"},
        "involvedObject": {"kind": "Pod", "name": "app", "namespace": "team"},
        "reason": "FailedMount",
        "message": EVENT.split("kubelet  ", 1)[1],
        "source": {"component": "kubelet", "host": "node-1"},
        "firstTimestamp": "2026-11-24T06:00:00Z",
        "lastTimestamp": "2026-11-24T06:40:00Z",
        "eventTime": None,
        "count": 12,
        "type": "Warning",
    }
    (tmp_path / "json").write_text(json.dumps({"apiVersion": "v1", "items": [event], "kind": "List"}, indent=4))
    message = event["message"]
    assert isinstance(message, str)
    (tmp_path / "yaml").write_text(
        "apiVersion: v1\nitems:\n- apiVersion: v1\n  count: 12\n  eventTime: null\n"
        '  firstTimestamp: "2026-11-24T06:00:00Z"\n  involvedObject:\n    kind: Pod\n    name: app\n    namespace: team\n'
        '  kind: Event\n  lastTimestamp: "2026-11-24T06:40:00Z"\n  message: |\n    '
        + message.replace("\n", "\n    ")
        + "\n  metadata:\n    name: app.18\n    namespace: team\n  reason: FailedMount\n  source:\n    component: kubelet\n"
        "    host: node-1\n  type: Warning\nkind: List\n"
    )
    one, other = report(tmp_path / "json").groups, report(tmp_path / "yaml").groups
    assert one == other
    (symptom,) = one[0].symptoms
    assert (symptom.medium, symptom.count, symptom.origin) == (Medium.EVENT, 12, "event team/app.18")
    assert (symptom.first_seen, symptom.last_seen) == ("2026-11-24T06:00:00Z", "2026-11-24T06:40:00Z")
    assert (symptom.mount.pod, symptom.mount.node, symptom.mount.volume) == ("team/app", "node-1", "pv")


def test_an_event_and_the_nodes_kernel_log_come_together(tmp_path: Path) -> None:
    (tmp_path / "dmesg").write_text(DMESG)
    (tmp_path / "event").write_text(EVENT.replace("/abc", "/znqu5bev").replace("'abc'", "'znqu5bev'"))
    (group,) = report(tmp_path / "dmesg", tmp_path / "event").groups
    assert group.mount.volume == "pv" and len(group.symptoms) == 4


def test_two_mounts_are_two_groups(tmp_path: Path) -> None:
    (tmp_path / "e").write_text(f"{EVENT}\n" + EVENT.replace('"pv"', '"other"').replace("abc", "xyz"))
    assert [group.mount.volume for group in report(tmp_path / "e").groups] == ["pv", "other"]


@pytest.mark.parametrize("name", ["abcdefgh", "fsx", "ddyezbev", "scratch1", "zz9", "lustre01", "b3nx2bmv", "home"])
def test_a_line_is_of_the_mount_with_which_it_has_most_in_common(tmp_path: Path, name: str) -> None:
    failed = (
        f"LustreError: 11-0: {name}-OST0001-osc-ffff8880: operation ost_connect to node (at 10.0.0.%d@tcp) failed: "
    )
    log = tmp_path / "log"
    log.write_text(
        "".join(f"Nov  3 04:05:06 node-{n} kernel: {failed % n}rc = -16\n" for n in (1, 2, 3))
        + f"{failed % 2}rc = -122\n"
    )
    by_source = {group.mount.source: [s.text[-3:] for s in group.symptoms] for group in report(log).groups}
    assert by_source == {
        f"10.0.0.1@tcp:/{name}": ["-16"], f"10.0.0.2@tcp:/{name}": ["-16", "122"], f"10.0.0.3@tcp:/{name}": ["-16"],
    }  # fmt: skip


def test_a_pod_made_anew_is_the_same_mount_and_another_node_is_not(tmp_path: Path) -> None:
    def line(pod: str, node: str, minute: int) -> str:
        target = f"/var/lib/kubelet/pods/{pod}/volumes/kubernetes.io~csi/pv/mount"
        return (
            f"2026-11-24T06:{minute:02d}:00Z {node} kubelet[1]: MountVolume.SetUp failed: Could not mount "
            f'"10.0.0.1@tcp:/abc" at "{target}": Output: mount.lustre: mount 10.0.0.1@tcp:/abc at {target} failed: '
            "Invalid argument"
        )

    (tmp_path / "k").write_text("\n".join((line("aa", "n1", 1), line("bb", "n1", 2), line("cc", "n2", 3))))
    assert [(g.mount.node, len(g.symptoms)) for g in report(tmp_path / "k").groups] == [("n1", 2), ("n2", 1)]


def test_failures_days_apart_are_two_incidents_and_a_lasting_one_is_one(tmp_path: Path) -> None:
    hint = "mount.lustre: mount 10.0.0.1@tcp:/abc at /mnt failed: Input/output error Is the MGS running?"
    invalid = "mount.lustre: mount 10.0.0.1@tcp:/abc at /mnt failed: Invalid argument"
    lines = [
        f"2026-11-2{day}T06:0{minute}:00Z n1 x: {text}" for day, text in ((3, hint), (5, invalid)) for minute in (1, 2)
    ]
    (tmp_path / "k").write_text("\n".join(lines))
    groups = report(tmp_path / "k").groups
    assert [[(s.count, s.first_seen[:10]) for s in g.symptoms] for g in groups] == [
        [(2, "2026-11-23")],
        [(2, "2026-11-25")],
    ]


def test_noise_is_counted_as_noise(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("LustreError: error invoking upcall /usr/sbin/lctl set_param x: rc = -2\n" * 3)
    found = report(tmp_path / "k")
    assert found.groups == () and [(noise.cause, noise.times) for noise in found.benign] == [("upcall", 3)]


def test_a_text_against_a_cause_is_kept_beside_it_only(tmp_path: Path) -> None:
    restored = "Lustre: abc-client: Connection restored to 10.0.0.1@tcp"
    (tmp_path / "alone").write_text(restored)
    (tmp_path / "both").write_text(
        f"mount.lustre: mount 10.0.0.1@tcp:/abc at /m failed\nIs the MGS running?\n{restored}\n"
    )
    assert report(tmp_path / "alone").groups == ()
    assert [restored in s.text for s in report(tmp_path / "both").groups[0].symptoms] == [False, True]


@pytest.mark.parametrize(
    ("make", "detail"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.write_bytes(zip_of({"a.log": DMESG.encode()})[:90]), "ends too early"),
        (lambda path: path.write_bytes(zip_of({"../a.log": DMESG.encode()})), "leads out of the archive"),
        (lambda path: path.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(100)), "packed as zstd"),
        (lambda path: path.write_bytes(b"LPKSHHRH" + bytes(100)), "a binary journal"),
        (lambda path: path.write_bytes(b"\x7fELF" + bytes(5000)), "not a text"),
        (lambda path: path.write_bytes(gzip.compress(DMESG.encode())[:-20]), "ends too early"),
        (lambda path: path.write_bytes(gzip.compress(DMESG.encode()) + b"trailing rubbish"), "damaged gzip"),
        (lambda path: path.write_bytes(tar_of({"a": DMESG.encode()})[:700]), "ends inside a file"),
    ],
)
def test_what_cannot_be_read_is_reported(tmp_path: Path, make: object, detail: str) -> None:
    path = tmp_path / "given"
    make(path)  # type: ignore[operator]
    found = report(path)
    assert len(found.problems) == 1 and detail in found.problems[0].detail and str(path) in found.problems[0].what
