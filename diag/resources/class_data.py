"""What StorageClasses name beside the network: KMS keys (kms 2014-11-01) and S3 buckets (s3 2006-03-01)."""

from __future__ import annotations

from typing import Any

import msgspec

from diag.resources.aws_shape import PascalShape


class Key(PascalShape, frozen=True):
    """A KMS key (KeyMetadata)."""

    key_id: str
    arn: str = ""
    key_state: str = ""
    key_manager: str = ""
    """`AWS` of a key that a service made for itself, whose policy nobody else writes."""
    key_usage: str = ""
    key_spec: str = ""


class Bucket(msgspec.Struct, frozen=True):
    """A bucket that exists."""

    name: str
    region: str = ""


class Policy(msgspec.Struct, frozen=True):
    """A policy document of a key or a bucket; one without statements where there is none."""

    document: dict[str, Any] = {}
