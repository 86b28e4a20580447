"""The examples of the driver's releases 1.0 to 1.9, by their values: judged as the driver and FSx would.

The files are the same in every release but for the EFA example, which came with 1.7.0. Release 1.10 is not read yet and
taken to be like 1.9. Source: aws-fsx-csi-driver v1.0.0 … v1.9.0, examples/kubernetes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import run

NETWORK = {"subnetId": "subnet-0123456789abcdef0", "securityGroupIds": "sg-0123456789abcdef0"}
LINKED = {"s3ImportPath": "s3://a-bucket", "s3ExportPath": "s3://a-bucket/export"}
WHOLE = {
    "deploymentType": "PERSISTENT_1", "automaticBackupRetentionDays": "1", "dailyAutomaticBackupStartTime": "00:00",
    "copyTagsToBackups": "true", "perUnitStorageThroughput": "200", "dataCompressionType": "NONE",
    "weeklyMaintenanceStartTime": "7:09:00", "fileSystemTypeVersion": "2.12", "extraTags": "Tag1=Value1,Tag2=Value2",
}  # fmt: skip
EFA = {
    "deploymentType": "PERSISTENT_2", "perUnitStorageThroughput": "1000", "fileSystemTypeVersion": "2.15",
    "metadataConfigurationMode": "AUTOMATIC", "efaEnabled": "true",
}  # fmt: skip
SINCE_EFA = ("1.3.0", "1.7.0", "1.9.0", "1.10.0")
BEFORE_EFA = ("1.0.0", "1.1.0", "1.2.0")

DRIVER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: fsx-csi-controller, namespace: kube-system}
spec:
  selector: {matchLabels: {app: fsx-csi-controller}}
  template:
    metadata: {labels: {app: fsx-csi-controller}}
    spec:
      containers:
        - {name: fsx-plugin, image: "public.ecr.aws/fsx-csi-driver/aws-fsx-csi-driver:vRELEASE"}
---
"""


def files(parameters: dict[str, str], size: str, release: str) -> str:
    given = "\n".join(f'  {key}: "{value}"' for key, value in parameters.items())
    return f"""{DRIVER.replace("RELEASE", release)}kind: StorageClass
apiVersion: storage.k8s.io/v1
metadata:
  name: fsx-sc
provisioner: fsx.csi.aws.com
parameters:
{given}
mountOptions:
  - flock
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: fsx-claim
spec:
  accessModes:
    - ReadWriteMany
  storageClassName: fsx-sc
  resources:
    requests:
      storage: {size}
---
apiVersion: v1
kind: Pod
metadata:
  name: fsx-app
spec:
  containers: [{{name: app, image: "amazonlinux:2"}}]
  volumes: [{{name: persistent-storage, persistentVolumeClaim: {{claimName: fsx-claim}}}}]
"""


@pytest.mark.parametrize("release", BEFORE_EFA + SINCE_EFA)
@pytest.mark.parametrize(
    ("parameters", "size"),
    [
        ({**NETWORK, **WHOLE}, "1200Gi"),
        ({**NETWORK, **LINKED, "deploymentType": "SCRATCH_2"}, "1200Gi"),
        ({**NETWORK, "deploymentType": "SCRATCH_2"}, "1200Gi"),
    ],
    ids=["dynamic", "s3", "plain"],
)
def test_what_every_release_makes_is_green(tmp_path: Path, parameters: dict[str, str], size: str, release: str) -> None:
    (tmp_path / "x.yaml").write_text(files(parameters, size, release))
    ran = run("run", "-f", str(tmp_path / "x.yaml"), "--offline")
    assert ran.code == 0, ran.out


@pytest.mark.parametrize(
    ("changes", "size", "release", "code"),
    [
        *(({}, "4800Gi", release, 0) for release in SINCE_EFA),
        *(({}, "4800Gi", release, 3) for release in BEFORE_EFA),
        ({}, "1200Gi", "1.9.0", 3),
        ({"subnetId": "<insert subnet ID>"}, "4800Gi", "1.9.0", 3),
    ],
)
def test_the_efa_example_needs_a_driver_that_reads_it_its_size_and_its_network(
    tmp_path: Path, changes: dict[str, str], size: str, release: str, code: int
) -> None:
    (tmp_path / "x.yaml").write_text(files({**NETWORK, **EFA, **changes}, size, release))
    ran = run("run", "-f", str(tmp_path / "x.yaml"), "--offline")
    assert ran.code == code, ran.out


def test_the_class_of_the_readme_is_refused_by_fsx(tmp_path: Path) -> None:
    """HDD without driveCacheType and throughput: the text of every release's README shows it."""
    parameters = {**NETWORK, "deploymentType": "PERSISTENT_1", "storageType": "HDD"}
    (tmp_path / "x.yaml").write_text(files(parameters, "6000Gi", "1.9.0"))
    ran = run("run", "-f", str(tmp_path / "x.yaml"), "--offline", "--format", "json")
    failed = " ".join(f["message"] for f in ran.document["findings"] if f["verdict"] == "fail")
    assert ran.code == 3 and "perUnitStorageThroughput" in failed and "driveCacheType" in failed
