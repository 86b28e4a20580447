"""The founding incident: the message points at the name, the cause is the version."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import Doctor
from tests.lab.lab import Lab

pytestmark = pytest.mark.lab


def test_the_real_cause_comes_first_confirmed_with_the_command_that_mends_it(doctor: Doctor) -> None:
    ran = doctor("run", "--format", "json")
    assert ran.code == ran.document["exit_code"] == 3
    assert ran.document["schema"] == "lustre-doctor/v1"
    assert (ran.best["id"], ran.best["verdict"]) == ("client-server-version-mismatch", "confirmed")
    [command, *_] = ran.best["fix"]["commands"]
    assert command.startswith("aws fsx update-file-system --file-system-id fs-04cb64a224a31f75d")
    assert "--file-system-type-version 2.15" in command


def test_what_the_message_points_at_was_looked_at_and_ruled_out(doctor: Doctor) -> None:
    [diagnosis] = doctor("run", "--format", "json").document["diagnoses"]
    ruled_out = {cause["id"] for cause in diagnosis["causes"] if cause["verdict"] == "ruled-out"}
    assert {
        "wrong-mountname",
        "dns-resolution-failure",
        "image-pull-wrong-region-ecr",
        "sg-missing-988",
        "eni-not-in-use",
    } <= ruled_out


def test_the_group_without_a_rule_to_itself_is_a_warning_not_the_cause(doctor: Doctor) -> None:
    ran = doctor("run", "--format", "json")
    assert ran.verdicts("security-groups-self") == {"warn"}
    assert ran.verdicts("security-groups") == {"pass"}


def test_the_first_line_says_which_mount_and_why(doctor: Doctor, lab: Lab) -> None:
    first = " ".join(doctor("run").out.split("\n  cause")[0].split())
    assert "fsx-pv" in first and "2.10" in first and "2.15" in first and "ip-" in first


def test_the_whole_answer_fits_a_small_terminal_and_its_end_names_the_cause(doctor: Doctor) -> None:
    lines = doctor("run", env={"COLUMNS": "80"}).out.splitlines()
    assert len(lines) <= 32
    assert lines[-2:] == [
        "✗ PersistentVolume fsx-pv: client-server-version-mismatch (confirmed)",
        "  next          lustre-doctor runbook client-server-version-mismatch",
    ]


def test_after_the_lab_heals_the_same_command_exits_0_and_counts_its_answers(doctor: Doctor, lab: Lab) -> None:
    lab.heal()
    ran = doctor("run")
    assert ran.code == 0
    assert "\n✓ Healthy: " in ran.out
    diagnoses = doctor("run", "--format", "json").document["diagnoses"]
    assert [(d["gravity"], d["causes"][0]["id"]) for d in diagnoses] == [("warn", "sg-self-rule-missing")]


def test_a_saved_run_replays_to_the_same_bytes_without_credentials_or_network(doctor: Doctor, tmp_path: Path) -> None:
    saved = tmp_path / "snapshot.json"
    for form in ("json", "text"):
        live = doctor("run", "--format", form, "--save", str(saved))
        alone = dict.fromkeys(("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "KUBECONFIG"))
        again = doctor("run", "--format", form, "--snapshot", str(saved), env=alone, fresh=True)
        assert (again.out, again.code) == (live.out, live.code)
    assert saved.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("target", [["--pv", "fsx-pv"], ["--pvc", "default/fsx-pvc"], ["--pod", "default/pod-fsx"],
                                    ["--namespace", "default"], ["--file-system", "fs-04cb64a224a31f75d"]])  # fmt: skip
def test_every_target_finds_the_same_cause(doctor: Doctor, target: list[str]) -> None:
    assert doctor("run", *target, "--format", "json").best["id"] == "client-server-version-mismatch"


def test_the_event_alone_says_likely_and_names_the_facts_that_would_confirm_it(doctor: Doctor, lab: Lab) -> None:
    ran = doctor("run", "--format", "json")
    [text, *_] = ran.document["diagnoses"][0]["symptoms"]
    explained = doctor("explain", "-", "--format", "json", stdin=text)
    assert explained.code == 0
    assert (explained.best["id"], explained.best["verdict"]) == ("client-server-version-mismatch", "likely")
    settle = " ".join(explained.best["next"])
    assert "FileSystemTypeVersion" in settle and "modinfo" in settle
