"""Readers on the nodes print one line each; together they are judged as if the nodes had been asked."""

import io
import json
import os
import sys
from pathlib import Path

import pytest

from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import NodeReport
from diag.resources.table import Table
from diag.sources.kubernetes.client import Kube
from diag.sources.nodes.ask import NodeAsk, Plugin
from diag.sources.nodes.exec import Exec
from diag.sources.nodes.recorded import Recorded, line_of, read_recording
from tests.command import run
from tests.lab import Lab
from tests.nodes.reading import NOTHING, ask, refusal, truth
from tests.nodes.test_command import of, report, start

SILENT = Unavailable("node b", Reason.TIMEOUT, "the probe took too long", remedy="raise --node-deadline")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> NodeReport:
    """What `lustre-doctor node` prints on this machine."""
    file = tmp_path_factory.mktemp("own") / "answer"
    file.write_text(run("node", env={"NODE_NAME": "a"}).out)
    assert file.read_bytes().count(b"\n") == 1
    return truth(read_recording(str(file)).answers.get("a"))


def test_the_command_prints_this_machine_s_answer_as_one_line(own: NodeReport) -> None:
    assert own.node == "a"
    assert own.kernel == os.uname().release
    assert own.via.value == "local"


def test_a_line_is_read_back_as_it_was(own: NodeReport, tmp_path: Path) -> None:
    file = tmp_path / "answers"
    file.write_bytes(line_of("a", own) + line_of("b", SILENT))
    recording = read_recording(str(file))
    assert recording.answers == Table({"a": own}, {"b": SILENT})
    assert recording.strays == ()


def test_what_is_no_answer_is_kept_apart(own: NodeReport, tmp_path: Path) -> None:
    file = tmp_path / "answers"
    whole = line_of("a", own)
    other = b'{"schema": "lustre-doctor/node/v9", "node": "c", "truth": null}\n'
    both = json.dumps({**json.loads(line_of("b", SILENT)), "truth": json.loads(whole)["truth"]}).encode() + b"\n"
    file.write_bytes(
        b"the cluster's volumes are not known\n\n" + whole + whole[:100] + b"\n" + other + both + b"\xff\n"
    )
    recording = read_recording(str(file))
    assert list(recording.answers.values) == ["a"]
    assert len(recording.strays) == 5


def test_the_answer_of_a_later_reader_counts_over_a_failure(own: NodeReport, tmp_path: Path) -> None:
    file = tmp_path / "answers"
    file.write_bytes(line_of("a", SILENT) + line_of("a", own) + line_of("a", SILENT))
    assert read_recording(str(file)).answers == Table({"a": own})


def test_standard_input_is_read_for_a_dash(own: NodeReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line_of("a", own))))
    assert read_recording("-").answers == Table({"a": own})


def test_why_a_reader_could_not_start_is_told_as_it_said() -> None:
    why = Unavailable("node a", Reason.ABSENT, "the probe cannot be started: No such file or directory")
    answers = ask(Recorded(Table({}, {"a": why})), [NodeAsk("a")], NOTHING)
    assert answers["a"] == why


def test_a_node_without_a_reader_says_so(own: NodeReport) -> None:
    answers = ask(Recorded(Table({"a": own}, {"b": SILENT})), [NodeAsk("a"), NodeAsk("b"), NodeAsk("c")], NOTHING)
    assert answers["a"] == own
    assert answers["b"] == SILENT
    assert "its reader printed no answer" in refusal(answers["c"]).detail


def answers_of(lab: Lab) -> bytes:
    """The answers of the lab's nodes, as a reader on each would have printed them."""
    pods = [pod for pod in lab.kube.all("pods") if pod["metadata"]["name"].startswith("fsx-csi-node")]
    asks = []
    for pod in pods:
        plugin = Plugin(pod["metadata"]["namespace"], pod["metadata"]["name"], "fsx-plugin", "image")
        asks.append(NodeAsk(pod["spec"]["nodeName"], plugin=plugin))
    answers = ask(Exec(Kube(kubeconfig=str(lab.kubeconfigs["exec"]))), asks, NOTHING)
    return b"".join(line_of(node, found) for node, found in answers.items())


@pytest.fixture(scope="module")
def recorded(running_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three nodes' answers in a file."""
    running_lab.load("incident")
    file = tmp_path_factory.mktemp("answers") / "nodes.jsonl"
    file.write_bytes(answers_of(running_lab))
    return file


@pytest.mark.lab
def test_recorded_answers_tell_what_asking_the_nodes_tells(lab: Lab, recorded: Path) -> None:
    asked = report(start(lab, "--via", "exec", "--nodes", "all"))
    lab.script.asked.clear()
    found = report(start(lab, "--node-answers", str(recorded)))
    assert lab.script.asked == []
    for check in ("node-client", "client-version"):
        assert [f["message"] for f in of(found, check)] == [f["message"] for f in of(asked, check)]
    assert "all 3 nodes alike" in of(found, "node-client")[0]["message"]


@pytest.mark.lab
def test_a_silent_reader_leaves_its_node_unknown(lab: Lab, recorded: Path, tmp_path: Path) -> None:
    two = tmp_path / "two"
    two.write_bytes(b"".join(recorded.read_bytes().splitlines(keepends=True)[:2]) + b"lustre-doctor failed: x\n")
    ran = start(lab, "--node-answers", str(two)).result()
    unknown = [f for f in of(ran.document, "node-module") if f["verdict"] == "unknown"]
    assert len(unknown) == 1 and "its reader printed no answer" in unknown[0]["message"]
    assert "ignored 1 line(s) that are not node answers (first: 'lustre-doctor failed: x')" in ran.err


@pytest.mark.lab
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--via", "exec"), "exclude each other"),
        ((), "there is no node's answer in it"),
    ],
)
def test_wrong_usage_is_refused(lab: Lab, tmp_path: Path, options: tuple[str, ...], told: str) -> None:
    empty = tmp_path / "empty"
    empty.write_text("")
    ran = start(lab, "--node-answers", str(empty), *options).result()
    assert (ran.code, told in ran.err) == (2, True), ran.err
