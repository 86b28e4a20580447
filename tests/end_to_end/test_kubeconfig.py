"""What a kubeconfig asks for, as the whole command treats it."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from diag.sources.supervised import state_of
from tests.command import Doctor
from tests.lab.lab import Lab

TOKEN = "k8s-aws-v1.aHVudGVyMmh1bnRlcjI"


@pytest.fixture
def lab(running_lab: Lab) -> Lab:
    running_lab.load("healthy")
    return running_lab


def kubeconfig(lab: Lab, folder: Path, kind: str = "token", **changes: Any) -> dict[str, str | None]:
    """The environment with a changed kubeconfig: `cluster={…}`, `user={…}`."""
    config = json.loads(lab.kubeconfigs[kind].read_text())
    config["clusters"][0]["cluster"] |= changes.get("cluster", {})
    config["users"][0]["user"] |= changes.get("user", {})
    (folder / "config").write_text(json.dumps(config))
    return {"KUBECONFIG": str(folder / "config")}


def test_verification_that_is_switched_off_is_in_the_report(lab: Lab, doctor: Doctor, tmp_path: Path) -> None:
    ran = doctor("run", env=kubeconfig(lab, tmp_path, cluster={"insecure-skip-tls-verify": True}))
    assert ran.code == 0 and "TLS verification is switched off" in " ".join(ran.out.split())
    assert ran.err == ""
    ran = doctor("run", env=kubeconfig(lab, tmp_path))
    assert ran.code == 0 and "TLS verification" not in ran.out


def test_a_token_that_ends_in_a_newline_is_a_good_one(lab: Lab, doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{lab.kube_server.token}\n")
    changes = {"token": None, "tokenFile": str(tmp_path / "token")}
    assert doctor("run", env=kubeconfig(lab, tmp_path, user=changes)).code == 0


@pytest.mark.parametrize("form", ["text", "json", "markdown", "junit", "sarif", "github", "html", "openmetrics"])
def test_a_token_that_no_header_can_hold_is_printed_nowhere(
    lab: Lab, doctor: Doctor, tmp_path: Path, form: str
) -> None:
    saved = tmp_path / "saved.json"
    env = kubeconfig(lab, tmp_path, user={"token": f"{TOKEN}\n{TOKEN}"})
    ran = doctor("run", "--format", form, "--save", str(saved), env={**env, "LUSTRE_DOCTOR_DEBUG": "1"})
    assert ran.code == 5
    assert not [text for text in (ran.out, ran.err, saved.read_text()) if TOKEN in text or TOKEN[11:] in text]


@pytest.mark.parametrize("ended_by", ["deadline", "signal"])
def test_a_credential_plugin_does_not_outlive_the_run(lab: Lab, doctor: Doctor, tmp_path: Path, ended_by: str) -> None:
    plugin = tmp_path / "plugin"
    plugin.write_text(
        f"#!/bin/sh\nsleep 600 & echo $! $$ > {tmp_path}/pids\n"
        + ("kill -TERM $PPID\n" if ended_by == "signal" else "")
        + "wait\n"
    )
    plugin.chmod(0o755)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}, "token": None}
    started = time.monotonic()
    ran = doctor("run", "--deadline", "4", env=kubeconfig(lab, tmp_path, user=user))
    assert ran.code in (1, 5) and time.monotonic() - started < 60
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    until = time.monotonic() + 30
    while any(state_of(pid) not in ("", "Z", "X") for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    left = [pid for pid in pids if state_of(pid) not in ("", "Z", "X")]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left
