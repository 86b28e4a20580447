"""What clients of Lustre 2.10, 2.12, 2.15 and 2.17 answer: the same is read of each, with its tools and without them.

The texts are in tests/nodes/recorded; its README says which were seen and which were written from the source.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from checks.lnet.node_lnet_options import node_lnet_options_are_right
from checks.workload.node_blocked import node_has_no_hung_task
from checks.workload.node_targets import node_is_connected
from diag.knowledge.lustre_waits import lustre_function, table, waits_for
from diag.model.verdict import Verdict
from diag.resources.node_report import NodeReport, Vantage
from diag.resources.via import Via
from diag.sources.nodes.ask import probe
from diag.sources.nodes.parsers.answers import Answer, Answers, parse_answers
from diag.sources.nodes.parsers.report import Reading, report_of
from tests.checks.given_node_checks import only

RECORDED = Path(__file__).parent / "recorded"
VERSIONS = ("2.10.8", "2.12.9", "2.15.8", "2.17.57")
SHELLS = [name for name in ("dash", "bash", "busybox") if shutil.which(name)]
NOW = 1574001040.0
"""640 seconds after the OST of the older two was lost."""


def text(version: str, name: str) -> str:
    return (RECORDED / version / f"{name}.txt").read_text()


def versions_of(version: str) -> list[str]:
    return text(version, "versions").splitlines()


def asked_with_tools(version: str) -> NodeReport:
    """The node's report where lctl, lnetctl and mount.lustre are installed."""
    tools, helper, module = versions_of(version)
    answers = {
        "imports": text(version, "parameters"), "lnet_interfaces": text(version, "lnetctl_net_show"),
        "nids": text(version, "list_nids"), "tools_version": tools, "mount_helper": helper, "client_version": module,
        "lnet_parameters": text(version, "lnet_parameters"), "loaded_modules": f"lnet 0.7.0\nlustre {module}",
        "blocked": "", "module_settings": "", "interfaces": "eth0 up\nlo up",
    }  # fmt: skip
    return report(Answers({question: Answer(0, said) for question, said in answers.items()}, is_probe=True))


def report(answers: Answers) -> NodeReport:
    return report_of(Reading("node-a", Via.SSH, Vantage.HOST, answers, NOW - 1, NOW))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_is_read_of_every_version(version: str) -> None:
    found = asked_with_tools(version)
    assert found.imports is not None
    assert [one.kind for one in found.imports] == ["mgc", "mdc", "osc"]
    assert [one.target for one in found.imports] == ["MGS", "ddyezbev-MDT0000", "ddyezbev-OST0000"]
    assert all(re.fullmatch(r"10\.77\.0\.\d@tcp", one.connection) for one in found.imports)
    assert all(one.server_version.startswith(version[:4]) and one.since for one in found.imports)
    assert found.nids is not None and found.lnet_interfaces is not None
    assert [ni.nid for ni in found.lnet_interfaces] == ["0@lo", *found.nids]
    assert found.tools_version == found.mount_helper == found.client_version == versions_of(version)[2]


def test_interfaces_are_named_and_2_10_names_none_that_it_chose_itself() -> None:
    shown = {version: asked_with_tools(version).lnet_interfaces or () for version in VERSIONS}
    assert {version: shown[version][-1].interfaces for version in VERSIONS} == {
        "2.10.8": (), "2.12.9": ("eth0",), "2.15.8": ("eth0",), "2.17.57": ("eth0",),
    }  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_the_time_since_the_last_reply_is_known_from_2_12_on(version: str) -> None:
    silent = [one.silent_s for one in asked_with_tools(version).imports or ()]
    assert silent == [None] * 3 if version == "2.10.8" else all(seconds is not None for seconds in silent)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_lost_target_is_judged_alike(version: str) -> None:
    found = only(node_is_connected, asked_with_tools(version))
    if version in ("2.10.8", "2.12.9"):
        assert (found.verdict, found.cause) == (Verdict.FAIL, "ost-unavailable")
        assert "for 11 min" in " ".join(found.evidence)
    else:
        assert found.verdict is Verdict.PASS


@pytest.mark.parametrize("version", VERSIONS)
def test_lnet_s_options_of_every_version_are_right(version: str) -> None:
    found = only(node_lnet_options_are_right, asked_with_tools(version))
    assert found.verdict is Verdict.PASS
    assert ("discovery is on" in found.message) == (version != "2.10.8"), "2.10 has no discovery"


def at_their_places(version: str, root: Path) -> bytes:
    """The probe, with the files that a client of this version has below a folder, and no tool of Lustre."""
    modern = version == "2.17.57"
    blocks = re.split(r"(?m)^((?:mgc|mdc|osc)\.\S+\.(?:import|state)=)\n", text(version, "parameters"))[1:]
    for head, body in zip(blocks[::2], blocks[1::2], strict=True):
        kind, rest = head.split(".", 1)
        name, what = rest.rstrip("=").rsplit(".", 1)
        in_proc = not modern and (kind != "mgc" or version != "2.15.8")
        file = root / ("proc" if in_proc else "debug/lustre") / kind / name / what
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(body)
    (root / "proc/mgc" if version < "2.15" else root / "debug/lustre/mgc").mkdir(parents=True, exist_ok=True)
    (root / "debug/lnet").mkdir(parents=True, exist_ok=True)
    (root / "debug/lnet/nis").write_text(text(version, "nis"))
    script = probe().replace(b"/proc/fs/lustre", str(root / "proc").encode())
    return script.replace(b"/sys/kernel/debug", str(root / "debug").encode())


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("version", VERSIONS)
def test_without_lctl_the_files_that_it_reads_say_the_same(version: str, shell: str, tmp_path: Path) -> None:
    if shutil.which("lctl"):
        pytest.skip("this machine has lctl")
    argv = [shell, *(["sh"] if shell == "busybox" else []), "-s", "--", "port:9"]
    ran = subprocess.run(argv, input=at_their_places(version, tmp_path), capture_output=True, check=True, cwd="/")
    found = report(parse_answers(ran.stdout.decode()))
    whole = asked_with_tools(version)
    assert sorted(found.imports or (), key=lambda one: one.name) == sorted(
        whole.imports or (), key=lambda one: one.name
    )
    assert found.nids == whole.nids


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_probe_leaves_out_of_lctl_s_answer_is_not_needed(version: str, shell: str, tmp_path: Path) -> None:
    tool = tmp_path / "lctl"
    tool.write_text(f'#!/bin/sh\n[ "$1" = get_param ] && exec cat {RECORDED / version / "parameters.txt"}\nexit 0\n')
    tool.chmod(0o755)
    script = probe().replace(b"PATH=/usr/sbin", f"PATH={tmp_path}:/usr/sbin".encode(), 1)
    argv = [shell, *(["sh"] if shell == "busybox" else []), "-s", "--", "port:9"]
    ran = subprocess.run(argv, input=script, capture_output=True, check=True, cwd="/")
    assert report(parse_answers(ran.stdout.decode())).imports == asked_with_tools(version).imports


STACKS = {
    # 2.10 and 2.12: l_wait_event is a macro, so wchan names Lustre's own function.
    "2.10.8": ("S ptlrpc_set_wait 812 -", "the reply of a server"),
    "2.12.9": ("S osc_extent_wait 812 -", "data that an OST reads or writes"),
    # 2.15 on 6.1, as recorded.
    "2.15.8": ("S wait_woken 812 ptlrpc_set_wait,ptlrpc_queue_wait,ldlm_cli_enqueue", "the reply of a server"),
    # 2.17: wait_event_idle is a macro too.
    "2.17.57": ("I cl_sync_io_wait 812 -", "data that an OST reads or writes"),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_wait_is_named_in_every_version(version: str) -> None:
    where, what = STACKS[version]
    blocked = Answers({"blocked": Answer(0, f"4711 {where} dd"), "imports": Answer(0, text("2.12.9", "parameters"))})
    found = report(blocked)
    assert found.blocked is not None
    assert waits_for(found.blocked[0].functions) == what
    judged = only(node_has_no_hung_task, found)
    assert judged.verdict is Verdict.FAIL and what in " ".join(judged.evidence)


@pytest.mark.parametrize("function", [name for one in table().generic for name in one.functions], ids=lambda name: name)
def test_a_wait_of_the_kernel_s_is_lustre_s_only_with_its_stack(function: str) -> None:
    assert lustre_function((function,)) == ""
    assert lustre_function((function, "vfs_read", "ll_file_read_iter")) == "ll_file_read_iter"


def test_every_row_of_the_table_of_waits_has_versions_and_a_source() -> None:
    known = table()
    assert all(wait.source and wait.versions and wait.what for wait in known.waits)
    assert all(one.source and one.kernels for one in known.generic)
    named = [name for wait in known.waits for name in wait.functions]
    assert len(named) == len(set(named))
    assert [name for name in named if not name.startswith(known.prefixes)] == []
