"""Adds a run up into its report: how many checks ran, how they ended, what the exit code is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from diag.analysis.missing_targets import missing_targets
from diag.diagnosis.explain import COLLECT
from diag.engine.run import Outcome
from diag.knowledge.lustre_versions import cannot_mount
from diag.model.diagnosis import Diagnosis
from diag.model.exit_code import ExitCode, exit_code
from diag.model.finding import Finding
from diag.model.subject import Kind
from diag.model.tool_error import ToolError
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.reports.report import AccountFileSystem, Coverage, Guide, Policy, Report, Rule
from diag.resources.eks import identity_of
from diag.resources.table import Table
from diag.secret_filter import scrubbed


def add_up(
    outcome: Outcome,
    diagnoses: tuple[Diagnosis, ...],
    policy: Policy,
    tool_errors: Iterable[ToolError],
    guides: tuple[Guide, ...],
    unread: tuple[Unavailable, ...] = (),
) -> Report:
    """The report of a run; `unread` is what it could not read besides its facts.

    A component of the tool that broke makes it exit 1 unless something failed.
    """
    findings = tuple(sorted(outcome.judged.findings, key=_path_order))
    errors = (*tool_errors, *outcome.judged.errors)
    broken = [Verdict.FAIL for diagnosis in diagnoses if diagnosis.gravity is Verdict.FAIL]
    missing = missing_targets(outcome.snapshot.target, outcome.facts)
    code = exit_code(
        (*(finding.verdict for finding in findings if not finding.suppressed), *broken),
        inspected=not missing and _inspected(outcome, findings),
        is_complete=outcome.is_complete and not unread,
        fail_on_warn=policy.fail_on_warn,
        unknown_passes=policy.unknown_passes,
    )
    if errors and code not in (ExitCode.FAILED, ExitCode.NOTHING_INSPECTED):
        code = ExitCode.INTERNAL
    known = identity_of(outcome.facts)
    report = Report(
        exit_code=int(code),
        diagnoses=diagnoses,
        findings=findings,
        unavailable=(*missing, *unread, *outcome.unavailable),
        coverage=_coverage(outcome, findings),
        errors=errors,
        cluster=known.cluster,
        region=known.region,
        taken_at=outcome.snapshot.taken_at,
        tool_version=outcome.snapshot.tool_version,
        policy=policy,
        missing_targets=missing,
        collect=COLLECT,
        account=_account(outcome),
    )
    # The pages of checks and causes are no strangers' texts, and long.
    rules = tuple(Rule(check.id, check.title, check.page, check.layer, check.url) for check in outcome.checks)
    return msgspec.structs.replace(scrubbed(report), rules=rules, guides=guides)


def _path_order(finding: Finding) -> tuple[object, ...]:
    return (finding.layer.depth, finding.check, -finding.verdict.rank, finding.subject, finding.message)


def _account(outcome: Outcome) -> tuple[AccountFileSystem, ...]:
    """What FSx has, where it is not known which of it the cluster mounts."""
    known = outcome.facts.get("file_systems")
    unread = outcome.facts.get("volumes")
    if not isinstance(known, Table) or not isinstance(unread, Unavailable) or outcome.snapshot.target.file_systems:
        return ()
    return tuple(
        AccountFileSystem(
            file_system.id,
            file_system.lifecycle,
            file_system.file_system_type_version,
            file_system.lustre.deployment_type,
            file_system.storage_capacity or 0,
            cannot_mount(file_system.file_system_type_version),
        )
        for file_system in known
        if file_system.is_lustre
    )


_BY_ITSELF = frozenset({Kind.CLAIM, Kind.STORAGE_CLASS, Kind.MANIFEST, Kind.FILE_SYSTEM, Kind.ACCOUNT})
"""Kinds that are inspected although no volume is there: what asks for one, and what was left over of one."""


def _inspected(outcome: Outcome, findings: Iterable[Finding]) -> bool:
    """Whether there was anything to inspect. A list that could not be read may well hold something."""
    looked_for = [outcome.facts.get(name) for name in ("volumes", "mounted_file_systems")]
    for value in looked_for:
        if value.reason is not Reason.OFFLINE if isinstance(value, Unavailable) else value:
            return True
    asked = (f for f in findings if f.subject.kind is not Kind.MANIFEST or f.verdict is not Verdict.SKIP)
    return any(f.verdict is Verdict.FAIL or f.subject.kind in _BY_ITSELF for f in asked)


def _coverage(outcome: Outcome, findings: tuple[Finding, ...]) -> Coverage:
    count = {verdict: sum(1 for f in findings if f.verdict is verdict) for verdict in Verdict}
    answered = count[Verdict.PASS] + count[Verdict.WARN] + count[Verdict.FAIL]
    return Coverage(
        checks=len(outcome.checks),
        questions=answered + count[Verdict.UNKNOWN],
        answered=answered,
        passed=count[Verdict.PASS],
        warned=count[Verdict.WARN],
        failed=count[Verdict.FAIL],
        unknown=count[Verdict.UNKNOWN],
        skipped=count[Verdict.SKIP],
        suppressed=sum(1 for f in findings if f.suppressed),
        volumes=_size(outcome.facts, "volumes"),
        file_systems=_size(outcome.facts, "mounted_file_systems"),
        nodes=_size(outcome.facts, "mounting_nodes"),
        mounts=_size(outcome.facts, "mounts"),
    )


def _size(facts: Mapping[str, Any], name: str) -> int:
    value = facts.get(name)
    return 0 if value is None or isinstance(value, Unavailable) else len(value)
