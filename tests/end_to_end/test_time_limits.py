"""Whatever a path leads to and whoever does not answer: each command ends by its time limit, and says what it left."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from diag.cli import COMMANDS, cli
from diag.cli._options import PATH
from diag.sources import supervised
from tests.command import Doctor
from tests.lab.lab import Lab
from tests.nodes.stopped_fuse import stopped_fuse, why_not
from tests.patience import eventually

pytestmark = pytest.mark.lab

STARTING_S = 10.0
"""What a busy machine may take to start Python and to end it; the promise itself is one second."""


@contextmanager
def open_end() -> Iterator[int]:
    """The reading end of a pipe that stays open and silent."""
    ours, theirs = os.pipe()
    try:
        yield ours
    finally:
        os.close(ours)
        os.close(theirs)


def ended(
    *words: str, lab: Lab | None = None, stdin: int | None = None, folder: Path | None = None, **env: str
) -> tuple[int, str, str, float]:
    started = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "diag", *words],
        env={**os.environ, **(lab.env if lab else {}), **env, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
    )
    assert "Traceback" not in ran.stderr and "bug of lustre-doctor" not in ran.stderr, ran.stderr
    return ran.returncode, ran.stdout, ran.stderr, time.monotonic() - started


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--snapshot", "FIFO"),
        ("run", "--offline", "-f", "FIFO"),
        ("run", "--config", "FIFO"),
        ("run", "--node-answers", "FIFO"),
        ("run", "--kubeconfig", "FIFO"),
        ("collect", "-o", "case", "--key", "FIFO"),
    ],
    ids=lambda words: words[-2],
)
def test_a_pipe_that_nobody_writes_to_is_wrong_usage_at_the_time_limit(tmp_path: Path, words: tuple[str, ...]) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    given = [str(fifo) if word == "FIFO" else str(tmp_path / word) if word == "case" else word for word in words]
    code, out, err, took = ended(*given, "--deadline", "2")
    assert (code, out) == (2, ""), err
    assert str(fifo) in err
    assert took < 2 + STARTING_S


@pytest.mark.parametrize("words", [("run", "--offline", "-f", "-"), ("run", "--node-answers", "-")])
def test_standard_input_that_stays_open_is_wrong_usage_at_the_time_limit(words: tuple[str, ...]) -> None:
    with open_end() as silent:
        code, out, err, took = ended(*words, "--deadline", "2", stdin=silent)
    assert (code, out) == (2, ""), err
    assert "standard input" in err
    assert took < 2 + STARTING_S


def test_explain_judges_what_came_before_the_time_limit(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.write(theirs, b"mount.lustre: mount 10.0.0.1@tcp:/fsx at /mnt failed: Invalid argument\n")
    code, out, err, took = ended("explain", "-", "--deadline", "2", "--format", "json", stdin=ours)
    os.close(theirs)
    os.close(ours)
    assert json.loads(out)["diagnoses"] and code in (0, 5)
    assert "standard input" in err and "in time" in err
    assert took < 2 + STARTING_S


@pytest.mark.parametrize("variable", ["KUBECONFIG", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_a_pipe_in_the_environment_costs_its_own_answers(lab: Lab, tmp_path: Path, variable: str) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    words = ("run", "--region", lab.site.region, "--deadline", "6", "--format", "json")
    code, out, err, took = ended(*words, lab=lab, **{variable: str(fifo)})
    assert code in (3, 5), err
    what = {unavailable["what"] for unavailable in json.loads(out)["unavailable"]}
    assert what & {"kubeconfig", "kube context"} or variable != "KUBECONFIG"
    assert took < 6 + STARTING_S


def test_node_ends_in_time_when_the_api_server_is_silent(doctor: Doctor, lab: Lab) -> None:
    lab.delay(30)
    _, out, err, took = ended("node", "--kubeconfig", lab.env["KUBECONFIG"], "--deadline", "6", lab=lab)
    lab.delay(0)
    assert json.loads(out)["schema"] == "lustre-doctor/node/v1"
    assert "the cluster's volumes are not known: list persistentvolumes: timeout" in err
    assert took < 6 + STARTING_S


def test_node_ends_in_time_when_the_dns_server_is_silent() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        names = [word for number in range(8) for word in ("--name", f"fs-{number}.example")]
        _, out, err, took = ended("node", "--dns-server", server, *names, "--deadline", "6")
    assert json.loads(out)["schema"] == "lustre-doctor/node/v1", err
    assert took < 6 + STARTING_S


@pytest.mark.parametrize("kubeconfig", ["/no/such/file", "/dev/null"])
def test_node_says_that_the_volumes_are_not_known_and_answers_for_itself(kubeconfig: str) -> None:
    _, out, err, _ = ended("node", "--kubeconfig", kubeconfig, "--deadline", "10")
    assert json.loads(out)["node"] and "the cluster's volumes are not known" in err


@pytest.fixture(scope="module")
def dead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A mount that does not answer, known as such: nothing waits for it a second time."""
    if reason := why_not():
        pytest.skip(reason)
    with stopped_fuse(tmp_path_factory.mktemp("dead")) as mount:
        ended("run", "--snapshot", str(mount / "first"))
        yield mount


def path_parameters() -> Iterator[tuple[str, click.Parameter]]:
    """Every parameter of every command that takes a path."""
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        yield from ((name, parameter) for parameter in command.params if isinstance(parameter.type, type(PATH)))


BESIDE = {
    "collect": ("-o", "CASE"),
    "diff": ("SNAPSHOT",),
    "runbook": ("wrong-mountname",),
    "--ssh-config": ("--via", "ssh"),
}
"""What a command or an option needs beside the path."""
ELSEWHERE = [("run", "-f"), ("run", "--output")]
"""Options whose value is not a path alone."""


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *((name, max(p.opts, key=len) if isinstance(p, click.Option) else "") for name, p in path_parameters()),
        *ELSEWHERE,
    ],
)
def test_a_path_on_a_dead_mount_keeps_no_command(
    dead: Path, lab: Lab, tmp_path: Path, command: str, option: str
) -> None:
    path = str(dead / "folder" / "file")
    words = [option, f"json={path}" if (command, option) == ("run", "--output") else path] if option else [path]
    beside = (*BESIDE.get(option, ()), *(() if option == "--output" else BESIDE.get(command, ())))
    words += [str(tmp_path / word) if word in ("CASE", "SNAPSHOT") else word for word in beside]
    code, out, err, took = ended(command, *words, "--deadline", "20", lab=lab)
    assert "does not answer" in " ".join((out + err).split()) or (tmp_path / "CASE").exists(), err
    assert code == 0 if command == "node" else code in (2, 3, 5)
    assert took < 20


VARIABLES = (
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_DATA_PATH", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "KUBECONFIG", "HOME",
)  # fmt: skip


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_dead_mount_in_the_environment_costs_its_own_answers(dead: Path, lab: Lab, variable: str) -> None:
    path = str(dead if variable == "HOME" else dead / "file")
    code, out, err, took = ended("run", "--format", "json", "--deadline", "20", lab=lab, **{variable: path})
    assert code in (3, 5), err
    assert [un["reason"] for un in json.loads(out)["unavailable"] if "does not answer" in un["detail"]][:1] == [
        "timeout"
    ]
    assert took < 20


def test_a_working_directory_on_a_dead_mount_costs_the_configuration(dead: Path, lab: Lab) -> None:
    words = ("run", "--format", "json", "--deadline", "20")
    _, out, err, took = ended(*words, lab=lab, folder=dead, PYTHONSAFEPATH="1")
    document = json.loads(out)
    assert [un["what"] for un in document["unavailable"]] == ["lustre-doctor.toml"]
    assert document["diagnoses"], err
    assert took < 20


def test_a_profile_that_names_a_file_on_a_dead_mount(dead: Path, lab: Lab, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(f"[default]\nsource_profile = base\n[profile base]\nca_bundle = {dead / 'ca.pem'}\n")
    _, out, _, took = ended("run", "--format", "json", "--deadline", "20", lab=lab, AWS_CONFIG_FILE=str(config))
    (found,) = [un for un in json.loads(out)["unavailable"] if un["what"] == "AWS configuration"]
    assert "does not answer" in found["detail"]
    assert took < 20


def credential_process(tmp_path: Path, body: str) -> dict[str, str]:
    """The environment in which AWS credentials come from a program."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\n{body}\n")
    program.chmod(0o755)
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = {program}\n")
    return {"AWS_CONFIG_FILE": str(config), "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.mark.parametrize("body", ["sleep 300", "sleep 300 & wait"])
def test_a_credential_process_does_not_outlive_the_run(lab: Lab, tmp_path: Path, body: str) -> None:
    code, _, err, took = ended("run", "--deadline", "4", lab=lab, **credential_process(tmp_path, body))
    assert code in (3, 5), err
    assert took < 4 + STARTING_S
    session = int((tmp_path / "pid").read_text())
    assert eventually(lambda: not is_alive(session))


def is_alive(session: int) -> bool:
    """Whether a process of that session is there, and not a mere zombie."""
    pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return any(supervised._session_of(pid) == session and supervised.state_of(pid) not in "ZX" for pid in pids)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("exec yes", "printed more than 256 KiB"),
        ("head -c 9000000 /dev/zero >&2; echo; echo unlucky >&2; exit 3", "ended with status 3"),
        ("echo not json", "printed no credentials in JSON"),
        ("printf '\\377\\376' >&2; exit 1", "ended with status 1"),
        (
            """echo '{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", "Expiration": "soon"}'""",
            "something else",
        ),
        ("echo '[]'", "printed no credentials in JSON"),
    ],
)
def test_a_credential_process_that_gives_no_credentials_costs_the_answers_of_aws(
    lab: Lab, tmp_path: Path, body: str, said: str
) -> None:
    code, out, err, _ = ended(
        "run", "--format", "json", "--deadline", "20", lab=lab, **credential_process(tmp_path, body)
    )
    assert code in (3, 5), err
    assert any(said in un["detail"] for un in json.loads(out)["unavailable"] if un["what"] == "AWS credentials"), out
