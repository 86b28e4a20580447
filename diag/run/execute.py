"""Carries out a request: the facts from the live world, from a snapshot or from manifests alone, and the findings."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from diag.engine.run import Outcome, observe, offline
from diag.engine.run import replay as replay_snapshot
from diag.engine.snapshot import BadSnapshot, Snapshot, decode
from diag.grammar.spelling import did_you_mean
from diag.model.exit_code import WrongUsage
from diag.model.unavailable import Unreadable
from diag.registry import Registry
from diag.run.contradictions import refuse_contradictions
from diag.run.request import RunRequest
from diag.sources.files import is_missing
from diag.sources.remote_mounts import StuckMount
from diag.sources.time_limit import within
from diag.sources.world import open_world
from diag.version import __version__

if TYPE_CHECKING:
    from diag.sources.aws.session import Aws

MARGIN_S = 0.5
"""Node answers stop counting this long before the run's deadline, so that the partial ones are still judged."""

PREFLIGHT_S = 3.0
"""How long a kubeconfig that was not named may take before the run begins without it."""


def execute(
    request: RunRequest,
    *,
    started: float | None = None,
    progress: Callable[[str], None] = lambda name: None,
    preload: Callable[[], None] | None = None,
) -> Outcome:
    """The outcome of a request. Raises WrongUsage.

    The deadline counts from `started` (a `time.monotonic()` instant; now by default). `progress` gets how far
    the reading is, in a person's words. `preload` runs once, in a thread, while a live run waits for its first answers.
    """
    until = (time.monotonic() if started is None else started) + request.deadline_s
    registry, checks = request.registry, request.checks
    asked = Snapshot(_now(), request.target, request.settings, {}, __version__)
    if request.snapshot:
        outcome = replay_snapshot(registry, checks, _recorded(request, until), deadline=until)
    elif request.offline:
        outcome = replay_snapshot(registry, checks, offline(registry, asked, request.manifests), deadline=until)
    else:
        outcome = _observe(request, asked, until, progress, preload)
    refuse_contradictions(outcome.snapshot.settings, outcome.snapshot.facts)
    return outcome


def _recorded(request: RunRequest, until: float) -> Snapshot:
    """The snapshot to judge. A target narrows the recorded one; manifests and assumptions replace those."""
    snapshot = load_snapshot(request.snapshot, request.registry, until)
    if not request.target.is_everything:
        snapshot = replace(snapshot, target=request.target)
    if request.manifests.is_given:
        snapshot = replace(snapshot, facts={**snapshot.facts, "manifest_set": request.manifests})
    given = {name: getattr(request.settings, name) for name in ("assume_kernel", "assume_server_version")}
    assumed = {name: value for name, value in given.items() if value}
    return replace(snapshot, settings=replace(snapshot.settings, **assumed))


def load_snapshot(path: str, registry: Registry, until: float = math.inf) -> Snapshot:
    """The snapshot in a file, a case's too. Raises WrongUsage for a file that is none, or not read by the instant."""
    from diag.sources.casefile import BadCase, read_snapshot

    try:
        return decode(read_snapshot(path, until=until), registry.facts)
    except (BadSnapshot, BadCase) as error:
        raise WrongUsage(f"{path}: {error}") from error


def _observe(
    request: RunRequest,
    asked: Snapshot,
    until: float,
    progress: Callable[[str], None],
    preload: Callable[[], None] | None,
) -> Outcome:
    reach = replace(request.reach, nodes=replace(request.reach.nodes, until=until - MARGIN_S))
    if reach.kubeconfig and is_missing(reach.kubeconfig):
        raise WrongUsage(f"--kubeconfig: there is no file {reach.kubeconfig!r}")
    world = open_world(reach, request.manifests)
    is_placed = bool(request.settings.region or request.settings.cluster)
    if reach.kubeconfig or reach.context or is_placed:
        is_named = bool(reach.kubeconfig or reach.context)
        try:
            soon = until if is_named else min(until, time.monotonic() + PREFLIGHT_S)
            refuse_contradictions(request.settings, {"kube_context": within(world["kube"].context, soon)})
        except TimeoutError:
            if is_named:
                raise WrongUsage(f"{reach.kubeconfig or 'the kubeconfig'}: no answer in time") from None
        except Unreadable as error:
            if is_named:
                raise WrongUsage(f"{error.unavailable.detail}; {error.unavailable.remedy}") from error
    _refuse_unknown_profile(world["aws"], until)
    return observe(
        request.registry,
        request.checks,
        world,
        asked,
        deadline=until,
        also=("nodes",) if is_placed else (),
        progress=progress,
        preload=preload,
    )


def _refuse_unknown_profile(aws: Aws, until: float) -> None:
    """Raise WrongUsage for a profile that is not configured. Where that cannot be read, the calls say so."""
    try:
        known = within(aws.profiles, until) if aws.profile else []
    except (TimeoutError, StuckMount):
        return
    if aws.profile and aws.profile not in known:
        hint = did_you_mean(aws.profile, known) or "; `aws configure list-profiles` lists those that are configured"
        raise WrongUsage(f"--profile: no AWS profile is called {aws.profile!r}{hint}")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
