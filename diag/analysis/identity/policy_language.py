"""The language of IAM policies, as far as a document alone decides: patterns, conditions, three-valued answers.

None always means "the document and what is known of the request do not decide".
Source: IAM user guide, reference_policies_elements_condition_operators and reference_policies_evaluation-logic.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from operator import eq, ge, gt, le, lt
from typing import Any

import msgspec

from diag.resources.iam import listed

Document = Mapping[str, Any]


Tri = bool | None


class Request(msgspec.Struct, frozen=True):
    """The condition keys of one request that are known, by lower-case key."""

    values: dict[str, tuple[str, ...]] = {}

    def look(self, key: str) -> tuple[str, ...] | None:
        """The values under a condition key: empty when the request has none, None when that is not known.

        Keys of identity providers (`<host/path>:sub`) are all known: claims of another issuer are never in a request.
        So are those of a family whose own name is a key (`aws:requesttag/`): its value is that of all that are not
        given.
        """
        plain = key.lower()
        family = plain[: plain.find("/") + 1]
        for name in (plain, *([family] if family else ())):
            if name in self.values:
                return self.values[name]
        return () if "." in plain.rpartition(":")[0] else None


def like(pattern: str, text: str) -> bool:
    """Whether a pattern with `*` (any text) and `?` (one character) covers the text, in time pattern times text."""
    at, star, resume = 0, -1, 0
    here = 0
    while here < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, here
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[here]):
            at, here = at + 1, here + 1
        elif star >= 0:
            resume += 1
            at, here = star + 1, resume
        else:
            return False
    return not pattern[at:].strip("*")


def arn_like(pattern: str, text: str) -> bool:
    """Whether an ARN pattern covers an ARN: each of its six parts by itself, a `*` never crosses a colon."""
    parts, wanted = text.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(wanted) == 6 and all(like(p, t) for p, t in zip(wanted, parts, strict=True))


_VARIABLE = re.compile(r"\$\{[^}]*\}")


def resource_like(pattern: str, arn: str) -> Tri:
    """Whether a pattern of Resource covers an ARN; None where a policy variable in it decides.

    IAM fills an ARN of fewer than six parts up with `*`. Source: IAM user guide, reference_policies_elements_resource
    and reference_policies_variables.
    """
    if "${" in pattern:
        return None if resource_like(_VARIABLE.sub("*", pattern), arn) is not False else False
    whole = ":".join((*pattern.split(":", 5), *["*"] * (5 - pattern.count(":")))) if ":" in pattern else pattern
    by_parts, as_text = arn_like(whole, arn), like(pattern, arn)
    return as_text if by_parts == as_text or pattern == "*" or arn == "*" else None


def covers_resource(statement: Document, arn: str) -> Tri:
    """Whether a statement is about an ARN, by Resource or by NotResource."""
    key = "Resource" if "Resource" in statement else "NotResource"
    named = any_of(resource_like(str(pattern), arn) for pattern in listed(statement.get(key)))
    return named if key == "Resource" else _flip(named, negated=True)


def covers_action(statement: Document, action: str) -> bool:
    """Whether a statement is about an action, by Action or by NotAction. Case does not count."""
    name, key = action.lower(), "Action" if "Action" in statement else "NotAction"
    named = any(like(str(pattern).lower(), name) for pattern in listed(statement.get(key)))
    return named if key == "Action" else not named


def all_of(answers: Iterable[Tri]) -> Tri:
    """False when one is, else None when one is, else True."""
    seen = tuple(answers)
    return False if False in seen else None if None in seen else True


def any_of(answers: Iterable[Tri]) -> Tri:
    """True when one is, else None when one is, else False."""
    seen = tuple(answers)
    return True if True in seen else None if None in seen else False


class Clause(msgspec.Struct, frozen=True):
    """One line of a Condition: an operator, a key and the values that it wants."""

    operator: str
    key: str
    wanted: tuple[str, ...]

    def holds(self, request: Request) -> Tri:
        """Whether the request satisfies it."""
        present = request.look(self.key)
        if present is None:
            return None
        name = self.operator.lower()
        if name == "null":
            return any(word.lower() == ("false" if present else "true") for word in self.wanted)
        quantifier, _, name = name.rpartition(":")
        if_exists, name = name.endswith("ifexists"), name.removesuffix("ifexists")
        negated, plain = "not" in name, name.replace("not", "", 1)
        if not present:
            return True if if_exists or quantifier == "forallvalues" else negated and quantifier != "foranyvalue"
        compare = _COMPARE.get(plain)
        if compare is None:
            return None
        answers = [_flip(any_of(_compared(compare, w, value) for w in self.wanted), negated) for value in present]
        return any_of(answers) if quantifier == "foranyvalue" or not (quantifier or negated) else all_of(answers)


def _dates(compare: Callable[[datetime, datetime], bool]) -> Callable[[str, str], Tri]:
    def compared(wanted: str, value: str) -> Tri:
        limit, at = _time(wanted), _time(value)
        return None if limit is None or at is None else compare(at, limit)

    return compared


def _time(text: str) -> datetime | None:
    """An ISO 8601 time or a Unix one, as Date operators take both; None for anything else."""
    try:
        at = datetime.fromtimestamp(int(text), UTC) if text.isdigit() else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


_COMPARE: dict[str, Callable[[str, str], Tri]] = {
    "dateequals": _dates(eq),
    "datelessthan": _dates(lt),
    "datelessthanequals": _dates(le),
    "dategreaterthan": _dates(gt),
    "dategreaterthanequals": _dates(ge),
    "stringequals": str.__eq__,
    "stringequalsignorecase": lambda wanted, value: wanted.lower() == value.lower(),
    "stringlike": like,
    "arnequals": arn_like,
    "arnlike": arn_like,
    "bool": lambda wanted, value: wanted.lower() == value.lower(),
}


def _compared(compare: Callable[[str, str], Tri], wanted: str, value: str) -> Tri:
    # A policy variable takes its value from the request, which is not known here.
    return None if "${" in wanted else compare(wanted, value)


def _flip(answer: Tri, negated: bool) -> Tri:
    return answer if answer is None or not negated else not answer


def clauses_of(statement: Document) -> tuple[Clause, ...]:
    """The lines of a statement's Condition, all of which have to hold."""
    condition = statement.get("Condition")
    if not isinstance(condition, Mapping):
        return ()
    return tuple(
        Clause(str(operator), str(key), tuple(_word(value) for value in listed(values)))
        for operator, keys in condition.items()
        if isinstance(keys, Mapping)
        for key, values in keys.items()
    )


def conditions_hold(clauses: Sequence[Clause], request: Request) -> Tri:
    """Whether all clauses hold."""
    return all_of(clause.holds(request) for clause in clauses)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
