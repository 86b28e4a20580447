"""Breaks an answer as a proxy, a bad network, a half-upgraded server or an attacker would."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Company proxy</body></html>"

HOSTILE = (
    "$(touch pwned)", "`touch pwned`", "x;touch pwned;#", "--all", "-o", "'\"", "\x1b[2J\x1b]52;c;QQ==\x07",
    "\u202egnp", "::error::boom", "##vso[task.complete]", "a\nb", "\x00", "x" * 70_000, "<script>alert(1)</script>",
    "../../etc/passwd",
)  # fmt: skip
"""Values that strangers write where names and texts are due."""

OTHERS: tuple[Any, ...] = (None, True, 0, -1, 1e308, "", "none", [], {}, [None], {"a": 1}, [[]])
"""Values of another type than the one that is due."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer as it leaves the server."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Broken:
    """An answer after one operator was at work."""

    answer: Answer
    operator: str
    means_nothing: bool
    """No reader can take this for an answer: a run that believes it anyway is wrong."""


def break_whole(answer: Answer, source: random.Random) -> Broken:
    """The answer replaced or cut: nothing in it may be believed."""
    body, html = answer.body, "text/html; charset=utf-8"
    ways: dict[str, Callable[[], Answer]] = {
        "login page": lambda: Answer(200, html, LOGIN_PAGE),
        "login page 403": lambda: Answer(403, html, LOGIN_PAGE),
        "login page 404": lambda: Answer(404, html, LOGIN_PAGE),
        "login page 502": lambda: Answer(502, html, LOGIN_PAGE),
        "login page as itself": lambda: Answer(200, answer.content_type, LOGIN_PAGE),
        "nothing": lambda: Answer(200, answer.content_type, b""),
        "empty object": lambda: Answer(200, answer.content_type, b"{}"),
        "null": lambda: Answer(200, answer.content_type, b"null"),
        "number": lambda: Answer(200, answer.content_type, b"7"),
        "cut": lambda: Answer(answer.status, answer.content_type, body[: source.randrange(1, max(2, len(body) // 2))]),
        "other bytes": lambda: Answer(answer.status, answer.content_type, source.randbytes(300)),
    }
    name = source.choice(list(ways))
    return Broken(ways[name](), name, means_nothing=True)


def break_inside(answer: Answer, source: random.Random) -> Broken:
    """One member of the answer changed, taken away or doubled; the rest stays as it was."""
    try:
        document = json.loads(answer.body)
    except ValueError:
        return _break_xml(answer, source)
    name = change_document(document, source)
    return Broken(Answer(answer.status, answer.content_type, json.dumps(document).encode()), name, means_nothing=False)


def change_document(document: Any, source: random.Random) -> str:
    """Change one place of a JSON document where it is; the operator's name."""
    places = list(_places(document))
    if not places:
        return "unchanged"
    holder, key = source.choice(places)
    operator = source.choice(("delete", "other type", "hostile", "double", "empty"))
    if operator == "delete":
        del holder[key]
    elif operator == "other type":
        holder[key] = source.choice(OTHERS)
    elif operator == "hostile":
        holder[key] = source.choice(HOSTILE)
    elif operator == "double" and isinstance(holder, list):
        holder.append(holder[key])
    else:
        holder[key] = type(holder[key])() if holder[key] is not None else ""
    return operator


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield document, key
            yield from _places(value)
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield document, index
            yield from _places(value)


def _break_xml(answer: Answer, source: random.Random) -> Broken:
    text = answer.body.decode("utf-8", "replace")
    elements = list(re.finditer(r"<(\w+)>([^<]*)</\1>", text))
    if not elements:
        return break_whole(answer, source)
    element = source.choice(elements)
    operator = source.choice(("delete", "hostile", "empty", "double"))
    name = element[1]
    value = source.choice(HOSTILE).replace("&", "").replace("<", "").replace("\x00", "").replace("\x1b", "")
    new = {
        "delete": "",
        "hostile": f"<{name}>{value}</{name}>",
        "empty": f"<{name}></{name}>",
        "double": element[0] * 2,
    }[operator]
    changed = text[: element.start()] + new + text[element.end() :]
    return Broken(Answer(answer.status, answer.content_type, changed.encode()), operator, means_nothing=False)
