"""Makes a case out of a run: the facts are redacted first, and the report is judged from what is left."""

from __future__ import annotations

import platform
import secrets
from typing import Any

import msgspec

from diag.decode import decode_json
from diag.engine.run import Outcome, replay
from diag.engine.snapshot import Snapshot, decode, encode
from diag.redaction.document import DocumentRedactor
from diag.redaction.public import domain_terms
from diag.redaction.tokens import KEY_BYTES, Level
from diag.reports.json import document, to_json
from diag.reports.report import Report
from diag.reports.summary import counts, verdict_of
from diag.run.report import report_on
from diag.run.request import RunRequest
from diag.sources.casefile import ABOUT, REPORT, SCHEMA, SNAPSHOT, pack
from diag.version import __version__

KEY_SCHEMA = "lustre-doctor/redaction-key/v1"


class Case(msgspec.Struct, frozen=True):
    """A case ready to be written."""

    archive: bytes
    key: bytes
    """What each stand-in replaces; only the user has it."""
    summary: str
    """One line about what is in it."""
    exit_code: int


def make_case(outcome: Outcome, request: RunRequest, level: Level, seconds: float, secret: bytes | None = None) -> Case:
    """The case of a run. The report in it is judged from the redacted facts, so it cannot know more than they do.

    `secret` is the redaction's key, drawn at random unless given.
    """
    secret = secret or secrets.token_bytes(KEY_BYTES)
    redactor, snapshot = _redact(outcome.snapshot, level, request, secret)
    report = _report_on(snapshot, outcome, request)
    about = {
        "schema": SCHEMA,
        "redaction": level.value,
        "key_id": redactor.redactor.tokens.key_id if level is not Level.NONE else "",
        "taken_at": outcome.snapshot.taken_at,
        "versions": {
            "lustre-doctor": outcome.snapshot.tool_version or __version__,
            "packed-by": __version__,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "seconds": {"whole": round(seconds, 3), **{name: round(s, 3) for name, s in sorted(outcome.seconds.items())}},
        "unavailable": redactor.tree(msgspec.to_builtins(outcome.unavailable)),
        "errors": redactor.tree([error.message for error in outcome.judged.errors]),
    }
    parts = {ABOUT: _indented(about), SNAPSHOT: snapshot, REPORT: to_json(report).encode()}
    key = key_file(secret, dict(sorted(redactor.redactor.tokens.originals.items())))
    return Case(pack(parts), key, _summary(report), report.exit_code)


def key_file(secret: bytes, originals: dict[str, str] | None = None) -> bytes:
    """The document that holds a redaction's key, and what each stand-in replaces."""
    return _indented({"schema": KEY_SCHEMA, "key": secret.hex(), "originals": originals or {}})


def redacted_report(outcome: Outcome, request: RunRequest, level: Level) -> Report:
    """The report of a run judged from its redacted facts, with a key that is not kept."""
    return _report_on(redact_snapshot(outcome.snapshot, level, request), outcome, request)


def _report_on(snapshot: bytes, outcome: Outcome, request: RunRequest) -> Report:
    seen = replay(request.registry, outcome.checks, decode(snapshot, request.registry.facts))
    return report_on(seen, request)


def redact_snapshot(snapshot: Snapshot, level: Level, request: RunRequest) -> bytes:
    """A snapshot's document, redacted with a key that is not kept."""
    return _redact(snapshot, level, request, secrets.token_bytes(KEY_BYTES))[1]


def _redact(snapshot: Snapshot, level: Level, request: RunRequest, secret: bytes) -> tuple[DocumentRedactor, bytes]:
    """A snapshot's document, redacted, and what redacts other parts of the same case with the same stand-ins."""
    decoded = msgspec.json.decode(encode(snapshot))
    trade = domain_terms(request.knowledge.causes.values())
    redactor = DocumentRedactor(decoded, level, secret, trade, request.registry.facts)
    return redactor, _indented(redactor.document(decoded))


def key_in(document: bytes) -> bytes:
    """The key in a key file, to redact a second case as the first. Raises ValueError with what is wrong."""
    try:
        held = decode_json(document, _KeyFile)
        secret = bytes.fromhex(held.key)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ValueError("not a key file of lustre-doctor") from error
    if held.schema != KEY_SCHEMA or len(secret) != KEY_BYTES:
        raise ValueError("not a key file of lustre-doctor")
    return secret


class _KeyFile(msgspec.Struct):
    schema: str
    key: str


def _indented(value: Any) -> bytes:
    return document(value, indent=1).encode()


def _summary(report: Report) -> str:
    causes = [cause.id for diagnosis in report.diagnoses for cause in diagnosis.causes[:1]]
    cause = f"; {', '.join(dict.fromkeys(causes))}" if causes else ""
    return f"{verdict_of(report)[1]}: {counts(report)}{cause}"
