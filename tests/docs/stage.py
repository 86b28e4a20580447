"""The reader's machine: a folder with the files that the documentation speaks of, and a shell that talks to the lab."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.command import run
from tests.docs.commands import ROOT, Shown
from tests.lab import Lab
from tests.lab.incident import CLAIM, WORKLOAD
from tests.lab.lustre import LustreServer
from tests.lab.setup import FILE_SYSTEM_ID
from tests.nodes.test_recorded import answers_of
from tests.programs import BIN, NAMES

PATIENCE_S = 240
EVENT = (
    'MountVolume.SetUp failed for volume "fsx-pv" : rpc error: code = Internal desc = Could not mount '
    '"fs-0123456789abcdef0.fsx.ap-northeast-2.amazonaws.com@tcp:/ddyezbev" at "/x": mount failed: exit status 22'
)
KERNEL = (
    "[  612.1] LustreError: 4711:0:(mgc_request.c:249:do_config_log_add()) MGC10.0.11.7@tcp: failed processing log: "
    "rc = -22\n[  612.2] LustreError: 15c-8: MGC10.0.11.7@tcp: Confguration from log ddyezbev-client failed from MGS "
    "-22.\n"
)
PLAN = {
    "format_version": "1.2",
    "planned_values": {"root_module": {"resources": [{
        "address": "aws_fsx_lustre_file_system.data", "mode": "managed", "type": "aws_fsx_lustre_file_system",
        "name": "data", "values": {"storage_capacity": 1200, "deployment_type": "SCRATCH_2",
                                   "file_system_type_version": "2.15", "subnet_ids": ["subnet-0123456789abcdef0"]},
    }]}},
}  # fmt: skip

# A page's failing commands by their lines; what is a lustre-doctor's exit code is judged by the test.
PRELUDE = """
set -u -o pipefail
trap 'printf "%s %s\\n" "$LINENO" "$?" >> "$STAGE/failed"' ERR
source "$1"
"""


@dataclass(frozen=True)
class Played:
    """What a page's commands did."""

    failed: tuple[tuple[int, int], ...]
    """Line and exit code of each that did not end with 0."""
    calls: tuple[tuple[int, str], ...]
    """Exit code and arguments of each call of lustre-doctor."""
    out: str
    err: str


class Stage:
    """One folder that is copied for each page, and the names of the documentation as the lab has them."""

    def __init__(self, lab: Lab, folder: Path, server: LustreServer) -> None:
        self.lab, self.folder = lab, folder
        context = yaml.safe_load(lab.kubeconfigs["exec"].read_text())["current-context"]
        address = f"{server.address}:{server.port}"
        self.names = {
            r"fs-0123456789abcdef0\.fsx\.[a-z0-9-]+\.amazonaws\.com/abcdefgh": f"{address}/ddyezbev",
            r"\b10\.0\.1\.5\b(?= -)": address,
            r"\bfs-0123456789abcdef0\b": FILE_SYSTEM_ID,
            r"\btraining/data\b": f"default/{CLAIM}",
            r"-n training\b": "-n default",
            r"\bPOD\b": WORKLOAD,
            r"\bCONTEXT\b": context,
            r"--wait 10m\b": "--wait 1s",
            r"/etc/lustre-doctor/names\b": "names",
            r"\s&&\s": " ; ",
        }
        """Pattern → what stands for it here. A failing command before `&&` would not be noticed."""
        self._given()
        self._programs()
        working, failing = self._nodes()
        self.names["ip-10-0-1-4,ip-10-0-1-5"] = f"{working},{failing}"

    def here(self, command: str) -> str:
        """A command with the lab's names in it."""
        for pattern, name in self.names.items():
            command = re.sub(pattern, name, command)
        return command

    def play(self, commands: Iterable[Shown], work: Path) -> Played:
        """Execute commands in one shell, each at its own line number."""
        shutil.copytree(self.folder / "given", work, symlinks=True)
        script: list[str] = []
        for command in commands:
            script += [""] * (command.line - 1 - len(script))
            script += self.here(command.text).splitlines()
        page, notes = work.with_suffix(".sh"), work.with_suffix(".notes")
        page.write_text("\n".join([*script, ":", ""]))
        notes.mkdir()
        environment = {
            **self.lab.shell_env, "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "STAGE": str(notes),
            "HOME": str(work / "home"), "XDG_STATE_HOME": str(self.folder), "PYTHONPATH": str(ROOT),
            "KUBECONFIG": str(self.lab.kubeconfigs["exec"]), "LANG": "C.UTF-8",
        }  # fmt: skip
        ran = subprocess.run(
            [str(shutil.which("bash")), "-c", PRELUDE, "page", str(page)], cwd=work, env=environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        failed = [tuple(map(int, line.split())) for line in read(notes / "failed")]
        calls = [line.partition("\t")[::2] for line in read(notes / "calls")]
        return Played(
            tuple((line, code) for line, code in failed), tuple((int(code), words) for code, words in calls),
            ran.stdout, ran.stderr,
        )  # fmt: skip

    def _given(self) -> None:
        """The files that commands of the documentation read."""
        given = self.folder / "given"
        (given / "home" / ".config" / "fish" / "completions").mkdir(parents=True)
        for name in ("examples", "deploy"):
            (given / name).symlink_to(ROOT / name)
        shutil.copytree(ROOT / "examples" / "mended", given / "manifests")
        self._chart(given)
        (given / "plan.json").write_text(json.dumps(PLAN))
        (given / "kubelet.log").write_text(f"{EVENT}\n")
        (given / "dmesg").write_text(KERNEL)
        with tarfile.open(given / "bundle.tar.gz", "w:gz") as archive:
            archive.add(given / "dmesg", "node/dmesg")
        (given / "names").write_text(f"{self.lab.aws.fsx.file_system(FILE_SYSTEM_ID)['DNSName']}\n")
        (given / "nodes.jsonl").write_bytes(answers_of(self.lab))
        self._collect(given, "broken.tar.gz", "today.tar.gz", "case.tar.gz")
        self._save(given / "old.json", given / "run.json")
        self.lab.load("healthy")
        self._collect(given, "healthy.tar.gz", "healed.tar.gz", "yesterday.tar.gz")
        self._save(given / "cluster.json")

    def _nodes(self) -> list[str]:
        """Two nodes as the case of the lab calls them."""
        with tarfile.open(self.folder / "given" / "case.tar.gz") as archive:
            member = archive.extractfile("snapshot.json")
            assert member is not None
            return sorted(set(re.findall(r"ip-[0-9-]+\.[a-z0-9-]+\.compute\.internal", member.read().decode())))[:2]

    def _collect(self, given: Path, *names: str) -> None:
        made = run("collect", "-o", str(given / names[0]), env={**self.lab.env, "XDG_STATE_HOME": str(self.folder)})
        assert made.code in (0, 3), made.err
        for name in names[1:]:
            shutil.copy(given / names[0], given / name)

    def _save(self, path: Path, report: Path | None = None) -> None:
        made = run("run", "--save", str(path), "--format", "json", env=self.lab.env)
        assert made.code in (0, 3), made.err
        if report is not None:
            report.write_text(made.out)

    def _chart(self, given: Path) -> None:
        """A chart and an overlay of the same manifests."""
        files = [path for path in sorted((given / "manifests").glob("*.y*ml")) if "\nkind:" in path.read_text()]
        chart, overlay = given / "chart", given / "overlays" / "prod"
        (chart / "templates").mkdir(parents=True)
        overlay.mkdir(parents=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: data\nversion: 0.1.0\n")
        for path in files:
            shutil.copy(path, chart / "templates")
            shutil.copy(path, overlay)
        (overlay / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [path.name for path in files]}))

    def _programs(self) -> None:
        """lustre-doctor, noting how it ended; what a reader has beside it."""
        folder = self.folder / "bin"
        folder.mkdir()
        scripts = {
            "lustre-doctor": f'"{sys.executable}" -m diag "$@"\ncode=$?\n'
            'printf "%s\\t%s\\n" "$code" "$*" >> "$STAGE/calls"\nexit $code',
            "sudo": 'exec "$@"',
            "dmesg": f'cat "{self.folder}/given/dmesg"',
            "python": f'exec "{sys.executable}" "$@"',
        }
        for name, script in scripts.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / name).chmod(0o755)
        for name in NAMES:
            if (BIN / name).exists():
                (folder / name).symlink_to(BIN / name)

    def reset(self) -> None:
        """The incident, live, in a cluster that has the namespace of the node readers."""
        self.lab.load("incident")
        self.lab.kube.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lustre-doctor-nodes"}})
        for kind, name in (("pods", WORKLOAD), ("persistentvolumeclaims", CLAIM)):
            self.lab.kube.get(kind, name, "default")["metadata"].setdefault("labels", {})["app"] = "trainer"
        self.lab.come_alive()

    def missing(self, words: Sequence[str] = ("kubectl", "helm", "aws", "jq")) -> list[str]:
        """Programs of the documentation that this machine does not have."""
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return [name for name in words if shutil.which(name, path=path) is None]


def read(path: Path) -> list[str]:
    """The lines of a file that may not be there."""
    return path.read_text().splitlines() if path.exists() else []
