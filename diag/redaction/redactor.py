"""Redacts one text: what has a shape by its shape, names that were learnt by name. Each place is looked at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from diag.redaction import shapes
from diag.redaction.addresses import Addresses
from diag.redaction.hosts import Hosts, is_public
from diag.redaction.names import Names
from diag.redaction.public import is_public_account
from diag.redaction.tokens import Tokens
from diag.secret_filter import without_credentials

_PLACES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("arn", shapes.ARN),
    ("bucket", shapes.BUCKET),
    ("email", shapes.EMAIL),
    ("home", shapes.HOME),
    ("mac", shapes.MAC),
    ("ipv6", shapes.IPV6),
    ("ipv4", shapes.RANGE),
    ("word", shapes.WORD),
)
"""In the order of precedence where two begin at one place."""
_ANY = re.compile(
    "|".join(f"(?P<at_{name}>{re.sub('[(][?]P<[a-z0-9]+>', '(?:', pattern.pattern)})" for name, pattern in _PLACES)
)


class Redactor:
    """The redaction of one case: equal things become equal tokens in every text of it."""

    def __init__(self, key: bytes, *, trade: str = "", anchors: Iterable[str] = ()) -> None:
        """`trade` are the texts judgement depends on, `anchors` the CIDRs of VPCs and services."""
        self.tokens = Tokens(key)
        self.names = Names(self.tokens, trade)
        self.hosts = Hosts(self.tokens)
        self.addresses = Addresses(self.tokens, anchors)
        self._texts: dict[str, str] = {}
        self._by_place: dict[str, Callable[[str], str]] = {
            "arn": self.arn,
            "bucket": self._bucket,
            "email": self._email,
            "home": lambda name: self.names.name("user", name),
            "mac": self.tokens.mac,
            "ipv6": self._colons,
            "word": self._word,
        }

    def text(self, text: str) -> str:
        """Any text of a stranger."""
        if len(text) > 200:
            return _ANY.sub(self._place, without_credentials(text))
        if text not in self._texts:
            self._texts[text] = _ANY.sub(self._place, without_credentials(text))
        return self._texts[text]

    def host(self, name: str) -> str:
        """A word in a place for hosts."""
        if shapes.HOST.fullmatch(name) and not shapes.IN_WORD.fullmatch(name):
            if "." in name.strip("."):
                self.hosts.learn(name)
            elif name != "localhost":
                return self.names.name("node", name)
        return self.text(name)

    def forget_texts(self) -> None:
        """Forget the cached texts: names were learned since."""
        self._texts.clear()

    def _place(self, match: re.Match[str]) -> str:
        kind, text = (match.lastgroup or "at_word").removeprefix("at_"), match.group()
        if kind == "ipv4":
            is_version = shapes.VERSION.fullmatch(text) and match.string[match.end() : match.end() + 1] != "@"
            return text if is_version else self.addresses.address(text)
        return self._by_place[kind](text)

    def arn(self, text: str) -> str:
        """An ARN as one of the same shape: partition, service and region kept."""
        stripped = text.rstrip(".:")
        parts = stripped.split(":", 5)
        if len(parts) < 6 or parts[4] == "aws":
            return text
        service, account, resource = parts[2], parts[4], parts[5]
        parts[4] = self.account(account) if account else ""
        parts[5] = self._path("bucket", resource) if service == "s3" else self._resource(service, resource)
        return self.tokens.keep(":".join(parts), stripped) + text[len(stripped) :]

    def _resource(self, service: str, resource: str) -> str:
        """`role/path/name`, `cluster/name`, `log-group:name`: the type is kept, the rest are names."""
        if service == "iam" and resource.startswith("oidc-provider/"):
            return self.text(resource)
        if service == "iam" and resource == "root":
            # The account itself, to which policies leave a decision: no name.
            return resource
        match = re.fullmatch(r"([a-z-]+)([/:])(.+)", resource)
        if match is None:
            return self._segment("name", resource)
        type, separator, rest = match.groups()
        kind = {"assumed-role": "role", "instance-profile": "profile"}.get(type, type)
        if type == "addon":
            cluster, slash, addon = rest.partition("/")
            return f"{type}{separator}{self._segment('cluster', cluster)}{slash}{self.text(addon)}"
        return f"{type}{separator}{self._path(kind, rest)}"

    def _path(self, kind: str, path: str) -> str:
        return "/".join(
            self._segment(kind if place == 0 else "name", part) for place, part in enumerate(path.split("/"))
        )

    def _segment(self, kind: str, text: str) -> str:
        """One part of a path: ids by their shape, anything else is a name; wildcards stay."""
        if not text or "*" in text or "?" in text or "$" in text:
            return self.text(text) if text.strip("*?") else text
        if shapes.IN_WORD.fullmatch(text):
            return self._shaped(text)
        return self.names.name(kind, text)

    def _bucket(self, text: str) -> str:
        stripped = text.rstrip(".:")
        return "s3://" + self._path("bucket", stripped.removeprefix("s3://")) + text[len(stripped) :]

    def _email(self, text: str) -> str:
        user, _, host = text.partition("@")
        return self.tokens.keep(f"{self.names.name('user', user)}@{self._host(host)}", text)

    def _colons(self, text: str) -> str:
        """Hex digits and colons: an IPv6 address, or words that colons part."""
        if self.addresses.is_address(text):
            return self.addresses.address(text)
        return shapes.WORD.sub(lambda match: self._word(match.group()), text)

    def account(self, account: str) -> str:
        """An account id; those of AWS's registries stay."""
        return account if is_public_account(account) else self.tokens.account(account)

    def _word(self, word: str) -> str:
        head, at, tail = word.partition("@")
        if at:
            return f"{self._word(head)}@{self._rest(tail)}"
        return self._host(word) if "." in word else self._rest(word)

    def _host(self, word: str) -> str:
        """A dotted word: a private host by its labels, a public one by what its labels hold."""
        if shapes.IN_WORD.fullmatch(word):
            return self._shaped(word)
        if self.hosts.is_host(word):
            return self.hosts.name(word)
        return self._rest(word) if not is_public(word) else self._below_public(word)

    def _below_public(self, host: str) -> str:
        """Of a host of AWS: a load balancer's, a database's and a bucket's label is a name, others are as they are."""
        label, dot, rest = host.partition(".")
        if not shapes.IN_WORD.fullmatch(label):
            if re.match(r"s3[.-]", rest):
                return f"{self.names.name('bucket', label)}{dot}{rest}"
            if re.search(r"(?:^|\.)(?:elb|rds|es|cache)\.", rest):
                return f"{self.names.name('host', label)}{dot}{rest}"
        return self._rest(host)

    def _rest(self, word: str) -> str:
        return "".join(piece if done else self._shaped(piece) for piece, done in self.names.in_word(word))

    def _shaped(self, text: str) -> str:
        return shapes.IN_WORD.sub(self._shape, text)

    def _shape(self, match: re.Match[str]) -> str:
        text = match.group()
        match match.lastgroup:
            case "id":
                # DNS does not care about case, so neither may the token: FSx's own name and one in capitals are one.
                token = self.tokens.id(text.lower())
                return token.upper() if text.isupper() else token
            case "uuid":
                return self.tokens.uuid(text)
            case "upper":
                return self.tokens.upper_hex(text)
            case "access":
                return self.tokens.access_key(text)
            case "account":
                return self.account(text)
            case "dashed":
                prefix, _, numbers = text.partition("-")
                return f"{prefix}-{self.addresses.address(numbers.replace('-', '.')).replace('.', '-')}"
            case _:
                return text if shapes.VERSION.fullmatch(text) else self.addresses.address(text)
