"""What the driver reads from a StorageClass, and what it makes of that when it asks FSx for a file system."""

from __future__ import annotations

import difflib
import enum
import functools
import re
from collections.abc import Collection, Iterable, Mapping

import msgspec

from diag.knowledge.fsx_create import UNSET, Refusal, broken_rules, fsx_model, refusals, taken_values, wrong_value
from diag.knowledge.table import Confidence, read_table
from diag.knowledge.versions import version_number
from diag.late import late

GO_BOOLS = {**dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), "true"),
            **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), "false")}  # fmt: skip
"""Source: Go strconv.ParseBool, which the driver reads its bools with."""

_PART = 8
"""Letters of a key that is a part of a longer one: `throughput`."""

GO_NUMBER = late(r"[+-]?[0-9]{1,18}")
"""Source: Go strconv.ParseInt, base 10, 64 bits."""

_DIGITS = late(r"[+-]?[0-9]{1,18}")
"""The number before a unit that somebody wrote as well: `250MBps`."""

_TAGS = late(r"(?:(?:^|,)(?!aws:)[\w .:/+@-]{1,128}=[\w .:/+@-]{0,256})+")
"""Source: aws-fsx-csi-driver v1.9.0 validateExtraTags (every part has exactly one equals sign); fsx 2018-03-01 TagKey,
TagValue; AWS General Reference, tag naming limits."""

INVALID = "storageclass-invalid-value"
GIB = 1 << 30


class Takes(enum.Enum):
    """How the driver reads the value of a parameter."""

    TEXT = "text"
    NUMBER = "number"
    BOOL = "bool"
    TAGS = "tags"
    NETWORK = "network"
    """Ids of the account: judged by what EC2 knows."""


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key that the driver reads."""

    key: str
    kind: Takes
    member: str = ""
    """The member of CreateFileSystem that it becomes; empty for tags."""
    impossible: tuple[str, ...] = ()
    """Values that FSx takes and the driver cannot ask for rightly."""
    note: str = ""
    only_with: str = ""
    """The key without which the driver does not send it."""
    since: str = ""
    """The first release that reads it; empty when all do."""

    @property
    def values(self) -> tuple[str, ...]:
        """The words that FSx takes; empty when any number or text of a form is."""
        words = taken_values(self.member) if self.member else ()
        return tuple(word for word in words if word not in self.impossible)

    def is_read_by(self, driver: str) -> bool:
        """Whether that release of the driver reads it; an unknown one does."""
        return not (self.since and driver) or version_number(driver) >= version_number(self.since)


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table, as its file has it."""

    date: str
    newest: str
    """The last release whose source was read."""
    driver: str
    reserved_prefix: str
    reserved: tuple[str, ...]
    secrets: tuple[str, ...]
    """What the secrets are for whose name and namespace a class may give."""
    parameters: tuple[Parameter, ...]


@functools.cache
def parameters_table() -> Parameters:
    """The table of parameters."""
    return read_table("storage_class", Parameters)


def parameter_of(key: str) -> Parameter | None:
    """The parameter of exactly that key; None for a key that the driver ignores."""
    return next((parameter for parameter in parameters_table().parameters if parameter.key == key), None)


def key_of(member: str) -> str:
    """The key that becomes a member; the member's own name where no key does (the capacity is the claim's)."""
    return next((parameter.key for parameter in parameters_table().parameters if parameter.member == member), member)


def is_beyond_table(driver: str) -> bool:
    """Whether a release of the driver is newer than those that the table was read from; an unknown one is not."""
    return version_number(driver) > version_number(parameters_table().newest)


def may_be_new(key: str, value: str) -> bool:
    """Whether a release beyond the table may read it all the same: a key or a value that the table's releases do not.

    A key that only its case or punctuation parts from a known one is misspelt in every release.
    """
    parameter = parameter_of(key)
    if parameter is None:
        return not is_reserved(key) and not differs_in_spelling(key, nearest_key(key))
    return value in parameter.impossible


def is_reserved(key: str) -> bool:
    """Whether a key is the external provisioner's, not the driver's."""
    return key.startswith(parameters_table().reserved_prefix)


def is_refused(key: str) -> bool:
    """Whether a key has the external provisioner's prefix and is none of its keys, so that it makes nothing."""
    table = parameters_table()
    known = {*table.reserved, *(f"{use}-secret-{part}" for use in table.secrets for part in _PARTS)}
    return is_reserved(key) and key.removeprefix(table.reserved_prefix) not in known


_PARTS = ("name", "namespace")


class SecretReference(msgspec.Struct, frozen=True):
    """A secret that a class names, for the driver or for the kubelet."""

    use: str
    """`provisioner`, `node-publish` ..."""
    name: str
    namespace: str

    @property
    def keys(self) -> tuple[str, ...]:
        """Its two parameters."""
        return tuple(f"{parameters_table().reserved_prefix}{self.use}-secret-{part}" for part in _PARTS)


def secrets_of(parameters: Mapping[str, str]) -> tuple[SecretReference, ...]:
    """The secrets that a class names, whole or in half."""
    every = (SecretReference(use, "", "") for use in parameters_table().secrets)
    named = (SecretReference(one.use, *(parameters.get(key, "") for key in one.keys)) for one in every)
    return tuple(one for one in named if one.name or one.namespace)


def nearest_key(key: str) -> str:
    """The key that a misspelt one was probably meant to be; empty when none is near."""
    plain = {_plain(parameter.key): parameter.key for parameter in parameters_table().parameters}
    wanted = _plain(key)
    near = difflib.get_close_matches(wanted, plain, n=1, cutoff=0.75)
    near += [name for name in plain if len(wanted) >= _PART and wanted in name]
    return plain[near[0]] if near else ""


def misspelt(parameters: Iterable[str], key: str) -> str:
    """The key that somebody wrote instead of the right one, which the driver ignores; empty when none looks like it."""
    unread = (other for other in parameters if parameter_of(other) is None and not is_reserved(other))
    return next((other for other in unread if nearest_key(other) == key), "")


def class_refusals(
    parameters: Mapping[str, str], capacity_gib: int | None = None, unsure: Collection[str] = ()
) -> tuple[Refusal, ...]:
    """Everything that the driver or FSx refuses of a StorageClass's parameters, in the parameters' own names.

    The capacity is a claim's, as the driver rounds it; without one nothing is judged by it. Nothing is judged by the
    `unsure` keys either, nor by those that a misspelt one was meant for.
    """
    misread = tuple(
        Refusal(parameter.member or parameter.key, message, INVALID, Confidence.FROM_CODE, parameters_table().driver)
        for key, value in parameters.items()
        if key not in unsure and (parameter := parameter_of(key)) and (message := misread_value(parameter, value))
    )
    request = {
        parameter.member: sent
        for key, value in parameters.items()
        if key not in unsure
        and (parameter := parameter_of(key))
        and parameter.kind not in (Takes.NETWORK, Takes.TAGS)
        and (sent := _sent(parameter, value, parameters))
    }
    if capacity_gib is not None:
        request["StorageCapacity"] = str(capacity_gib)
    open_keys = (p for p in parameters_table().parameters if p.key in unsure or misspelt(parameters, p.key))
    wrong = {refusal.member for refusal in misread}
    unknown = {"SubnetIds", "FileSystemType", "BackupId", *wrong, *(parameter.member for parameter in open_keys)}
    unknown |= {"StorageCapacity"} if capacity_gib is None else set()
    asked = {member: value for member, value in request.items() if member not in wrong}
    return (*misread, *refusals(asked, unknown, key_of))


def ignored_without(parameters: Mapping[str, str]) -> dict[str, str]:
    """Keys that the driver reads and does not send, each with the key that is missing for it."""
    needs = ((p.key, p.only_with) for p in parameters_table().parameters if p.only_with)
    return {
        key: other
        for key, other in needs
        if parameters.get(key, "") not in UNSET and parameters.get(other, "") in UNSET
    }


def misread_value(parameter: Parameter, value: str) -> str:
    """Why the driver itself refuses a value, or cannot send it as FSx needs it; empty when it sends it."""
    wanted = ""
    match parameter.kind:
        case Takes.BOOL if value not in GO_BOOLS:
            wanted = "true or false"
        case Takes.NUMBER if not GO_NUMBER.fullmatch(value):
            wanted = "a whole number"
        case Takes.TAGS if value and not (_TAGS.fullmatch(value) and _are_unique(value)):
            wanted = "like team=ml,stage=test, each key once"
        case Takes.TEXT if value in parameter.impossible:
            wanted = f"one of {', '.join(parameter.values)} ({parameter.note})"
    return f"{parameter.key} is {value!r}, wanted {wanted}" if wanted else ""


def _are_unique(tags: str) -> bool:
    keys = [tag.partition("=")[0] for tag in tags.split(",")]
    return len(keys) == len(set(keys))


def likely_value(key: str, value: str) -> str:
    """The value that a wrong one was probably meant to be, or the nearest that is taken; empty when none is near."""
    parameter = parameter_of(key)
    if parameter is None:
        return ""
    if words := parameter.values:
        plain = {_plain(word): word for word in words}
        near = difflib.get_close_matches(_plain(value), plain, n=1, cutoff=0.6)
        return plain[near[0]] if near else ""
    if parameter.kind is Takes.NUMBER and (digits := _DIGITS.match(value)):
        row, number = fsx_model().members[parameter.member], int(digits[0])
        number = number if row.max is None else min(row.max, number)
        return str(number if row.min is None else max(row.min, number))
    if parameter.kind is Takes.BOOL:
        return "true" if value.strip().lower() in ("yes", "on", "enabled", "true") else "false"
    return ""


def spelt_otherwise(key: str, value: str) -> str:
    """The one word that a value is, but for case and punctuation; empty when it is none, or already the word."""
    parameter = parameter_of(key)
    words = parameter.values if parameter else ()
    if parameter and parameter.kind is Takes.BOOL and value not in GO_BOOLS:
        words = ("true", "false")
    same = [word for word in words if _plain(word) == _plain(value) and word != value]
    return same[0] if len(same) == 1 else ""


def differs_in_spelling(written: str, meant: str) -> bool:
    """Whether a key is the meant one but for case and punctuation, so that nothing else can be meant."""
    return written != meant and _plain(written) == _plain(meant)


def repaired(parameters: Mapping[str, str]) -> dict[str, str | None]:
    """The fewest changes that the rules themselves name: None takes a key away, empty is for a person to choose."""
    known = {p.member: p for p in parameters_table().parameters if p.member}
    changes: dict[str, str | None] = {}
    for _ in range(2 * len(known)):
        # What one rule chose first another may narrow: any throughput, then one that the type comes with.
        now = {key: value for key, value in {**parameters, **changes}.items() if value is not None}
        request = {p.member: sent for p in known.values() if (sent := _sent(p, now.get(p.key, ""), now))}
        rule = next((r for r in broken_rules(request, ("StorageCapacity",)) if next(iter(r.needs)) in known), None)
        if rule is None:
            break
        member, values = next(iter(rule.needs.items()))
        if rule.or_without:
            member, values = rule.or_without, ("",)
        key = known[member].key
        value = None if values[0] == "" else _first_choice(known[member], values[0])
        if key in changes and changes[key] == value:
            break
        changes[key] = value
    return changes


def _first_choice(parameter: Parameter, alternative: str) -> str:
    """A word as it is; for any other alternative a first value, empty where only a person knows one."""
    if alternative == "set":
        return parameter.values[0] if parameter.values else "1" if parameter.kind is Takes.NUMBER else ""
    return "" if wrong_value(parameter.member, alternative) else alternative


def rounded_gib(size_bytes: int, parameters: Mapping[str, str]) -> int:
    """The capacity that the driver asks FSx for. Source: aws-fsx-csi-driver v1.0.0 to v1.9.0 RoundUpVolumeSize."""
    throughput = parameters.get("perUnitStorageThroughput", "")
    if parameters.get("storageType") == "HDD":
        step = 6000 if throughput == "12" else 1800
    elif parameters.get("deploymentType", "") in ("", "SCRATCH_1"):
        step = 1200 if size_bytes < 3600 * GIB else 3600
    else:
        step = 1200 if size_bytes < 2400 * GIB else 2400
    return -(-size_bytes // (step * GIB)) * step


def _sent(parameter: Parameter, value: str, parameters: Mapping[str, str]) -> str:
    """The value as the driver sends it; empty when it sends none."""
    if parameter.only_with and parameters.get(parameter.only_with, "") in UNSET:
        return ""
    match parameter.kind:
        case Takes.NUMBER if GO_NUMBER.fullmatch(value):
            return str(int(value)) if int(value) else ""
        case Takes.BOOL:
            return GO_BOOLS.get(value, "").replace("false", "")
    return value


def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())
