"""Values that somebody meant to fill in: variables that reached a file as they are, and stand-ins of examples.

A field's own grammar comes first: what fits an id or a word that the field takes is no stand-in. These habits are for
the rest, and for fields whose grammar admits nearly any text.
"""

from __future__ import annotations

import re

from diag.late import late

_VARIABLE = late(
    r"\$\{[^}]*\}|\$\w+|\$\([^)]*\)|\$\[[^\]]*\]"  # shell, envsubst, CI
    r"|\{\{.*?\}\}|\{%.*?%\}|<%.*?%>"  # Helm, Jinja, ERB
    r"|%\w+%|@@\w+@@|__\w+__|#\{\w+\}#?"  # batch files, sed scripts, Azure DevOps and Octopus
    r"|<[\w .:/-]+>|\[[A-Za-z][\w -]*\]"  # documentation
)

_NOTHING = frozenset({"none", "null", "nil", "undefined"})
"""What `--output text` and templating print for a field that is absent."""

_NOTE = late(
    r"(?:change|replace|fill|edit)[-_ ]?(?:me|this|in|with[-_ ].*)|(?:todo|fixme|tbd|tba)(?:[:! ].*)?|placeholder|\?+"
    r"|\.{3,}|insert[-_ ].*|put[-_ ].*[-_ ]here|your[-_ ].+",
    re.IGNORECASE,
)
_SHOUTED = late(r"TODO|FIXME|TBD|CHANGEME|REPLACEME|PLACEHOLDER|\?{2,}|([xX*])\1{2,}")
"""As one word of a longer value."""
_YOURS = late(
    r"(?:fs|fsx|fc|sg|subnet|vpc|eni)[-_](?:(?:my|your|the|some)?[-_ ]?(?:ids?|name|here)|\w*\.{2,})"
    r"|(?:file[-_ ]?system|subnet|security[-_ ]?group|volume|vpc|account|role|bucket|kms)[-_ ](?:ids?|name|arn|handle)"
    r"|(?:my|some|the|an?|example|sample|dummy)[-_ ].*[-_ ](?:ids?|name|arn|key|handle|dns)",
    re.IGNORECASE,
)
_CROSSED = late(r"(?:fs|sg|subnet|vpc|eni)-[0-9a-f]*[xX]{3,}[0-9a-fxX]*")
"""An id with digits crossed out."""
_FIELD_NAME = late(r"(?:[A-Za-z][A-Za-z0-9]*_)+(?:ID|IDS|NAME|DNS|ARN|KEY|PATH|VALUE|HERE|HANDLE)", re.ASCII)
_WORDS = late(r"[^A-Za-z0-9?*]+")


def is_unfilled(value: str) -> bool:
    """Whether a value is a variable, a note to fill it in, a row of x, or what a tool prints for nothing."""
    plain = value.strip()
    if not plain:
        return False
    if _VARIABLE.search(plain) or plain.lower() in _NOTHING or _NOTE.fullmatch(plain):
        return True
    return any(_SHOUTED.fullmatch(word) for word in _WORDS.split(plain))


def is_stand_in(value: str) -> bool:
    """Whether a value that ought to be an id is a stand-in: unfilled, `my-fsx-id`, or the name of a field."""
    plain = value.strip()
    return is_unfilled(plain) or any(habit.fullmatch(plain) for habit in (_YOURS, _CROSSED, _FIELD_NAME))
