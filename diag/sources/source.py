"""What the engine asks of every source. By default a source does nothing."""

from __future__ import annotations

from collections.abc import Sequence


class Source:
    """What facts are read from."""

    def expect(self, permissions: Sequence[str]) -> None:
        """Prepare for the calls that need these permissions, in the order in which they will be made."""

    def cancel(self) -> None:
        """Return now with what is there, as after Ctrl-C. Called from any thread."""
