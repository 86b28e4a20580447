"""What all shapes of AWS answers have in common: unknown fields are left out, and what has its default is not saved."""

from __future__ import annotations

from typing import Annotated

import msgspec


class PascalShape(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """Of services that spell `FileSystemId`: EC2, FSx, IAM."""


class CamelShape(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Of services that spell `addonName`: EKS."""


_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"

Ipv4 = Annotated[str, msgspec.Meta(pattern=rf"^(?:{_IPV4})?\Z")]
"""An IPv4 address, or empty. An answer with anything else is malformed: it never reaches address arithmetic."""

Cidr4 = Annotated[str, msgspec.Meta(pattern=rf"^(?:{_IPV4}/(?:3[0-2]|[12]?[0-9]))?\Z")]
"""An IPv4 range with its prefix length, or empty."""
