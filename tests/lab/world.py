"""A world: how it is built, and in which region."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.lab.setup import Account
from tests.lab.site import Site

HOME_REGION = "ap-northeast-2"


@dataclass(frozen=True)
class World:
    """`build` takes the lab and the site, and options of its own.

    With a `base`, the world of that name is loaded first and `build` changes it: much faster than from nothing.
    """

    build: Callable[..., Account | None]
    region: str = HOME_REGION
    base: str = ""

    def place(self, site: Site) -> Site:
        """The site this world is built on."""
        return site.in_region(self.region)
