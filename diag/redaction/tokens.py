"""Stand-ins for names, one for each kind of thing, and how much is replaced."""

from __future__ import annotations

import enum
import hmac
import re


class Level(enum.Enum):
    """From nothing to every name that a person chose."""

    NONE = "none"
    SHAREABLE = "shareable"
    """Accounts, ARNs, addresses, hosts, ids, and the names of clusters, roles, users, groups, buckets and tags."""
    STRICT = "strict"
    """Also the names of pods, claims, volumes, classes, namespaces, containers and labels."""


_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


KEY_BYTES = 32

HINTS = ("lustre", "fsx")
"""Words in a name by which a claim without a class, say, is known to be for Lustre; they are kept."""


class Tokens:
    """Makes tokens and remembers what each replaces."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.originals: dict[str, str] = {}
        """Token → what it replaces; belongs to the user, never into the case."""

    @property
    def key_id(self) -> str:
        """Tells whether two cases were made with one key, and nothing about the key."""
        return self.digest("key id", "").hex()[:16]

    def digest(self, kind: str, value: str) -> bytes:
        """32 bytes that only the key's holder can work out."""
        return hmac.digest(self._key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), "sha256")

    def hexadecimal(self, kind: str, value: str, length: int) -> str:
        """Lower-case hex digits."""
        return self.digest(kind, value).hex()[:length]

    def id(self, id: str) -> str:
        """`fs-0123…` as another `fs-…` of the same length."""
        prefix, _, digits = id.rpartition("-")
        return self.keep(f"{prefix}-{self.hexadecimal('id', id, len(digits))}", id)

    def account(self, account: str) -> str:
        """Twelve other digits."""
        return self.keep(f"{int.from_bytes(self.digest('account', account)[:8]) % 10**12:012d}", account)

    def uuid(self, uuid: str) -> str:
        """Another UUID, in lower case."""
        digits = self.hexadecimal("uuid", uuid.lower(), 32)
        return self.keep("-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])), uuid)

    def upper_hex(self, value: str) -> str:
        """As many upper-case hex digits: what an EKS cluster's issuer and endpoint are known by."""
        return self.keep(self.hexadecimal("upper", value, len(value)).upper(), value)

    def access_key(self, value: str) -> str:
        """`AKIA…` with other letters: the four that show the kind are kept."""
        letters = "".join(_UPPER[byte % 32] for byte in self.digest("access key", value))
        return self.keep(value[:4] + letters[: len(value) - 4], value)

    def mac(self, value: str) -> str:
        """A locally administered MAC address."""
        digits = self.hexadecimal("mac", value.lower(), 10)
        return self.keep(":".join(("02", *re.findall("..", digits))), value)

    def name(self, kind: str, value: str) -> str:
        """`<kind>-<8 hex digits>`: valid where Kubernetes, IAM and S3 take a name."""
        hint = next((f"-{word}" for word in HINTS if word in value.lower()), "")
        return self.keep(f"{kind}-{self.hexadecimal('name', value, 8)}{hint}", value)

    def keep(self, token: str, value: str) -> str:
        """The token, remembered."""
        self.originals[token] = value
        return token
