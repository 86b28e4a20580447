"""The manifests for use in a cluster: rights as the tool declares them, privileges only where they are needed."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from diag.cli.permissions import command

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
WORKLOADS = ("job.yaml", "cronjob.yaml", "nodes-job.yaml")


def documents(name: str) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all((FOLDER / name).read_text()) if document]


def pod_of(name: str) -> dict[str, Any]:
    (document,) = [document for document in documents(name) if document["kind"] in ("Job", "CronJob")]
    spec = document["spec"]
    pod: dict[str, Any] = spec.get("jobTemplate", document)["spec"]["template"]["spec"]
    return pod


def test_the_role_is_what_the_tool_prints() -> None:
    printed = yaml.safe_load(CliRunner().invoke(command, ["--emit", "rbac"], standalone_mode=False).output)
    (role,) = [document for document in documents("rbac.yaml") if document["kind"] == "ClusterRole"]
    assert role["rules"] == printed["rules"]


def test_no_role_may_change_anything_but_exec_in_the_driver_s_namespace() -> None:
    (role,) = [document for document in documents("rbac.yaml") if document["kind"] == "ClusterRole"]
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} <= {"get", "list"}
    exec_role = documents("exec-rbac.yaml")[0]
    assert exec_role["kind"] == "Role"
    assert exec_role["rules"] == [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]}]


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_container_is_shut_as_far_as_its_work_allows(name: str) -> None:
    pod = pod_of(name)
    (container,) = pod["containers"]
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"]["drop"] == ["ALL"]
    assert "privileged" not in security
    assert container["resources"]["limits"]["memory"]
    assert pod["restartPolicy"] == "Never"


@pytest.mark.parametrize("name", ["job.yaml", "cronjob.yaml"])
def test_only_the_node_reader_is_root_on_the_host_s_network(name: str) -> None:
    pod = pod_of(name)
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & set(pod)
    security = pod["containers"][0]["securityContext"]
    assert security["runAsNonRoot"] is True and "add" not in security["capabilities"]


def test_the_node_reader_writes_its_ledger_alone() -> None:
    pod = pod_of("nodes-job.yaml")
    paths = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"]}
    writable = [paths[m["name"]] for m in pod["containers"][0]["volumeMounts"] if not m.get("readOnly")]
    assert writable == ["/run/lustre-doctor"]
    assert pod["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_arguments_are_the_command_s_own(name: str) -> None:
    command, *arguments = pod_of(name)["containers"][0]["args"]
    known = {
        option
        for parameter in importlib.import_module(f"diag.cli.{command}").command.params
        for option in parameter.opts
    }
    assert {word for word in arguments if word.startswith("--")} <= known, json.dumps(arguments)


def test_the_node_reader_may_list_volumes_and_nothing_else() -> None:
    (role,) = [document for document in documents("nodes-job.yaml") if document["kind"] == "ClusterRole"]
    assert role["rules"] == [{"apiGroups": [""], "resources": ["persistentvolumes"], "verbs": ["list"]}]
    assert pod_of("nodes-job.yaml")["serviceAccountName"] == role["metadata"]["name"]
