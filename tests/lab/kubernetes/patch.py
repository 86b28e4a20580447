"""The patches that the API server takes: JSON patch (RFC 6902), merge patch (RFC 7386) and strategic merge patch.

Strategic merge knows which lists are merged by a key; the keys are the `patchMergeKey` tags of kubernetes' own types
(staging/src/k8s.io/api), by the name of the field. A list that is not named here is replaced whole.
"""

import copy
from typing import Any

from tests.lab.kubernetes.status import ApiError, bad_request

_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "resourceClaims": "name",
    "ownerReferences": "uid",
    "conditions": "type",
    "addresses": "type",
    "secrets": "name",
    "drivers": "name",
    "podIPs": "ip",
}
_PORT_KEYS = ("containerPort", "port")
# Lists of plain values that are joined, not replaced.
_MERGED_VALUES = {"finalizers"}
_DIRECTIVES = ("$patch", "$retainKeys", "$setElementOrder/", "$deleteFromPrimitiveList/")


def json_patch(document: Any, operations: list[dict[str, Any]]) -> Any:
    """The document after the operations.

    Raises:
        ApiError: a path that does not exist, or a test that fails.
    """
    document = copy.deepcopy(document)
    for operation in operations:
        kind, steps = operation["op"], _steps(operation["path"])
        if kind in ("move", "copy"):
            value = copy.deepcopy(_read(document, _steps(operation["from"])))
            if kind == "move":
                _remove(document, _steps(operation["from"]))
            _add(document, steps, value)
        elif kind == "test":
            if _read(document, steps) != operation.get("value"):
                raise _unprocessable(f"testing value {operation['path']} failed")
        elif kind == "remove":
            _remove(document, steps)
        elif kind == "replace":
            _read(document, steps)
            _remove(document, steps)
            _add(document, steps, operation["value"])
        elif kind == "add":
            _add(document, steps, operation["value"])
        else:
            raise bad_request(f"unexpected kind of operation: {kind}")
    return document


def merge_patch(document: Any, patch: Any) -> Any:
    """The document with the patch laid over it: null takes a key away, lists are replaced."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def strategic_patch(document: Any, patch: dict[str, Any]) -> Any:
    """The document with the patch laid over it: lists with a merge key are merged item by item."""
    if patch.get("$patch") == "replace":
        return {key: copy.deepcopy(value) for key, value in patch.items() if key != "$patch"}
    merged = dict(document) if isinstance(document, dict) else {}
    if "$retainKeys" in patch:
        merged = {key: value for key, value in merged.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.partition("/")[2]
            merged[field] = [item for item in merged.get(field) or () if item not in value]
        elif key.startswith(_DIRECTIVES):
            continue
        elif value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            if value.get("$patch") == "delete":
                merged.pop(key, None)
            else:
                merged[key] = strategic_patch(merged.get(key), value)
        elif isinstance(value, list):
            merged[key] = _merge_list(key, merged.get(key) or [], value)
        else:
            merged[key] = value
    for key, order in patch.items():
        if key.startswith("$setElementOrder/"):
            field = key.partition("/")[2]
            merged[field] = _ordered(field, merged.get(field) or [], order)
    return merged


def three_way(old: Any, new: Any, live: Any, field: str = "") -> Any:
    """What a server-side apply leaves: what `new` says, without what only `old` said, beside what others said."""
    if isinstance(new, dict) and isinstance(live, dict):
        old = old if isinstance(old, dict) else {}
        kept = {key: value for key, value in live.items() if key not in old or key in new}
        return kept | {key: three_way(old.get(key), value, live.get(key), key) for key, value in new.items()}
    key = _key_of(field, new) if isinstance(new, list) else ""
    if key and isinstance(live, list):
        before = {item[key]: item for item in old or () if key in item}
        wanted = {item[key]: item for item in new}
        there = {item[key]: item for item in live if key in item}
        merged = [three_way(before.get(name), item, there.get(name)) for name, item in wanted.items()]
        return merged + [item for name, item in there.items() if name not in wanted and name not in before]
    return copy.deepcopy(new)


def _merge_list(field: str, present: list[Any], patch: list[Any]) -> list[Any]:
    if field in _MERGED_VALUES:
        return [*present, *(value for value in patch if value not in present)]
    key = _key_of(field, [item for item in patch if isinstance(item, dict)])
    if not key or any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [copy.deepcopy(item) for item in patch if not (isinstance(item, dict) and "$patch" in item)]
    merged = list(present)
    for item in patch:
        place = next((n for n, other in enumerate(merged) if other.get(key) == item.get(key)), None)
        if item.get("$patch") == "delete":
            if place is not None:
                del merged[place]
        elif place is None:
            merged.append(strategic_patch({}, item))
        else:
            merged[place] = strategic_patch(merged[place], item)
    return merged


def _ordered(field: str, items: list[Any], order: list[Any]) -> list[Any]:
    """The items in the order given; those it does not name keep their places behind."""
    key = _key_of(field, [item for item in order if isinstance(item, dict)])
    names = [item[key] if key else item for item in order]

    def rank(item: Any) -> int:
        name = item.get(key) if key else item
        return names.index(name) if name in names else len(names)

    return sorted(items, key=rank)


def _key_of(field: str, items: list[Any]) -> str:
    if field == "ports":
        return next((key for key in _PORT_KEYS if items and all(key in item for item in items)), "")
    key = _MERGE_KEYS.get(field, "")
    return key if all(isinstance(item, dict) for item in items) else ""


def _steps(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _read(document: Any, steps: list[str]) -> Any:
    for step in steps:
        try:
            document = document[int(step)] if isinstance(document, list) else document[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise _unprocessable(f"path /{'/'.join(steps)} does not exist") from None
    return document


def _remove(document: Any, steps: list[str]) -> None:
    parent = _read(document, steps[:-1])
    _read(parent, steps[-1:])
    del parent[int(steps[-1]) if isinstance(parent, list) else steps[-1]]


def _add(document: Any, steps: list[str], value: Any) -> None:
    parent = _read(document, steps[:-1])
    if isinstance(parent, list):
        parent.insert(len(parent) if steps[-1] == "-" else int(steps[-1]), value)
    else:
        parent[steps[-1]] = value


def _unprocessable(text: str) -> ApiError:
    return ApiError(422, "Invalid", f"the server rejected our request due to an error in our request: {text}")
