"""What the API server takes of objects, as its own validation has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.request.manifest_filled_in import nothing_was_left_open
from checks.request.manifest_valid import objects_are_valid
from diag.model.verdict import Verdict
from tests.checks.given import findings
from tests.manifests.written import CLAIM, VOLUME, read

CLASS = """\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: fsx-sc
provisioner: fsx.csi.aws.com
reclaimPolicy: Delete
volumeBindingMode: Immediate
"""


@pytest.mark.parametrize("text", [VOLUME, CLAIM, CLASS, CLAIM.replace("name: fsx-pvc", "generateName: data-")])
def test_healthy_objects_are_taken(tmp_path: Path, text: str) -> None:
    [found] = findings(objects_are_valid, manifest_set=read(tmp_path, text))
    assert found.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (VOLUME.replace("name: fsx-pv", "name: FSx_PV"), "name is 'FSx_PV'"),
        (VOLUME.replace("[ReadWriteMany]", "[]"), "accessModes are required"),
        (VOLUME.replace("ReadWriteMany", "ReadWriteAll"), "accessModes has 'ReadWriteAll'"),
        (VOLUME.replace("ReadWriteMany", "ReadWriteOncePod, ReadWriteMany"), "goes alone"),
        (VOLUME.replace("1200Gi", "1200GB"), "capacity.storage is '1200GB'"),
        (VOLUME.replace("storage: 1200Gi", "size: 1200Gi"), "capacity.storage is required"),
        (VOLUME.replace("    volumeHandle: fs-0123456789abcdef0\n", ""), "volumeHandle is required"),
        (VOLUME.replace("spec:\n", "spec:\n  persistentVolumeReclaimPolicy: Keep\n"), "persistentVolumeReclaimPolicy"),
        (VOLUME.replace("spec:\n", "spec:\n  volumeMode: File\n"), "volumeMode is 'File'"),
        (CLAIM.replace("storage: 1200Gi", "storage: '-1'"), "resources.requests.storage"),
        (CLAIM.replace("storage: 1200Gi", "storage: '0'"), "not greater than zero"),
        (CLAIM.replace("name: fsx-pvc", "name: fsx-pvc\n  namespace: team.data"), "namespace is 'team.data'"),
        (CLAIM.replace("spec:\n", "spec:\n  storageClassName: FSX_SC\n"), "storageClassName is 'FSX_SC'"),
        (CLASS.replace("Delete", "Recycle"), "reclaimPolicy is 'Recycle'"),
        (CLASS.replace("Immediate", "WaitForConsumer"), "volumeBindingMode is 'WaitForConsumer'"),
        (CLASS.replace("provisioner: fsx.csi.aws.com\n", ""), "provisioner is required"),
    ],
)  # fmt: skip
def test_what_the_api_server_refuses(tmp_path: Path, text: str, message: str) -> None:
    [found] = findings(objects_are_valid, manifest_set=read(tmp_path, text))
    assert found.verdict is Verdict.FAIL and message in found.message, found.message


@pytest.mark.parametrize(
    "text",
    [
        CLAIM.replace("name: fsx-pvc", "name: fsx-pvc\n  namespace: <namespace>"),
        CLAIM.replace("name: fsx-pvc", "name: CHANGEME"),
        CLAIM.replace("storage: 1200Gi", "storage: ${SIZE}"),
        CLASS.replace("reclaimPolicy: Delete", "reclaimPolicy: '{{ .Values.policy }}'"),
    ],
)
def test_what_was_never_filled_in_is_reported_once(tmp_path: Path, text: str) -> None:
    manifests = read(tmp_path, text)
    [found] = findings(nothing_was_left_open, manifest_set=manifests)
    assert found.verdict is Verdict.FAIL
    assert all(other.verdict is Verdict.PASS for other in findings(objects_are_valid, manifest_set=manifests))
