"""What is released: the wheel, the manifests beside it, the workflows that make them. Nothing here needs a network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
import yaml

from deploy import man, release
from diag.cli import COMMANDS
from diag.version import __version__

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheel and source archive, as `make release-check` makes them."""
    folder = tmp_path_factory.mktemp("dist")
    for call in ("build_wheel", "build_sdist"):
        code = f"import sys; from hatchling.build import {call}; {call}(sys.argv[1])"
        subprocess.run([sys.executable, "-c", code, folder], cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    [path] = built.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_has_two_packages_and_the_runbooks_inside(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert {name.partition("/")[0] for name in names} == {
        "diag", "checks", "lustre_doctor.py", f"lustre_doctor-{__version__}.dist-info",
    }  # fmt: skip
    knowledge = {f"diag/knowledge/{index}" for index in ("messages/index.jsonl", "tables/index.json")}
    assert {"diag/runbooks/index.json", *knowledge, "diag/py.typed"} <= set(names)
    runbooks = [name for name in names if name.startswith("diag/runbooks/") and name.endswith(".md")]
    assert len(runbooks) == len(list((ROOT / "runbooks").glob("*.md")))


def test_what_an_index_shows_leads_somewhere(wheel: zipfile.ZipFile) -> None:
    [name] = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    about = message_from_bytes(wheel.read(name))
    urls = dict(line.split(", ") for line in about.get_all("Project-URL", []))
    assert {"Documentation", "Source", "Changelog", "Issues"} <= set(urls)
    targets = re.findall(r"\]\(([^)\s]+)\)", str(about.get_payload()))
    assert targets and all(target.startswith(("https://", "#")) for target in targets)


@pytest.mark.parametrize("program", [("twine", "check", "--strict"), ("check-wheel-contents",)])
def test_the_checkers_of_packages_find_nothing(built: Path, program: tuple[str, ...]) -> None:
    tool = shutil.which(program[0], path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    if tool is None:
        pytest.skip(f"{program[0]} is not installed")
    files = [str(path) for path in built.iterdir() if program[0] == "twine" or path.suffix == ".whl"]
    ran = subprocess.run([tool, *program[1:], *files], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_an_installed_wheel_finds_its_runbooks_and_its_checks(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path / "site")
    ran = doctor("runbook", "lustre-module-missing", path=tmp_path / "site", folder=tmp_path)
    assert ran.returncode == 0 and "lustre-module-missing" in ran.stdout, ran.stderr
    assert "client-version" in doctor("checks", path=tmp_path / "site", folder=tmp_path).stdout


@pytest.mark.parametrize("package", ["checks", "diag"])
def test_another_package_of_a_name_of_ours_is_named_in_one_sentence(
    wheel: zipfile.ZipFile, tmp_path: Path, package: str
) -> None:
    wheel.extractall(tmp_path / "site")
    (tmp_path / "other" / package).mkdir(parents=True)
    (tmp_path / "other" / package / "__init__.py").write_text("raise SystemExit('foreign code ran')")
    ran = doctor("checks", path=f"{tmp_path / 'other'}{os.pathsep}{tmp_path / 'site'}", folder=tmp_path)
    [said] = ran.stderr.splitlines()
    assert f"another package called '{package}'" in said and "pipx install" in said and "foreign code" not in said
    assert ran.returncode == (1 if package == "diag" else 0) and "client-version" not in ran.stdout


def doctor(*words: str, path: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command with the packages of a folder, from elsewhere than the repository."""
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run(
        [sys.executable, "-c", "from lustre_doctor import main; main()", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_manifests_of_a_release_name_its_archive(built: Path) -> None:
    release.write_manifests(f"v{__version__}", built)
    krew = yaml.safe_load((built / "lustre-doctor.krew.yaml").read_text())
    [platform] = krew["spec"]["platforms"]
    assert (krew["spec"]["version"], len(platform["sha256"])) == (f"v{__version__}", 64)
    assert platform["uri"].endswith(f"/v{__version__}/lustre_doctor-{__version__}.tar.gz")
    formula = (built / "lustre-doctor.rb").read_text()
    assert platform["sha256"] in formula and '"#{bin}/lustre-doctor --version"' in formula
    assert (built / "NOTES.md").read_text().startswith("### Added")
    assert os.access(ROOT / "deploy" / "krew" / krew["spec"]["platforms"][0]["bin"], os.X_OK)


def test_the_manual_page_has_every_command_and_option_and_no_request_of_theirs() -> None:
    page = man.page()
    for name in COMMANDS:
        assert f".SS {man.roff(name)}\n" in page
    assert all(man.roff(option) in page for option in ("--via", "--fail-on", "--probe-lnet", "--search", "--redact"))
    requests = {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert requests <= {".TH", ".SH", ".SS", ".B", ".TP", ".PP", ".nf", ".fi"}
    assert man.roff(".so /etc/passwd\n'x \\fB") == "\\&.so /etc/passwd\n\\&'x \\efB"
    if groff := shutil.which("groff"):
        ran = subprocess.run(
            [groff, "-man", "-Tutf8", "-ww", "-z"], input=page, capture_output=True, text=True, check=False
        )
        assert (ran.returncode, ran.stderr) == (0, "")


def test_a_tag_that_is_not_the_version_and_a_version_without_notes_release_nothing() -> None:
    with pytest.raises(ValueError, match=r"the tag is v9\.9\.9, diag/version\.py says"):
        release.version_of("v9.9.9")
    with pytest.raises(ValueError, match=r"no section 9\.9\.9"):
        release.notes_of("9.9.9", "## Unreleased\n\n- x\n\n## 0.1.0 - 2026\n\n- y\n")
    assert release.notes_of("0.1.0", "## Unreleased\n\n- x\n\n## 0.1.0 - 2026\n\n- y\n") == "- y\n"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_pins_what_it_uses_and_has_no_more_rights_than_its_jobs_need(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    for job in workflow["jobs"].values():
        assert "permissions" in job or workflow["permissions"] == {"contents": "read"}
        for step in job["steps"]:
            assert re.fullmatch(r"\./|[\w./-]+@[0-9a-f]{40}", step.get("uses", "./")), step
            assert "${{" not in step.get("run", ""), "an expression in a script is a script of whoever wrote its value"
    ran = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize(
    "linter", [("zizmor", "--offline", "--no-progress", "-q", "--min-severity", "medium"), ("actionlint",)]
)
def test_the_linters_of_workflows_find_nothing(linter: tuple[str, ...]) -> None:
    program = shutil.which(linter[0], path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip(f"{linter[0]} is not installed")
    targets = [".github", "action.yml"] if linter[0] == "zizmor" else [str(path) for path in WORKFLOWS]
    ran = subprocess.run([program, *linter[1:], *targets], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
