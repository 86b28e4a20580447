"""`kubectl get events -o json|yaml` as symptoms: message, count, times, pod and node come from the object itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from diag.decode import convert, decode_json
from diag.model.symptom import Medium
from diag.texts.line import normalise, parse_moment
from diag.texts.matching import Matcher
from diag.texts.message import Context, Reading, read_message
from diag.texts.order import precursor_of

_JSON_LIST = re.compile(rb'\A\s*\{(?=[\s\S]{0,4096}"kind"\s*:\s*"(?:Event)?(?:List)?")')
_YAML_LIST = re.compile(rb"\A(?:---\s*\n)?(?:apiVersion: \S+\s*\n(?:items:|[\s\S]{0,4096}\nkind: Event\b)|kind: Event)")
LARGEST_YAML = 8 << 20
LARGEST_JSON = 128 << 20


class _Object(msgspec.Struct):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class _Source(msgspec.Struct):
    host: str = ""
    component: str = ""


class _Series(msgspec.Struct, rename="camel"):
    count: Any = None
    last_observed_time: str | None = None


class _Metadata(msgspec.Struct):
    name: str = ""
    namespace: str = ""


class _Event(msgspec.Struct, rename="camel"):
    """An event of core/v1 or events.k8s.io/v1, with the fields that matter here. YAML gives numbers as strings."""

    kind: str = ""
    metadata: _Metadata | None = None
    message: str | None = None
    note: str | None = None
    reason: str | None = None
    type: str | None = None
    involved_object: _Object | None = None
    regarding: _Object | None = None
    source: _Source | None = None
    deprecated_source: _Source | None = None
    count: Any = None
    deprecated_count: Any = None
    series: _Series | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    deprecated_first_timestamp: str | None = None
    deprecated_last_timestamp: str | None = None


class _Listed(msgspec.Struct):
    kind: str = ""
    items: list[_Event] | None = None


def looks_like_events(head: bytes) -> str:
    """`json` or `yaml` when a text begins as kubectl prints a list of events or one event, empty otherwise."""
    if _JSON_LIST.match(head) and b'"Event' in head[:65536]:
        return "json"
    if _YAML_LIST.match(head):
        return "yaml"
    return ""


def parse_events(data: bytes, kind: str) -> list[_Event] | None:
    """The events of a whole document, None when it is not one after all (then it is read as plain text)."""
    try:
        if kind == "json":
            listed = decode_json(data.decode("utf-8", "replace"), _Listed)
            found = listed.items if listed.items is not None else [decode_json(data, _Event)]
        else:
            from diag.grammar.yaml_tree import plain, strings

            tree = plain(strings(data.decode("utf-8", "replace")))
            items = tree.get("items") if isinstance(tree, dict) else None
            found = convert(_without_nulls(items if items is not None else [tree]), list[_Event])
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return [event for event in found if event.kind in ("Event", "")]


def read_events(events: list[_Event], matcher: Matcher, origin: str) -> Iterator[Reading]:
    """One reading for each event, oldest kept in the list's order."""
    for line, event in enumerate(events, 1):
        text = event.message or event.note or ""
        about = event.involved_object or event.regarding or _Object()
        by = event.source or event.deprecated_source or _Source()
        first = event.first_timestamp or event.deprecated_first_timestamp or event.event_time or ""
        last = event.last_timestamp or event.deprecated_last_timestamp or _last_observed(event) or first
        metadata = event.metadata or _Metadata()
        context = Context(
            medium=Medium.EVENT,
            node=by.host or (about.name if about.kind == "Node" else ""),
            pod=f"{about.namespace or 'default'}/{about.name}" if about.kind == "Pod" else "",
            volume=about.name if about.kind == "PersistentVolume" else "",
            times=_number(event.count) or _number(event.deprecated_count) or _number(_count(event.series)) or 1,
            first_seen=first,
            last_seen=last,
            origin=f"event {metadata.namespace or about.namespace}/{metadata.name or about.name}",
            reason=event.reason or "",
            wrapped="\n" in text,
        )
        message = normalise(text)
        reading = read_message(message, context, matcher)
        kind = precursor_of(f"{event.reason or ''}: {message}")
        # A precursor is as old as its first time, whatever follows it as young as its last.
        moment = parse_moment(first if kind else last)
        yield reading._replace(moment=moment, stream=origin, line=line, precursor=kind)


def _without_nulls(value: Any) -> Any:
    """Plain YAML has no null: an unset time stamp comes as `null`."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item not in ("null", "~", "")}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _count(series: _Series | None) -> Any:
    return series.count if series else None


def _last_observed(event: _Event) -> str:
    return (event.series.last_observed_time if event.series else None) or ""


def _number(value: Any) -> int:
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        return 0
