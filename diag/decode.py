"""The one place where JSON and plain values become typed ones.

msgspec 0.22 ends the process with a segmentation fault when two threads use a struct for the first time at the same
moment: the second finds its type half built. Here each type is built under a lock before its first use.
"""

from __future__ import annotations

import os
import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_BUILDING = threading.Lock()
os.register_at_fork(before=_BUILDING.acquire, after_in_parent=_BUILDING.release, after_in_child=_BUILDING.release)
_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}


def decoder_of(shape: type[T]) -> msgspec.json.Decoder[T]:
    """The JSON decoder of a type, built once."""
    if (ready := _DECODERS.get(shape)) is not None:
        return ready
    with _BUILDING:
        return _DECODERS.setdefault(shape, msgspec.json.Decoder(shape))


def decode_json(data: bytes | bytearray | str | msgspec.Raw, shape: type[T]) -> T:
    """A JSON document as a typed value. Raises what msgspec.json.decode raises."""
    return decoder_of(shape).decode(data)


def convert(raw: object, shape: type[T], *, strict: bool = True) -> T:
    """A plain value as a typed one. Raises msgspec.ValidationError."""
    decoder_of(shape)
    return msgspec.convert(raw, shape, strict=strict)
