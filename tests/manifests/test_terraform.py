"""Terraform plans: file systems, security groups and Kubernetes objects before they exist."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checks.network.planned_rules import planned_rules_let_lustre_in
from checks.request.planned_version import planned_file_systems_suit_the_nodes
from diag.analysis.storage_classes import Demand
from diag.model.finding import Finding
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.resources.target import Settings
from tests.checks.given import AL2, AL2023, findings, node, storage_class
from tests.manifests.written import plan, problems, read

FS = "aws_fsx_lustre_file_system.data"
SG = "aws_security_group.lustre"
USES = {FS: {"security_group_ids": [f"{SG}.id", SG]}}
OFFLINE = Unavailable("cluster and account", Reason.OFFLINE, "not asked: --offline")


def file_system(**values: Any) -> dict[str, Any]:
    return {"address": FS, "type": "aws_fsx_lustre_file_system", "values": {"deployment_type": "SCRATCH_2", **values}}


def group(*ingress: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "address": SG,
        "type": "aws_security_group",
        "values": {"name": "lustre", "ingress": list(ingress), **values},
    }


def opens(low: int, high: int, **source: Any) -> dict[str, Any]:
    return {"from_port": low, "to_port": high, "protocol": "tcp", **(source or {"self": True})}


def separate(name: str, low: int, high: int, **values: Any) -> dict[str, Any]:
    rule = {"from_port": low, "to_port": high, "ip_protocol": "tcp", "cidr_ipv4": "10.0.0.0/16", **values}
    return {"address": f"aws_vpc_security_group_ingress_rule.{name}", "type": "aws_vpc_security_group_ingress_rule",
            "values": rule}  # fmt: skip


def rules(folder: Path, text: str) -> tuple[Finding, ...]:
    return findings(planned_rules_let_lustre_in, manifest_set=read(folder, text, "plan.json"))


def versions(folder: Path, text: str, **given: Any) -> tuple[Finding, ...]:
    manifests = read(folder, text, "plan.json")
    return findings(planned_file_systems_suit_the_nodes, **{"manifest_set": manifests, "demands": (), **given})


@pytest.mark.parametrize(
    ("ingress", "verdict", "cause"),
    [
        ((opens(988, 988), opens(1018, 1023)), Verdict.PASS, ""),
        ((opens(0, 65535),), Verdict.PASS, ""),
        (({"from_port": 0, "to_port": 0, "protocol": "-1", "self": True},), Verdict.PASS, ""),
        ((opens(988, 1023, cidr_blocks=["10.0.0.0/8"]),), Verdict.PASS, ""),
        ((opens(1018, 1023),), Verdict.FAIL, "sg-missing-988"),
        ((opens(2049, 2049),), Verdict.FAIL, "sg-missing-988"),
        ((), Verdict.FAIL, "sg-missing-988"),
        (({**opens(988, 1023), "protocol": "udp"},), Verdict.FAIL, "sg-missing-988"),
        ((opens(988, 988),), Verdict.WARN, "sg-lustre-rules-incomplete"),
        ((opens(988, 1022),), Verdict.WARN, "sg-lustre-rules-incomplete"),
        ((opens(988, 1023, security_groups=["sg-0123456789abcdef0"]),), Verdict.WARN, "sg-self-rule-missing"),
    ],
)  # fmt: skip
def test_the_planned_groups_ports(
    tmp_path: Path, ingress: tuple[dict[str, Any], ...], verdict: Verdict, cause: str
) -> None:
    [found] = rules(tmp_path, plan(file_system(), group(*ingress), references=USES))
    assert (found.verdict, found.cause) == (verdict, cause)
    assert found.subject.name == SG


def test_rules_as_resources_of_their_own_count(tmp_path: Path) -> None:
    own = {
        f"aws_vpc_security_group_ingress_rule.{name}": {"security_group_id": [f"{SG}.id", SG]} for name in ("a", "b")
    }
    parts = (file_system(), group(), separate("a", 988, 988), separate("b", 1018, 1023))
    [found] = rules(tmp_path, plan(*parts, references={**USES, **own}))
    assert found.verdict is Verdict.PASS
    [alone] = rules(tmp_path, plan(*parts, references=USES))
    assert alone.verdict is Verdict.FAIL, "rules of another group are not this one's"


def test_a_rule_whose_ports_are_known_after_apply_leaves_it_open(tmp_path: Path) -> None:
    rule = {**separate("a", 0, 0, from_port=None, to_port=None), "unknown": {"from_port": True, "to_port": True}}
    named = {rule["address"]: {"security_group_id": [SG]}}
    [found] = rules(tmp_path, plan(file_system(), group(), rule, references={**USES, **named}))
    assert found.verdict is Verdict.UNKNOWN


def test_groups_outside_the_plan_may_open_the_ports(tmp_path: Path) -> None:
    [found] = rules(tmp_path, plan(file_system(security_group_ids=["sg-0123456789abcdef0"])))
    assert found.verdict is Verdict.SKIP


def test_groups_of_other_things_are_not_judged(tmp_path: Path) -> None:
    assert rules(tmp_path, plan(group(opens(443, 443)))) == ()
    [lustre] = rules(tmp_path, plan(group(opens(988, 988))))
    assert lustre.verdict is Verdict.WARN


@pytest.mark.parametrize(
    ("values", "kernel", "verdict"),
    [
        ({}, AL2023[1], Verdict.FAIL),
        ({"file_system_type_version": "2.15"}, AL2023[1], Verdict.PASS),
        ({}, AL2[1], Verdict.PASS),
        ({"deployment_type": "PERSISTENT_2", "metadata_configuration": [{"mode": "AUTO"}]}, AL2023[1], Verdict.PASS),
        ({"file_system_type_version": "2.8"}, AL2023[1], Verdict.SKIP),  # planned-file-system fails
        ({}, "4.4.0-strange", Verdict.UNKNOWN),
    ],
)  # fmt: skip
def test_the_version_against_an_assumed_kernel(
    tmp_path: Path, values: dict[str, Any], kernel: str, verdict: Verdict
) -> None:
    [found] = versions(
        tmp_path, plan(file_system(**values)), settings=Settings(assume_kernel=kernel), node_kinds=OFFLINE
    )
    assert found.verdict is verdict, found.message


def test_the_version_against_the_clusters_nodes(tmp_path: Path) -> None:
    both = (node("a", AL2023), node("b", AL2))
    for nodes, verdict in (((node(),), Verdict.FAIL), (both, Verdict.WARN), ((), Verdict.SKIP)):
        [found] = versions(tmp_path, plan(file_system()), nodes=nodes)
        assert found.verdict is verdict
    [offline] = versions(tmp_path, plan(file_system()), node_kinds=OFFLINE)
    assert offline.verdict is Verdict.SKIP
    denied = Unavailable("list nodes", Reason.DENIED, permission="list nodes")
    [unread] = versions(tmp_path, plan(file_system()), node_kinds=denied)
    assert unread.verdict is Verdict.UNKNOWN


def test_a_version_known_after_apply_is_left_open(tmp_path: Path) -> None:
    references = {FS: {"file_system_type_version": ["var.version"], "deployment_type": []}}
    [found] = versions(tmp_path, plan(file_system(), references=references))
    assert found.verdict is Verdict.FAIL, "a variable that was not given is null, and the plan knows it"
    unknown = {**file_system(), "unknown": {"file_system_type_version": True}}
    [left] = versions(tmp_path, plan(unknown))
    assert left.verdict is Verdict.SKIP


def test_a_class_of_the_manifests_is_judged_with_an_assumed_kernel(tmp_path: Path) -> None:
    text = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fsx-sc}\nprovisioner: fsx.csi.aws.com\n"
    manifests = read(tmp_path, text + "parameters: {deploymentType: SCRATCH_2}\n")
    demands = (Demand(storage_class(parameters={"deploymentType": "SCRATCH_2"})),)
    given = {"manifest_set": manifests, "demands": demands, "node_kinds": OFFLINE}
    [found] = findings(planned_file_systems_suit_the_nodes, settings=Settings(assume_kernel=AL2023[1]), **given)
    assert (found.verdict, found.cause) == (Verdict.FAIL, "storageclass-default-version")
    assert not findings(planned_file_systems_suit_the_nodes, **given), "without, the class's own check speaks"


def test_volumes_and_claims_of_a_plan_are_what_the_cluster_will_have(tmp_path: Path) -> None:
    csi = {
        "driver": "fsx.csi.aws.com",
        "volume_handle": "fs-0123456789abcdef0",
        "volume_attributes": {"dnsname": "x", "mountname": "y"},
    }
    spec = {
        "access_modes": ["ReadWriteMany"], "capacity": {"storage": "1200Gi"},
        "persistent_volume_source": [{"csi": [csi]}],
    }  # fmt: skip
    volume = {"address": "kubernetes_persistent_volume_v1.data", "type": "kubernetes_persistent_volume_v1",
              "values": {"metadata": [{"name": "fsx-pv"}], "spec": [spec]}}  # fmt: skip
    claim = {
        "address": "kubernetes_persistent_volume_claim.data", "type": "kubernetes_persistent_volume_claim",
        "values": {"metadata": [{"name": "c", "namespace": "ml"}],
                   "spec": [{"access_modes": ["ReadWriteMany"], "volume_name": "fsx-pv",
                             "resources": [{"requests": {"storage": "1200Gi"}}]}]},
    }  # fmt: skip
    found = read(tmp_path, plan(volume, claim), "plan.json")
    assert (found.volumes[0].handle, found.volumes[0].mount_name) == ("fs-0123456789abcdef0", "y")
    assert found.claims[0].key == ("ml", "c")
    assert not problems(found)


def test_a_volume_whose_handle_is_known_after_apply_is_left_open(tmp_path: Path) -> None:
    volume = {
        "address": "kubernetes_persistent_volume.data", "type": "kubernetes_persistent_volume",
        "values": {"metadata": [{"name": "fsx-pv"}], "spec": [{"persistent_volume_source": [{"csi": [{}]}]}]},
        "unknown": {"spec": [{"persistent_volume_source": [{"csi": [{"volume_handle": True}]}]}]},
    }  # fmt: skip
    found = read(tmp_path, plan(volume), "plan.json")
    assert found.volumes == ()
    assert found.undecided[0].subject.name == "fsx-pv"


def test_the_place_of_a_resource_is_where_its_address_stands(tmp_path: Path) -> None:
    text = plan(file_system()).replace('{"address"', '\n{"address"')
    assert read(tmp_path, text, "plan.json").places[0].location.line == 2


@pytest.mark.parametrize("text", ['{"format_version": 1}', '{"format_version": "1.2", "planned_values": []}',
                                  '{"format_version": "1.2", "x": ' + "[" * 5000 + "]" * 5000 + "}"])  # fmt: skip
def test_a_damaged_plan_is_a_problem_not_a_crash(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text, "plan.json")
    assert len(problems(found)) == 1 or not found.places


def test_groups_are_followed_through_variables_and_outputs_of_modules(tmp_path: Path) -> None:
    """A file system in one module, its group in another, joined in the root: the usual way to write it."""
    file_system_, group_ = "module.fsx.aws_fsx_lustre_file_system.data", "module.net.aws_security_group.lustre"
    document = json.loads(plan())
    document["planned_values"]["root_module"] = {"child_modules": [
        {"address": "module.fsx", "resources": [{**file_system(), "address": file_system_}]},
        {"address": "module.net", "resources": [{**group(opens(1018, 1023)), "address": group_}]},
    ]}  # fmt: skip
    document["configuration"]["root_module"] = {"module_calls": {
        "fsx": {
            "expressions": {"groups": {"references": ["module.net.group_id", "module.net"]}},
            "module": {"resources": [{"address": FS, "expressions": {
                "security_group_ids": {"references": ["var.groups"]}}}]},
        },
        "net": {"module": {
            "outputs": {"group_id": {"expression": {"references": [f"{SG}.id", SG]}}},
            "resources": [{"address": SG, "expressions": {}}],
        }},
    }}  # fmt: skip
    [found] = rules(tmp_path, json.dumps(document))
    assert (found.verdict, found.subject.name) == (Verdict.FAIL, group_)
    assert found.concerns[0].name == file_system_
