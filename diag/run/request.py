"""What one run is asked to do, as one frozen value that is built once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from diag.config.file import PYPROJECT, Config, parse
from diag.knowledge.runbooks import Knowledge
from diag.model.exit_code import WrongUsage
from diag.model.unavailable import Reason, Unavailable
from diag.registry import Check, Registry
from diag.reports.report import Policy
from diag.resources.manifests import ManifestSet
from diag.resources.target import Settings, Target
from diag.sanitize import visible
from diag.sources.nodes.reader import NodeOptions
from diag.sources.runbooks import load_runbooks
from diag.sources.world import NO_MANIFESTS, load_registry
from diag.sources.world import Options as Reach

DEADLINE_S = 30.0

CONFIG_FILE = "lustre-doctor.toml"
CONFIG_LIMIT = 1 << 20

S = TypeVar("S", bound=msgspec.Struct)


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run was asked to do. The files that it names are read already, except a snapshot."""

    registry: Registry
    """All that is installed, plugins included."""
    checks: tuple[Check, ...]
    """The selected ones."""
    target: Target = Target()
    settings: Settings = Settings()
    reach: Reach = Reach()
    """How to reach the cluster, the account and the nodes."""
    manifests: ManifestSet = NO_MANIFESTS
    offline: bool = False
    snapshot: str = ""
    """A snapshot or case to judge instead of the live world."""
    deadline_s: float = DEADLINE_S
    config: Config = Config()
    policy: Policy = Policy()
    runbooks: tuple[str, ...] = ()
    """Folders of a team's own runbooks."""
    notes: tuple[str, ...] = ()
    """What the person should know of the files that were read, one line each."""
    unread: tuple[Unavailable, ...] = ()
    """What was not named, is read all the same, and could not be: without it the run is not complete."""

    @property
    def knowledge(self) -> Knowledge:
        """The built-in causes and the team's own."""
        return knowledge_of(self.runbooks)


def build_request(options: Mapping[str, Any], *, progress: Callable[[str], None] = lambda text: None) -> RunRequest:
    """The request behind a command's options, by their names in `diag.cli._options`; absent ones take their defaults.

    `progress` gets how many manifests were read, now and then.
    Plugins are loaded; the configuration, manifests, runbooks and node answers are read. Raises WrongUsage.
    """
    _refuse_unused(options)
    registry = load_registry()
    until = time.monotonic() + options["deadline"]
    config, folder, unread = _read_config(options.get("config"), registry, until)
    runbooks = (*(str(folder / name) for name in config.runbooks), *options.get("runbooks", ()))
    if runbooks:
        knowledge_of(runbooks, until)
    nodes, notes = _node_options(options, until)
    manifests, skipped = _read_manifests(options.get("manifests", ()), until, progress)
    return RunRequest(
        registry=registry,
        checks=registry.select(options["only"] or config.only, (*options["skip"], *config.skip)),
        target=_target(_pick(Target, options)),
        settings=_pick(Settings, options),
        reach=msgspec.structs.replace(_pick(Reach, options), nodes=nodes),
        manifests=manifests,
        offline=options.get("offline", False),
        snapshot=options["snapshot"],
        deadline_s=options["deadline"],
        config=config,
        policy=Policy(
            fail_on_warn=(options.get("fail_on") or config.fail_on) == "warn",
            unknown_passes=(options.get("unknown") or config.unknown) == "pass",
        ),
        runbooks=runbooks,
        notes=(*notes, *skipped),
        unread=unread,
    )


_LIVE = {
    "region": "--region", "cluster": "--cluster", "profile": "--profile", "kubeconfig": "--kubeconfig",
    "context": "--context", "in_cluster": "--in-cluster", "probe_lnet": "--probe-lnet",
    "node_answers": "--node-answers", "debug_container": "--debug-container",
}  # fmt: skip
"""Options that say how to reach the live world, or what to ask there."""


def _refuse_unused(options: Mapping[str, Any]) -> None:
    """Raise WrongUsage for options that the way of this run makes no use of, and for ways that exclude each other."""
    offline = options.get("offline")
    if offline and not options["manifests"]:
        raise WrongUsage("--offline judges manifests alone: name them with -f FILE, -f DIR or -f -")
    if offline and options["snapshot"]:
        raise WrongUsage("--offline and --snapshot exclude each other: a snapshot contacts nothing either")
    if options["in_cluster"] and (options["kubeconfig"] or options["context"]):
        raise WrongUsage("--in-cluster excludes --kubeconfig and --context: it uses this pod's service account")
    if options.get("all_namespaces") and options["namespaces"]:
        raise WrongUsage("-A and -n exclude each other")
    if options["node_answers"] and options["via"] != "none":
        raise WrongUsage("--node-answers and --via exclude each other: the nodes have answered already")
    if not offline and not options["snapshot"]:
        return
    of_manifests = ("region", "cluster") if offline else ()
    unused = [option for name, option in _LIVE.items() if options[name] and name not in of_manifests]
    unused += ["--via"] if options["via"] != "none" else []
    if unused:
        way = "--offline" if offline else "--snapshot"
        raise WrongUsage(f"{', '.join(unused)} cannot be used with {way}, which contacts nothing")


def _pick(struct: type[S], options: Mapping[str, Any]) -> S:
    """The struct from the options that have the names of its fields."""
    return struct(**{name: options[name] for name in struct.__struct_fields__ if name in options})


_KNOWN: dict[tuple[str, ...], Knowledge] = {}


def knowledge_of(runbooks: tuple[str, ...], until: float = math.inf) -> Knowledge:
    """The built-in causes and those of a team's folders, loaded once, by the `time.monotonic()` instant."""
    if runbooks not in _KNOWN:
        _KNOWN[runbooks] = load_runbooks(runbooks, until=until)
    return _KNOWN[runbooks]


def _target(given: Target) -> Target:
    """The target with the namespaces that its names say, where they say it for all: nothing else is listed then."""
    names = (*given.claims, *given.pods)
    if given.volumes or given.file_systems or any("/" not in name for name in names):
        return given
    said = {name.partition("/")[0] for name in names}
    return msgspec.structs.replace(given, namespaces=tuple(sorted({*given.namespaces, *said})))


def _read_config(path: str | None, registry: Registry, until: float) -> tuple[Config, Path, tuple[Unavailable, ...]]:
    """The configuration, the folder that its paths count from, and why none was read. None asks for no configuration.

    A file that was not named is looked for where the person is, which may be the very mount that hangs: that costs
    the configuration and the run's completeness (the configuration may ask for more), not the run.
    """
    if path is None:
        return Config(), Path(), ()
    from diag.sources.files import UnreadableFile, read_bounded

    for candidate in (Path(path),) if path else (Path(CONFIG_FILE), Path("pyproject.toml")):
        try:
            text = read_bounded(str(candidate), CONFIG_LIMIT, until=until).decode()
        except UnreadableFile as error:
            if not path and error.problem.reason is Reason.TIMEOUT:
                remedy = "run lustre-doctor from another folder, or name the configuration with --config"
                return Config(), Path(), (msgspec.structs.replace(error.problem, remedy=remedy),)
            if path or error.problem.reason is not Reason.ABSENT:
                raise
            continue
        except UnicodeDecodeError as error:
            raise WrongUsage(f"{candidate}: {error}") from error
        shared = candidate.name == "pyproject.toml"
        if shared and not path and PYPROJECT[1] not in text:
            continue
        ids = [check.id for check in registry.checks]
        found = parse(text, str(candidate), registry.selectable, ids, PYPROJECT if shared else ())
        if found != Config() or path or not shared:
            return found, candidate.parent, ()
    return Config(), Path(), ()


def _read_manifests(
    paths: tuple[str, ...], until: float, progress: Callable[[str], None]
) -> tuple[ManifestSet, list[str]]:
    """The manifests, and what was left out on purpose, one line each."""
    if not paths:
        return NO_MANIFESTS, []
    from diag.sources.manifests.reader import read_manifests

    skipped: list[str] = []
    return read_manifests(paths, until=until, progress=progress, skipped=skipped.append), skipped


def _node_options(options: Mapping[str, Any], until: float) -> tuple[NodeOptions, tuple[str, ...]]:
    """How nodes are read, with the answers of --node-answers, and what in that file is no answer."""
    from diag.sources.nodes.recorded import read_recording

    chosen, path = _pick(NodeOptions, options), options["node_answers"]
    if not path:
        return chosen, ()
    recording = read_recording(path, until=until)
    if not recording.answers.values and not recording.answers.missing:
        raise WrongUsage(f"--node-answers {path}: there is no node's answer in it (see `lustre-doctor node`)")
    ignored = recording.strays
    note = f"--node-answers {path}: ignored {len(ignored)} line(s) that are not node answers"
    notes = (f"{note} (first: {visible(ignored[0])!r})",) if ignored else ()
    nodes = ("all",) if chosen.nodes == NodeOptions().nodes else chosen.nodes
    return msgspec.structs.replace(chosen, nodes=nodes, recorded=recording.answers), notes
