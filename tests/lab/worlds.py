"""The worlds a lab can be started in."""

from typing import TYPE_CHECKING

from tests.lab.fleet.build import build_fleet
from tests.lab.incident import build_healthy, build_incident
from tests.lab.neighbours import build_other_account_cluster, build_other_region_cluster, build_sibling_cluster
from tests.lab.site import Site
from tests.lab.world import World

if TYPE_CHECKING:
    from tests.lab.lab import Lab


def build_empty(lab: "Lab", site: Site) -> None:
    """An account and a cluster with nothing of Lustre in either."""
    lab.kube.add(*site.load("namespaces"), *site.load("nodes"))


WORLDS: dict[str, World] = {
    "incident": World(build_incident),
    "healthy": World(build_healthy),
    "empty": World(build_empty),
    "fleet": World(build_fleet),
    "sibling-cluster": World(build_sibling_cluster, base="healthy"),
    "other-region-cluster": World(build_other_region_cluster, base="healthy"),
    "other-account-cluster": World(build_other_account_cluster, base="healthy"),
}
