"""A mount that failed on a node where no pod speaks of it: the kernel log does."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
import pytest

from diag.analysis.nodes.attempts import failed_attempt
from diag.diagnosis.diagnose import diagnose
from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import Diagnosis
from diag.resources.node_report import NodeReport
from diag.resources.table import Table
from diag.texts.symptoms import match_text
from tests.checks.given_node_checks import truth

KNOWLEDGE = load_knowledge()

WRONG_NAME = (
    "[  737.979079] LustreError: 15c-8: MGC10.77.0.2@tcp: Confguration from log wrongfs1-client failed from MGS -2. "
    "Communication error between node & MGS, a bad configuration, or other errors. See syslog for more info",
    "[  738.006009] LustreError: 2795:0:(super25.c:182:lustre_fill_super()) llite: Unable to mount <unknown>: rc = -2",
)
MOUNTED = "[  562.041518] Lustre: Mounted wrongfs1-client"
MOUNTED_LATER = "[  799.041518] Lustre: Mounted ddyezbev-client"


def node(*log: str, uptime_s: float | None = 1000.0) -> NodeReport:
    return msgspec.structs.replace(truth(kernel_log=log), uptime_s=uptime_s)


def diagnoses(report: NodeReport, **facts: Any) -> tuple[Diagnosis, ...]:
    known = {"node_truths": Table({report.node: report}), **facts}
    return diagnose((), known, KNOWLEDGE.causes, partial(match_text, knowledge=KNOWLEDGE))


@pytest.mark.parametrize("log", [WRONG_NAME, (MOUNTED, *WRONG_NAME)])
def test_a_failed_attempt_is_a_diagnosis_of_its_node_with_its_time(log: tuple[str, ...]) -> None:
    [diagnosis] = diagnoses(node(*log))
    assert diagnosis.best is not None and diagnosis.best.id == "wrong-mountname"
    assert diagnosis.headline.startswith("a mount on node-a fails")
    assert (str(diagnosis.subject), diagnosis.values["mount_name"]) == ("Node node-a", "wrongfs1")
    attempt = failed_attempt(node(*log))
    assert attempt is not None and attempt.age_s == pytest.approx(262.0, abs=0.1)


@pytest.mark.parametrize(
    "report",
    [
        node(*WRONG_NAME, MOUNTED_LATER),
        node(*WRONG_NAME, uptime_s=90000.0),
        node(MOUNTED),
        node("[ 12.0] libcfs: loading out-of-tree module taints kernel."),
        node(),
    ],
    ids=["worked since", "long ago", "worked", "no mount", "empty"],
)
def test_what_is_over_or_never_failed_is_none(report: NodeReport) -> None:
    assert diagnoses(report) == ()


def test_without_the_uptime_the_end_of_the_log_counts_as_now() -> None:
    assert len(diagnoses(node(*WRONG_NAME, uptime_s=None))) == 1
