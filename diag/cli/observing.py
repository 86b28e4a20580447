"""How a run comes by its facts: from the world, from a snapshot, or from manifests alone."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click
import msgspec

from diag.declare.check import Check
from diag.declare.fact import Fact
from diag.engine.run import Outcome, observe, replay
from diag.resources.manifests import ManifestSet
from diag.resources.target import Settings, Target

Options = dict[str, Any]


def manifests_of(options: Options) -> ManifestSet:
    """What -f names, read. A path that cannot be read, and --offline without manifests, are wrong usage."""
    if not options["manifests"]:
        if options["offline"]:
            raise click.UsageError("--offline judges manifests alone: name them with -f FILE, -f DIR or -f -")
        return ManifestSet()
    from diag.sources.manifests.files import UnreadableManifest
    from diag.sources.manifests.read import read_manifests

    if options["offline"] and options["replayed"]:
        raise click.UsageError("--offline and --snapshot exclude each other: a snapshot touches nothing either")
    try:
        return read_manifests(options["manifests"])
    except UnreadableManifest as error:
        raise click.UsageError(f"-f {error}") from error


def outcome_of(
    options: Options,
    checks: Sequence[Check],
    offered: Sequence[Fact],
    target: Target,
    manifests: ManifestSet,
    started: float,
    meanwhile: Callable[[], None] | None = None,
) -> Outcome:
    """One look; `started` is the `time.monotonic()` instant that the deadline counts from.

    `meanwhile` is called once, in a thread, when a live run has begun to wait for answers.
    """
    if options["replayed"]:
        from diag.cli.replaying import replay_file

        return replay_file(options["replayed"], checks, offered, target, manifests)
    if options["offline"]:
        from diag.engine.offline import without_world
        from diag.sources.world import SOURCES
        from diag.version import __version__

        settings = _settings(options)
        snapshot = without_world(
            offered, SOURCES, manifests, target=target, settings=settings, taken_at=_now(), tool_version=__version__
        )
        return replay(checks, offered, SOURCES, snapshot)
    return _observe(options, checks, offered, target, manifests, started, meanwhile)


def _observe(
    options: Options,
    checks: Sequence[Check],
    offered: Sequence[Fact],
    target: Target,
    manifests: ManifestSet,
    started: float,
    meanwhile: Callable[[], None] | None,
) -> Outcome:
    from diag.cli.nodes import node_options_of
    from diag.model.unavailable import Unavailable
    from diag.sources.world import Options as WorldOptions
    from diag.sources.world import open_world
    from diag.version import __version__

    kubeconfig, profile = options["kubeconfig"], options["profile"]
    if kubeconfig and not os.path.isfile(kubeconfig):  # noqa: PTH113 - pathlib is not worth its import here
        raise click.UsageError(f"--kubeconfig: there is no file {kubeconfig!r}")
    until = started + options["deadline"]
    reach = WorldOptions(
        profile=profile,
        region=options["region"],
        kubeconfig=kubeconfig,
        context=options["context"],
        in_cluster=options["in_cluster"],
        probe_lnet=options["probe_lnet"],
        nodes=node_options_of(options, until),
    )
    world = open_world(reach, manifests)
    if (kubeconfig or options["context"]) and isinstance(unusable := world["kube"].context(), Unavailable):
        raise click.UsageError(f"{unusable.detail}; {unusable.remedy}")
    if not world["aws"].has_profile():
        raise click.UsageError(f"--profile: no AWS profile is called {profile!r} (see `aws configure list-profiles`)")
    with _progress() as tick:
        return observe(
            checks,
            offered,
            world,
            target=target,
            settings=_settings(options),
            taken_at=_now(),
            deadline=until,
            tool_version=__version__,
            progress=tick,
            meanwhile=meanwhile,
        )


def _settings(options: Options) -> Settings:
    names = Settings.__struct_fields__
    return msgspec.structs.replace(Settings(), **{name: options[name] for name in names if name in options})


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _progress:
    """Says on a terminal what was read last, and leaves no trace."""

    def __enter__(self) -> Callable[[str], None]:
        return self._tick if sys.stderr.isatty() else lambda name: None

    def _tick(self, name: str) -> None:
        sys.stderr.write(f"\r\x1b[Kread {name.replace('_', ' ')}")
        sys.stderr.flush()

    def __exit__(self, *_: object) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
