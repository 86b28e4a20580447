"""Compares facts value by value: objects by who they are, lists without regard to order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from diag.diff.identity import identity_of, table_of
from diag.model.layer import Layer
from diag.registry import Fact

Path = tuple[str, ...]

ABSENT = "(absent)"


VOLATILE = frozenset(
    {
        "uid", "resourceVersion", "generation", "managedFields", "creationTimestamp", "CreationTime", "RequestTime",
        "lastTransitionTime", "firstTimestamp", "lastTimestamp", "eventTime", "series", "count", "startTime",
        "finishedAt", "elapsed_ms", "local_address", "local_port", "clock_skew_s", "bootID", "reportingInstance",
        "clock_s", "uptime_s", "silent_s", "age_s", "stayed_s", "renewTime",
        "AvailableIpAddressCount", "probe", "taken_at", "kube-api-access", "podIP", "imageID", "ownerReferences",
    }
)  # fmt: skip
"""Fields that change from one look to the next and mean nothing by it."""

LONGEST = 240
"""Characters of a value that is shown."""


class Difference(msgspec.Struct, frozen=True):
    """One field of one object that differs."""

    layer: Layer
    fact: str
    object: str
    """`file system fs-0123…`, `PersistentVolume fsx-pv`."""
    field: str
    """In its API's words: `FileSystemTypeVersion`, `spec.csi.volumeAttributes.mountname`; empty for a whole object."""
    before: str
    after: str

    def __str__(self) -> str:
        field = f" {self.field}" if self.field else ""
        return f"{self.object}{field} {self.before} → {self.after}"


def compare(before: Mapping[str, Any], after: Mapping[str, Any], facts: Mapping[str, Fact]) -> tuple[Difference, ...]:
    """What differs between two snapshots' facts (plain JSON values by name), in the order of the mount path.

    `facts` are all that is known, by name; others are left out. So is a fact that one side did not ask for: it says
    what was recorded, not what was there.
    """
    found: list[Difference] = []
    # Within an object the order is that of its API, which puts what a thing is before what was done to it.
    for name, fact in facts.items():
        if name in before and name in after:
            found += _fact(fact, before[name], after[name])
    return tuple(sorted(found, key=lambda difference: difference.layer.depth))


def _fact(fact: Fact, before: Any, after: Any) -> Iterator[Difference]:
    for key, one, other in _pairs(table_of(before, fact.key), table_of(after, fact.key)):
        object = f"{fact.label} {key}".strip()
        for path, old, new in differing(one, other, ()):
            # What became of a pod is seen after the mount, whatever it asked for.
            layer = Layer.WORKLOAD if fact.label == "Pod" and path[:1] == ("status",) else fact.layer
            yield Difference(layer, fact.name, object, ".".join(path), shown(old), shown(new))


def _pairs(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys((*before, *after)):
        yield key, before.get(key, _Nothing), after.get(key, _Nothing)


class _Nothing:
    """Stands where one side has no such thing."""


def differing(before: Any, after: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    """The smallest parts that differ, by their path. Null, an empty list and absence are the same."""
    if _is_empty(before) and _is_empty(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key, one, other in _pairs(before, after):
            if key not in VOLATILE:
                yield from differing(one, other, (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, path)
    elif before != after:
        yield path, before, after


def _lists(before: Sequence[Any], after: Sequence[Any], path: Path) -> Iterator[tuple[Path, Any, Any]]:
    """Members by who they are; those without an identity by what they are, in whatever order."""
    one, other = _by_identity(before), _by_identity(after)
    if one is not None and other is not None:
        for key, old, new in _pairs(one, other):
            yield from differing(old, new, (*path[:-1], f"{path[-1] if path else ''}[{key}]"))
        return
    gone, come = [_text(v) for v in before], [_text(v) for v in after]
    lost = [value for value in before if _text(value) not in come]
    new_ones = [value for value in after if _text(value) not in gone]
    if lost or new_ones:
        yield path, lost or _Nothing, new_ones or _Nothing


def _by_identity(values: Sequence[Any]) -> dict[str, Any] | None:
    named = {identity_of(value): value for value in values if isinstance(value, dict)}
    return named if len(named) == len(values) and "" not in named else None


def _is_empty(value: Any) -> bool:
    if isinstance(value, dict):
        return all(key in VOLATILE or _is_empty(item) for key, item in value.items())
    return value is _Nothing or value is None or value == "" or value == []


def _text(value: Any) -> str:
    return msgspec.json.encode(_steady(value), order="deterministic").decode()


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _steady(v) for k, v in value.items() if k not in VOLATILE and not _is_empty(v)}
    return [_steady(item) for item in value] if isinstance(value, list) else value


def shown(value: Any) -> str:
    """A value as a person reads it, shortened in the middle of nowhere when it is long."""
    if value is _Nothing or value is None or value == "" or value == []:
        return ABSENT
    if isinstance(value, dict) and value.keys() == {"message"}:
        return shown(value["message"])
    if isinstance(value, list):
        text = ", ".join(item if isinstance(item, str) else _text(item) for item in value)
    else:
        text = value if isinstance(value, str) else _text(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
