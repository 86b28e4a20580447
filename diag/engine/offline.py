"""A run over manifests alone: nothing of the world is asked, and that is no lack."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from diag.declare.fact import Fact
from diag.engine.snapshot import Snapshot, is_read
from diag.model.unavailable import Reason, Unavailable
from diag.resources.eks import ClusterIdentity
from diag.resources.manifests import ManifestSet
from diag.resources.target import Settings, Target

OFFLINE = Unavailable("cluster and account", Reason.OFFLINE, "not asked: --offline", remedy="run without --offline")


def without_world(
    facts: Iterable[Fact],
    sources: Collection[str],
    manifests: ManifestSet,
    *,
    target: Target,
    settings: Settings,
    taken_at: str,
    tool_version: str,
) -> Snapshot:
    """The snapshot of a world that nobody looked at, with these manifests in it."""
    known = {fact.name: OFFLINE for fact in facts if is_read(fact, sources)}
    identity = ClusterIdentity(settings.cluster, settings.region, "", "--cluster", "--region")
    given = {"manifest_set": manifests, "cluster_identity": identity}
    return Snapshot(taken_at, target, settings, {**known, **given}, tool_version)
