"""Stand-ins of host names that keep the tree of domains: a host of a domain is a host of the domain's stand-in."""

from __future__ import annotations

from diag.redaction.public import PUBLIC_DOMAINS, TOP_LEVEL
from diag.redaction.tokens import Tokens


class Hosts:
    """Host names of one case."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._private: set[str] = set()

    def learn(self, name: str) -> None:
        """Remember a host or domain from a field that holds hosts, whatever its last label is."""
        name = name.strip(".").lower()
        if name and not is_public(name):
            self._private.add(name)

    def is_host(self, word: str) -> bool:
        """Whether a word names a private host or domain."""
        name = word.strip(".").lower()
        labels = name.split(".")
        if is_public(name):
            return False
        if any(".".join(labels[start:]) in self._private for start in range(len(labels))):
            return True
        return len(labels) > 1 and labels[-1] in TOP_LEVEL and not all(label.isdigit() for label in labels[:-1])

    def name(self, word: str) -> str:
        """The stand-in of a private host: each label separately, for what it is below, a known last label kept."""
        bare = word.strip(".")
        labels = bare.split(".")
        kept = 1 if len(labels) > 1 and labels[-1].lower() in TOP_LEVEL else 0
        made = labels[len(labels) - kept :]
        for place in range(len(labels) - kept - 1, -1, -1):
            below = ".".join(labels[place:]).lower()
            made.insert(0, f"h{self._tokens.hexadecimal('host', below, 8)}")
        return self._tokens.keep(".".join(made), bare) + ("." if word.endswith(".") else "")


def is_public(name: str) -> bool:
    """Whether a name is a public domain or below one."""
    name = name.strip(".").lower()
    return any(name == domain or name.endswith(f".{domain}") for domain in PUBLIC_DOMAINS)
