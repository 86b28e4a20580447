"""What all shapes of AWS answers have in common: unknown fields are left out, and what has its default is not saved."""

from __future__ import annotations

import msgspec


class PascalShape(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """Of services that spell `FileSystemId`: EC2, FSx, IAM."""


class CamelShape(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Of services that spell `addonName`: EKS."""
