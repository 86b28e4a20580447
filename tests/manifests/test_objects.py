"""Kubernetes objects, Helm values and lists of them, as the API would give them."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from diag.model.subject import Kind
from diag.sources.manifests import files
from diag.sources.manifests.files import UnreadableManifest
from diag.sources.manifests.reader import read_manifests
from tests.manifests.written import CLAIM, VOLUME, problems, read

STATEFUL_SET = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: trainer, namespace: ml}
spec:
  template:
    spec:
      containers: [{name: app, image: busybox}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        storageClassName: fsx-sc
        accessModes: [ReadWriteMany]
        resources: {requests: {storage: 1200Gi}}
"""

JOB = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers: [{name: app, image: busybox}]
          volumes: [{name: v, persistentVolumeClaim: {claimName: fsx-pvc}}]
"""


def test_a_stream_of_documents_gives_every_object_in_the_default_namespace(tmp_path: Path) -> None:
    found = read(tmp_path, f"{VOLUME}---\n{CLAIM}---\n{JOB}")
    assert [volume.handle for volume in found.volumes] == ["fs-0123456789abcdef0"]
    assert found.claims[0].key == ("default", "fsx-pvc")
    [pod] = found.pods
    assert (pod.metadata.name, pod.metadata.namespace, pod.spec.claim_names) == ("nightly", "default", ("fsx-pvc",))


def test_a_list_is_opened(tmp_path: Path) -> None:
    items = "".join(f"  {'- ' if i == 0 else '  '}{line}\n" for i, line in enumerate(VOLUME.splitlines()))
    found = read(tmp_path, f"apiVersion: v1\nkind: List\nitems:\n{items}")
    assert [volume.name for volume in found.volumes] == ["fsx-pv"]
    assert found.places[0].location.line == 4


def test_fields_have_their_places(tmp_path: Path) -> None:
    found = read(tmp_path, f"# first\n---\n{VOLUME}")
    [placed] = found.places
    assert (placed.subject.kind, placed.location.line) == (Kind.VOLUME, 3)
    assert (placed.fields["mountname"].line, placed.fields["mountname"].column) == (16, 18)


def test_a_stateful_set_makes_the_claim_of_its_first_pod(tmp_path: Path) -> None:
    found = read(tmp_path, STATEFUL_SET)
    assert found.claims[0].key == ("ml", "data-trainer-0")
    assert found.pods[0].spec.claim_names == ("data-trainer-0",)


def test_an_unquoted_number_as_an_attribute_is_told_where_it_stands(tmp_path: Path) -> None:
    [problem] = problems(read(tmp_path, VOLUME.replace("mountname: abcdebev", "mountname: 12345678")))
    assert "mountname" in problem.told and "quote it" in problem.told
    assert (problem.location.line, problem.location.column) == (14, 18)


def test_a_quantity_may_be_a_number(tmp_path: Path) -> None:
    found = read(tmp_path, VOLUME.replace("storage: 1200Gi", "storage: 1288490188800"))
    assert found.volumes[0].spec.capacity == {"storage": "1288490188800"}


def test_an_object_without_a_name_is_told(tmp_path: Path) -> None:
    [problem] = problems(read(tmp_path, VOLUME.replace("name: fsx-pv", "labels: {}")))
    assert "metadata.name" in problem.told


def test_null_is_absent_as_the_api_takes_it(tmp_path: Path) -> None:
    found = read(tmp_path, VOLUME.replace("accessModes: [ReadWriteMany]", "accessModes: null\n  mountOptions: ~"))
    assert not problems(found)
    assert found.volumes[0].spec.access_modes is None


def test_other_kinds_pass_by(tmp_path: Path) -> None:
    found = read(tmp_path, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\nfoo: bar\n")
    assert (found.files[0].objects, problems(found), found.places) == (0, (), ())


@pytest.mark.parametrize(("create", "ignored"), [("true", False), ("false", True)])
def test_helm_values_give_the_images_and_the_account(tmp_path: Path, create: str, ignored: bool) -> None:
    text = f"""\
image:
  repository: public.ecr.aws/fsx-csi-driver/aws-fsx-csi-driver
  tag: v1.9.0
controller:
  serviceAccount:
    create: {create}
    annotations:
      eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/
"""
    found = read(tmp_path, text, "values.yaml")
    images = {c.image for workload in found.drivers for c in workload.spec.template.spec.containers}
    assert images == {"public.ecr.aws/fsx-csi-driver/aws-fsx-csi-driver:v1.9.0"}
    [account] = found.accounts
    assert (account.account.role_arn, account.is_ignored) == ("arn:aws:iam::111122223333:role/", ignored)
    places = {placed.subject: placed for placed in found.places}
    assert places[account.subject].fields["eks.amazonaws.com/role-arn"].line == 8


def test_values_of_another_chart_are_not_taken_for_the_drivers(tmp_path: Path) -> None:
    found = read(tmp_path, "image: {repository: nginx, tag: '1'}\n", "values.yaml")
    assert (found.drivers, found.accounts) == ((), ())


def test_a_folder_is_read_with_each_file_once_but_for_hidden_ones_and_charts(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "pv.yml").write_text(VOLUME)
    (tmp_path / ".hidden.yaml").write_text(VOLUME)
    (tmp_path / "notes.txt").write_text("a: [")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "deep" / "pv.yml")
    (tmp_path / "chart" / "templates").mkdir(parents=True)
    (tmp_path / "chart" / "Chart.yaml").write_text("name: x\n")
    (tmp_path / "chart" / "templates" / "pv.yaml").write_text("name: {{ .Release.Name }}\n")
    found = read_manifests((str(tmp_path),))
    assert [volume.name for volume in found.volumes] == ["fsx-pv"]
    [problem] = problems(found)
    assert "helm template" in problem.told
    assert problem.location.file.endswith("Chart.yaml")


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(VOLUME.encode())

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert read_manifests(("-",)).files[0].name == "(standard input)"


def test_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(VOLUME))
    writer.start()
    assert read_manifests((str(pipe),)).volumes
    writer.join()


def test_what_cannot_be_read_is_said_with_its_name(tmp_path: Path) -> None:
    for name, told in (("absent.yaml", "No such file"), ("\0", "null byte")):
        with pytest.raises(UnreadableManifest, match=told):
            read_manifests((str(tmp_path / name),))
    with pytest.raises(UnreadableManifest, match="neither a file nor a pipe"):
        read_manifests(("/dev/null",))


def test_a_file_that_is_no_text_is_refused_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"kind: Pod\nname: \xff\xfe\n")
    with pytest.raises(UnreadableManifest, match=r"x\.yaml:2:7: not UTF-8"):
        read_manifests((str(tmp_path / "x.yaml"),))


def test_a_file_beyond_the_bound_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(100 << 20)
    with pytest.raises(UnreadableManifest, match="larger than 32 MiB"):
        read_manifests((str(huge),))
    monkeypatch.setattr(files, "LIMIT", 10)
    (tmp_path / "small.yaml").write_text("0123456789")
    assert not read_manifests((str(tmp_path / "small.yaml"),)).volumes
