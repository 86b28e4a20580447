"""Reading fields off a byte string that a stranger sent."""

from __future__ import annotations


class DecodeError(ValueError):
    """The bytes are not what they should be. The only exception that decoding raises."""


class Cursor:
    """A position in a byte string. Never reads, and so never allocates, beyond what was received.

    Integers are little-endian unless asked otherwise: a Lustre node writes in its own byte order, and every FSx
    server and client is little-endian.
    """

    __slots__ = ("_data", "_what", "offset")

    def __init__(self, data: bytes, what: str, offset: int = 0) -> None:
        self._data = data
        self._what = what
        self.offset = offset

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self.offset

    def take(self, size: int) -> bytes:
        """The next `size` bytes. Raises DecodeError when fewer are left."""
        if size < 0 or size > self.left:
            raise DecodeError(f"{self._what}: {size} bytes wanted at offset {self.offset}, {self.left} left")
        start = self.offset
        self.offset += size
        return self._data[start : self.offset]

    def u8(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Two bytes."""
        return int.from_bytes(self.take(2), "little")

    def u32(self) -> int:
        """Four bytes."""
        return int.from_bytes(self.take(4), "little")

    def i32(self) -> int:
        """Four bytes, signed."""
        return int.from_bytes(self.take(4), "little", signed=True)

    def u64(self) -> int:
        """Eight bytes."""
        return int.from_bytes(self.take(8), "little")

    def align(self, boundary: int, start: int = 0) -> None:
        """Skip to the next multiple of `boundary` counted from `start`; at the end of the data, stop there."""
        self.offset = min(self.offset + (start - self.offset) % boundary, len(self._data))


def c_string(data: bytes) -> str:
    """Text up to the first NUL; bytes that are not printable ASCII become `?`, so that it is safe to show."""
    text = data.split(b"\0", 1)[0]
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in text)
