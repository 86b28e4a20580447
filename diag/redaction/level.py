"""How much of a case is taken away."""

from __future__ import annotations

import enum


class Level(enum.Enum):
    """From nothing to every name that a person chose."""

    NONE = "none"
    SHAREABLE = "shareable"
    """Accounts, ARNs, addresses, hosts, ids, and the names of clusters, roles, users, groups, buckets and tags."""
    STRICT = "strict"
    """Also the names of pods, claims, volumes, classes, namespaces, containers and labels."""
