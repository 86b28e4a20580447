"""Label and field selectors, as the query parameters carry them."""

import re
from collections.abc import Callable
from typing import Any

from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.status import bad_request

Object = dict[str, Any]
Predicate = Callable[[Object], bool]

_SET = re.compile(r"\s*(?P<key>[\w./-]+)\s+(?P<op>in|notin)\s+\((?P<values>[^)]*)\)\s*")
_EQUAL = re.compile(r"\s*(?P<key>[\w./-]+)\s*(?P<op>==|=|!=)\s*(?P<value>[^,]*?)\s*")
_EXISTS = re.compile(r"\s*(?P<not>!?)(?P<key>[\w./-]+)\s*")
# Commas part requirements, but not inside the brackets of `in (a,b)`.
_COMMA = re.compile(r",(?![^(]*\))")


def label_predicate(selector: str) -> Predicate:
    """What `labelSelector` asks; an unreadable one is a BadRequest."""
    tests = [_label_test(part) for part in _COMMA.split(selector) if part.strip()]
    return lambda obj: all(test(obj["metadata"].get("labels") or {}) for test in tests)


def _label_test(part: str) -> Callable[[dict[str, str]], bool]:
    if found := _SET.fullmatch(part):
        key, values = found["key"], {value.strip() for value in found["values"].split(",")}
        if found["op"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUAL.fullmatch(part):
        key, value = found["key"], found["value"]
        if found["op"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _EXISTS.fullmatch(part):
        key, absent = found["key"], bool(found["not"])
        return lambda labels: (key not in labels) if absent else (key in labels)
    raise bad_request(f"unable to parse requirement: found '{part}'")


def field_predicate(selector: str, resource: Resource) -> Predicate:
    """What `fieldSelector` asks; a field the resource cannot be selected by is a BadRequest."""
    tests: list[Predicate] = []
    for part in filter(None, selector.split(",")):
        found = re.fullmatch(r"([\w.]+)(==|=|!=)(.*)", part)
        if found is None:
            raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
        name, operator, value = found.groups()
        if name not in resource.fields:
            where = f"{resource.group}/{resource.version}" if resource.group else f"/{resource.version}"
            raise bad_request(
                f'Unable to find "{where}, Resource={resource.plural}" that match label selector "",'
                f' field selector "{selector}": field label not supported: {name}'
            )
        tests.append(_field_test(name, operator, value))
    return lambda obj: all(test(obj) for test in tests)


def _field_test(name: str, operator: str, value: str) -> Predicate:
    def test(obj: Object) -> bool:
        return (_field(obj, name) == value) != (operator == "!=")

    return test


def _field(obj: Object, name: str) -> str:
    if name == "source":
        return str((obj.get("source") or {}).get("component", "") or obj.get("reportingComponent", ""))
    value: Any = obj
    for step in name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
