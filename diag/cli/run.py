"""`lustre-doctor run`: look at a cluster and its account, or at a snapshot of them."""

from __future__ import annotations

import datetime
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import click

from diag.cli.nodes import node_options, node_options_of
from diag.cli.printing import output_options, render

DEADLINE_S = 30.0


@click.command("run")
@click.option("-n", "--namespace", "namespaces", multiple=True, help="Only volumes of claims in this namespace.")
@click.option("--pvc", "claims", multiple=True, metavar="[NAMESPACE/]NAME", help="Only this claim's volume.")
@click.option("--pv", "volumes", multiple=True, metavar="NAME", help="Only this PersistentVolume.")
@click.option("--pod", "pods", multiple=True, metavar="[NAMESPACE/]NAME", help="Only the volumes of this pod.")
@click.option("--file-system", "file_systems", multiple=True, metavar="fs-…", help="Only this file system.")
@click.option("--only", multiple=True, metavar="CHECK|LAYER", help="Run only these checks or layers.")
@click.option("--skip", multiple=True, metavar="CHECK|LAYER", help="Leave these checks or layers out.")
@click.option("--cluster", default="", help="EKS cluster name, when the kubeconfig does not tell it.")
@click.option("--region", default="", help="AWS region, when the kubeconfig does not tell it.")
@click.option("--profile", default="", help="AWS profile.")
@click.option("--kubeconfig", default="", type=click.Path(), help="Kubeconfig file.")
@click.option("--context", "context", default="", help="Kubeconfig context.")
@click.option("--in-cluster", is_flag=True, help="Use this pod's service account instead of a kubeconfig.")
@click.option("--dns-server", "dns_servers", multiple=True, metavar="ADDRESS[:PORT]", help="Ask this DNS server.")
@click.option("--assume-kernel", default="", metavar="RELEASE", help="Also judge the nodes as if they ran this kernel.")
@click.option("--assume-server-version", default="", metavar="VERSION",
              help="Also judge the file systems as if they ran this Lustre version.")  # fmt: skip
@click.option("--probe-lnet", is_flag=True, help="Also ask the Lustre servers themselves (needs a privileged port).")
@click.option("--snapshot", "replayed", type=click.Path(), help="Judge a saved snapshot; touches nothing.")
@click.option("--save", "saved", type=click.Path(), help="Save what was read as a snapshot.")
@click.option("--deadline", default=DEADLINE_S, show_default=True, help="Seconds until whatever hangs is left behind.")
@click.option("--fail-on", type=click.Choice(("fail", "warn")), default="fail", show_default=True,
              help="From which verdict on the exit code is not 0.")  # fmt: skip
@click.option("--unknown", type=click.Choice(("fail", "pass")), default="fail", show_default=True,
              help="Whether what could not be determined lets a gate through.")  # fmt: skip
@click.option("--runbooks", "folders", multiple=True, type=click.Path(), help="A folder of a team's own runbooks.")
@node_options
@output_options
def command(**options: Any) -> int:
    """Find out why volumes do not mount, and say how to mend it.

    Looks at every FSx for Lustre volume of the cluster unless a target is named. Read-only. The exit code
    decides a pipeline: 3 when something failed, 5 when something asked could not be determined.
    """
    from diag.cli.knowledge import load
    from diag.cli.replaying import replay_file
    from diag.cli.target import target_of
    from diag.diagnosis.diagnose import diagnose
    from diag.engine.plugins import load_plugins
    from diag.engine.run import UnknownSelection, select
    from diag.reports.report import Policy
    from diag.reports.tally import of_run
    from diag.sources.world import facts
    from diag.symptoms.match import match_text

    started = time.monotonic()
    target = target_of(options)
    knowledge = load(options["folders"])
    plugins = load_plugins()
    try:
        chosen = select(plugins.checks, options["only"], options["skip"])
    except UnknownSelection as error:
        raise click.UsageError(str(error)) from error
    offered = (*facts(), *plugins.facts)
    if options["replayed"]:
        outcome = replay_file(options["replayed"], chosen, offered, target)
    else:
        outcome = _observe(options, chosen, offered, target, started)
    if options["saved"]:
        _save(outcome.snapshot, options["saved"])
    diagnoses = diagnose(
        outcome.judged.findings,
        outcome.facts,
        knowledge.causes,
        lambda text, medium: match_text(text, medium, knowledge),
    )
    policy = Policy(fail_on_warn=options["fail_on"] == "warn", unknown_passes=options["unknown"] == "pass")
    report = of_run(outcome, diagnoses, policy, plugins.errors)
    click.echo(render(report, options["form"], everything=options["everything"]), nl=False)
    return report.exit_code


def _observe(options: dict[str, Any], checks: Any, offered: Any, target: Any, started: float) -> Any:

    from diag.engine.run import observe
    from diag.facts.target import Settings
    from diag.model.unavailable import Unavailable
    from diag.sources.world import Options, open_world
    from diag.version import __version__

    kubeconfig, profile = options["kubeconfig"], options["profile"]
    if kubeconfig and not os.path.isfile(kubeconfig):  # noqa: PTH113 - pathlib is not worth its import here
        raise click.UsageError(f"--kubeconfig: there is no file {kubeconfig!r}")
    settings = Settings(
        cluster=options["cluster"],
        region=options["region"],
        dns_servers=options["dns_servers"],
        assume_kernel=options["assume_kernel"],
        assume_server_version=options["assume_server_version"],
    )
    until = started + options["deadline"]
    nodes = node_options_of(options, until)
    world = open_world(
        Options(
            profile=profile,
            region=options["region"],
            kubeconfig=kubeconfig,
            context=options["context"],
            in_cluster=options["in_cluster"],
            probe_lnet=options["probe_lnet"],
            nodes=nodes,
        )
    )
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
            settings=settings,
            taken_at=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            deadline=until,
            tool_version=__version__,
            progress=tick,
        )


def _save(snapshot: Any, path: str) -> None:
    from diag.engine.snapshot import encode
    from diag.sources.files import UnreadableFile, write_private

    try:
        write_private(path, encode(snapshot))
    except UnreadableFile as error:
        raise click.UsageError(f"--save {path}: {error}") from error


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
