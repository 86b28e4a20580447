"""Where faults are written down."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@dataclass(frozen=True)
class Fault:
    """One way to break a world.

    `cause` is the id of the runbook a doctor must name first, and `world` what the fault is injected into. `gone` says
    whether the fault is gone, where mounts and claims that work would not show it.
    """

    name: str
    cause: str
    inject: Callable[["Lab"], None]
    world: str = "healthy"
    gone: Callable[["Lab"], bool] = lambda lab: True

    @property
    def layer(self) -> str:
        """The hop of the mount path it breaks: faults stand in a file or a folder for each."""
        return self.inject.__module__.removeprefix(f"{__package__}.").partition(".")[0].replace("_", "-")


FAULTS: dict[str, Fault] = {}


def fault(
    name: str, *, cause: str, world: str = "healthy", gone: Callable[["Lab"], bool] = lambda lab: True
) -> Callable[[Callable[["Lab"], None]], Callable[["Lab"], None]]:
    """Registers the decorated function as a fault.

    Raises:
        ValueError: the name is taken.
    """

    def register(inject: Callable[["Lab"], None]) -> Callable[["Lab"], None]:
        if name in FAULTS:
            raise ValueError(f"two faults are called {name!r}")
        FAULTS[name] = Fault(name, cause, inject, world, gone)
        return inject

    return register
