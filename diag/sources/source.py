"""What every source can be told by the engine. By default a source does nothing about it."""

from __future__ import annotations

from collections.abc import Sequence


class Source:
    """What facts are read from."""

    def expect(self, permissions: Sequence[str]) -> None:
        """Prepare for the calls that these permissions stand for, in the order in which they will be needed."""

    def cancel(self) -> None:
        """Return now with what is there, as after Ctrl-C. Called from any thread."""
