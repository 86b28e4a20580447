"""A report with one of everything, and texts that try to break out of every format."""

from __future__ import annotations

from msgspec.structs import replace

from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood
from diag.model.finding import Finding, Location
from diag.model.fix import Danger, Fix, Step, StepKind
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.model.tool_error import ToolError
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.reports.report import Coverage, Policy, Report, Rule

VOLUME = Subject(Kind.VOLUME, "fsx-pv")
PLACE = Location("deploy/fsx volume.yaml", 25, 16)
HOSTILE = (
    '<script>alert(1)</script>', "]]>", "&amp;", "\x1b[2J\x00\x07", "a,b:c%0A::error::x", "::set-output name=x::y",
    '"} 1\nlustre_doctor_exit_code 0', "| a | b |\n# head", "[x](javascript:alert(1))", "`code` ``more``", "\ud800",
    "\u202egnp.exe", "\x9b2J\x7f", "::error::x", "##vso[task.x]y",
    "$(rm -rf /)", "\\", "line\r\nbreak", "{{ .Values.x }}", "<!-- c -->", "*bold* _x_ ~~y~~",
    "",
)  # fmt: skip


def finding(verdict: Verdict, message: str = "mountname is 'a', FSx says 'b'", **fields: object) -> Finding:
    """A finding of mountname-match about a volume."""
    usual: dict[str, object] = {"check": "mountname-match", "layer": Layer.REQUEST, "subject": VOLUME}
    return Finding(**{**usual, "verdict": verdict, "message": message, **fields})  # type: ignore[arg-type]


def report(*findings: Finding, exit_code: int = 3, **fields: object) -> Report:
    """A run's report over the findings."""
    usual: dict[str, object] = {
        "findings": findings,
        "rules": (Rule("mountname-match", "The name is right", "pass: it is\nfail: it is not", Layer.REQUEST),),
        "coverage": Coverage(checks=1, questions=3, answered=2, failed=1, volumes=1),
        "taken_at": "2026-11-24T12:00:00Z",
        "tool_version": "0.1.0",
        "cluster": "training",
        "region": "ap-northeast-2",
    }
    return Report(**{"exit_code": exit_code, **usual, **fields})  # type: ignore[arg-type]


def made_fix(text: str, *alternatives: Fix) -> Fix:
    """A step of each kind, each saying `text`."""
    said = Step(StepKind.SAVE, ("echo", text), text, once=True, text=text, changes=text, by=text, open=(text,))
    steps = (replace(said, kind=kind, danger=Danger.DESTROYS) for kind in StepKind)
    return Fix((*steps, Step(StepKind.CHANGE, text=text)), alternatives)


def everything(text: str = "x", *, policy: Policy = Policy()) -> Report:  # noqa: B008 - a frozen value
    """One finding of each verdict, one suppressed, one diagnosis and one broken part, all saying `text`."""
    fix = made_fix(text)
    fail = finding(Verdict.FAIL, text, evidence=(text,), cause="wrong-mountname", fix=fix, location=PLACE)
    missing = Unavailable(text, Reason.DENIED, text, permission=text, remedy=text)
    cause = CauseVerdict("wrong-mountname", text, Likelihood.CONFIRMED, Layer.REQUEST, for_=(text,), fix=fix)
    return report(
        fail,
        finding(Verdict.WARN, text, subject=Subject(Kind.POD, text, text)),
        finding(Verdict.UNKNOWN, text, unavailable=(missing,)),
        finding(Verdict.SKIP, text),
        finding(Verdict.PASS, text, location=Location(text, 1, 1)),
        finding(Verdict.FAIL, text, layer=Layer.DNS, suppressed=f"{text} (owner {text})"),
        diagnoses=(Diagnosis(VOLUME, text, (text,), (cause,)),),
        errors=(ToolError(text, text, text),),
        policy=policy,
        unavailable=(missing,),
    )
