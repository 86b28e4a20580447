"""`run -f … --fix`: what is certain is written, shown first, and nothing more the second time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import Ran, run
from tests.gate.test_judged_by_hand import STATIC, edited
from tests.manifests.written import VOLUME

CLASS = """\
# the team's class
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: fsx-sc
provisioner: fsx.csi.aws.com
parameters:
  subnetId: subnet-0123456789abcdef0   # private
  securityGroupIds: "sg-0123456789abcdef0, sg-0123456789abcdef1"
  deploymenttype: SCRATCH_2
  dataCompressionType: 'lz4'
  fileSystemTypeVersion: "2.15"
"""
RIGHT = (
    CLASS.replace(", sg-", ",sg-").replace("deploymenttype:", "deploymentType:").replace("'lz4'", "'LZ4'")
)  # fmt: skip


def fix(path: Path, *more: str) -> Ran:
    return run("run", "-f", str(path), "--offline", "--fix", *more)


def test_what_is_certain_is_written_with_everything_else_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "class.yaml"
    path.write_text(CLASS)
    path.chmod(0o640)
    ran = fix(path)
    assert path.read_text() == RIGHT
    assert path.stat().st_mode & 0o777 == 0o640
    assert ran.code == 0, ran.out
    assert "-  deploymenttype: SCRATCH_2" in ran.err and "+  deploymentType: SCRATCH_2" in ran.err
    again = fix(path)
    assert path.read_text() == RIGHT and "+++" not in again.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["class.yaml"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_files_own_encoding_and_line_ends_stay(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "class.yaml"
    path.write_bytes(CLASS.replace("\n", "\r\n").encode(encoding))
    assert fix(path).code == 0
    assert path.read_bytes() == RIGHT.replace("\n", "\r\n").encode(encoding)


def test_a_number_where_a_string_is_wanted_is_quoted(tmp_path: Path) -> None:
    path = tmp_path / "class.yaml"
    path.write_text(RIGHT.replace('fileSystemTypeVersion: "2.15"', "fileSystemTypeVersion: 2.10  # oldest"))
    assert fix(path).code == 0
    assert 'fileSystemTypeVersion: "2.10"  # oldest' in path.read_text()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("deploymenttype: SCRATCH_2", "deploymentType: SCRATCH"),
        ("deploymenttype: SCRATCH_2", "deployment: SCRATCH_2"),
        ("subnetId: subnet-0123456789abcdef0", "subnetId: subnet-xxxx"),
    ],
)
def test_what_a_person_has_to_decide_is_left_alone(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "class.yaml"
    text = RIGHT.replace("deploymentType", "deploymenttype").replace(old, new)
    path.write_text(text)
    before = path.read_text()
    fix(path)
    changed = [line for line in path.read_text().splitlines() if line not in before.splitlines()]
    assert all(new not in line for line in changed) and new in path.read_text()


def test_keys_of_attributes_are_spelt_as_the_driver_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "pv.yaml"
    path.write_text(VOLUME.replace("dnsname:", "dnsName:"))
    assert fix(path).code == 0
    assert path.read_text() == VOLUME


def test_a_link_is_refused_and_pipes_are_not_written(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text(CLASS)
    (tmp_path / "link.yaml").symlink_to(tmp_path / "real.yaml")
    ran = fix(tmp_path / "link.yaml")
    assert ran.code == 2 and "is a link" in ran.err
    assert (tmp_path / "real.yaml").read_text() == CLASS
    assert run("run", "-f", "-", "--offline", "--fix", stdin=CLASS).code == 3
    assert run("run", "--fix", "--snapshot", "x").code == 2


def test_sarif_has_what_a_reviewer_can_apply(tmp_path: Path) -> None:
    path = tmp_path / "class.yaml"
    path.write_text(CLASS)
    ran = run("run", "-f", str(path), "--offline", "--format", "sarif")
    [applied] = [r["fixes"][0] for r in json.loads(ran.out)["runs"][0]["results"]
                 if r.get("fixes") and "LZ4" in r["fixes"][0]["description"]["text"]]  # fmt: skip
    [replacement] = applied["artifactChanges"][0]["replacements"]
    region = replacement["deletedRegion"]
    line = CLASS.splitlines()[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "lz4"
    assert replacement["insertedContent"]["text"] == "LZ4"


WORDS = VOLUME.replace("1200Gi", "1200 GiB   # what the file system has").replace(
    "accessModes: [ReadWriteMany]\n",
    "accessModes:\n    - readwritemany\n    - RWO\n  persistentVolumeReclaimPolicy: retain\n",
)


def test_words_of_kubernetes_are_written_as_it_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "volume.yaml"
    path.write_text(WORDS)
    ran = fix(path)
    right = WORDS.replace("1200 GiB", "1200Gi").replace("readwritemany", "ReadWriteMany")
    right = right.replace("- RWO", "- ReadWriteOnce").replace("retain", "Retain")
    assert (path.read_text(), ran.code) == (right, 0)
    assert fix(path).err.count("+++") == 0 and path.read_text() == right


@pytest.mark.parametrize("size", ["1200mb", "1200 gallons", "lots", "12,00Gi"])
def test_a_size_that_may_mean_two_things_is_left_to_a_person(tmp_path: Path, size: str) -> None:
    path = tmp_path / "volume.yaml"
    path.write_text(WORDS.replace("1200 GiB", f'"{size}"').replace("readwritemany", "ReadWriteMany"))
    assert fix(path).code == 3
    assert f'storage: "{size}"' in path.read_text()


def test_fields_of_kubernetes_are_spelt_as_they_are_meant_and_nothing_else_moves(tmp_path: Path) -> None:
    """Keys before a value, before a block, and in quotes; a key that is only nearly one is left to a person."""
    edits = (("volumeHandle:", "volumehandle:"), ("  accessModes:\n", "  accessmodes: # all nodes\n"),
             ("  csi:", "  CSI:"), ("mountname:", "mountName:"), ("claimName:", '"claimname":'))  # fmt: skip
    wrong = edited(STATIC, *edits)
    path = tmp_path / "x.yaml"
    path.write_text(wrong)
    first = run("run", "-f", str(path), "--offline", "--fix")
    right = edited(STATIC, ("  accessModes:\n", "  accessModes: # all nodes\n"), ("claimName:", '"claimName":'))
    assert (first.code, path.read_text()) == (0, right), first.out
    again = run("run", "-f", str(path), "--offline", "--fix")
    assert (again.code, path.read_text()) == (0, right)
    path.write_text(edited(STATIC, ("volumeHandle:", "volumeID:")))
    before = path.read_text()
    assert run("run", "-f", str(path), "--offline", "--fix").code == 3
    assert path.read_text() == before
