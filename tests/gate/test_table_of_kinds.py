"""docs/gate.md says what is read of each kind of file, what judges it and what is said of the rest: all of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from diag.cli.run import command
from diag.run.execute import execute
from diag.run.report import report_on
from diag.run.request import build_request
from tests.gate import test_every_format as writers
from tests.gate.test_judged_by_hand import CLASS, PROVISIONED, STATIC

PAGE = Path(__file__).parents[2] / "docs" / "gate.md"
KERNEL = "6.12.46-66.121.amzn2023.x86_64"
FS, GROUP = "aws_fsx_lustre_file_system", "aws_security_group"


def rows() -> dict[str, list[str]]:
    """The table's rows, by the first words of their first cell."""
    text = PAGE.read_text()
    table = text[text.index("| file | read |") : text.index("* Folders with files")]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()[2:] if line]
    return {row[0]: row for row in cells}


class Sample(NamedTuple):
    """A file of a kind, or one of that kind that is not read with what has to be said of it."""

    name: str
    text: str
    said: str = ""


ROLE = "arn:aws:iam::111122223333:role/fsx"
ACCOUNT = f"""\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: fsx-csi-controller-sa
  namespace: kube-system
  annotations: {{eks.amazonaws.com/role-arn: "{ROLE}"}}
"""
IMAGE = "602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/aws-fsx-csi-driver"
DRIVER = f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: fsx-csi-controller, namespace: kube-system}}
spec:
  selector: {{matchLabels: {{app: x}}}}
  template:
    metadata: {{labels: {{app: x}}}}
    spec: {{containers: [{{name: fsx-plugin, image: "{IMAGE}:v1.9.0"}}]}}
"""
VALUES: dict[str, Any] = {
    "image": {"repository": IMAGE, "tag": "v1.9.0"},
    "controller": {"serviceAccount": {"create": True, "annotations": {"eks.amazonaws.com/role-arn": ROLE}}},
}
ATTRIBUTES = {**writers.attributes(writers.SCRATCH), "security_group_ids": [f"{GROUP}.fsx"]}
RULES = {"name": "fsx", "ingress": [{"from_port": 988, "to_port": 988, "protocol": "tcp", "self": True}]}
TERRAFORM_VOLUME = json.loads(writers.volume_of_a_plan("v", writers.EXISTING[0]))


def terraform() -> str:
    made = [
        {"address": f"{type}.x", "mode": "managed", "type": type, "name": "x", "values": values}
        for type, values in ((FS, ATTRIBUTES), (GROUP, RULES))
    ]
    made += TERRAFORM_VOLUME["planned_values"]["root_module"]["resources"]
    use = {"address": f"{FS}.x", "mode": "managed", "type": FS, "name": "x",
           "expressions": {"security_group_ids": {"references": [f"{GROUP}.x.id", f"{GROUP}.x"]}}}  # fmt: skip
    return json.dumps({"format_version": "1.2", "planned_values": {"root_module": {"resources": made}},
                       "configuration": {"root_module": {"resources": [use]}}})  # fmt: skip


SOURCE = f"""\
resource "{FS}" "x" {{
  storage_capacity = 1200
  subnet_ids = ["subnet-0123456789abcdef0"]
  deployment_type = "SCRATCH_2"
  security_group_ids = [{GROUP}.x.id]
}}
resource "{GROUP}" "x" {{
  name = "fsx"
  ingress {{
    from_port = 988
    to_port = 988
    protocol = "tcp"
    self = true
  }}
}}
resource "kubernetes_persistent_volume_v1" "v" {{
  metadata {{
    name = "v"
  }}
  spec {{
    capacity = {{ storage = "1200Gi" }}
    access_modes = ["ReadWriteMany"]
    persistent_volume_source {{
      csi {{
        driver = "fsx.csi.aws.com"
        volume_handle = "fs-0123456789abcdef0"
        volume_attributes = {{
          dnsname = "fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com"
          mountname = "abcdebev"
        }}
      }}
    }}
  }}
}}
"""
TEMPLATE = json.dumps({"Resources": {
    "Fs": {"Type": "AWS::FSx::FileSystem",
           "Properties": {**writers.api(writers.SCRATCH), "SecurityGroupIds": [{"Ref": "Group"}]}},
    "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "x", "SecurityGroupIngress": [
        {"IpProtocol": "tcp", "FromPort": 988, "ToPort": 1023, "CidrIp": "10.0.0.0/8"}]}},
    "Cluster": {"Type": "AWS::SageMaker::Cluster", "Properties": writers.of_hyperpod(writers.EXISTING[0])},
}})  # fmt: skip
EKSCTL = f"""\
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: {{name: x, region: eu-west-1, version: "1.34"}}
addons: [{{name: aws-fsx-csi-driver, serviceAccountRoleARN: "{ROLE}"}}]
managedNodeGroups: [{{name: workers, amiFamily: AmazonLinux2023}}]
"""
MOUNT = writers.EXISTING[0]

SAMPLES: dict[str, list[Sample]] = {
    "Kubernetes YAML": [
        Sample("static.yaml", f"{STATIC}---\n{ACCOUNT}---\n{DRIVER}"),
        Sample("class.yaml", PROVISIONED.replace("fsx-claim", "dynamic").replace("fsx-app", "second")),
        Sample("open.yaml", CLASS.replace("fsx-sc", "<class>")),
        Sample("pod.yaml", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: fsx-loose}\nspec:\n"
               "  accessModes: [ReadWriteMany]\n  volumeName: elsewhere\n  resources: {requests: {storage: 1Gi}}\n"),
        Sample("other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", "1 ConfigMap"),
        Sample("old.yaml", CLASS.replace("storage.k8s.io/v1", "storage.k8s.io/v1beta1"), "it is in storage.k8s.io/v1"),
        Sample("typo.yaml", CLASS.replace("reclaimPolicy", "reclaimpolicy"), "reclaimPolicy is meant"),
    ],
    "Helm values": [
        Sample("values.yaml", json.dumps(VALUES)),
        Sample("umbrella.yaml", json.dumps({"aws-fsx-csi-driver": VALUES})),
        Sample("flux.yaml", json.dumps({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "x"},
            "spec": {"chart": {"spec": {"chart": "aws-fsx-csi-driver"}}, "values": VALUES}})),
        Sample("argo.yaml", json.dumps({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "x"},
            "spec": {"source": {"chart": "aws-fsx-csi-driver", "helm": {"valuesObject": VALUES}}}})),
        Sample("nginx.yaml", "replicas: 2\n", "it begins with replicas"),
        Sample("chart/Chart.yaml", "apiVersion: v2\nname: x\nversion: 1.0.0\n", "has to be rendered"),
    ],
    "kustomization.yaml": [
        Sample("kustomization.yaml", json.dumps({"images": [{"name": IMAGE, "newTag": "v1.9.0"}]})),
        Sample("more/kustomization.yaml", "resources: [a.yaml]\n", "kustomization without an image of the driver"),
    ],
    "`terraform show -json`": [
        Sample("plan.json", terraform()),
        Sample("open.json", json.dumps({"format_version": "1.2", "planned_values": {"root_module": {"resources": [
            {"address": f"{FS}.open", "mode": "managed", "type": FS, "name": "open",
             "values": {"storage_capacity": 1200, "subnet_ids": None}}]}}, "resource_changes": [
            {"address": f"{FS}.open", "change": {"after_unknown": {"subnet_ids": True, "deployment_type": True,
             "file_system_type_version": True}}}]}), "known only after apply"),
    ],
    "Terraform source": [
        Sample("main.tf", SOURCE),
        Sample("main.tf.json", json.dumps({"resource": {FS: {"j": ATTRIBUTES}}})),
        Sample("damaged.tf", f'resource "{FS}" "x" {{\n  ((\n', "give the plan instead: terraform show -json"),
        Sample("variable.tf", f'resource "{FS}" "o" {{\n  deployment_type = var.type\n}}\n', "known only after apply"),
    ],
    "CloudFormation": [
        Sample("template.json", TEMPLATE),
        Sample("empty.yaml", "AWSTemplateFormatVersion: '2010-09-09'\nResources: {B: {Type: AWS::S3::Bucket}}\n",
               "CloudFormation template without FSx for Lustre"),
    ],
    "`aws fsx create-file-system": [
        Sample("input.json", writers.skeleton("x", writers.SCRATCH)),
        Sample("input.yaml", writers.skeleton_in_yaml("x", writers.SCRATCH)),
        Sample("zfs.json", json.dumps({"FileSystemType": "OPENZFS", "SubnetIds": ["x"]}), "type OPENZFS"),
    ],
    "eksctl": [
        Sample("cluster.yaml", EKSCTL),
        Sample("input.json", writers.skeleton("x", writers.SCRATCH)),
    ],
    "ParallelCluster": [
        Sample("cluster.yaml", str(writers.parallelcluster("x", writers.SCRATCH))),
        Sample("mount.yaml", writers.shared_storage("y", MOUNT)),
        Sample("version.yaml", str(writers.parallelcluster("z", writers.SCRATCH)), "known only after apply"),
    ],
    "SageMaker HyperPod": [
        Sample("cluster.json", json.dumps(writers.of_hyperpod(MOUNT))),
        Sample("provisioning_parameters.json", writers.scripts_of_hyperpod("x", MOUNT)),
        Sample("made.json", str(writers.hyperpod("x", writers.P2)), "known only after apply"),
    ],
    "AWS Batch": [
        Sample("job.json", json.dumps(writers.batch_job("<claim>"))),
        Sample("plain.json", json.dumps({"jobDefinitionName": "x", "type": "container"}),
               "Batch job definition without a PersistentVolumeClaim"),
    ],
}  # fmt: skip


def test_every_row_has_samples_and_every_sample_a_row() -> None:
    assert [next((name for name in SAMPLES if row.startswith(name)), row) for row in rows()] == list(SAMPLES)


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_row_is_true_to_the_letter(tmp_path: Path, kind: str) -> None:
    row = next(row for first, row in rows().items() if first.startswith(kind))
    for sample in SAMPLES[kind]:
        path = tmp_path / sample.name
        path.parent.mkdir(exist_ok=True)
        path.write_text(sample.text)
    words = ["-f", str(tmp_path), "--offline", "--assume-kernel", KERNEL]
    request = build_request(command.make_context("run", words).params)
    found = [f for f in report_on(execute(request), request).findings if not f.message.startswith("not asked")]
    judged = {finding.check for finding in found}
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", row[2]))
    assert named and named <= judged, named - judged
    messages = " ".join(finding.message for finding in found)
    assert [sample.said for sample in SAMPLES[kind] if sample.said not in messages] == []
