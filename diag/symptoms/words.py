"""Words to look for in raw bytes, before anything is decoded: most of a log holds none of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache

from diag.knowledge.linear_regex import BytesFinder
from diag.knowledge.runbooks import Knowledge, texts_to_find
from diag.symptoms.context import LUSTRE

# Besides the signatures' own words: what names a mount or tells of a failure that no signature explains.
_ALWAYS = (
    "lustre: unmounted",
    "lustre: mounted",
    "lustreerror",
    "lneterror",
    "mount.lustre:",
    "mount failed: exit status",
    "could not mount",
    "mountvolume.setup failed",
    "mountvolume.mountdevice failed",
    "provisioningfailed",
)


@lru_cache(maxsize=4)
def signature_words(knowledge: Knowledge) -> BytesFinder:
    """Finds the places where a signature may match or a mount is named."""
    return _finder((*_ALWAYS, *texts_to_find(knowledge)))


@lru_cache(maxsize=4)
def decisive_words(knowledge: Knowledge) -> BytesFinder:
    """Finds the places where a decisive signature may match."""
    return _finder(texts_to_find(knowledge, decisive_only=True))


@cache
def lustre_words() -> BytesFinder:
    """Finds what speaks of Lustre."""
    return BytesFinder((LUSTRE.encode(),))


def _finder(texts: Iterable[str]) -> BytesFinder:
    return BytesFinder(rb"\s+".join(_escaped(word) for word in text.split(" ")) for text in texts)


def _escaped(word: str) -> bytes:
    return b"".join(
        bytes((byte,)) if byte < 128 and chr(byte).isalnum() else b"\\x{%02x}" % byte for byte in word.encode()
    )
