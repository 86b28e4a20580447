"""What deploy/ ships, run as in a pod: its arguments, its rights, its service account; no cluster, no Region given."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command import Ran
from tests.lab.incident import CLAIM, WORKLOAD_NAMESPACE
from tests.lab.kubernetes.resources import RESOURCES
from tests.lab.lab import Lab

DEPLOY = Path(__file__).parents[2] / "deploy"
WORKLOADS = ("kubernetes/job.yaml", "kubernetes/cronjob.yaml", "argo/presync.yaml", "argo/init-container.yaml")
IN_A_POD = """
import sys
from pathlib import Path
from diag.sources.kubernetes import kubeconfig
kubeconfig.SERVICE_ACCOUNT = Path(sys.argv.pop(1))
from diag.cli import main
main()
"""


def documents(name: str) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all((DEPLOY / name).read_text()) if document]


def arguments(name: str) -> list[str]:
    """The arguments of our container in a manifest, for the lab's own claim."""
    templates = [
        document["spec"].get("jobTemplate", document)["spec"]["template"]
        for document in documents(name)
        if document["kind"] in ("Job", "CronJob", "Deployment")
    ]
    pods = [template["spec"] for template in templates]
    (container,) = [
        container
        for pod in pods
        for container in (*pod.get("initContainers", ()), *pod["containers"])
        if container["name"] == "lustre-doctor"
    ]
    return [word.replace("training/fsx-pvc", f"{WORKLOAD_NAMESPACE}/{CLAIM}") for word in container["args"]]


def jwt(issuer: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"iss": issuer}).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


@pytest.fixture
def healthy(lab: Lab) -> Lab:
    """A healthy cluster that lets the user do what deploy/kubernetes/rbac.yaml says, and nothing else."""
    lab.load("healthy")
    (role,) = [document for document in documents("kubernetes/rbac.yaml") if document["kind"] == "ClusterRole"]
    allowed = {(verb, what) for rule in role["rules"] for what in rule["resources"] for verb in rule["verbs"]}
    for resource in RESOURCES:
        for verb in ("get", "list"):
            if (verb, resource.plural) not in allowed:
                lab.deny_kube(verb, resource.plural)
    return lab


def run_in_a_pod(lab: Lab, folder: Path, *words: str, token: str = "") -> Ran:
    (folder / "token").write_text(lab.kube_server.token + "\n")
    if token:
        lab.kube_server.token = token
        (folder / "token").write_text(token + "\n")
    authority = json.loads(lab.kubeconfigs["token"].read_text())["clusters"][0]["cluster"]["certificate-authority-data"]
    (folder / "ca.crt").write_bytes(base64.b64decode(authority))
    # Not the address that EKS knows the API server by, as in a pod.
    port = lab.kube_server.url.rpartition(":")[2]
    service = {"KUBERNETES_SERVICE_HOST": "localhost", "KUBERNETES_SERVICE_PORT": port}
    environment = {**os.environ, **lab.env, **service}
    for name in ("KUBECONFIG", "AWS_REGION", "AWS_DEFAULT_REGION"):
        environment.pop(name, None)
    dns = ("--dns-server", lab.env["LUSTRE_DOCTOR_DNS"])
    command = [sys.executable, "-c", IN_A_POD, str(folder), words[0], *dns, *words[1:]]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(autouse=True)
def the_token_again(lab: Lab) -> Any:
    token = lab.kube_server.token
    yield
    lab.kube_server.token = token


@pytest.mark.parametrize("name", WORKLOADS)
def test_what_is_shipped_is_green_on_a_healthy_cluster(healthy: Lab, tmp_path: Path, name: str) -> None:
    ran = run_in_a_pod(healthy, tmp_path, *arguments(name), token=jwt(healthy.api.issuer))
    assert ran.code == 0, ran.out + ran.err


def test_without_an_issuer_in_the_token_the_api_server_is_asked(healthy: Lab, tmp_path: Path) -> None:
    ran = run_in_a_pod(healthy, tmp_path, "run", "--in-cluster", "--format", "json")
    assert ran.code == 0, ran.out + ran.err
    assert (ran.document["cluster"], ran.document["region"]) == (healthy.site.cluster, healthy.site.region)


def test_without_clusters_to_compare_the_tag_of_an_instance_says_which(healthy: Lab, tmp_path: Path) -> None:
    ec2 = healthy.client("ec2")
    instances = [i["InstanceId"] for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    ec2.create_tags(Resources=instances, Tags=[{"Key": "eks:cluster-name", "Value": healthy.site.cluster}])
    healthy.deny("eks:ListClusters")
    ran = run_in_a_pod(healthy, tmp_path, "run", "--in-cluster", "--format", "json")
    assert ran.code == 0, ran.out + ran.err
    assert ran.document["cluster"] == healthy.site.cluster


def test_a_cluster_of_another_issuer_is_not_taken_for_this_one(healthy: Lab, tmp_path: Path) -> None:
    healthy.deny("ec2:DescribeInstances")
    issuer = "https://oidc.eks.ap-northeast-2.amazonaws.com/id/FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
    ran = run_in_a_pod(healthy, tmp_path, "run", "--in-cluster", "--format", "json", token=jwt(issuer))
    assert ran.code == 5
    assert "give --cluster and --region" in ran.out
