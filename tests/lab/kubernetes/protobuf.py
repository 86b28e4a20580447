"""Protobuf bodies of the few kinds that kubectl and helm send through their typed clients, as plain objects.

The field numbers are those of kubernetes' generated.proto files; what is not listed is not read.
"""

import base64
from collections.abc import Iterator
from typing import Any

from tests.lab.kubernetes.status import ApiError

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\0"
_TEXT, _TEXTS, _NUMBER, _WORDS, _SECRETS = "text", "texts", "number", "map of texts", "map of bytes"

_Schema = dict[int, tuple[str, Any]]
_META: _Schema = {
    1: ("name", _TEXT),
    2: ("generateName", _TEXT),
    3: ("namespace", _TEXT),
    5: ("uid", _TEXT),
    6: ("resourceVersion", _TEXT),
    11: ("labels", _WORDS),
    12: ("annotations", _WORDS),
    14: ("finalizers", _TEXTS),
}
_SUBJECT: _Schema = {1: ("kind", _TEXT), 2: ("apiGroup", _TEXT), 3: ("name", _TEXT), 4: ("namespace", _TEXT)}
_ROLE: _Schema = {1: ("apiGroup", _TEXT), 2: ("kind", _TEXT), 3: ("name", _TEXT)}
_RULE: _Schema = {
    1: ("verbs", _TEXTS),
    2: ("apiGroups", _TEXTS),
    3: ("resources", _TEXTS),
    4: ("resourceNames", _TEXTS),
    5: ("nonResourceURLs", _TEXTS),
}
_DELETE: _Schema = {
    1: ("gracePeriodSeconds", _NUMBER),
    2: ("preconditions", {1: ("uid", _TEXT), 2: ("resourceVersion", _TEXT)}),
    4: ("propagationPolicy", _TEXT),
    5: ("dryRun", _TEXTS),
}
_WITH_META: _Schema = {1: ("metadata", _META)}
_BINDING: _Schema = _WITH_META | {2: ("subjects", [_SUBJECT]), 3: ("roleRef", _ROLE)}
_RULES: _Schema = _WITH_META | {2: ("rules", [_RULE])}
_KINDS: dict[str, _Schema] = {
    "ConfigMap": _WITH_META | {2: ("data", _WORDS), 3: ("binaryData", _SECRETS)},
    "Secret": _WITH_META | {2: ("data", _SECRETS), 3: ("type", _TEXT), 4: ("stringData", _WORDS)},
    "Namespace": _WITH_META,
    "ServiceAccount": _WITH_META,
    "ClusterRole": _RULES,
    "Role": _RULES,
    "ClusterRoleBinding": _BINDING,
    "RoleBinding": _BINDING,
    "DeleteOptions": _DELETE,
    "Eviction": _WITH_META | {2: ("deleteOptions", _DELETE)},
}


def decode(body: bytes) -> dict[str, Any]:
    """The object of a body.

    Raises:
        ApiError: the lab does not read this kind in protobuf.
    """
    envelope = _message(body.removeprefix(_MAGIC), {1: ("type", {1: ("apiVersion", _TEXT), 2: ("kind", _TEXT)})})
    kind = envelope.get("type", {})
    schema = _KINDS.get(kind.get("kind", ""))
    if schema is None:
        text = f"the lab does not read {kind.get('kind')} in protobuf"
        raise ApiError(415, "UnsupportedMediaType", text)
    raw = next((value for number, value in _fields(body.removeprefix(_MAGIC)) if number == 2), b"")
    assert isinstance(raw, bytes)
    return kind | _message(raw, schema)


def _message(data: bytes, schema: _Schema) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, value in _fields(data):
        if number not in schema:
            continue
        name, kind = schema[number]
        if kind in (_WORDS, _SECRETS):
            entry = dict(_fields(value))
            content = entry.get(2, b"")
            text = content.decode() if kind == _WORDS else base64.b64encode(content).decode()
            found.setdefault(name, {})[entry.get(1, b"").decode()] = text
        elif kind == _TEXT:
            found[name] = value.decode()
        elif kind == _TEXTS:
            found.setdefault(name, []).append(value.decode())
        elif kind == _NUMBER:
            found[name] = value
        elif isinstance(kind, list):
            found.setdefault(name, []).append(_message(value, kind[0]))
        else:
            found[name] = _message(value, kind)
    # The client sends an empty text for what it does not set.
    return {name: value for name, value in found.items() if value != ""}


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The numbered fields of a message: numbers, and bytes for all that has a length."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        if tag & 7 == 0:
            value, place = _varint(data, place)
            yield tag >> 3, value
        elif tag & 7 == 2:
            size, place = _varint(data, place)
            yield tag >> 3, data[place : place + size]
            place += size
        else:
            place += 8 if tag & 7 == 1 else 4


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if not byte & 0x80:
            return value, place
