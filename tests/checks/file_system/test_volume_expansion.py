"""A claim that was made larger gets its size, or the reason is named."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from checks.file_system.volume_expansion import REFUSED, file_systems_grow_with_their_claims
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.fsx import AdministrativeAction, FailureDetails
from diag.resources.kubernetes import PersistentVolumeClaim
from tests.checks.given import FS, NOW, claim, controller, denied, event, file_system, findings, replace, table

NOON = datetime.datetime.fromisoformat(NOW)
UPDATE, OPTIMIZATION = "FILE_SYSTEM_UPDATE", "STORAGE_OPTIMIZATION"
COMPLAINT = 'resize volume "fsx-pv" by resizer "fsx.csi.aws.com" failed: rpc error: code = OutOfRange'


def asked(size: str = "2400Gi", held: str = "1200Gi", *, said: str = "") -> PersistentVolumeClaim:
    made = claim(resources={"requests": {"storage": size}})
    statuses = {"storage": said} if said else None
    return replace(made, status=replace(made.status, capacity={"storage": held}, allocated_resource_statuses=statuses))


def action(kind: str, status: str, hours_ago: float = 1, *, detail: str = "") -> AdministrativeAction:
    failure = FailureDetails(detail) if detail else None
    return AdministrativeAction(kind, status, 40, NOON - datetime.timedelta(hours=hours_ago), failure)


def judged(made: PersistentVolumeClaim, *actions: AdministrativeAction, gib: int = 1200, **facts: Any) -> Finding:
    deployment = facts.pop("deployment", "SCRATCH_2")
    system = file_system(deployment=deployment, administrative_actions=actions, storage_capacity=gib)
    world = {"claims": (made,), "file_systems": table(system)}
    (finding,) = findings(file_systems_grow_with_their_claims, **(world | facts))
    return finding


@pytest.mark.parametrize(
    ("actions", "facts", "named"),
    [
        ((), {"deployment": "SCRATCH_1"}, "never grows"),
        ((action(OPTIMIZATION, "IN_PROGRESS", 30),), {}, "spreads the data of the last increase (40 %)"),
        ((action(UPDATE, "COMPLETED", 5),), {}, "from 2026-11-24 13:00 UTC on"),
        ((action(UPDATE, "COMPLETED", 9), action(UPDATE, "FAILED", 1, detail="no room")), {}, "failed: no room"),
        ((), {"claim_events": (event(asked(), "VolumeResizeFailed", COMPLAINT),)}, "OutOfRange"),
    ],
)
def test_what_fsx_does_not_take_is_named(
    actions: tuple[AdministrativeAction, ...], facts: dict[str, Any], named: str
) -> None:
    finding = judged(asked(), *actions, **facts)
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "volume-expansion-failed")
    assert named in finding.message
    assert finding.fix is not None and finding.fix.steps[0].by, "nobody's command helps; somebody or time does"


def test_a_controller_without_a_resizer_is_named() -> None:
    made = controller()
    template = made.spec.template
    spec = replace(template.spec, containers=template.spec.containers[:-1])
    trimmed = replace(made, spec=replace(made.spec, template=replace(template, spec=spec)))
    finding = judged(asked(), deployments=(trimmed,))
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "volume-expansion-failed")
    assert "has no container csi-resizer" in finding.message and finding.fix is not None
    assert judged(asked("1200Gi"), deployments=(trimmed,)).verdict is Verdict.PASS, "nobody asks it for anything"


def test_a_size_that_the_driver_refused_for_good_is_named() -> None:
    assert "refused it for good" in judged(asked(said=REFUSED)).message
    assert judged(asked(said="ControllerResizeInProgress")).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "made", [asked("1200Gi"), asked("1Ti"), claim(), claim(resources={"requests": {"storage": "?"}})]
)
def test_a_claim_that_asks_for_no_more_rules_the_cause_out(made: PersistentVolumeClaim) -> None:
    finding = judged(made, action(UPDATE, "FAILED"))
    assert (finding.verdict, finding.rules_out) == (Verdict.PASS, ("volume-expansion-failed",))


@pytest.mark.parametrize(
    ("actions", "gib"),
    [
        ((action(UPDATE, "IN_PROGRESS", 0.1),), 1200),
        ((action(OPTIMIZATION, "IN_PROGRESS", 0.5), action(UPDATE, "COMPLETED", 1)), 2400),
        ((action(UPDATE, "COMPLETED", 6.1),), 1200),
        ((), 1200),
    ],
)
def test_one_that_grows_or_may_grow_is_left_in_peace(actions: tuple[AdministrativeAction, ...], gib: int) -> None:
    complaint = (event(asked(), "Resizing", "External resizer is resizing volume fsx-pv"),)
    finding = judged(asked(), *actions, gib=gib, claim_events=complaint)
    assert (finding.verdict, finding.rules_out) == (Verdict.PASS, ())


def test_a_claim_that_waits_for_its_first_volume_is_not_judged() -> None:
    waiting = claim(volume="", phase="Pending", resources={"requests": {"storage": "2400Gi"}})
    assert findings(file_systems_grow_with_their_claims, claims=(waiting,), persistent_volumes=()) == ()


def test_what_could_not_be_read_is_unknown() -> None:
    unread = judged(asked(), claim_events=denied("list events"))
    assert (unread.verdict, unread.unavailable[0].permission) == (Verdict.UNKNOWN, "list events")
    hidden = judged(asked(), file_systems=table(missing={FS: denied("fsx:DescribeFileSystems")}))
    assert hidden.verdict is Verdict.UNKNOWN
    assert judged(asked(), file_systems=table()).verdict is Verdict.SKIP
    known = judged(asked(), action(UPDATE, "FAILED"), claim_events=denied("list events"))
    assert known.verdict is Verdict.WARN, "FSx's own record is enough"
