"""What the engine asks of every source. By default a source does nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence


class Source:
    """What facts are read from."""

    label = ""
    """What a person calls it, where one waits for it."""

    moved: Callable[[], None] = staticmethod(lambda: None)
    """Called from any thread when `counted` has changed."""

    @property
    def counted(self) -> tuple[int, int] | None:
        """How many of how many things have answered, where that says more than how many facts were read."""
        return None

    def expect(self, permissions: Sequence[str]) -> None:
        """Prepare for the calls that need these permissions, in the order in which they will be made."""

    def cancel(self) -> None:
        """Return now with what is there, as after Ctrl-C. Called from any thread."""
