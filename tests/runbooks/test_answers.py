"""What settles a cause, asked of the lab: every kubectl and aws command that only reads gets an answer there.

Parsing shows that an option exists; only an answer shows that the object is asked where it is, and the query fits.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from diag.advice.runbook import look_at
from diag.grammar.command import parse
from diag.knowledge.runbooks import load_knowledge
from tests.fixes.trial import environment
from tests.lab import Lab
from tests.lab.incident import CLAIM, STORAGE_CLASS, VOLUME, WORKLOAD, WORKLOAD_NAMESPACE
from tests.lab.setup import BUCKET, FILE_SYSTEM_ID, NAMESPACE, SERVICE_ACCOUNT
from tests.programs import aws_python, program
from tests.runbooks.commands import EXAMPLES

ABSENT = {
    "a healthy cluster has no keys in a secret": r'secrets "aws-secret" not found',
    "the driver came with Helm": r"No addon: (?:aws-fsx-csi-driver|eks-pod-identity-agent) found",
    "it is no file system of EFS": r"File system 'fs-\w+' does not exist",
    "no bucket policy is set": r"NoSuchBucketPolicy",
    "the bucket names no encryption": r"ServerSideEncryptionConfigurationNotFoundError",
    "the bucket has no such object": r"\(404\) when calling the HeadObject",
    "there is neither HyperPod, nor its log, nor a key of KMS": r"log group does not exist|find cluster|Invalid keyId",
    "FSx made no role of its own here": r"Role AWSServiceRoleForAmazonFSx not found",
    "the controller has its role without an association": r"Association <association> not found",
    "the nodes are of no group that is known": r"No node group found for name: <nodegroup>",
    "the cluster has no Fargate profile": r"No Fargate Profile found with name: <profile>",
    "the nodes are of no launch template that is known": r"template name <launch-template>, does not exist",
    "no stack made the file system": r"Stack with id <stack> does not exist",
    "the VPC has no private zone": r"No hosted zone found with ID",
    "the account has no image of its own": r"InvalidAMIID\.NotFound",
    "the account is in no organization": r"AccountNotFoundException",
    "can-i answers no in its exit status": r"Warning: resource 'nodes' is not namespace scoped",
    "the lab does not serve it": (
        r'type "(?:endpoints|nodepools|(?:validating|mutating)webhookconfigurations)"|selfsubjectrulesreviews'
        r"|find the requested resource$|The lab does not serve"
    ),
}
"""Why a right command gets no answer here, and what is said then."""

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def healthy(running_lab: Lab) -> Lab:
    for name in ("kubectl", "aws"):
        program(name)
    running_lab.load("healthy")
    running_lab.come_alive()
    return running_lab


def values_of(lab: Lab) -> dict[str, str]:
    """The objects of the lab, for every placeholder that names one."""
    account = lab.account
    assert account is not None
    node = lab.site.node(1, 4)
    plugin = next(
        pod["metadata"]["name"]
        for pod in lab.kube.all("pods", NAMESPACE)
        if pod["metadata"]["labels"]["app"] == "fsx-csi-node" and pod["spec"]["nodeName"] == node
    )
    own = {
        "cluster": lab.site.cluster,
        "region": lab.site.region,
        "node": node,
        "instance": account.instances[node],
        "file_system": FILE_SYSTEM_ID,
        "dns_name": lab.aws.fsx.file_system(FILE_SYSTEM_ID)["DNSName"],
        "volume": VOLUME,
        "claim": CLAIM,
        "storage_class": STORAGE_CLASS,
        "pod": WORKLOAD,
        "namespace": WORKLOAD_NAMESPACE,
        "driver_namespace": NAMESPACE,
        "driver_pod": plugin,
        "plugin_pod": plugin,
        "controller": "fsx-csi-controller",
        "service_account": SERVICE_ACCOUNT,
        "node_plugin": "fsx-csi-node",
        "node_service_account": "fsx-csi-driver-node-sa",
        "network_interface": lab.aws.fsx.file_system(FILE_SYSTEM_ID)["NetworkInterfaceIds"][0],
        "dhcp_options": lab.client("ec2").describe_vpcs(VpcIds=[account.vpc])["Vpcs"][0]["DhcpOptionsId"],
        "node_role": "eks-node-role",
        "bucket": BUCKET,
        "vpc": account.vpc,
        "node_vpc": account.vpc,
        "subnet": account.private_subnets[0],
        "node_subnet": account.private_subnets[0],
        "security_group": account.file_system_group,
        "node_security_group": account.cluster_group,
        "endpoint_security_group": account.cluster_group,
        "role_arn": account.role_arn,
        "role": account.role_arn.rpartition("/")[2],
        "association_role": account.role_arn.rpartition("/")[2],
        "provider_arn": account.provider_arn,
        "issuer": account.issuer,
        "issuer_host": account.issuer.removeprefix("https://"),
    }
    return EXAMPLES | own


def looks(lab: Lab, name: str) -> dict[tuple[str, ...], str]:
    """argv without the program → the first cause that asks it."""
    values = values_of(lab)
    asked: dict[tuple[str, ...], str] = {}
    for id, cause in load_knowledge().causes.items():
        for one in cause.confirm:
            for line in look_at(one, values).splitlines()[1:]:
                words = tuple(parse(line).words)
                if words[0] == name:
                    asked.setdefault(words[1:], id)
    return asked


def unexplained(asked: dict[tuple[str, ...], str], said: dict[tuple[str, ...], str]) -> list[str]:
    """`cause: command: complaint` of each command without an answer, where nothing explains that."""
    explained = re.compile("|".join(ABSENT.values()))
    return [
        f"{asked[argv]}: {' '.join(argv)}: {text}" for argv, text in said.items() if text and not explained.search(text)
    ]


def kubectl(lab: Lab, folder: Path, lines: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """What kubectl complains of, by command line."""

    def complaint(argv: tuple[str, ...]) -> str:
        ran = subprocess.run(
            ("kubectl", *argv), env=environment(lab), cwd=folder, capture_output=True, text=True, timeout=60
        )
        return (ran.stderr.strip() or f"exit {ran.returncode}") if ran.returncode else ""

    asked = list(lines)
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(asked, pool.map(complaint, asked), strict=True))


def test_kubectl_gets_an_answer(healthy: Lab, tmp_path: Path) -> None:
    asked = looks(healthy, "kubectl")
    read = [argv for argv in asked if not {"exec", "debug", "logs"} & set(argv)]
    assert len(read) > 50
    assert unexplained(asked, kubectl(healthy, tmp_path, read)) == []


def test_aws_gets_an_answer(healthy: Lab) -> None:
    asked = looks(healthy, "aws")
    assert len(asked) > 50
    script = Path(__file__).with_name("parse_aws.py")
    ran = subprocess.run(
        (aws_python(), script, "--ask"),
        env=environment(healthy),
        input=json.dumps(list(asked)),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert unexplained(asked, dict(zip(asked, json.loads(ran.stdout), strict=True))) == []


def test_an_object_that_is_elsewhere_is_found_out(healthy: Lab, tmp_path: Path) -> None:
    wrong = ("-n", "kube-system", "get", "daemonset", "fsx-csi-node")
    assert unexplained({wrong: "a-cause"}, kubectl(healthy, tmp_path, [wrong])) != []
