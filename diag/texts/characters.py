"""Tables for `str.translate` that are filled while texts are read."""

from __future__ import annotations

from collections.abc import Callable


class Characters(dict[int, str | None]):
    """What each character becomes, None where it goes; worked out when it is first met.

    A character that a plain dict does not have costs `translate` an exception each time it is met.
    """

    def __init__(self, become: Callable[[str], str | None]) -> None:
        super().__init__()
        self._become = become

    def __missing__(self, code: int) -> str | None:
        found = self[code] = self._become(chr(code))
        return found
