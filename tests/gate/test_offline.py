"""The gate over manifests alone, as a pipeline calls it: the real command in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from tests.command import Ran, run
from tests.manifests.test_terraform import FS, SG, USES, file_system, group, opens
from tests.manifests.written import CLAIM, VOLUME, plan
from tests.patience import in_time

EXAMPLES = Path(__file__).parents[2] / "examples"


def gate(*arguments: str, stdin: str = "", cwd: Path | None = None) -> Ran:
    return run("run", "--offline", *arguments, stdin=stdin, cwd=cwd)


def test_the_original_set_up_goes_red_at_the_lines_of_its_traps() -> None:
    ran = gate("-f", str(EXAMPLES / "original"), "--format", "json")
    assert ran.code == 3
    failed = {
        (f["check"], Path(f["location"]["file"]).name, f["location"]["line"])
        for f in ran.document["findings"]
        if f["verdict"] == "fail"
    }
    assert failed == {
        ("mountname-match", "fsx.yaml", 25),
        ("dns-name", "fsx.yaml", 27),
        ("planned-images", "driver-values.yaml", 4),
        ("planned-role", "driver-values.yaml", 11),
    }


def test_the_mended_one_goes_green_with_nothing_left_open() -> None:
    ran = gate("-f", str(EXAMPLES / "mended"), "--format", "json", "--fail-on", "warn")
    assert ran.code == 0, ran.out
    assert {f["verdict"] for f in ran.document["findings"]} == {"pass", "skip"}
    assert ran.document["unavailable"] == []


def test_standard_input_is_a_manifest_and_paths_repeat(tmp_path: Path) -> None:
    (tmp_path / "claim.yaml").write_text(CLAIM)
    ran = gate("-f", "-", "-f", str(tmp_path / "claim.yaml"), "--format", "json", stdin=VOLUME)
    assert ran.code == 0, ran.out
    assert {f["location"]["file"] for f in ran.document["findings"] if f["location"]} == {
        "(standard input)", str(tmp_path / "claim.yaml"),
    }  # fmt: skip


def test_a_terraform_plan_is_judged_before_it_costs_an_evening(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(plan(file_system(), group(opens(1018, 1023)), references=USES))
    arguments = ("-f", str(tmp_path / "plan.json"), "--format", "json")
    ran = gate(*arguments, "--assume-kernel", "6.12.46-66.121.amzn2023.x86_64")
    assert ran.code == 3
    assert {f["check"]: f["subject"]["name"] for f in ran.document["findings"] if f["verdict"] == "fail"} == {
        "planned-version": FS, "planned-rules": SG,
    }  # fmt: skip
    whole = plan(file_system(file_system_type_version="2.15"), group(opens(988, 1023)), references=USES)
    (tmp_path / "plan.json").write_text(whole)
    assert gate(*arguments, "--assume-kernel", "6.12.46-66.121.amzn2023.x86_64").code == 0


def test_a_bad_document_among_good_ones_fails_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(f"{VOLUME}---\nkind: {{{{ .Values.kind }}}}\n---\n{CLAIM}")
    ran = gate("-f", str(tmp_path / "x.yaml"), "--format", "json")
    assert ran.code == 3
    [bad] = [f for f in ran.document["findings"] if f["verdict"] == "fail"]
    assert (bad["check"], bad["location"]["line"], bad["location"]["column"]) == ("manifest-readable", 16, 7)
    assert any(f["check"] == "volume-driver" and f["verdict"] == "pass" for f in ran.document["findings"])


@pytest.mark.parametrize("path", ["absent.yaml", "huge.yaml", "binary.yaml", "locked/absent"])
def test_what_cannot_be_read_is_wrong_usage_in_one_line(tmp_path: Path, path: str) -> None:
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(100 << 20)
    (tmp_path / "binary.yaml").write_bytes(b"\x00\xff\xfe")
    with in_time():
        ran = gate("-f", str(tmp_path / path))
    assert (ran.code, ran.out) == (2, "")
    assert str(tmp_path / path) in ran.err


def test_manifests_without_lustre_are_nothing_inspected(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    assert gate("-f", str(tmp_path / "x.yaml")).code == 6
    assert gate("-f", str(tmp_path)).code == 6


def test_offline_wants_manifests() -> None:
    ran = gate()
    assert ran.code == 2
    assert "-f" in ran.err


def test_several_formats_at_once_and_one_document_on_standard_output(tmp_path: Path) -> None:
    forms = ("json", "junit", "sarif", "markdown", "github", "openmetrics", "text")
    outputs = [argument for form in forms for argument in ("--output", f"{form}={tmp_path / form}")]
    ran = gate("-f", str(EXAMPLES / "original"), *outputs, "--format", "junit")
    assert ran.code == 3
    Xml.fromstring(ran.out)
    assert (tmp_path / "junit").read_text() == ran.out
    assert json.loads((tmp_path / "sarif").read_text())["version"] == "2.1.0"
    assert all((tmp_path / form).stat().st_mode & 0o777 == 0o600 for form in forms)
    assert "\x1b" not in (tmp_path / "text").read_text()


@pytest.mark.parametrize("output", ["pdf=x", "json", "json=", "=x"])
def test_a_wrong_output_is_refused_before_anything_is_read(output: str) -> None:
    assert gate("-f", "absent", "--output", output).code == 2


def test_an_output_never_goes_through_a_link_or_over_a_device(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for path in (tmp_path / "link", Path("/dev/null"), tmp_path / "no" / "folder"):
        assert gate("-f", str(EXAMPLES / "mended"), "--output", f"json={path}").code == 2
    assert not (tmp_path / "elsewhere").exists()


def test_links_to_files_are_followed_as_kubectl_does_but_never_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("password: hunter2hunter2: x")
    folder = tmp_path / "manifests"
    (folder / "..data").mkdir(parents=True)
    (folder / "..data" / "volume.yaml").write_text(VOLUME.replace("mountname: abcdebev", "mountname: None"))
    (folder / "volume.yaml").symlink_to("..data/volume.yaml")
    (folder / "secret.yaml").symlink_to(tmp_path / "secret.yaml")
    (folder / "circle.yaml").symlink_to("circle.yaml")
    (folder / "again").symlink_to(folder)
    ran = gate("-f", str(folder), "--format", "json")
    assert ran.code == 3
    assert {f["verdict"] for f in ran.document["findings"] if f["check"] == "mountname-match"} == {"fail"}
    assert "3 symbolic links not followed (first: " in ran.err
    assert "hunter2" not in ran.out + ran.err


SUPPRESSED = """\
[[suppress]]
check = "{check}"
subject = "*"
verdict = "fail"
reason = "known"
owner = "team"
expires = {expires}
"""


def test_accepted_findings_are_shown_and_let_the_gate_through_until_they_expire(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(VOLUME.replace("mountname: abcdebev", "mountname: None"))
    assert gate("-f", "x.yaml", cwd=tmp_path).code == 3
    (tmp_path / "lustre-doctor.toml").write_text(SUPPRESSED.format(check="mountname-match", expires="2099-01-01"))
    ran = gate("-f", "x.yaml", "--format", "json", cwd=tmp_path)
    assert ran.code == 0
    [held] = [f for f in ran.document["findings"] if f["suppressed"]]
    assert (held["verdict"], held["suppressed"]) == ("fail", "known (owner team, until 2099-01-01)")
    assert "suppressed: known" in gate("-f", "x.yaml", cwd=tmp_path).out.replace("\n", " ")
    (tmp_path / "lustre-doctor.toml").write_text(SUPPRESSED.format(check="mountname-match", expires="2020-01-01"))
    assert gate("-f", "x.yaml", cwd=tmp_path).code == 3


def test_the_command_line_counts_more_than_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(VOLUME.replace("fs-0123456789abcdef0\n", "${FSX}\n"))
    (tmp_path / "pyproject.toml").write_text('[tool.lustre-doctor]\nonly = ["dns"]\n')
    assert {f["check"] for f in gate("-f", "x.yaml", "--format", "json", cwd=tmp_path).document["findings"]} > {
        "dns-name"
    }
    named = gate("-f", "x.yaml", "--format", "json", "--only", "mountname-match", cwd=tmp_path)
    assert {f["check"] for f in named.document["findings"]} == {"mountname-match"}


def test_a_wrong_configuration_is_wrong_usage_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(VOLUME)
    for name, text, told in (
        ("lustre-doctor.toml", "\nfailon = 'warn'\n", "lustre-doctor.toml:2: unknown key 'failon'"),
        ("mine.toml", "only = ['nobody']\n", "mine.toml:1: only: 'nobody'"),
    ):
        (tmp_path / name).write_text(text)
        ran = gate("-f", "x.yaml", "--config", name, cwd=tmp_path)
        assert (ran.code, ran.out) == (2, "")
        assert told in ran.err
    assert gate("-f", "x.yaml", "--config", "absent.toml", cwd=tmp_path).code == 2


@pytest.mark.parametrize("form", ["json", "sarif", "junit", "github"])
def test_a_program_gets_a_document_also_when_a_file_cannot_be_used(tmp_path: Path, form: str) -> None:
    ran = gate("-f", str(tmp_path / "absent.yaml"), "--format", form)
    assert ran.code == 2 and "absent.yaml" in ran.out and "absent.yaml" in ran.err
    if form == "json":
        assert ran.document["exit_code"] == 2


def test_exit_6_says_what_was_seen(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    (tmp_path / "b.yaml").write_text("replicas: 2\n")
    ran = gate("-f", str(tmp_path))
    assert ran.code == 6
    assert "1 ConfigMap" in ran.out and "unknown kind (it begins with replicas)" in ran.out.replace("\n    ", " ")


def test_one_fault_is_reported_once(tmp_path: Path) -> None:
    """A placeholder in the class, the claim and the volume: one finding for each field, whatever check it is of."""
    text = VOLUME.replace("fs-0123456789abcdef0\n", "fs-xxxxx\n").replace("mountname: abcdebev", "mountname: CHANGEME")
    (tmp_path / "x.yaml").write_text(f"{text}---\n{CLAIM.replace('name: fsx-pvc', 'name: <name>')}")
    ran = gate("-f", str(tmp_path), "--format", "json")
    failed = [f["message"] for f in ran.document["findings"] if f["verdict"] == "fail"]
    for field in ("volumeHandle", "mountname", "'<name>'"):
        assert sum(field in message for message in failed) == 1, (field, failed)
