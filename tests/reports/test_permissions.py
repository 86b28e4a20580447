"""Permissions as an IAM policy and as a ClusterRole, and what the command derives them from."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from diag.cli.permissions import command
from diag.reports.permissions import API_GROUPS, UnknownResource, cluster_role, iam_policy
from diag.sources.world import load_registry

RESOURCES = [resource for resources in API_GROUPS.values() for resource in resources]
RIGHTS = st.sets(st.tuples(st.sampled_from(["get", "list"]), st.sampled_from([*RESOURCES, "pods/log"])))
ACTIONS = st.sets(st.from_regex(r"(fsx|ec2|iam):[A-Z][a-zA-Z]{2,10}", fullmatch=True))


def rules_of(text: str) -> list[dict[str, Any]]:
    role = yaml.safe_load(text)
    assert role["kind"] == "ClusterRole"
    return list(role["rules"])


@given(RIGHTS, ACTIONS)
def test_a_cluster_role_grants_exactly_the_kubernetes_rights(rights: set[tuple[str, str]], actions: set[str]) -> None:
    rules = rules_of(cluster_role([*(" ".join(right) for right in rights), *actions]))
    granted = {(verb, resource) for rule in rules for verb in rule["verbs"] for resource in rule["resources"]}
    assert granted == rights
    for rule in rules:
        (group,) = rule["apiGroups"]
        assert all(resource.partition("/")[0] in API_GROUPS[group] for resource in rule["resources"])


@given(RIGHTS, ACTIONS)
def test_an_iam_policy_grants_exactly_the_aws_actions(rights: set[tuple[str, str]], actions: set[str]) -> None:
    policy = json.loads(iam_policy([*(" ".join(right) for right in rights), *actions]))
    assert {action for statement in policy["Statement"] for action in statement["Action"]} == actions


def test_a_secret_is_granted_by_name_alone() -> None:
    rules = rules_of(cluster_role(["get secrets", "list pods"]))
    assert {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["aws-secret"], "verbs": ["get"]} in rules
    assert {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]} in rules


def test_a_resource_without_a_known_group_is_refused() -> None:
    with pytest.raises(UnknownResource, match="widgets"):
        cluster_role(["list widgets"])


def emitted(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert result.exception is None, result.exception
    return result.output


def test_the_rights_of_one_check_are_those_of_the_facts_behind_it() -> None:
    actions = set(json.loads(emitted("--emit", "iam", "--only", "irsa-role"))["Statement"][0]["Action"])
    assert {"iam:GetRole", "iam:GetOpenIDConnectProvider", "eks:DescribeCluster"} <= actions
    assert "ec2:DescribeSecurityGroups" not in actions


def test_leaving_a_layer_out_takes_its_rights_out() -> None:
    with_all = set(json.loads(emitted("--emit", "iam"))["Statement"][0]["Action"])
    without = set(json.loads(emitted("--emit", "iam", "--skip", "identity"))["Statement"][0]["Action"])
    assert without < with_all
    assert "iam:GetOpenIDConnectProvider" in with_all - without


def test_the_tool_never_asks_to_change_anything() -> None:
    for rule in rules_of(emitted("--emit", "rbac")):
        assert set(rule["verbs"]) <= {"get", "list"}
    for action in json.loads(emitted("--emit", "iam"))["Statement"][0]["Action"]:
        assert action.partition(":")[2].startswith(("Describe", "List", "Get", "Search", "Simulate"))


def test_every_declared_right_can_be_emitted() -> None:
    declared = {p for fact in load_registry().facts.values() for p in (*fact.permissions, *fact.optional_permissions)}
    granted = {
        qualified if (qualified := f"{verb} {resource}.{rule['apiGroups'][0]}") in declared else f"{verb} {resource}"
        for rule in rules_of(cluster_role(declared))
        for verb in rule["verbs"]
        for resource in rule["resources"]
    }
    assert granted == {permission for permission in declared if ":" not in permission}


def test_a_name_that_is_no_check_is_wrong_usage() -> None:
    result = CliRunner().invoke(command, ["--emit", "iam", "--only", "no-such-check"])
    assert result.exit_code == 2
    assert "no-such-check" in result.output
