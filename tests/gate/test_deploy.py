"""What is ready to use: the action, the pipelines, the plugin, and every command line in them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from diag.cli import cli
from tests.lab.lab import Lab

CLASS = """\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fsx-sc}
provisioner: fsx.csi.aws.com
parameters:
  subnetId: subnet-0123456789abcdef0
  securityGroupIds: sg-0123456789abcdef0
  deploymentType: scratch_2
  fileSystemTypeVersion: "2.15"
"""

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Every `lustre-doctor …` of deploy/, as words."""
    for path in sorted((ROOT / "deploy").rglob("*.y*ml")):
        for document in yaml.safe_load_all(path.read_text()):
            for container in containers(document):
                yield f"{path.name}: {container['name']}", [str(word) for word in container["args"]]


def containers(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "args" in node and "lustre-doctor" in str(node.get("image", "")):
            yield node
        for value in node.values():
            yield from containers(value)
    elif isinstance(node, list):
        for value in node:
            yield from containers(value)


@pytest.mark.parametrize(("where", "words"), list(command_lines()), ids=lambda value: str(value)[:60])
def test_every_command_line_shown_is_one_that_the_program_takes(where: str, words: list[str]) -> None:
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None, where
    command.make_context(words[0], words[1:])


def test_the_pre_commit_hooks_pass_what_is_not_ours_and_stop_what_is_wrong(tmp_path: Path) -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert set(hooks) == {"lustre-doctor", "lustre-doctor-fix"}
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert all(hook["entry"].split()[0] in scripts for hook in hooks.values())
    (tmp_path / "other.yaml").write_text("replicas: 3\n")
    (tmp_path / "class.yaml").write_text(CLASS)

    def hook(*words: str) -> int:
        code = "import sys; from diag.cli.pre_commit import main; main()"
        ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, cwd=tmp_path, check=False)
        return ran.returncode

    assert hook() == 0
    assert hook("other.yaml") == 0
    assert hook("other.yaml", "class.yaml") == 3
    assert hook("--fix", "other.yaml", "class.yaml") == 0
    assert "SCRATCH_2" in (tmp_path / "class.yaml").read_text()


def test_the_component_runs_what_the_program_takes() -> None:
    path = ROOT / "deploy" / "gitlab" / "templates" / "lustre-doctor.yml"
    spec, job = yaml.safe_load_all(path.read_text())
    [line] = job["lustre-doctor"]["script"]
    words = shlex.split(re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda m: spec["spec"]["inputs"][m[1]]["default"], line))
    command = cli.get_command(click.Context(cli), words[1])
    assert command is not None
    command.make_context(words[1], words[2:])


def test_the_workflow_pins_what_it_uses_and_tests_this_very_action() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "action.yml").read_text())
    steps = workflow["jobs"]["examples"]["steps"]
    used = [step["uses"] for step in steps if "uses" in step]
    assert all(re.fullmatch(r"\./|[\w./-]+@[0-9a-f]{40}", use) for use in used)
    assert [step["with"]["manifests"] for step in steps if step.get("uses") == "./"] == [
        "examples/original", "examples/mended",
    ]  # fmt: skip


def test_some_are_shown() -> None:
    assert len(list(command_lines())) > 4


def test_the_component_keeps_gitlabs_schema_once_its_inputs_are_filled_in(tmp_path: Path) -> None:
    spec, job = (ROOT / "deploy" / "gitlab" / "templates" / "lustre-doctor.yml").read_text().split("\n---\n")
    inputs = yaml.safe_load(spec)["spec"]["inputs"]
    filled = re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: inputs[match[1]]["default"], job)
    assert "$[[" not in filled
    (tmp_path / "job.yml").write_text(filled)
    ran = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(tmp_path / "job.yml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize(
    ("schema", "path"),
    [("vendor.github-actions", "action.yml"), ("vendor.gitlab-ci", "deploy/gitlab/lustre-doctor.gitlab-ci.yml")],
)
def test_the_pipelines_keep_their_owners_schemas(schema: str, path: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(ROOT / path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout


def act(folder: Path, **inputs: str) -> tuple[int, str]:
    """The action's own script as the runner calls it, with the command that is installed here."""
    program = Path(sys.executable).parent / "lustre-doctor"
    if not program.exists():
        pytest.skip("lustre-doctor is not installed in this environment")
    (folder / "lustre-doctor" / "bin").mkdir(parents=True)
    (folder / "lustre-doctor" / "bin" / "lustre-doctor").symlink_to(program)
    step = next(step for step in ACTION["runs"]["steps"] if step.get("id") == "run")
    values = {name: str(given.get("default", "")) for name, given in ACTION["inputs"].items()} | inputs
    environment = {key: re.sub(r"\$\{\{ inputs\.([\w-]+) }}", lambda m: values[m[1]], text)
                   for key, text in step["env"].items()}  # fmt: skip
    files = {name: str(folder / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env={"PATH": os.environ["PATH"], "RUNNER_TEMP": str(folder), **files, **environment},
        capture_output=True, text=True, check=False, cwd=folder, timeout=60,
    )  # fmt: skip
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize(("example", "code"), [("original", 3), ("mended", 0)])
def test_the_action_annotates_sums_up_and_ends_with_the_commands_code(tmp_path: Path, example: str, code: int) -> None:
    manifests = "\n".join(str(path) for path in sorted((ROOT / "examples" / example).iterdir()))
    ended, printed = act(tmp_path, manifests=manifests)
    assert ended == code, printed
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == f"exit-code={code}\n"
    assert (tmp_path / "GITHUB_STEP_SUMMARY").read_text().startswith("## ")
    assert ("::error " in printed) == bool(code)
    assert (tmp_path / "lustre-doctor.sarif").exists() and (tmp_path / "lustre-doctor.xml").exists()


def test_an_input_of_the_action_is_never_a_piece_of_its_script(tmp_path: Path) -> None:
    hostile = f'x; touch {tmp_path}/owned; $(touch {tmp_path}/owned) `touch {tmp_path}/owned` "'
    act(tmp_path, manifests=hostile, region=hostile, config=hostile, arguments=hostile)
    assert not (tmp_path / "owned").exists()
    assert not re.search(r"\$\{\{", "".join(step["run"] for step in ACTION["runs"]["steps"]))


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_finds_the_plugin() -> None:
    folder = Path(sys.executable).parent
    if not (folder / "kubectl-lustre_doctor").exists():
        pytest.skip("lustre-doctor is not installed in this environment")
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    ran = subprocess.run(
        ["kubectl", "lustre-doctor", "--version"], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.stdout.startswith("lustre-doctor, version")


@pytest.mark.skipif(not (ROOT / ".programs" / "bin" / "kubectl").exists(), reason="`make programs` was not run")
def test_the_base_takes_the_overlay_that_its_readme_shows(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy" / "kubernetes", tmp_path / "deploy" / "kubernetes")
    [overlay] = re.findall(r"```yaml\n(.*?)```", (ROOT / "deploy" / "kubernetes" / "README.md").read_text(), re.DOTALL)
    (tmp_path / "overlays" / "prod").mkdir(parents=True)
    (tmp_path / "overlays" / "prod" / "kustomization.yaml").write_text(overlay)
    kubectl = str(ROOT / ".programs" / "bin" / "kubectl")
    ran = subprocess.run(
        [kubectl, "kustomize", str(tmp_path / "overlays" / "prod")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    made = {(document["kind"], document["metadata"]["name"]): document for document in yaml.safe_load_all(ran.stdout)}
    account = made["ServiceAccount", "lustre-doctor"]["metadata"]["annotations"]
    assert account == {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/lustre-doctor"}
    [container] = containers(made["CronJob", "lustre-doctor"])
    assert container["image"] == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/lustre-doctor:0.1.0"
    assert container["securityContext"]["runAsNonRoot"] is True


@pytest.mark.lab
def test_a_run_needs_nothing_of_what_the_image_leaves_out(lab: Lab, tmp_path: Path) -> None:
    import kubernetes

    [line] = re.findall(r"&& rm -rf (aio .*) \\\n", (ROOT / "deploy" / "Dockerfile").read_text())
    kept = tmp_path / "kubernetes"
    shutil.copytree(Path(str(kubernetes.__file__)).parent, kept, ignore=shutil.ignore_patterns("__pycache__", "docs"))
    subprocess.run(["sh", "-c", f"rm -rf {line}"], cwd=kept, check=True)
    assert sum(path.stat().st_size for path in kept.rglob("*") if path.is_file()) < 3_000_000
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from diag.cli import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), "run", "-q", "--via", "exec"],
        env={**os.environ, **lab.env}, capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert (ran.returncode, "client-server-version-mismatch (confirmed)" in ran.stdout) == (3, True), ran.stderr


def test_the_image_runs_as_nobody_and_from_pinned_bases() -> None:
    lines = (ROOT / "deploy" / "Dockerfile").read_text().splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    pins = dict(re.findall(r"^ARG (\w+)=(\d+\.\d+\.\d+)$", "\n".join(lines), re.MULTILINE))
    assert bases and all("${PYTHON_VERSION}" in base and "PYTHON_VERSION" in pins for base in bases)
    user = [line for line in lines if line.startswith("USER ")]
    assert user == ["USER 65532:65532"]
    copied = {
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    }
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == kept
