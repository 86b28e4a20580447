"""The worlds a lab can be started in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.incident import build_healthy, build_incident
from tests.lab.setup import Account
from tests.lab.site import Site

if TYPE_CHECKING:
    from tests.lab.lab import Lab

HOME_REGION = "ap-northeast-2"


@dataclass(frozen=True)
class World:
    """How a world is built, and where it stands."""

    build: Callable[..., Account | None]
    region: str = HOME_REGION

    def place(self, site: Site) -> Site:
        """The site this world is built on."""
        return site.in_region(self.region)


def build_empty(lab: "Lab", site: Site) -> None:
    """An account and a cluster with nothing of Lustre in either."""
    lab.kube.add(*site.load("namespaces"), *site.load("nodes"))


WORLDS: dict[str, World] = {
    "incident": World(build_incident),
    "healthy": World(build_healthy),
    "empty": World(build_empty),
}
