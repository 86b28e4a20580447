"""What a client-only 2.15.8 build printed against a real 2.15.8 server, each case judged as it was.

The data is in tests/nodes/recorded/client-only-2.15.8: standard error, exit status, the kernel log's end as they were.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from checks.client.node_module import node_has_module
from checks.workload.node_blocked import node_has_no_hung_task
from checks.workload.node_targets import node_is_connected
from diag.diagnosis.explain import explain
from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import Diagnosis, Likelihood
from diag.model.symptom import TextStream
from diag.model.verdict import Verdict
from diag.resources.node_report import NodeReport
from diag.sources.nodes.parsers.answers import Answer
from diag.sources.nodes.parsers.kernel import read_blocked
from diag.texts.symptoms import read_symptoms
from tests.checks.given_node_checks import only

FOLDER = Path(__file__).parent / "recorded/client-only-2.15.8"
KNOWLEDGE = load_knowledge()
LIKELY = (Likelihood.CONFIRMED, Likelihood.LIKELY)


def explained(name: str) -> Diagnosis:
    text = (FOLDER / f"{name}.txt").read_bytes()
    report = read_symptoms((TextStream("", iter((text,))),), KNOWLEDGE)
    (found,) = explain(report.groups, KNOWLEDGE.causes, report.mounted, owner=report.owner)
    return found


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("opt_network_tcp1", "bad-mount-option"),
        ("opt_skpath", "bad-mount-option"),
        ("lnet_syntax", "lnet-not-configured"),
        ("wrongname", "wrong-mountname"),
        ("missing_subdir_deep", "missing-subdirectory"),
        ("nid_tcp1", "lnet-wrong-network"),
        ("two_mgs_both_dead", "mgs-unreachable-network"),
        ("helper_absent", "mount-helper-missing"),
    ],
)
def test_texts_of_a_failed_mount(name: str, cause: str) -> None:
    causes = explained(name).causes
    assert (causes[0].id, causes[0].verdict in LIKELY) == (cause, True), [(one.id, one.verdict) for one in causes]
    assert all(one.id != "client-server-version-mismatch" or one.verdict not in LIKELY for one in causes)


def test_a_success_says_so() -> None:
    found = explained("success")
    assert found.causes == () and "the mount succeeded" in found.headline


def test_libcfs_and_lnet_in_the_log_do_not_show_that_lustre_loads() -> None:
    causes = {one.id: one.verdict for one in explained("module_blacklisted").causes}
    assert causes["lustre-module-missing"] is not Likelihood.RULED_OUT


@pytest.mark.parametrize("name", ["dup_colon", "no_slash_client_only"])
def test_texts_that_are_known(name: str) -> None:
    assert "not recognised" not in explained(name).headline


def node(name: str) -> NodeReport:
    line = json.loads((FOLDER / f"{name}.node.json").read_text())
    return msgspec.convert(line.get("truth", line), NodeReport)


def test_an_mdt_that_is_gone_beside_an_mgs_that_answers_is_no_fault_of_the_network() -> None:
    found = only(node_is_connected, node("node_mdt_down_ost_recovering"))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "mdt-unavailable")
    assert "the server answers" in found.message


def test_a_module_whose_vermagic_differs_in_one_word_cannot_load() -> None:
    found = only(node_has_module, node("node_vermagic_mismatch"))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "kernel-module-version-mismatch")
    assert "PREEMPT" in found.message and "preempt" in found.message


def test_processes_that_hung_for_minutes_in_state_s_hang() -> None:
    """The stacks as they were, in the probe's form: ten functions of Lustre's at most, innermost first."""
    text = (FOLDER / "node_blocked_hung_processes.txt").read_text()
    lines = []
    for head, stack in re.findall(r"(?m)^(\d+ \(\S+\) S .*)\n((?:\[<0>\].*\n?)+)", text):
        pid, name = re.match(r"(\d+) \((\S+)\)", head).groups()  # type: ignore[union-attr]
        own = re.findall(r"(?m)\] (\w+)\+\S+ \[\w+\]$", stack)
        lines.append(f"{pid} S wait_woken 780 {','.join(own[:8])} {name}")
    assert len(lines) == 2
    blocked = read_blocked(Answer(0, "\n".join(lines)))
    assert isinstance(blocked, tuple)
    hung = msgspec.structs.replace(node("node_mdt_down_ost_recovering"), blocked=blocked)
    found = only(node_has_no_hung_task, hung)
    assert found.verdict is Verdict.FAIL and "2 processes wait in Lustre" in found.message
    assert "ptlrpc_set_wait for the reply of a server" in found.evidence[0]
