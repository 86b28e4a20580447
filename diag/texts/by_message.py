"""The causes that a short text may show by which messages are in it, where none of its words names one."""

from __future__ import annotations

from functools import lru_cache

from diag.grammar.regex import Pattern, compiled
from diag.knowledge.cause import Weight
from diag.knowledge.errors import errors_pattern
from diag.knowledge.message_causes import Rule, message_causes
from diag.knowledge.messages import Role
from diag.knowledge.runbooks import Knowledge
from diag.late import late
from diag.model.symptom import Hit
from diag.sanitize import one_line
from diag.texts.line import normalise, read_prefix
from diag.texts.owner import is_of_server, mentions_lustre, names_another
from diag.texts.recognise import Known, recognise_parts
from diag.texts.translation import to_english

_TELLING = (Role.CAUSE, Role.CONSEQUENCE)
_MOST_LINES = 50
_LISTING = late(r"\bnet type:|\bprimary nid:")
_LISTED = late(r"(?m)^[- \t]*[\w()/ ]{1,30}:(?: \S{0,60})?$")
"""What lnetctl lists, healthy or not, has keys that are words of its errors too."""
_MOST_CAUSES = 3


def hits_by_message(text: str, knowledge: Knowledge) -> tuple[Hit, ...]:
    """The causes of the messages that the lines of a text are, as possible ones; the first few of them."""
    if not mentions_lustre(text):
        return ()
    text = _LISTED.sub("", text) if _LISTING.search(text) else text
    lines = (to_english(normalise(line[read_prefix(line).length :])) for line in text.splitlines()[:_MOST_LINES])
    found: dict[str, Hit] = {}
    for part, known in recognise_parts((*lines, to_english(normalise(text)))):
        if known.role not in _TELLING or is_of_server(part) or names_another(part):
            continue
        for cause in (known.cause,) if known.cause else _causes_of(known, part):
            if cause in knowledge.causes:
                found.setdefault(cause, Hit(cause, "by its kind of message", Weight.WEAK.value, one_line(part)))
    return tuple(found.values())[:_MOST_CAUSES]


def _causes_of(known: Known, text: str) -> tuple[str, ...]:
    return next((rule.causes for rule in message_causes() if _fits(rule, known, text)), ())


def _fits(rule: Rule, known: Known, text: str) -> bool:
    if rule.messages and known.id not in rule.messages:
        return False
    if rule.programs and known.program not in rule.programs and known.component not in rule.programs:
        return False
    if rule.kinds and known.kind not in rule.kinds:
        return False
    if rule.errors and _pattern(rule.errors).search(text) is None:
        return False
    return not rule.names or compiled(rule.names).search(text) is not None


@lru_cache(maxsize=64)
def _pattern(errors: tuple[str, ...]) -> Pattern:
    return Pattern(errors_pattern(errors))
