"""Takes credentials out of whatever is printed, logged or saved. Nothing judges by them, so they leave no stand-in.

Where a text names what follows (`password=`, `--token`, `Authorization:`) the name stays and the value goes; what is
known by its own form (a JWT, a private key, an AWS key) goes wherever it is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from diag.late import late

T = TypeVar("T")

REMOVED = "[removed]"
"""Stands for a credential, or for a value that may be one."""

HARMLESS = late(
    r"|[+-]?\d{1,9}(?:[.:]\d{1,9})?|\d{1,3}(?:\.\d{1,3}){3}|true|false|yes|no|(?:subnet|sg|vpc|fs)-[0-9a-f]{8,17}"
    r"|[a-z0-9.-]{1,200}\.fsx\.[a-z0-9.-]{1,60}|\$\{?[A-Za-z_][\w.]{0,60}\}?|\{\{?[^{}]{0,80}\}?\}|<[\w -]{1,60}>?"
    r"|(?:/[\w.<>{}-]{1,80}){2,20}",
    re.IGNORECASE | re.ASCII,
)
"""Numbers, addresses, switches, ids, hosts of FSx, paths, and placeholders that nobody filled in: no credential,
whatever their name."""

_WORDS = (
    "pass", "pwd", "secret", "token", "key", "credential", "signature", "sig=", "bearer", "basic", "negotiate",
    "authorization", "cookie", "-----begin", "eyj", "k8s-aws-v1.", "ls0tls1crudjt", "b3blbnnzac1rzxktdje",
    "fwogz", "fqogz", "iqojb", "aqodyxdz", "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_",
    "glpat-", "gldt-", "glrt-", "glptt-", "xox", "xapp-", "k_live_", "sk-", "aiza", "ya29.", "hvs.", "npm_",
    "dckr_pat_",
)  # fmt: skip
"""What a text must hold, in lower case, to hold any of the forms below but a bare secret key; most texts hold none."""

_LONG = late(r"[A-Za-z0-9/+]{40}")

_CERTAIN = (
    r"passw(?:or)?d|passwort|passphrase|pwd|client[ _-]?secret|key[_-]?data"
    r"|(?:secret(?:[ _-]?access)?|api|access|private|account|encryption)[ _-]?key"
    r"|(?:access|auth|bearer|id|refresh|sas|security|session)[ _-]?token"
)
"""Names whose value is a credential whatever it looks like."""
_UNCERTAIN = r"token|secret|credentials?|auth"
"""Names whose value may as well be a word or an object's name."""

SAID_OF_ONE = (
    "null", "nil", "none", "true", "false", "required", "incorrect", "wrong", "invalid", "missing", "expired", "denied",
    "empty", "unset", "not", "is", "are", "its", "was", "has", "must", "may", "can", "cannot", "could", "the", "a",
    "an", "no", "for", "from", "in", "of", "to", "and", "or",
)  # fmt: skip
"""Words after the name of a credential that are none: the sentence says something of it (`password=required`)."""
_NO_VALUE = rf"(?!\[removed\]|\$|%[({{]|\{{|<|\*{{3}}|(?:{'|'.join(SAID_OF_ONE)})(?![^\s.,:;!?()\[\]{{}}\"'\\]))"
"""What follows is a placeholder, or a sentence goes on."""
_QUOTED = r"(?P<{0}>\\*[\"'])(?:(?!(?P={0}))[^\r\n]){{1,4000}}"
_BARE = r"[^\s\"',;&|)}}\]<>\\]+"
_RANDOM = r"(?=[^\s\"',;]*\d)(?=[^\s\"',;]*[A-Za-z])[A-Za-z0-9+/_=.~!@#%^*-]{8,}|[A-Za-z0-9+/_=-]{32,}"
_IS = r"\\*[\"']?[ \t]{0,8}[:=][ \t]{0,8}(?:[|>][+-]?[ \t]*\r?\n[ \t]+)?"

_FORMS = "|".join(
    (
        # Known by their form.
        r"-----BEGIN [A-Z0-9 ]{3,40}-----(?:(?!-----BEGIN)[\s\S]){0,20000}?(?:-----END [A-Z0-9 ]{3,40}-----"
        r"|(?=-----BEGIN)|\Z)",
        r"\b(?:LS0tLS1CRUdJT|b3BlbnNzaC1rZXktdjE)[A-Za-z0-9+/=]*",
        r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*",
        r"k8s-aws-v1\.[A-Za-z0-9_=-]+",
        r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{12,17}(?![A-Za-z0-9])",
        r"(?<![A-Za-z0-9/+])(?:F[Qw]oGZXIvYXdz|IQoJb3JpZ2lu|AQoDYXdz)[A-Za-z0-9/+=_%-]{16,}",
        r"(?<![A-Za-z0-9/+_-])(?=[A-Za-z/+]*\d)(?=[a-z0-9/+]*[A-Z])(?=[A-Z0-9/+]*[a-z])[A-Za-z0-9/+]{40}"
        r"(?![A-Za-z0-9/+_-])",
        r"\b(?:gh[pousr]_|github_pat_|gl(?:pat|dt|rt|ptt)-|xox[abeoprs]-|xapp-|[sr]k_live_|sk-(?:ant-|proj-)?|AIza"
        r"|ya29\.|hvs\.|npm_|dckr_pat_)(?=[\w-]*\d)[A-Za-z0-9_.-]{10,}",
        r"(?<=://)[^\s/@:\"']{0,200}:[^\s/@\"']{1,200}(?=@)",
        # Known by the word before them.
        r"(?P<scheme>(?i:\b(?:bearer|basic|negotiate)\s+))"
        r"(?=[^\s\"',;]*(?:\d|=|[a-z][A-Z])|[^\s\"',;]{32})[A-Za-z0-9._~+/=-]{8,}",
        r"(?P<header>(?i:\bauthorization\\*[\"']?\s{0,8}[:=]\s{0,8}\\*[\"']?))(?:(?i:bearer|basic|negotiate|token|apikey)"
        r"\s+[^\s\"',;\\]+|(?i:digest|aws4-hmac-sha256)\s[^\"'\r\n\\]+|(?!\[)[^\s\"'\\]{16,})",
        r"(?P<cookie>(?i:\bcookie:\s{0,8}[\w.-]{1,80}=))[^\r\n\"']+",
        r"(?P<query>(?i:X-Amz-(?:Signature|Credential|Security-Token)(?:=|%3D)|[?&](?:sig|signature|key|code|auth"
        r"|[a-z_-]{0,20}token)=|\b(?:signature|credential)=))(?![\[=])[^&\s\"',]+",
        r"(?P<encoded>(?i:encoded authorization failure message:\s*))[A-Za-z0-9_=-]{16,}",
        rf"(?P<option>(?i:(?<![\w-])(?!--client-request-token\b)--?[\w-]{{0,40}}(?:{_CERTAIN}|{_UNCERTAIN})\s{{1,8}}))"
        rf"(?!-){_NO_VALUE}(?:{_QUOTED.format('q1')}|{_BARE})",
        rf"(?P<certain>(?i:{_CERTAIN}){_IS})(?!(?<=PWD=)/){_NO_VALUE}(?:{_QUOTED.format('q2')}|{_BARE})",
        r"(?P<given>(?i:(?<![A-Za-z0-9])pass|token|secret|credentials?)=)"
        rf"{_NO_VALUE}(?:{_QUOTED.format('q3')}|{_BARE})",
        rf"(?P<uncertain>(?i:{_UNCERTAIN}){_IS}\\*[\"']?)(?:{_RANDOM})",
    )
)
_CREDENTIAL = late(_FORMS)
_KEPT = ("scheme", "header", "cookie", "query", "encoded", "option", "certain", "given", "uncertain")
"""Groups that name what follows; they stay."""

_MOUNT = late(
    r"(?P<command>(?:\b[Mm]ount(?:ing arguments:|\.[a-z0-9]+\b|\b)|\s-t [a-z0-9]+)[^\n|;&]{0,300}?\s-o\s{0,4})"
    r"(?P<options>(?!jsonpath|custom-columns|go-template)[^\s-]\S{0,4000})"
)
"""The options of a mount as a command line or an event has them."""

_CERTAIN_KEY = late(rf"(?i:[\w./-]*(?:{_CERTAIN}|(?<![A-Za-z])pass))")
_UNCERTAIN_KEY = late(rf"(?i:[\w./-]*(?:{_UNCERTAIN}))")
_WORDS_OF_KEYS = ("pass", "pwd", "secret", "key", "token", "credent", "auth")
"""A name of a credential has one of these."""
_RANDOM_VALUE = late(_RANDOM)


def without_credentials(text: str) -> str:
    """The text with `[removed]` in the place of each credential."""
    return _filtered_before(text) if len(text) <= 200 else _filtered(text)


def _filtered(text: str) -> str:
    folded = text.lower()
    in_address = "://" in folded and "@" in folded
    if in_address or any(word in folded for word in _WORDS) or (len(text) >= 40 and _LONG.search(text)):
        text = _CREDENTIAL.sub(_removed, text)
    if " -o" in folded and "mount" in folded:
        text = _MOUNT.sub(lambda match: match["command"] + _options(match["options"]), text)
    return text


_filtered_before = functools.lru_cache(16384)(_filtered)
"""A snapshot holds the same short texts over and over."""


def scrubbed(value: T) -> T:
    """A value of any shape (struct, mapping, list, text) without the credentials in its texts.

    In a mapping a key tells too what its value is, as does the `name` beside a `value`. What holds none comes back as
    it is, not copied.
    """
    return _scrubbed(value)  # type: ignore[no-any-return]


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        text = without_credentials(value)
        return value if text == value else text
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list | tuple):
        return _items(value)
    if isinstance(value, msgspec.Struct):
        fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
        changed = {name: new for name, old in fields if (new := _scrubbed(old)) is not old}
        return msgspec.structs.replace(value, **changed) if changed else value
    return value


def _mapping(value: Mapping[Any, Any]) -> Any:
    changed = {}
    for key, item in value.items():
        named = _name_beside(value) if key in ("value", "Value") else key
        is_one = isinstance(item, str) and item and isinstance(named, str) and _names_a_credential(named, item)
        new = REMOVED if is_one else _scrubbed(item)
        if new is not item:
            changed[key] = new
    keys = {key: new for key in value if isinstance(key, str) and (new := _scrubbed(key)) is not key}
    return {keys.get(key, key): changed.get(key, item) for key, item in value.items()} if changed or keys else value


def _name_beside(value: Mapping[Any, Any]) -> Any:
    return next((value[key] for key in ("name", "Name", "key", "Key") if key in value), "")


def _items(value: list[Any] | tuple[Any, ...]) -> Any:
    """Items, of which one may be an option and the next its value."""
    changed = {place: new for place, item in enumerate(value) if (new := _scrubbed(item)) is not item}
    for place, item in enumerate(value[:-1]):
        if isinstance(item, str) and item.startswith("-") and _sureness(item.lstrip("-")) == "certain":
            changed[place + 1] = REMOVED
    return type(value)([changed.get(place, item) for place, item in enumerate(value)]) if changed else value


def _options(given: str) -> str:
    """Mount options: in running text a value under any name may be a credential."""
    options = (option.partition("=") for option in given.split(","))
    return ",".join(
        name + is_given + (value if HARMLESS.fullmatch(value) else REMOVED) if is_given else name
        for name, is_given, value in options
    )


def _names_a_credential(key: str, value: str) -> bool:
    sure = _sureness(key)
    return sure == "certain" or (sure == "uncertain" and _RANDOM_VALUE.fullmatch(value) is not None)


@functools.lru_cache(4096)
def _sureness(key: str) -> str:
    """Whether what is under a key is a credential."""
    folded = key.casefold()
    if not any(word in folded for word in _WORDS_OF_KEYS):
        return "no"
    return "certain" if _CERTAIN_KEY.fullmatch(key) else "uncertain" if _UNCERTAIN_KEY.fullmatch(key) else "no"


def _removed(match: re.Match[str]) -> str:
    kept = next((match[name] for name in _KEPT if match[name]), "")
    opened = next((match[name] for name in ("q1", "q2", "q3") if match[name]), "")
    return f"{kept}{opened}{REMOVED}"
