"""Carries out a request: the facts from the live world, from a snapshot or from manifests alone, and the findings."""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from diag.engine.run import Outcome, observe, offline
from diag.engine.run import replay as replay_snapshot
from diag.engine.snapshot import BadSnapshot, Snapshot, decode
from diag.model.exit_code import WrongUsage
from diag.model.unavailable import Unreadable
from diag.registry import Check, Registry
from diag.resources.manifests import ManifestSet
from diag.resources.target import Target
from diag.run.request import RunRequest
from diag.sources.casefile import BadCase, read_snapshot
from diag.sources.world import NO_MANIFESTS, open_world
from diag.version import __version__

EVERYTHING = Target()

MARGIN_S = 0.5
"""Node answers stop counting this long before the run's deadline, so that the partial ones are still judged."""


def execute(
    request: RunRequest,
    *,
    started: float | None = None,
    progress: Callable[[str], None] = lambda name: None,
    preload: Callable[[], None] | None = None,
) -> Outcome:
    """The outcome of a request. Raises WrongUsage.

    The deadline counts from `started` (a `time.monotonic()` instant; now by default). `progress` gets the name of
    each fact that was read. `preload` runs once, in a thread, while a live run waits for its first answers.
    """
    started = time.monotonic() if started is None else started
    until = started + request.deadline_s
    registry, checks, manifests = request.registry, request.checks, request.manifests
    if request.snapshot:
        return replay(request.snapshot, registry, checks, request.target, manifests, deadline=until)
    asked = Snapshot(_now(), request.target, request.settings, {}, __version__)
    if request.offline:
        return replay_snapshot(registry, checks, offline(registry, asked, manifests), deadline=until)
    return _observe(request, asked, until, progress, preload)


def replay(
    path: str,
    registry: Registry,
    checks: Sequence[Check],
    target: Target = EVERYTHING,
    manifests: ManifestSet = NO_MANIFESTS,
    *,
    deadline: float | None = None,
) -> Outcome:
    """The outcome over the facts of a snapshot or case. Raises WrongUsage for a file that is none.

    A target narrows the recorded one. Manifests, if any, take the place of those that were recorded.
    """
    try:
        snapshot = decode(read_snapshot(path), registry.facts)
    except (BadSnapshot, BadCase) as error:
        raise WrongUsage(f"{path}: {error}") from error
    if not target.is_everything:
        snapshot = replace(snapshot, target=target)
    if manifests.is_given:
        snapshot = replace(snapshot, facts={**snapshot.facts, "manifest_set": manifests})
    return replay_snapshot(registry, checks, snapshot, deadline=deadline)


def _observe(
    request: RunRequest,
    asked: Snapshot,
    until: float,
    progress: Callable[[str], None],
    preload: Callable[[], None] | None,
) -> Outcome:
    reach = replace(request.reach, nodes=replace(request.reach.nodes, until=until - MARGIN_S))
    if reach.kubeconfig and not os.path.isfile(reach.kubeconfig):  # noqa: PTH113 - pathlib is not worth its import here
        raise WrongUsage(f"--kubeconfig: there is no file {reach.kubeconfig!r}")
    world = open_world(reach, request.manifests)
    if reach.kubeconfig or reach.context:
        try:
            world["kube"].context()
        except Unreadable as missing:
            raise WrongUsage(f"{missing.unavailable.detail}; {missing.unavailable.remedy}") from missing
    if not world["aws"].has_profile():
        known = "`aws configure list-profiles` lists those that are configured"
        raise WrongUsage(f"--profile: no AWS profile is called {reach.profile!r} ({known})")
    return observe(request.registry, request.checks, world, asked, deadline=until, progress=progress, preload=preload)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
