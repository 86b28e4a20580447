"""Reports for the tests: broken, healthy, hostile."""

from __future__ import annotations

from pathlib import Path

import msgspec

from diag.advice.steps import change
from diag.diagnosis.explain import COLLECT
from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood
from diag.model.finding import Finding
from diag.model.fix import Fix
from diag.model.layer import Layer
from diag.model.site import page_of_cause
from diag.model.subject import Kind, Subject
from diag.model.tool_error import ToolError
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.reports.report import Coverage, Guide, Report
from tests.reports.made import made_fix

VOLUME = Subject(Kind.VOLUME, "fsx-pv")
NODE = Subject(Kind.NODE, "ip-10-0-1-4.ap-northeast-2.compute.internal")
OTHER = Subject(Kind.NODE, "ip-10-0-1-5.ap-northeast-2.compute.internal")
FS = Subject(Kind.FILE_SYSTEM, "fs-0123456789abcdef0")
MISMATCH = "client-server-version-mismatch"
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> "
    "'\"><svg onload=document.title='owned'> javascript:alert(1) \x1b[2J\u202egnp.exe &lt;b&gt; ]]> --> </style></pre>"
)


def finding(
    verdict: Verdict,
    check: str = "client-version",
    layer: Layer = Layer.CLIENT,
    subject: Subject = FS,
    message: str = "",
    **rest: object,
) -> Finding:
    made: Finding = Finding(check, layer, subject, verdict, message or f"{check} says {verdict.value}", **rest)  # type: ignore[arg-type]
    return made


UPGRADE = Fix((change("aws fsx update-file-system --x 2.15", changes="in place"),))

FINDINGS = (
    finding(Verdict.PASS, "mountname-match", Layer.REQUEST, VOLUME, evidence=("FSx says 'abcdefgh'",)),
    finding(Verdict.PASS, "csi-node-registered", Layer.DRIVER, VOLUME),
    finding(Verdict.PASS, "dns-answer", Layer.DNS, VOLUME),
    finding(Verdict.WARN, "security-groups-self", Layer.NETWORK, FS),
    finding(Verdict.PASS, "tcp-988", Layer.NETWORK, FS),
    finding(Verdict.PASS, "file-system-state", Layer.FILE_SYSTEM, FS),
    finding(Verdict.FAIL, concerns=(NODE,), cause=MISMATCH, fix=UPGRADE),
    finding(Verdict.PASS, concerns=(OTHER,)),
    finding(Verdict.UNKNOWN, "node-module", Layer.CLIENT, NODE, unavailable=(Unavailable("modinfo", Reason.DENIED),)),
    finding(Verdict.FAIL, "pod-mounts", Layer.MOUNT, VOLUME, "1 pod(s) wait for it"),
    finding(Verdict.SKIP, "efa-traffic", Layer.NETWORK, FS),
)  # fmt: skip

DIAGNOSIS = Diagnosis(
    VOLUME,
    "the mount of fsx-pv fails: a 2.15 client and a 2.10 server do not work together",
    symptoms=("mount failed: exit status 22",),
    causes=(
        CauseVerdict(
            MISMATCH, "The client and the server cannot talk to each other", Likelihood.CONFIRMED, Layer.CLIENT,
            for_=("the file system runs 2.10",), fix=UPGRADE, url=page_of_cause(MISMATCH),
        ),
        CauseVerdict("port-988-in-use", "Port 988 is taken", Likelihood.POSSIBLE, Layer.LNET, next=("\ndmesg | tail",)),
        CauseVerdict("wrong-mountname", "Wrong name", Likelihood.RULED_OUT, Layer.REQUEST, against=("FSx says so",)),
    ),
    concerns=(FS, NODE),
    values={"file_system": FS.name, "node": NODE.name, "server_version": "2.10", "pod": "p", "namespace": "default"},
    consequences=("mount: 1 pod(s) wait for it",),
)  # fmt: skip

RUNBOOK = Path(load_knowledge().files[MISMATCH]).read_text()
GUIDE = Guide(MISMATCH, "The client and the server", RUNBOOK, DIAGNOSIS.values)
BROKEN = Report(
    3, (DIAGNOSIS,), FINDINGS, (Unavailable("node modules", Reason.DENIED, remedy="allow pods/exec"),),
    Coverage(11, 10, 9, 6, 1, 2, 1, 1, 1, 1, 2, 1), (ToolError("x", "check x crashed"),), "prod", "eu-west-1",
    "2026-11-24T00:00:00Z", "1.2.3", collect=COLLECT, guides=(GUIDE,),
)  # fmt: skip
HEALTHY = Report(0, (), FINDINGS[:3], coverage=Coverage(3, 3, 3, 3, volumes=1, mounts=1), cluster="prod")

WARNED = Report(
    0, (msgspec.structs.replace(DIAGNOSIS, gravity=Verdict.WARN, causes=DIAGNOSIS.causes[1:]),), FINDINGS[:4],
    coverage=Coverage(4, 4, 4, 3, 1, volumes=1, mounts=1), cluster="prod",
)  # fmt: skip
"""Nothing fails: one check warns, and of the warning a cause is possible."""


def many(volumes: int = 1000) -> Report:
    """A thousand volumes that fail of one cause, with all their findings."""
    subjects = [Subject(Kind.VOLUME, f"data-{n:04}") for n in range(volumes)]
    diagnoses = tuple(msgspec.structs.replace(DIAGNOSIS, subject=subject) for subject in subjects)
    findings = tuple(
        finding(
            Verdict.FAIL if number == 7 else Verdict.PASS, f"check-{number}", layer, subject,
            f"{subject.name}: what this check of the {layer.value} layer says of it", evidence=("one line", "another"),
        )
        for subject in subjects
        for number, layer in enumerate([*Layer] * 4)
    )  # fmt: skip
    coverage = Coverage(40, len(findings), len(findings), len(findings) - volumes, 0, volumes, volumes=volumes)
    return Report(3, diagnoses, findings, coverage=coverage, cluster="prod", guides=(GUIDE,))


def hostile() -> Report:
    """Strangers' text in every place that takes one."""
    text = HOSTILE
    subject = Subject(Kind.POD, text, text)
    fix = made_fix(text, made_fix(text))
    causes = tuple(
        CauseVerdict(id, text, verdict, Layer.CLIENT, text, (text,), (text,), (f"{text}\n{text}",), fix)
        for verdict in Likelihood
        for id in (MISMATCH, text)
    )
    gone = Unavailable(text, Reason.DENIED, text, text, text)
    values = dict.fromkeys(
        ("file_system", "node", "pod", "namespace", "dns_name", "subnet", "server_version", "claim"), text
    )
    diagnosis = Diagnosis(subject, text, (text,), causes, (subject,), values, consequences=(text,))
    findings = tuple(
        finding(
            verdict,
            text,
            layer,
            subject,
            text,
            evidence=(text,),
            fix=fix,
            unavailable=(gone,),
            concerns=(NODE, OTHER)[:n],
        )
        for n, verdict in enumerate(Verdict)
        for layer in Layer
    )
    return Report(3, (diagnosis,), findings, (gone,), errors=(ToolError(text, text),), cluster=text, region=text,
                  taken_at=text, tool_version=text, missing_targets=(gone,), collect=(text,),
                  guides=(Guide(MISMATCH, text, RUNBOOK, values), Guide(text, text, text, values)))  # fmt: skip
