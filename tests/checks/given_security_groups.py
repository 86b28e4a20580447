"""security-groups and security-groups-self: what the groups on either side let through."""

from __future__ import annotations

from diag.resources.ec2 import Permission
from tests.checks.given_network import (
    rule,
)


def ranges(*cidrs: str) -> tuple[Permission, ...]:
    return rule(988, cidrs=cidrs), rule(1018, 1023, cidrs=cidrs)
