"""One run's facts as one document: written, read back, judged again anywhere to the same report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from diag.decode import decode_json
from diag.model.exit_code import WrongUsage
from diag.model.unavailable import Reason, Unavailable
from diag.registry import Fact
from diag.resources.target import Settings, Target
from diag.sanitize import json_safe
from diag.secret_filter import scrubbed

SCHEMA = "lustre-doctor/snapshot/v1"

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a damaged or hostile document raises."""


class BadSnapshot(WrongUsage):
    """The document is damaged, of another kind, or newer than this version reads. The message says which."""


class _Entry(msgspec.Struct):
    value: msgspec.Raw = msgspec.Raw(b"null")
    unavailable: Unavailable | None = None


class _Head(msgspec.Struct):
    schema: str = ""


class _Document(msgspec.Struct):
    schema: str
    tool_version: str = ""
    taken_at: str = ""
    target: Target = Target()
    settings: Settings = Settings()
    facts: dict[str, _Entry] = {}


class Snapshot(msgspec.Struct, frozen=True):
    """The facts that a run read from the world, with what it was asked."""

    taken_at: str
    """RFC 3339, UTC."""
    target: Target
    settings: Settings
    facts: dict[str, Any]
    tool_version: str = ""


def encode(snapshot: Snapshot) -> bytes:
    """The snapshot as an indented JSON document, without the credentials that strangers left in its texts."""
    entries: dict[str, Any] = {}
    for name in sorted(snapshot.facts):
        value = snapshot.facts[name]
        entries[name] = {"unavailable": value} if isinstance(value, Unavailable) else {"value": value}
    document = {
        "schema": SCHEMA,
        "tool_version": snapshot.tool_version,
        "taken_at": snapshot.taken_at,
        "target": snapshot.target,
        "settings": snapshot.settings,
        "facts": entries,
    }
    saved = scrubbed(msgspec.json.decode(msgspec.json.encode(document)))
    return json_safe(msgspec.json.format(msgspec.json.encode(saved), indent=1).decode()).encode() + b"\n"


def decode(data: bytes, facts: Mapping[str, Fact]) -> Snapshot:
    """A snapshot from its document. Facts that this version does not know are left out.

    Raises BadSnapshot with one sentence that says what is wrong and where.
    """
    schema = _schema_of(data)
    if schema != SCHEMA:
        raise BadSnapshot(_wrong_schema(schema))
    try:
        document = decode_json(data, _Document)
    except UNREADABLE as error:
        raise BadSnapshot(f"the snapshot is damaged: {error}") from error
    values: dict[str, Any] = {}
    for name, entry in document.facts.items():
        if name not in facts:
            continue
        if entry.unavailable is not None:
            values[name] = entry.unavailable
            continue
        try:
            values[name] = decode_json(entry.value, facts[name].returns)
        except UNREADABLE as error:
            raise BadSnapshot(f"the snapshot is damaged: fact {name!r}: {error}") from error
    return Snapshot(document.taken_at, document.target, document.settings, values, document.tool_version)


def not_in_snapshot(fact: Fact) -> Unavailable:
    """The value of a fact that the snapshot does not hold."""
    return Unavailable(
        fact.name.replace("_", " "),
        Reason.NOT_ASKED,
        "the snapshot does not hold it",
        remedy="record it with the checks that need it selected",
    )


def _schema_of(data: bytes) -> str:
    try:
        return decode_json(data, _Head).schema
    except UNREADABLE as error:
        raise BadSnapshot(f"not a snapshot: {error}") from error


def _wrong_schema(schema: str) -> str:
    family, _, version = schema.rpartition("/v")
    if family == SCHEMA.rpartition("/v")[0] and version.isdigit():
        return f"the snapshot has schema {schema!r}, newer than {SCHEMA!r}: update lustre-doctor"
    return f"not a snapshot: its schema is {schema!r}, wanted {SCHEMA!r}"
