"""Every kind of file that people keep a file system in: what is read of it, and what is said of the rest."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from checks.driver.planned_images import planned_images_can_be_pulled
from checks.identity.planned_role import planned_account_names_a_role
from checks.network.planned_rules import planned_rules_let_lustre_in
from checks.request.manifest_readable import manifests_can_be_read
from checks.request.planned_file_system import planned_file_systems_can_be_made
from checks.request.planned_mount import planned_mounts_lead_somewhere
from checks.request.planned_version import planned_file_systems_suit_the_nodes
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.registry import Check
from tests.checks.given import FS, file_system, findings, table
from tests.manifests.written import VOLUME, problems, read

OFFLINE = Unavailable("cluster and account", Reason.OFFLINE, "not asked: --offline")


def verdicts(check: Check, folder: Path, text: str, name: str = "x.yaml", **facts: Any) -> list[tuple[Verdict, str]]:
    manifests = read(folder, text, name)
    assert not problems(manifests), problems(manifests)
    given = {"manifest_set": manifests, "demands": (), "node_kinds": OFFLINE, **facts}
    return [(found.verdict, found.message) for found in findings(check, **given)]


TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Subnet: {Type: String}
Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: lustre
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 988, ToPort: 1023, CidrIp: 10.0.0.0/16}
  Data:
    Type: AWS::FSx::FileSystem
    Properties:
      FileSystemType: LUSTRE
      StorageCapacity: 1200
      SubnetIds: [!Ref Subnet]
      SecurityGroupIds: [!GetAtt Group.GroupId]
      LustreConfiguration: {DeploymentType: SCRATCH_2}
"""


class TestCloudFormation:
    def test_a_healthy_one_is_green_with_its_group(self, tmp_path: Path) -> None:
        [(verdict, _)] = verdicts(planned_file_systems_can_be_made, tmp_path, TEMPLATE)
        assert verdict is Verdict.PASS
        [(verdict, _)] = verdicts(planned_rules_let_lustre_in, tmp_path, TEMPLATE)
        assert verdict is Verdict.PASS

    def test_it_is_made_without_a_version(self, tmp_path: Path) -> None:
        [(verdict, message)] = verdicts(planned_file_systems_suit_the_nodes, tmp_path, TEMPLATE)
        assert verdict is Verdict.SKIP and "2.10" in message

    @pytest.mark.parametrize(
        ("old", "new", "word"),
        [
            ("StorageCapacity: 1200", "StorageCapacity: '3600'", "StorageCapacity"),
            ("SCRATCH_2}", "PERSISTENT_2, PerUnitStorageThroughput: 200}", "PerUnitStorageThroughput"),
            ("SCRATCH_2}", "PERSISTENT_2}", "PerUnitStorageThroughput"),
            ("      StorageCapacity: 1200\n", "      StorageCapacity: !Ref AWS::NoValue\n", "StorageCapacity"),
        ],
    )
    def test_the_rules_of_a_class_hold(self, tmp_path: Path, old: str, new: str, word: str) -> None:
        [(verdict, message)] = verdicts(planned_file_systems_can_be_made, tmp_path, TEMPLATE.replace(old, new))
        assert verdict is Verdict.FAIL and word in message

    @pytest.mark.parametrize("value", ["!Ref Size", "!Sub '${Size}'", "{Ref: Size}", "!If [Big, 2400, 1200]"])
    def test_what_a_function_works_out_is_left_open(self, tmp_path: Path, value: str) -> None:
        text = TEMPLATE.replace("StorageCapacity: 1200", f"StorageCapacity: {value}")
        [(verdict, _)] = verdicts(planned_file_systems_can_be_made, tmp_path, text)
        assert verdict is Verdict.PASS

    def test_a_group_that_keeps_lustre_out_is_red_also_with_rules_of_their_own(self, tmp_path: Path) -> None:
        closed = TEMPLATE.replace("FromPort: 988, ToPort: 1023", "FromPort: 443, ToPort: 443")
        [(verdict, _)] = verdicts(planned_rules_let_lustre_in, tmp_path, closed)
        assert verdict is Verdict.FAIL
        rule = (
            "  Rule:\n    Type: AWS::EC2::SecurityGroupIngress\n    Properties:\n"
            "      {GroupId: !Ref Group, IpProtocol: tcp, FromPort: 988, ToPort: 1023,\n"
            "       SourceSecurityGroupId: !Ref Group}\n"
        )
        [(verdict, _)] = verdicts(planned_rules_let_lustre_in, tmp_path, closed + rule)
        assert verdict is Verdict.PASS

    def test_what_cdk_synthesizes_is_the_same_in_json(self, tmp_path: Path) -> None:
        properties = {"FileSystemType": "LUSTRE", "StorageCapacity": 3600, "SubnetIds": [{"Ref": "Subnet"}],
                      "LustreConfiguration": {"DeploymentType": "SCRATCH_2"}}  # fmt: skip
        text = json.dumps({"Resources": {"Data8F": {"Type": "AWS::FSx::FileSystem", "Properties": properties}}})
        [(verdict, _)] = verdicts(planned_file_systems_can_be_made, tmp_path, text, "Stack.template.json")
        assert verdict is Verdict.FAIL

    def test_other_file_systems_are_not_ours(self, tmp_path: Path) -> None:
        text = TEMPLATE.replace("FileSystemType: LUSTRE", "FileSystemType: ONTAP")
        assert verdicts(planned_file_systems_can_be_made, tmp_path, text) == []


SOURCE = """\
resource "aws_fsx_lustre_file_system" "data" {
  storage_capacity   = 1200
  subnet_ids         = [var.subnet]
  deployment_type    = "SCRATCH_2"
  security_group_ids = [aws_security_group.lustre.id]
}
"""


class TestTerraformSource:
    def test_literals_are_read_and_expressions_left_open(self, tmp_path: Path) -> None:
        pytest.importorskip("hcl2")
        [(verdict, _)] = verdicts(planned_file_systems_can_be_made, tmp_path, SOURCE, "main.tf")
        assert verdict is Verdict.PASS
        [(verdict, message)] = verdicts(planned_file_systems_suit_the_nodes, tmp_path, SOURCE, "main.tf")
        assert verdict is Verdict.SKIP and "SCRATCH_2 is made with Lustre 2.10" in message
        for old, new, expected in (
            ("1200", "3600", Verdict.FAIL),
            ("1200", "var.size", Verdict.PASS),
            ('"SCRATCH_2"', '"PERSISTENT_2"\n  per_unit_storage_throughput = 200', Verdict.FAIL),
            ('"SCRATCH_2"', '"PERSISTENT_2"\n  per_unit_storage_throughput = var.speed', Verdict.PASS),
        ):
            [(verdict, _)] = verdicts(planned_file_systems_can_be_made, tmp_path, SOURCE.replace(old, new), "main.tf")
            assert verdict is expected, new

    def test_the_group_that_it_names_is_judged(self, tmp_path: Path) -> None:
        pytest.importorskip("hcl2")
        group = 'resource "aws_security_group" "lustre" {\n  ingress {\n    from_port = 443\n    to_port = 443\n' \
                '    protocol = "tcp"\n    self = true\n  }\n}\n'  # fmt: skip
        [(verdict, _)] = verdicts(planned_rules_let_lustre_in, tmp_path, SOURCE + group, "main.tf")
        assert verdict is Verdict.FAIL
        opened = group.replace("from_port = 443", "from_port = 988").replace("to_port = 443", "to_port = 1023")
        [(verdict, _)] = verdicts(planned_rules_let_lustre_in, tmp_path, SOURCE + opened, "main.tf")
        assert verdict is Verdict.PASS

    @pytest.mark.parametrize(
        ("rules", "verdict"),
        [
            ("ingress {\nfrom_port = 988\nto_port = 1023\nprotocol = \"tcp\"\ncidr_blocks = [var.x]\n}", Verdict.PASS),
            ("ingress {\nfrom_port = var.x\nto_port = var.x\nprotocol = \"tcp\"\nself = true\n}", Verdict.UNKNOWN),
            ("dynamic \"ingress\" {\nfor_each = var.x\ncontent {\nfrom_port = 988\n}\n}", Verdict.UNKNOWN),
        ],
    )  # fmt: skip
    def test_what_expressions_say_of_a_group_is_not_guessed(self, tmp_path: Path, rules: str, verdict: Verdict) -> None:
        pytest.importorskip("hcl2")
        group = f'resource "aws_security_group" "lustre" {{\n{rules}\n}}\n'
        [(found, message)] = verdicts(planned_rules_let_lustre_in, tmp_path, SOURCE + group, "main.tf")
        assert found is verdict, message

    def test_terraform_makes_strings_of_what_it_puts_into_a_map_of_strings(self, tmp_path: Path) -> None:
        pytest.importorskip("hcl2")
        text = """resource "kubernetes_storage_class" "fsx" {
  metadata { name = "fsx-sc" }
  storage_provisioner = "fsx.csi.aws.com"
  parameters = { subnetId = "subnet-0123456789abcdef0", copyTagsToBackups = true }
}
"""
        [made] = read(tmp_path, text, "main.tf").classes
        assert (made.parameters or {})["copyTagsToBackups"] == "true"

    def test_json_syntax_needs_no_parser(self, tmp_path: Path) -> None:
        body = {"storage_capacity": 3600, "deployment_type": "SCRATCH_2", "subnet_ids": ["${var.subnet}"]}
        text = json.dumps({"resource": {"aws_fsx_lustre_file_system": {"data": body}}})
        [(verdict, _)] = verdicts(planned_file_systems_can_be_made, tmp_path, text, "main.tf.json")
        assert verdict is Verdict.FAIL

    def test_without_the_extra_it_is_one_sentence(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real = builtins.__import__

        def refuse(name: str, *rest: Any, **more: Any) -> Any:
            if name == "hcl2":
                raise ImportError(name)
            return real(name, *rest, **more)

        monkeypatch.setattr(builtins, "__import__", refuse)
        [(verdict, message)] = verdicts(manifests_can_be_read, tmp_path, SOURCE, "main.tf")
        assert verdict is Verdict.UNKNOWN and "terraform show -json" in message

    def test_a_damaged_one_is_named_and_never_in_a_yaml_parsers_words(self, tmp_path: Path) -> None:
        pytest.importorskip("hcl2")
        [(verdict, message)] = verdicts(manifests_can_be_read, tmp_path, SOURCE + "}}", "main.tf")
        assert verdict is Verdict.UNKNOWN and "terraform show -json" in message and "YAML" not in message

    def test_a_source_of_other_things_is_passed_by(self, tmp_path: Path) -> None:
        [(verdict, _)] = verdicts(manifests_can_be_read, tmp_path, 'resource "aws_vpc" "x" {}\n', "main.tf")
        assert verdict is Verdict.SKIP


SKELETON = {"FileSystemType": "LUSTRE", "StorageCapacity": 1200, "SubnetIds": ["subnet-0123456789abcdef0"],
            "LustreConfiguration": {"DeploymentType": "SCRATCH_2"}}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, [Verdict.PASS]),
        ({"StorageCapacity": 3600}, [Verdict.FAIL]),
        ({"SubnetIds": ["subnet-xxxx"]}, [Verdict.FAIL]),
        ({"FileSystemType": "OPENZFS"}, []),
    ],
)
def test_inputs_of_create_file_system(tmp_path: Path, changes: dict[str, Any], verdict: list[Verdict]) -> None:
    text = json.dumps({**SKELETON, **changes})
    found = verdicts(planned_file_systems_can_be_made, tmp_path, text, "create.json")
    assert [verdict for verdict, _ in found] == verdict


CLUSTER = """\
Region: eu-west-1
HeadNode: {InstanceType: m5.large}
Scheduling: {Scheduler: slurm}
SharedStorage:
  - MountDir: /fsx
    Name: scratch
    StorageType: FsxLustre
    FsxLustreSettings:
      STORAGE
"""


@pytest.mark.parametrize(
    ("storage", "check", "verdict"),
    [
        ("StorageCapacity: 1200", planned_file_systems_can_be_made, Verdict.PASS),
        ("StorageCapacity: 3600", planned_file_systems_can_be_made, Verdict.FAIL),
        ("{StorageCapacity: 1200, DeploymentType: PERSISTENT_2}", planned_file_systems_can_be_made, Verdict.FAIL),
        ("FileSystemId: fs-0123456789abcdef0", planned_mounts_lead_somewhere, Verdict.PASS),
        ("FileSystemId: fs-xxxxxxxx", planned_mounts_lead_somewhere, Verdict.FAIL),
        ("FileSystemId: lustre", planned_mounts_lead_somewhere, Verdict.FAIL),
    ],
)
def test_parallelcluster(tmp_path: Path, storage: str, check: Check, verdict: Verdict) -> None:
    [(found, message)] = verdicts(check, tmp_path, CLUSTER.replace("STORAGE", storage), file_systems=OFFLINE)
    assert found is verdict, message


def hyperpod(**config: str | int) -> str:
    group = {"InstanceGroupName": "workers", "InstanceStorageConfigs": [{"FsxLustreConfig": config}]}
    return json.dumps({"ClusterName": "hp", "InstanceGroups": [group]})


DNS = f"{FS}.fsx.ap-northeast-2.amazonaws.com"


@pytest.mark.parametrize(
    ("config", "verdict", "word"),
    [
        ({"DnsName": DNS, "MountName": "abcdebev"}, Verdict.PASS, ""),
        ({"DnsName": DNS}, Verdict.FAIL, "MountName is missing"),
        ({"DnsName": "<dns>", "MountName": "abcdebev"}, Verdict.FAIL, "DnsName"),
        ({"DnsName": DNS, "MountName": "abcdebev9"}, Verdict.FAIL, "allows 8"),
    ],
)
def test_hyperpod(tmp_path: Path, config: dict[str, str], verdict: Verdict, word: str) -> None:
    [(found, message)] = verdicts(planned_mounts_lead_somewhere, tmp_path, hyperpod(**config), file_systems=OFFLINE)
    assert found is verdict and word in message


def test_hyperpods_mount_name_against_fsx(tmp_path: Path) -> None:
    text = hyperpod(DnsName=DNS, MountName="wrongbev")
    [(found, message)] = verdicts(planned_mounts_lead_somewhere, tmp_path, text, file_systems=table(file_system()))
    assert found is Verdict.FAIL and "FSx says" in message
    scripts = json.dumps({"version": "1.0.0", "fsx_dns_name": DNS, "fsx_mountname": "CHANGEME"})
    [(found, _)] = verdicts(planned_mounts_lead_somewhere, tmp_path, scripts, file_systems=OFFLINE)
    assert found is Verdict.FAIL


def test_a_file_system_that_hyperpod_makes(tmp_path: Path) -> None:
    for config, verdict in (
        ({"SizeInGiB": 1200, "PerUnitStorageThroughput": 250}, Verdict.PASS),
        ({"SizeInGiB": 2000, "PerUnitStorageThroughput": 250}, Verdict.FAIL),
        ({"SizeInGiB": 1200, "PerUnitStorageThroughput": 200}, Verdict.FAIL),
    ):
        made = {"InstanceGroups": [{"EnvironmentConfig": {"FSxLustreConfig": config}}]}
        [(found, _)] = verdicts(planned_file_systems_can_be_made, tmp_path, json.dumps(made))
        assert found is verdict


def test_a_batch_job_on_eks_is_a_pod(tmp_path: Path) -> None:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "fsx-pvc"}}]
    text = json.dumps({"jobDefinitionName": "Train", "type": "container",
                       "eksProperties": {"podProperties": {"volumes": volumes}}})  # fmt: skip
    [pod] = read(tmp_path, text, "job.json").pods
    assert list(pod.spec.claim_names) == ["fsx-pvc"]


EKSCTL = """\
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: {name: c, region: eu-west-1, version: "1.33"}
addons:
  - {name: aws-fsx-csi-driver, serviceAccountRoleARN: ROLE}
managedNodeGroups:
  - {name: workers, amiFamily: FAMILY}
"""


@pytest.mark.parametrize(
    ("family", "verdict"), [("AmazonLinux2023", Verdict.FAIL), ("AmazonLinux2", Verdict.PASS), ("Bottlerocket", None)]
)
def test_eksctls_nodes_against_the_file_systems_version(tmp_path: Path, family: str, verdict: Verdict | None) -> None:
    """A file system without a version is 2.10, which the 2.15 client of AL2023 cannot mount."""
    text = EKSCTL.replace("FAMILY", family).replace("ROLE", "arn:aws:iam::111122223333:role/fsx") + "---\n" + TEMPLATE
    [(found, message)] = verdicts(planned_file_systems_suit_the_nodes, tmp_path, text)
    assert found is (verdict or Verdict.SKIP), message


@pytest.mark.parametrize(("role", "verdict"), [("arn:aws:iam::111122223333:role/fsx", Verdict.PASS),
                                               ("arn:aws:iam::111122223333:role/", Verdict.FAIL)])  # fmt: skip
def test_eksctls_addon_has_a_role(tmp_path: Path, role: str, verdict: Verdict) -> None:
    text = EKSCTL.replace("ROLE", role)
    [(found, _)] = verdicts(planned_account_names_a_role, tmp_path, text)
    assert found is verdict


BAD_IMAGE = "602401143452.dkr.ecr..amazonaws.com/eks/aws-fsx-csi-driver"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kustomization.yaml", f"images:\n- {{name: a/aws-fsx-csi-driver, newName: {BAD_IMAGE}, newTag: v1.9.0}}\n"),
        ("values.yaml", f"storage:\n  aws-fsx-csi-driver:\n    image: {{repository: {BAD_IMAGE}, tag: v1.9.0}}\n"),
        ("flux.yaml", "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: fsx}\n"
                      f"spec: {{values: {{image: {{repository: {BAD_IMAGE}}}}}}}\n"),
        ("argo.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: fsx}\n"
                      f"spec: {{source: {{helm: {{valuesObject: {{image: {{repository: {BAD_IMAGE}}}}}}}}}}}\n"),
    ],
)  # fmt: skip
def test_images_of_the_driver_wherever_they_are_written(tmp_path: Path, name: str, text: str) -> None:
    found = verdicts(planned_images_can_be_pulled, tmp_path, text, name)
    assert {verdict for verdict, _ in found} == {Verdict.FAIL}
    right = text.replace("ecr..", "ecr.eu-west-1.")
    found = verdicts(planned_images_can_be_pulled, tmp_path, right, name, cluster_identity=OFFLINE)
    assert {verdict for verdict, _ in found} == {Verdict.PASS}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_files_of_windows_editors_are_decoded(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.yaml"
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    path.write_bytes(mark + VOLUME.encode(encoding))
    from diag.sources.manifests.reader import read_manifests

    assert read_manifests((str(path),)).volumes[0].name == "fsx-pv"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", "1 ConfigMap"),
        ("replicas: 3\nimage: {repository: nginx}\n", "unknown kind (it begins with replicas, image)"),
        ("apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: x}\nspec: {tasks: []}\n", "1 Job"),
        ("Resources: {V: {Type: 'AWS::EC2::VPC'}}\n", "CloudFormation template"),
        ("", "no document"),
    ],
)
def test_what_else_was_seen_is_named(tmp_path: Path, text: str, kind: str) -> None:
    [(verdict, message)] = verdicts(manifests_can_be_read, tmp_path, text)
    assert verdict is Verdict.SKIP and kind in message, message


def test_a_kind_in_a_version_that_no_server_has(tmp_path: Path) -> None:
    text = "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: x}\nspec: {}\n"
    [found] = problems(read(tmp_path, text))
    assert "apps/v1" in found.told and found.location.line == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_wide_text_without_its_mark_is_refused_as_what_it_is(tmp_path: Path, encoding: str) -> None:
    from diag.sources.manifests.files import UnreadableManifest
    from diag.sources.manifests.reader import read_manifests

    (tmp_path / "x.yaml").write_bytes("kind: List\n".encode(encoding))
    [file] = read_manifests((str(tmp_path),)).files
    assert "byte order mark" in file.problems[0].told
    with pytest.raises(UnreadableManifest, match="byte order mark"):
        read_manifests((str(tmp_path / "x.yaml"),))
