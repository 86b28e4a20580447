"""The configuration over the findings of a run: severities first, then what is accepted."""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Iterable

import msgspec

from diag.config.file import Config, Suppression
from diag.model.finding import Finding
from diag.model.verdict import Verdict


def decided(findings: Iterable[Finding], config: Config, taken_at: str) -> tuple[Finding, ...]:
    """The findings as the team wants them counted. `taken_at` (RFC 3339) is the day that expiry is held against,
    so that a replayed run says the same for ever."""
    today = taken_at[:10]
    return tuple(_accepted(_graded(finding, config), config.suppressions, today) for finding in findings)


def _graded(finding: Finding, config: Config) -> Finding:
    wanted = config.severities.get(finding.check)
    if wanted is None or finding.verdict not in (Verdict.WARN, Verdict.FAIL):
        return finding
    return msgspec.structs.replace(finding, verdict=wanted)


def _accepted(finding: Finding, suppressions: Iterable[Suppression], today: str) -> Finding:
    """The finding marked, or as it is with a line in its evidence that says why a suppression does not hold."""
    if finding.verdict not in (Verdict.WARN, Verdict.UNKNOWN, Verdict.FAIL):
        return finding
    refused: list[str] = []
    for item in suppressions:
        if item.check != finding.check or not fnmatch.fnmatchcase(str(finding.subject), item.subject):
            continue
        who = f"{item.reason} (owner {item.owner}, until {item.expires.isoformat()})"
        if _is_over(item.expires, today):
            refused.append(f"its suppression expired: {who}")
        elif finding.verdict.rank > item.verdict.rank:
            refused.append(f"it was accepted as {item.verdict.value}, now it is {finding.verdict.value}: {who}")
        else:
            return msgspec.structs.replace(finding, suppressed=who)
    return msgspec.structs.replace(finding, evidence=(*finding.evidence, *refused)) if refused else finding


def _is_over(expires: datetime.date, today: str) -> bool:
    """A run whose day is not known lets nothing through."""
    try:
        return datetime.date.fromisoformat(today) > expires
    except ValueError:
        return True
