"""Whatever is missing, one clear sentence, the right exit code, never a traceback, and every answer still possible."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.command import Doctor
from tests.lab.lab import Lab
from tests.patience import in_time

pytestmark = pytest.mark.lab


def test_no_aws_credentials(doctor: Doctor) -> None:
    ran = doctor("run", env={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None})
    assert "AWS credentials: denied; none were found" in ran.out and "aws sso login" in ran.out


def test_no_kubeconfig(doctor: Doctor, tmp_path: Path) -> None:
    ran = doctor("run", env={"KUBECONFIG": str(tmp_path / "none")})
    assert ran.code == 5
    text = " ".join(ran.out.split())
    assert text.count("does not exist") == 1 and "aws eks update-kubeconfig" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["--kubeconfig", "/no/such/file"],
        ["--context", "no-such-context"],
        ["--profile", "no-such-profile"],
        ["--pvc", "not a name"],
        ["--file-system", "fs-xyz"],
        ["--only", "no-such-check"],
        ["--snapshot", "/no/such/file"],
        ["--save", "/no/such/folder/file"],
        ["--region", "us-esat-1"],
        ["--assume-kernel", "foo"],
        ["--assume-server-version", "foo"],
        ["--dns-server", "nameserver.example"],
        ["--dns-server", "10.0.0.2:99999"],
        ["--in-cluster", "--context", "x"],
        ["--no-such-option"],
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_wrong(doctor: Doctor, arguments: list[str]) -> None:
    ran = doctor("run", *arguments)
    assert ran.code == 2
    assert arguments[0] in ran.err or arguments[1] in ran.err
    assert ran.out == ""


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (["--only", "mountname-mach"], "did you mean mountname-match"),
        (["--skip", "netwrk"], "did you mean network or"),
        (["--region", "ap-norteast-2"], "did you mean ap-northeast-2"),
        (["--context", "CONTEXT"], "did you mean {context}?"),
        (["--profile", "traning"], "did you mean training?"),
    ],
)
def test_a_name_that_nothing_has_gets_the_near_ones(
    doctor: Doctor, lab: Lab, tmp_path: Path, arguments: list[str], near: str
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile training]\nregion = ap-northeast-2\n")
    context = yaml.safe_load(Path(lab.env["KUBECONFIG"]).read_text())["current-context"]
    words = [context[:-1] if word == "CONTEXT" else word for word in arguments]
    ran = doctor("run", *words, env={"AWS_CONFIG_FILE": str(config)})
    assert ran.code == 2
    assert near.format(context=context) in " ".join(ran.err.split())


def test_a_node_that_the_cluster_does_not_have_gets_the_near_ones(doctor: Doctor, lab: Lab) -> None:
    name = str(next(iter(lab.kube.all("nodes")))["metadata"]["name"])
    ran = doctor("run", "--via", "exec", "--nodes", f"{name}x", "--format", "json")
    assert any(
        f"no node of that name; did you mean {name}" in finding["message"] for finding in ran.document["findings"]
    )


def test_an_unreachable_api_server(doctor: Doctor, lab: Lab, tmp_path: Path) -> None:
    config = Path(lab.env["KUBECONFIG"]).read_text()
    moved = tmp_path / "kubeconfig"
    moved.write_text(config.replace(lab.kube_server.url, "https://127.0.0.1:9"))
    ran = doctor("run", env={"KUBECONFIG": str(moved)})
    assert ran.code == 5
    assert ran.out.count("Kubernetes API server https://127.0.0.1:9: unreachable") == 1


def test_an_expired_kubernetes_token(doctor: Doctor, lab: Lab) -> None:
    ran = doctor("run", env={"KUBECONFIG": str(lab.kubeconfigs["expired"])})
    assert ran.code == 5
    assert "Kubernetes credentials: denied" in ran.out


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (["--pvc", "default/no-such-claim"], "PersistentVolumeClaim default/no-such-claim: not found"),
        (["--pvc", "fsx-pvd"], "PersistentVolumeClaim fsx-pvd: not found; did you mean fsx-pvc?"),
        (["--pv", "none"], "PersistentVolume none: not found"),
        (
            ["--namespace", "defualt"],
            "Namespace defualt: no claim, and no pod that uses one, is in it; did you mean default",
        ),
        (["--pod", "nobody"], "Pod nobody: not found"),
        (["--file-system", "fs-04cb64a224a31f75e"], "did you mean fs-04cb64a224a31f75d?"),
    ],
)
def test_a_target_that_does_not_exist_is_said_first_and_exits_6(doctor: Doctor, target: list[str], said: str) -> None:
    ran = doctor("run", *target)
    assert ran.code == 6
    assert said in " ".join(ran.out.split("\n\n")[0].split())
    assert "Nothing was inspected" in ran.out
    (missing, *_) = doctor("run", *target, "--format", "json").document["unavailable"]
    assert (missing["reason"], said.partition(":")[2].strip() in f"{missing['what']}: {missing['detail']}") == (
        "absent",
        True,
    )


def test_a_failure_of_one_target_counts_more_than_that_another_does_not_exist(doctor: Doctor) -> None:
    ran = doctor("run", "--pv", "fsx-pv", "--pv", "nosuch")
    assert ran.code == 3
    assert ran.out.startswith("✗ PersistentVolume nosuch: not found")


def test_an_empty_cluster_exits_6(doctor: Doctor, lab: Lab) -> None:
    lab.load("empty")
    assert doctor("run").code == 6


@pytest.mark.parametrize(
    ("option", "given", "said"),
    [("--region", "eu-west-1", "ap-northeast-2"), ("--cluster", "other", "training-on-eks")],
)
def test_an_option_that_contradicts_the_kubeconfig_is_refused(
    doctor: Doctor, option: str, given: str, said: str
) -> None:
    ran = doctor("run", option, given)
    assert (ran.code, ran.out) == (2, "")
    assert f"{option} {given}: the kubeconfig context" in ran.err and said in ran.err
    assert doctor("run", option, said).code == 3


def test_a_region_that_the_nodes_contradict_is_refused(doctor: Doctor, lab: Lab, tmp_path: Path) -> None:
    silent = tmp_path / "kubeconfig"
    silent.write_text(lab.kubeconfigs["token"].read_text().replace("arn:aws:eks:", "my-"))
    for selection in ((), ("--only", "dns-name")):
        ran = doctor("run", "--region", "us-east-1", *selection, env={"KUBECONFIG": str(silent)})
        assert (ran.code, ran.out) == (2, "")
        assert "--region us-east-1: the cluster's nodes are in ap-northeast-2" in ran.err


def test_half_the_permissions_leave_half_the_answers(doctor: Doctor, lab: Lab) -> None:
    lab.deny("ec2:DescribeSecurityGroups")
    lab.deny_kube("list", "serviceaccounts")
    ran = doctor("run", "--format", "json")
    assert ran.code == 3
    assert ran.best["id"] == "client-server-version-mismatch"
    assert ran.verdicts("security-groups") == {"unknown"}
    assert {u["permission"] for u in ran.document["unavailable"]} == {
        "ec2:DescribeSecurityGroups",
        "list serviceaccounts",
    }


def test_nothing_failed_but_something_could_not_be_looked_at_exits_5_unless_let_through(
    doctor: Doctor, lab: Lab
) -> None:
    lab.heal()
    lab.deny("ec2:DescribeSecurityGroups")
    assert doctor("run").code == 5
    assert doctor("run", "--unknown", "pass").code == 0


def test_a_run_ends_at_its_deadline_whatever_hangs(doctor: Doctor, lab: Lab) -> None:
    lab.delay(3600)
    with in_time():
        ran = doctor("run", "--deadline", "2")
    assert ran.code == 5
    assert "deadline" in ran.out
