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

import pytest

from tests.command import Doctor
from tests.lab.lab import Lab

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
