"""The manifests for use in a cluster: rights as the tool declares them, privileges only where they are needed."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from diag.cli.permissions import command

DEPLOY = Path(__file__).parents[2] / "deploy"
FOLDER = DEPLOY / "kubernetes"
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
    paths = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"] if "hostPath" in volume}
    writable = [paths.get(m["name"]) for m in pod["containers"][0]["volumeMounts"] if not m.get("readOnly")]
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


def test_the_node_reader_has_no_right_and_no_token() -> None:
    kinds = {document["kind"] for document in documents("nodes-job.yaml")}
    assert kinds == {"Namespace", "ServiceAccount", "Job"}
    assert pod_of("nodes-job.yaml")["automountServiceAccountToken"] is False


SHIPPED = ("kubernetes/job.yaml", "kubernetes/cronjob.yaml", "kubernetes/nodes-job.yaml", "argo/presync.yaml",
           "argo/init-container.yaml")  # fmt: skip
PRIVILEGED = "kubernetes/nodes-job.yaml"


def all_of(name: str) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all((DEPLOY / name).read_text()) if document]


def workload(name: str) -> tuple[str, dict[str, Any]]:
    """Namespace and pod of the manifest's workload."""
    (found,) = [document for document in all_of(name) if document["kind"] in ("Job", "CronJob", "Deployment")]
    return found["metadata"]["namespace"], found["spec"].get("jobTemplate", found)["spec"]["template"]["spec"]


def unrestricted(pod: dict[str, Any]) -> set[str]:
    """What Pod Security level *restricted* refuses of a pod. Source: Kubernetes, Pod Security Standards."""
    found = {key for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)}
    found |= {"hostPath" for volume in pod.get("volumes", ()) if "hostPath" in volume}
    above = pod.get("securityContext", {})
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        security = {**above, **container.get("securityContext", {})}
        capabilities = security.get("capabilities", {})
        refused = {
            "allowPrivilegeEscalation": security.get("allowPrivilegeEscalation") is not False,
            "runAsNonRoot": security.get("runAsNonRoot") is not True,
            "runAsUser": security.get("runAsUser") == 0,
            "privileged": bool(security.get("privileged")),
            "seccompProfile": security.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"),
            "drop": capabilities.get("drop") != ["ALL"],
            "add": not set(capabilities.get("add", ())) <= {"NET_BIND_SERVICE"},
        }
        found |= {what for what, is_refused in refused.items() if is_refused}
    return found


@pytest.mark.parametrize("name", SHIPPED)
def test_each_manifest_says_which_pod_security_level_its_namespace_needs(name: str) -> None:
    level = "privileged" if name == PRIVILEGED else "restricted"
    assert f'Pod Security level "{level}"' in " ".join((DEPLOY / name).read_text().replace("\n#", "").split())
    refused = unrestricted(workload(name)[1])
    assert bool(refused) is (level == "privileged"), refused


@pytest.mark.parametrize("name", ["kubernetes/rbac.yaml", PRIVILEGED])
def test_a_namespace_that_is_shipped_enforces_its_level(name: str) -> None:
    (namespace,) = [document["metadata"] for document in all_of(name) if document["kind"] == "Namespace"]
    level = namespace["labels"]["pod-security.kubernetes.io/enforce"]
    assert level == ("privileged" if name == PRIVILEGED else "restricted")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_service_account_exists_where_it_is_used_and_has_rights(name: str) -> None:
    namespace, pod = workload(name)
    shipped = [*all_of(name), *all_of("kubernetes/rbac.yaml")]
    accounts = {(d["metadata"]["namespace"], d["metadata"]["name"]) for d in shipped if d["kind"] == "ServiceAccount"}
    bound = {
        (subject["namespace"], subject["name"])
        for document in shipped
        if document["kind"] == "ClusterRoleBinding"
        for subject in document["subjects"]
    }
    assert (namespace, pod["serviceAccountName"]) in (accounts if name == PRIVILEGED else accounts & bound)


def test_no_region_is_hard_coded() -> None:
    texts = {path.name: path.read_text() for path in DEPLOY.rglob("*.yaml")}
    assert len(texts) > 6
    assert [name for name, text in texts.items() if re.search(r"--region|\b[a-z]{2}-[a-z]+-\d\b", text)] == []
