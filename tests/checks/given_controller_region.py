"""What controller-region and aws-endpoints say of the controller's surroundings."""

from __future__ import annotations

from typing import Any

from checks.identity.controller_region import controller_knows_its_region as controller_region
from diag.model.finding import Finding
from diag.resources.table import Table
from tests.checks import given
from tests.checks.given_identity import (
    INSTANCE,
    controller_pod,
    instance,
    world,
)

CLOSED = {"controller_instances": Table({INSTANCE: instance(hops=1)})}
BARE = {"pods": (controller_pod(""),)}


def region(**facts: Any) -> Finding:
    (finding,) = given.findings(controller_region, **world(**facts))
    return finding
