"""Judges a saved snapshot for a command."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec

from diag.declare.check import Check
from diag.declare.fact import Fact
from diag.engine.graph import catalogue
from diag.engine.run import Outcome, replay
from diag.engine.snapshot import BadSnapshot, decode
from diag.resources.manifests import ManifestSet
from diag.resources.target import Target
from diag.sources.casefile import BadCase, read_key_id, read_snapshot
from diag.sources.files import UnreadableFile
from diag.sources.world import NO_MANIFESTS, SOURCES


def replay_file(
    path: str,
    checks: Sequence[Check],
    offered: Sequence[Fact],
    target: Target,
    manifests: ManifestSet = NO_MANIFESTS,
) -> Outcome:
    """The outcome over the facts of a snapshot or case; a target narrows them. A wrong file is wrong usage.

    Manifests, if any, are judged against the recorded world in place of those that it was recorded with.
    """
    try:
        snapshot = decode(read_snapshot(path), catalogue(offered))
    except (BadSnapshot, BadCase, UnreadableFile) as error:
        raise click.UsageError(f"--snapshot {path}: {error}") from error
    if not target.is_everything:
        snapshot = msgspec.structs.replace(snapshot, target=target)
    if manifests.is_given:
        snapshot = msgspec.structs.replace(snapshot, facts={**snapshot.facts, "manifest_set": manifests})
    return replay(checks, offered, SOURCES, snapshot)


def key_of(path: str) -> str:
    """Which key a case was redacted with; empty for a snapshot, and for a case that was not redacted."""
    try:
        return read_key_id(path)
    except (BadCase, UnreadableFile) as error:
        raise click.UsageError(f"{path}: {error}") from error
