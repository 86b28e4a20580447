"""What the driver and FSx take as parameters of a StorageClass."""

from __future__ import annotations

import difflib
import enum
import functools
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from diag.knowledge.table import Confidence, read_table

UNSET = frozenset({"", "0", "false"})
"""Values that the driver sends no more than an absent key."""

GO_BOOLS = frozenset({"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"})
"""Source: Go strconv.ParseBool, which the driver reads its bools with."""

_PART = 8
"""Letters of a key that is a part of a longer one: `throughput`."""

GO_NUMBER = re.compile(r"[+-]?\d+", re.ASCII)
"""Source: Go strconv.ParseInt, base 10."""


_DIGITS = re.compile(r"[+-]?\d{1,9}", re.ASCII)
"""The number before a unit that somebody wrote as well: `250MBps`."""


class Takes(enum.Enum):
    """What kind of value a parameter has."""

    WORD = "word"
    NUMBER = "number"
    BOOL = "bool"
    TEXT = "text"
    NETWORK = "network"
    """Ids of the account: judged by what EC2 knows, not by this table."""


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key that the driver reads."""

    key: str
    kind: Takes
    values: tuple[str, ...] = ()
    pattern: str = ""
    example: str = ""
    least: int | None = None
    most: int | None = None
    note: str = ""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values that need others: all of `when` hold, then one of each of `needs` must."""

    when: dict[str, tuple[str, ...]]
    needs: dict[str, tuple[str, ...]]
    says: str
    cause: str
    confidence: Confidence
    or_without: str = ""
    """A key of `when` that is rather taken away, where what it needs would change the size or the price as well."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table, as its file has it."""

    date: str
    driver: str
    api: str
    reserved_prefix: str
    defaults: dict[str, str]
    parameters: tuple[Parameter, ...]
    rules: tuple[Rule, ...]


@functools.cache
def parameters_table() -> Parameters:
    """The table of parameters."""
    return read_table("storage_class", Parameters)


def parameter_of(key: str) -> Parameter | None:
    """The parameter of exactly that key; None for a key that the driver ignores."""
    return next((parameter for parameter in parameters_table().parameters if parameter.key == key), None)


def is_reserved(key: str) -> bool:
    """Whether a key is the external provisioner's, not the driver's."""
    return key.startswith(parameters_table().reserved_prefix)


def nearest_key(key: str) -> str:
    """The key that a misspelt one was probably meant to be; empty when none is near."""
    plain = {_plain(parameter.key): parameter.key for parameter in parameters_table().parameters}
    wanted = _plain(key)
    near = difflib.get_close_matches(wanted, plain, n=1, cutoff=0.75)
    near += [name for name in plain if len(wanted) >= _PART and wanted in name]
    return plain[near[0]] if near else ""


def misspelt(parameters: Iterable[str], key: str) -> str:
    """The key that somebody wrote instead of the right one, which the driver ignores; empty when none looks like it."""
    return next((other for other in parameters if parameter_of(other) is None and nearest_key(other) == key), "")


def wrong_value(parameter: Parameter, value: str) -> str:
    """Why the driver or FSx refuses a value of a parameter, in words; empty when it takes it."""
    wanted = ""
    match parameter.kind:
        case Takes.WORD if value not in parameter.values:
            wanted = f"one of {', '.join(parameter.values)}"
        case Takes.BOOL if value not in GO_BOOLS:
            wanted = "true or false"
        case Takes.NUMBER if not GO_NUMBER.fullmatch(value):
            wanted = "a whole number"
        case Takes.NUMBER if not _within(parameter, int(value)):
            wanted = f"a number from {parameter.least} to {parameter.most}"
        case Takes.TEXT if not re.fullmatch(parameter.pattern, value, re.ASCII):
            wanted = f"like {parameter.example}"
    note = f" ({parameter.note})" if wanted and parameter.note else ""
    return f"{parameter.key} is {value!r}, wanted {wanted}{note}" if wanted else ""


def likely_value(parameter: Parameter, value: str) -> str:
    """The value that a wrong one was probably meant to be, or the nearest that is taken; empty when none is near."""
    match parameter.kind:
        case Takes.WORD:
            plain = {_plain(word): word for word in parameter.values}
            near = difflib.get_close_matches(_plain(value), plain, n=1, cutoff=0.6)
            return plain[near[0]] if near else ""
        case Takes.NUMBER if digits := _DIGITS.match(value):
            number = int(digits[0])
            number = number if parameter.most is None else min(parameter.most, number)
            return str(number if parameter.least is None else max(parameter.least, number))
        case Takes.BOOL:
            return "true" if value.strip().lower() in ("yes", "on", "enabled", "true") else "false"
    return ""


def repaired(parameters: Mapping[str, str]) -> dict[str, str | None]:
    """The fewest changes that the rules themselves name: None takes a key away, empty is for a person to choose."""
    changes: dict[str, str | None] = {}
    for _ in parameters_table().rules:
        now = {key: value for key, value in {**parameters, **changes}.items() if value is not None}
        rule = next(broken_rules(now), None)
        if rule is None:
            break
        if rule.or_without:
            changes[rule.or_without] = None
            continue
        key, values = next(iter(rule.needs.items()))
        changes[key] = None if values[0] == "" else _first_choice(key) if values[0] == "set" else values[0]
    return changes


def _first_choice(key: str) -> str:
    """The first value that the table knows for a key; what another rule then refuses is changed in its turn."""
    parameter = parameter_of(key)
    return parameter.values[0] if parameter and parameter.values else "1"


def broken_rules(parameters: Mapping[str, str]) -> Iterator[Rule]:
    """The combinations that a StorageClass's parameters break, absent keys counted as their defaults."""
    table = parameters_table()
    given = {**table.defaults, **{key: value for key, value in parameters.items() if value}}
    for rule in table.rules:
        holds = all(_one_of(given.get(key, ""), values) for key, values in rule.when.items())
        if holds and not all(_one_of(given.get(key, ""), values) for key, values in rule.needs.items()):
            yield rule


def _one_of(value: str, values: tuple[str, ...]) -> bool:
    return value in values or ("set" in values and value not in UNSET) or ("" in values and value in UNSET)


def _within(parameter: Parameter, number: int) -> bool:
    return (parameter.least is None or number >= parameter.least) and (
        parameter.most is None or number <= parameter.most
    )


def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())
