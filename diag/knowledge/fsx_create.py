"""What FSx takes to create a Lustre file system: the one judge of classes, claims, plans, templates and skeletons.

Members have the API's own names, those of a structure with a dot (`MetadataConfiguration.Mode`); values are texts as
the API would print them, lists joined with commas. How a file spells a member is its reader's business.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterator, Mapping

import msgspec

from diag.knowledge.table import Confidence, read_table

UNSET = frozenset({"", "0", "false"})
"""Values that say no more than an absent member."""

_MULTIPLE = re.compile(r"x([0-9]+)")
_RANGE = re.compile(r"([0-9]+)-([0-9]+)")
_BUCKET = "bucket of "
_NAMED = re.compile(r"\{([A-Za-z.]+)\}")
_NUMBER = re.compile(r"-?[0-9]{1,18}")


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member of the model."""

    type: str
    list: bool = False
    enum: tuple[str, ...] = ()
    pattern: str = ""
    min: int | None = None
    max: int | None = None
    required: bool = False


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The extract of the service model."""

    date: str
    source: str
    members: dict[str, Member]


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a member's own text says that its type does not."""

    values: tuple[str, ...] = ()
    pattern: str = ""
    example: str = ""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values that need others: all of `when` hold, then one of each of `needs` must."""

    when: dict[str, tuple[str, ...]]
    needs: dict[str, tuple[str, ...]]
    says: str
    cause: str
    confidence: Confidence
    source: str = ""
    enforced_by: tuple[str, ...] = ()
    """Tools that refuse it themselves before FSx is asked."""
    or_without: str = ""
    """A member of `when` that is rather left out, where what it needs would change the size and the price as well."""

    @property
    def members(self) -> frozenset[str]:
        """Every member that it looks at."""
        return frozenset((*self.when, *self.needs))


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table of combinations, as its file has it."""

    date: str
    source: str
    defaults: dict[str, str]
    disputed: dict[str, str]
    forms: dict[str, Form]
    rules: tuple[Rule, ...]


class Refusal(msgspec.Struct, frozen=True):
    """One thing of a request that FSx refuses, or by reasoning would."""

    member: str
    """The member whose value has to change."""
    message: str
    cause: str
    confidence: Confidence
    source: str
    rule: Rule | None = None
    """The combination that is broken; None when the value alone is wrong."""

    @property
    def is_certain(self) -> bool:
        """Public knowledge, not reasoning of ours."""
        return self.confidence.may_fail

    def is_certain_for(self, maker: str) -> bool:
        """Whether it is certain where that tool asks FSx."""
        return self.is_certain or (self.rule is not None and maker in self.rule.enforced_by)


@functools.cache
def fsx_model() -> Model:
    """The model's extract."""
    return read_table("fsx_model", Model)


@functools.cache
def fsx_rules() -> Rules:
    """The combinations."""
    return read_table("fsx_rules", Rules)


def refusals(
    request: Mapping[str, str],
    open_members: Collection[str] = (),
    spell: Callable[[str], str] = str,
) -> tuple[Refusal, ...]:
    """Everything that FSx refuses of a request. Of open members nobody knows the value yet; they break nothing.

    A combination is judged only where its members are in order by themselves: one fault is reported once.
    """
    known = {member: value for member, value in request.items() if member not in open_members}
    wrong = [found for member, value in known.items() if (found := _wrong_value(member, value, spell))]
    lacking = [*_lacking(request, open_members, spell)]
    unsure = {*open_members, *(found.member for found in (*wrong, *lacking))}
    combined = (_refusal(rule, request, spell) for rule in broken_rules(request, unsure))
    return (*wrong, *lacking, *combined)


def broken_rules(request: Mapping[str, str], unsure: Collection[str] = ()) -> Iterator[Rule]:
    """The combinations that a request breaks, absent members counted as what FSx takes for them."""
    table = fsx_rules()
    given = {**table.defaults, **{key: value for key, value in request.items() if value}}
    for rule in table.rules:
        if (
            rule.members.isdisjoint(unsure)
            and all(_one_of(member, values, given) for member, values in rule.when.items())
            and not all(_one_of(member, values, given) for member, values in rule.needs.items())
        ):
            yield rule


def wrong_value(member: str, value: str) -> str:
    """What is wanted of a member where its value alone is refused; empty when it is taken. Of a list any item."""
    row, form = fsx_model().members[member], fsx_rules().forms.get(member, Form())
    items = value.split(",") if row.list else [value]
    return next((wanted for item in items if (wanted := _wanted(row, form, item))), "")


def taken_values(member: str) -> tuple[str, ...]:
    """The words that FSx takes for a member; empty when any number or text of a form is."""
    return fsx_rules().forms.get(member, Form()).values or fsx_model().members[member].enum


def _wanted(row: Member, form: Form, value: str) -> str:
    words = form.values or row.enum
    if words:
        return "" if value in words else f"one of {', '.join(words)}"
    if row.type == "integer":
        if not _NUMBER.fullmatch(value):
            return "a whole number"
        least, most = row.min, row.max
        fits = (least is None or int(value) >= least) and (most is None or int(value) <= most)
        return "" if fits else f"a number from {least} to {most}"
    if row.type == "boolean":
        return "" if value in ("true", "false") else "true or false"
    fits = (row.min is None or len(value) >= row.min) and (row.max is None or len(value) <= row.max)
    fits = fits and all(re.fullmatch(pattern, value, re.ASCII) for pattern in (row.pattern,) if pattern)
    fits = fits and (not form.pattern or re.fullmatch(form.pattern, value, re.ASCII) is not None)
    return "" if fits else f"like {form.example or row.pattern}"


def _wrong_value(member: str, value: str, spell: Callable[[str], str]) -> Refusal | None:
    if not value or member not in fsx_model().members or not (wanted := wrong_value(member, value)):
        return None
    message = f"{spell(member)} is {value!r}, wanted {wanted}"
    if note := fsx_rules().disputed.get(member):
        return Refusal(member, f"{message} ({note})", _INVALID, Confidence.INFERRED, fsx_model().source)
    return Refusal(member, message, _INVALID, Confidence.DOCUMENTED, fsx_model().source)


_INVALID = "storageclass-invalid-value"


def _lacking(
    request: Mapping[str, str], open_members: Collection[str], spell: Callable[[str], str]
) -> Iterator[Refusal]:
    """Members that a structure must have once it is given at all."""
    for member, row in fsx_model().members.items():
        structure, dot, _ = member.rpartition(".")
        began = [other for other in request if dot and other.startswith(f"{structure}.") and request[other]]
        if row.required and began and not request.get(member) and member not in open_members:
            message = f"{spell(began[0])} needs {spell(member)}"
            yield Refusal(member, message, _INVALID, Confidence.DOCUMENTED, fsx_model().source)


def _refusal(rule: Rule, request: Mapping[str, str], spell: Callable[[str], str]) -> Refusal:
    member = next(iter(rule.needs))
    value = request.get(member, "")
    says = _NAMED.sub(lambda found: spell(found[1]), rule.says)
    message = f"{spell(member)} is {value!r}: {says}" if value else says
    return Refusal(member, message, rule.cause, rule.confidence, rule.source or fsx_rules().source, rule)


def _one_of(member: str, values: tuple[str, ...], given: Mapping[str, str]) -> bool:
    value = given.get(member, "")
    return value in values or any(_is_like(value, alternative, given) for alternative in values)


def _is_like(value: str, alternative: str, given: Mapping[str, str]) -> bool:
    if alternative in ("set", ""):
        return (value not in UNSET) == bool(alternative)
    if alternative.startswith(_BUCKET):
        return _bucket(value) == _bucket(given.get(alternative.removeprefix(_BUCKET), ""))
    if not _NUMBER.fullmatch(value):
        return False
    if found := _MULTIPLE.fullmatch(alternative):
        return int(value) > 0 and int(value) % int(found[1]) == 0
    found = _RANGE.fullmatch(alternative)
    return found is not None and int(found[1]) <= int(value) <= int(found[2])


def _bucket(path: str) -> str:
    return path.removeprefix("s3://").partition("/")[0]


def bucket_of(path: str) -> str:
    """The bucket of an S3 path; empty for what is none."""
    return _bucket(path) if path.startswith("s3://") else ""
