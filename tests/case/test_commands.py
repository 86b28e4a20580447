"""collect, run --snapshot CASE and diff as a person uses them, against the lab."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from diag.sources.casefile import read_case
from tests.command import Doctor

pytestmark = pytest.mark.lab


def collect(doctor: Doctor, path: Path, *options: str) -> int:
    return doctor("collect", "-o", str(path), *options).code


def test_a_case_replays_without_credentials_to_the_cause_of_the_incident(doctor: Doctor, tmp_path: Path) -> None:
    case = tmp_path / "case.tar.gz"
    assert collect(doctor, case) == 3
    assert case.stat().st_mode & 0o777 == 0o600 and case.stat().st_size < 100_000
    alone = dict.fromkeys(("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "KUBECONFIG"))
    again = doctor("run", "--snapshot", str(case), "--format", "json", env=alone, fresh=True)
    assert (again.code, again.best["id"], again.best["verdict"]) == (3, "client-server-version-mismatch", "confirmed")
    assert again.out == read_case(case.read_bytes())["report.json"].decode()


def test_the_case_tells_versions_timings_redaction_and_what_was_unavailable(doctor: Doctor, tmp_path: Path) -> None:
    doctor.lab.aws.switches.denied.add("ec2:DescribeNetworkAcls")
    case = tmp_path / "case.tar.gz"
    collect(doctor, case)
    about = msgspec.json.decode(read_case(case.read_bytes())["about.json"])
    assert about["redaction"] == "shareable" and about["versions"]["lustre-doctor"]
    assert about["seconds"]["whole"] > 0 and "file_systems" in about["seconds"]
    assert [u["permission"] for u in about["unavailable"]] == ["ec2:DescribeNetworkAcls"]


def test_before_and_after_the_mending_differ_first_by_the_version(doctor: Doctor, tmp_path: Path) -> None:
    broken, healed, key = tmp_path / "broken.tar.gz", tmp_path / "healed.tar.gz", tmp_path / "key.json"
    collect(doctor, broken, "--key", str(key))
    doctor.lab.heal()
    collect(doctor, healed, "--key", str(key))
    ran = doctor("diff", str(broken), str(healed), "--format", "json")
    first = ran.document["differences"][0]
    assert ran.code == 3
    assert (first["layer"], first["field"], first["before"], first["after"]) == (
        "file-system", "FileSystemTypeVersion", "2.10", "2.15",
    )  # fmt: skip
    changed = {(c["check"], c["before"], c["after"]) for c in ran.document["verdicts"]}
    assert ("client-version", "fail", "pass") in changed
    text = doctor("diff", str(broken), str(healed)).out
    assert " ".join(text.split("\n\n")[0].split()).endswith("FileSystemTypeVersion 2.10 → 2.15")
    assert doctor("diff", str(healed), str(healed)).code == 0


def test_a_file_that_is_no_case_is_wrong_usage_told_in_one_sentence(doctor: Doctor, tmp_path: Path) -> None:
    case, cut = tmp_path / "case.tar.gz", tmp_path / "cut.tar.gz"
    collect(doctor, case)
    cut.write_bytes(case.read_bytes()[:2000])
    for command in (("run", "--snapshot", str(cut)), ("diff", str(case), str(cut))):
        ran = doctor(*command)
        assert ran.code == 2 and "cut short" in ran.err and ran.out == ""


def test_a_snapshot_is_redacted_when_asked_and_fills_a_runbook_as_a_case_does(doctor: Doctor, tmp_path: Path) -> None:
    saved, case = tmp_path / "s.json", tmp_path / "case.tar.gz"
    doctor("run", "--save", str(saved), "--redact", "strict")
    assert "fs-04cb64a224a31f75d" not in saved.read_text() and "training-on-eks" not in saved.read_text()
    assert doctor("run", "--snapshot", str(saved), "--format", "json").best["id"] == "client-server-version-mismatch"
    collect(doctor, case, "--redact", "none")
    filled = doctor("runbook", "client-server-version-mismatch", "--with", str(case))
    assert filled.code == 0 and "fs-04cb64a224a31f75d" in filled.out
    assert f"lustre-doctor runbook client-server-version-mismatch --option 2 --with {case}\n" in filled.out
    whole = doctor("runbook", "client-server-version-mismatch", "--with", str(case), "--all")
    assert "--option 2 --with" not in whole.out and len(whole.out) > len(filled.out)


def test_a_case_is_never_written_through_a_link(doctor: Doctor, tmp_path: Path) -> None:
    precious, link = tmp_path / "precious", tmp_path / "case.tar.gz"
    precious.write_text("mine")
    link.symlink_to(precious)
    assert collect(doctor, link) == 2
    assert precious.read_text() == "mine" and link.is_symlink()


def test_a_key_file_that_is_none_is_refused_before_anything_is_looked_at(doctor: Doctor, tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    key.write_text('{"schema": "lustre-doctor/redaction-key/v1", "key": "00"}')
    ran = doctor("collect", "-o", str(tmp_path / "c"), "--key", str(key))
    assert ran.code == 2 and "not a key file" in ran.err and not (tmp_path / "c").exists()


@pytest.mark.lab
def test_two_cases_of_one_person_can_be_compared_without_a_key_file(doctor: Doctor, tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    for name in ("before", "after"):
        assert doctor("collect", "-o", str(tmp_path / name), env=state).code == 3
    compared = doctor("diff", str(tmp_path / "before"), str(tmp_path / "after"))
    assert (compared.code, "different keys" in compared.out) == (0, False), compared.out
    [kept] = (tmp_path / "state").rglob("*.json")
    assert kept.stat().st_mode & 0o777 == 0o600 and msgspec.json.decode(kept.read_bytes())["originals"] == {}
    assert doctor("collect", "-o", str(tmp_path / "other"), env={"XDG_STATE_HOME": "/dev/null/x"}).code == 3
    assert "different keys" in doctor("diff", str(tmp_path / "before"), str(tmp_path / "other")).out
