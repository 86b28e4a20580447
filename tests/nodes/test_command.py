"""`lustre-doctor run` with a way in: what the command tells, how it is interrupted, and that it ends in time."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.command import Doctor, Process, run
from tests.fixes.trial import environment
from tests.lab import Lab
from tests.lab.kubernetes.exec import Ending, ExecAnswer
from tests.lab.nodes import let_nodes_answer
from tests.nodes.sshd import config_entry, make_key, sshd
from tests.nodes.sshd import why_not as no_sshd
from tests.nodes.test_manifests import pod_of
from tests.patience import eventually, in_time
from tests.programs import program

pytestmark = pytest.mark.lab


@pytest.fixture
def lab(running_lab: Lab) -> Lab:
    running_lab.load("incident")
    return running_lab


def start(lab: Lab, *options: str) -> Process:
    return Doctor(lab).start("run", "--format", "json", *options)


def report(command: Process) -> dict[str, Any]:
    return command.result().document


def of(found: dict[str, Any], check: str) -> list[dict[str, Any]]:
    return [finding for finding in found["findings"] if finding["check"] == check]


@pytest.mark.parametrize("via", ["exec", "ssm", "auto"])
def test_the_incident_is_the_file_system_s_and_no_single_node_s(lab: Lab, via: str) -> None:
    found = report(start(lab, "--via", via, "--nodes", "all"))
    assert found["diagnoses"][0]["causes"][0]["id"] == "client-server-version-mismatch"
    (finding,) = of(found, "node-client")
    assert "3 nodes: client 2.15 cannot mount from server 2.10" in finding["message"]
    assert "all 3 nodes alike" in finding["message"]
    (version,) = of(found, "client-version")
    assert any("the node's own module is Lustre 2.15.6" in line for line in version["evidence"])


def test_nobody_is_asked_unless_it_is_wished(lab: Lab) -> None:
    found = report(start(lab))
    assert {finding["verdict"] for finding in found["findings"] if finding["check"].startswith("node-lnet")} == {"skip"}
    assert lab.script.asked == []
    assert not any(call.permission.startswith("ssm:") for call in lab.calls().aws)


def test_a_node_that_is_none_is_told(lab: Lab) -> None:
    found = report(start(lab, "--via", "exec", "--nodes", "nosuchnode"))
    assert any("no node of that name" in finding["message"] for finding in of(found, "node-module"))


def test_a_machine_that_is_no_node_says_so_and_fails_no_check(lab: Lab) -> None:
    found = report(start(lab, "--via", "local"))
    without = report(start(lab))
    failed = [[f["check"] for f in one["findings"] if f["verdict"] == "fail"] for one in (found, without)]
    assert failed[0] == failed[1]
    (module,) = of(found, "node-module")
    assert module["verdict"] == "unknown" and "is not a node of the cluster" in module["message"]
    assert "--via exec" in module["unavailable"][0]["remedy"]


def hang_one(lab: Lab) -> None:
    victim = lab.site.node(1, 5)
    lab.script.on(".*", ExecAnswer(ending=Ending.NEVER), node=re.escape(victim))


@pytest.mark.parametrize("ends_by", ["--deadline", "--node-deadline"])
def test_a_hanging_node_costs_its_own_answer_and_the_run_ends_in_time(lab: Lab, ends_by: str) -> None:
    hang_one(lab)
    limits = {"--deadline": "600", "--node-deadline": "600", ends_by: "8"}
    with in_time():
        found = report(
            start(lab, "--via", "exec", "--nodes", "all", *(word for pair in limits.items() for word in pair))
        )
    passed = [finding for finding in of(found, "node-module") if finding["verdict"] == "pass"]
    silent = [finding for finding in of(found, "node-module") if finding["verdict"] == "unknown"]
    assert len(passed) == 1 and passed[0]["message"].startswith("2 nodes")
    assert len(silent) == 1


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_the_end_of_a_job_tell_what_is_known(lab: Lab, ending: signal.Signals) -> None:
    hang_one(lab)
    command = start(lab, "--via", "exec", "--nodes", "all", "--deadline", "600", "--node-deadline", "600")
    # The names are asked for last; two of the three nodes get that far.
    assert eventually(lambda: sum(argv[0] == "getent" for _, _, argv in lab.script.asked) >= 2)
    time.sleep(2)
    command.send(ending)
    with in_time():
        found = report(command)
    assert any(f["verdict"] == "pass" and f["message"].startswith("2 nodes") for f in of(found, "node-module"))


def test_a_snapshot_replays_the_nodes_without_asking_them(lab: Lab, tmp_path: Any) -> None:
    saved = tmp_path / "snapshot.json"
    live = report(start(lab, "--via", "exec", "--nodes", "all", "--save", str(saved)))
    lab.forget_calls()
    replayed = report(start(lab, "--snapshot", str(saved)))
    assert of(replayed, "node-client") == of(live, "node-client")
    assert lab.script.asked == []


@pytest.mark.skipif(bool(no_sshd()), reason=no_sshd() or "-")
def test_over_ssh_with_the_person_s_own_configuration(lab: Lab, tmp_path: Path) -> None:
    make_key(tmp_path / "id")
    with sshd(tmp_path / "server", tmp_path / "id") as server:
        (tmp_path / "known_hosts").write_text(server.known_hosts_line)
        (tmp_path / "config").write_text(config_entry("ip-*", server, tmp_path / "id", tmp_path / "known_hosts"))
        found = report(start(lab, "--via", "ssh", "--nodes", "all", "--ssh-config", str(tmp_path / "config")))
    (module,) = of(found, "node-module")
    assert module["message"].startswith("3 nodes: no Lustre client is loaded yet")
    (clock,) = of(found, "node-clock")
    assert clock["verdict"] == "pass"


def test_on_the_node_itself_without_a_cluster() -> None:
    environment = {"KUBECONFIG": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
    ran = run("run", "--format", "json", "--via", "local", "--only", "node-clock", env=environment)
    (clock,) = of(ran.document, "node-clock")
    assert clock["verdict"] == "pass"


@pytest.mark.parametrize(("lacking", "code"), [("getent", 0), ("lctl .*--version", 0), ("getent|lctl|lnetctl", 5)])
def test_what_an_image_without_a_shell_cannot_be_asked_leaves_a_healthy_run_healthy(
    doctor: Doctor, lab: Lab, lacking: str, code: int
) -> None:
    """Unless it says nothing of Lustre at all."""
    lab.load("healthy")
    let_nodes_answer(lab)
    lab.script.rules[:] = [rule for rule in lab.script.rules if not re.search(lacking, rule.command)]
    ran = doctor("run", "--via", "exec", "--nodes", "all", "--format", "json")
    assert ran.code == code, ran.out
    assert ran.verdicts("node-blocked") == ({"skip"} if code == 0 else {"unknown"})


def test_the_names_of_the_volumes_as_a_config_map_that_kubectl_takes(lab: Lab) -> None:
    command = run("node", "--emit-names", "--kubeconfig", str(lab.kubeconfigs["exec"]))
    assert command.code == 0, command.err
    document = json.loads(command.out)
    assert (document["kind"], document["metadata"]["name"]) == ("ConfigMap", "lustre-doctor-names")
    names = document["data"]["names"].split()
    assert names and all(".fsx." in name for name in names)
    mounted = [v for v in pod_of("nodes-job.yaml")["volumes"] if v["name"] == "names"]
    assert mounted == [{"name": "names", "configMap": {"name": document["metadata"]["name"], "optional": True}}]
    argv = [program("kubectl"), "create", "--dry-run=client", "--validate=false", "-o", "name", "-f", "-"]
    made = subprocess.run(argv, input=command.out, capture_output=True, text=True, env=environment(lab), timeout=60)
    assert made.stdout == "configmap/lustre-doctor-names\n", made.stderr


def test_a_config_map_that_is_not_there_leaves_the_node_to_be_inspected(tmp_path: Path) -> None:
    command = run("node", "--name-file", str(tmp_path / "names"))
    assert command.code == 0, command.err
    assert json.loads(command.out)["truth"]["kernel"]
    assert "no name is resolved" in command.err


def test_a_pipe_that_nobody_writes_to_leaves_the_node_its_time(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "names")
    command = run("node", "--name-file", str(tmp_path / "names"), "--deadline", "12")
    assert command.code == 0, command.err
    assert json.loads(command.out)["truth"]["kernel"]
    assert "no name is resolved" in command.err


def test_no_right_to_list_volumes_prints_no_config_map(lab: Lab) -> None:
    lab.deny_kube("list", "persistentvolumes")
    command = run("node", "--emit-names", "--kubeconfig", str(lab.kubeconfigs["exec"]))
    assert (command.code, command.out) == (5, "")
    assert "persistentvolumes" in command.err
