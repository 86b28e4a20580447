"""Manifests against the cluster and the account that they will meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.command import Doctor
from tests.lab.lab import Lab

pytestmark = pytest.mark.lab

EXAMPLES = Path(__file__).parents[2] / "examples"


def live(lab: Lab) -> dict[str, Any]:
    """The volume attributes that the lab's cluster has."""
    found: dict[str, Any] = lab.kube.get("persistentvolumes", "fsx-pv")["spec"]["csi"]
    return found


def manifests(folder: Path, lab: Lab, **changes: str) -> str:
    """The mended example with what the lab's file system really has, but for the changes."""
    csi = live(lab)
    text = (EXAMPLES / "mended" / "fsx.yaml").read_text()
    lines = []
    for line in text.splitlines():
        key = line.strip().partition(":")[0]
        real = {"volumeHandle": csi["volumeHandle"], **csi["volumeAttributes"], **changes}
        lines.append(f"{line.partition(':')[0]}: {real[key]}" if key in real else line)
    path = folder / "fsx.yaml"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def failing(document: dict[str, Any]) -> dict[str, Any]:
    return {f["check"]: f for f in document["findings"] if f["verdict"] == "fail"}


def test_the_original_manifests_and_account_go_red_on_both(doctor: Doctor) -> None:
    ran = doctor("run", "-f", str(EXAMPLES / "original"), "--format", "json")
    assert ran.code == 3
    assert set(failing(ran.document)) >= {"mountname-match", "dns-name", "planned-role", "planned-images"}


def test_filled_in_manifests_still_meet_the_account_that_is_not_mended(
    doctor: Doctor, lab: Lab, tmp_path: Path
) -> None:
    path = manifests(tmp_path, lab)
    ran = doctor("run", "-f", path, "--format", "json")
    assert ran.code == 3
    assert set(failing(ran.document)) == {"client-version"}
    assert ran.best["id"] == "client-server-version-mismatch"
    lab.heal()
    green = doctor("run", "-f", path, "--format", "json")
    assert green.code == 0, green.out
    assert not [d for d in green.document["diagnoses"] if d["gravity"] == "fail"]


def test_only_the_manifests_are_judged_not_the_pod_that_waits_in_the_cluster(
    doctor: Doctor, lab: Lab, tmp_path: Path
) -> None:
    ran = doctor("run", "-f", manifests(tmp_path, lab), "--format", "json")
    assert not [f for f in ran.document["findings"] if f["check"] == "pod-mounts" and f["verdict"] == "fail"]
    assert ran.document["diagnoses"][0]["symptoms"] == []


def test_a_change_that_the_api_server_refuses_is_told_at_its_line(doctor: Doctor, lab: Lab, tmp_path: Path) -> None:
    lab.heal()
    path = manifests(tmp_path, lab, mountname="another")
    found = failing(doctor("run", "-f", path, "--format", "json").document)
    assert set(found) == {"mountname-match", "manifest-immutable"}
    lines = Path(path).read_text().splitlines()
    for finding in found.values():
        assert "mountname: another" in lines[finding["location"]["line"] - 1]


def test_a_recorded_cluster_does_as_well_as_a_live_one(doctor: Doctor, lab: Lab, tmp_path: Path) -> None:
    saved = tmp_path / "cluster.json"
    doctor("run", "--save", str(saved))
    path = manifests(tmp_path, lab)
    alone: dict[str, str | None] = dict.fromkeys(("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "KUBECONFIG"))
    replayed = doctor("run", "-f", path, "--snapshot", str(saved), "--format", "json", env=alone)
    assert set(failing(replayed.document)) == {"client-version"}
    together = tmp_path / "both.json"
    first = doctor("run", "-f", path, "--save", str(together), "--format", "json")
    again = doctor("run", "--snapshot", str(together), "--format", "json", env=alone)
    assert (again.out, again.code) == (first.out, first.code)


def test_waiting_ends_as_soon_as_the_world_is_well(doctor: Doctor, lab: Lab) -> None:
    lab.heal()
    assert doctor("run", "--wait", "10m").code == 0
