"""Where variants are written down."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.lab.incident import build_healthy
from tests.lab.setup import Account, Plan
from tests.lab.site import Site
from tests.lab.world import HOME_REGION, World

if TYPE_CHECKING:
    from tests.lab.lab import Lab

Change = Callable[["Lab", Account], None]

VARIANTS: dict[str, World] = {}


def variant(name: str, *, region: str = HOME_REGION, plan: Plan | None = None) -> Callable[[Change], Change]:
    """Registers the decorated function: what it does to the healthy world makes the variant.

    Raises:
        ValueError: the name is taken.
    """

    def register(change: Change) -> Change:
        if name in VARIANTS:
            raise ValueError(f"two variants are called {name!r}")

        from_nothing = plan is not None or region != HOME_REGION

        def build(lab: "Lab", site: Site) -> Account | None:
            if from_nothing:
                lab.account = build_healthy(lab, site, plan)
            assert lab.account is not None
            change(lab, lab.account)
            return lab.account

        VARIANTS[name] = World(build, region, base="" if from_nothing else "healthy")
        return change

    return register
