"""`lustre-doctor run`: look at a cluster and its account, or at a snapshot of them."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import click

from diag.cli.duration import Duration
from diag.cli.nodes import node_options
from diag.cli.printing import output_options, render, write_outputs

if TYPE_CHECKING:
    from diag.reports.report import Report

DEADLINE_S = 30.0


@click.command("run")
@click.option(
    "-f",
    "--filename",
    "manifests",
    multiple=True,
    metavar="FILE|DIR|-",
    help="Judge these manifests, Helm values of the driver or Terraform plan before they are applied.",
)
@click.option("--offline", is_flag=True, help="Judge the manifests alone: no cluster and no account is asked.")
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
@click.option("--dns-server", "dns_servers", multiple=True, metavar="ADDRESS[:PORT]", envvar="LUSTRE_DOCTOR_DNS",
              help="Ask this DNS server instead of this machine's own.")  # fmt: skip
@click.option("--lustre-port", default=988, hidden=True, envvar="LUSTRE_DOCTOR_LUSTRE_PORT")
@click.option("--assume-kernel", default="", metavar="RELEASE", help="Also judge the nodes as if they ran this kernel.")
@click.option("--assume-server-version", default="", metavar="VERSION",
              help="Also judge the file systems as if they ran this Lustre version.")  # fmt: skip
@click.option("--probe-lnet", is_flag=True, help="Also ask the Lustre servers themselves (needs a privileged port).")
@click.option("--snapshot", "replayed", type=click.Path(), help="Judge a saved snapshot; touches nothing.")
@click.option("--save", "saved", type=click.Path(), help="Save what was read as a snapshot.")
@click.option("--redact", type=click.Choice(("none", "shareable", "strict")), default="none", show_default=True,
              help="What is replaced in what --save writes (see `collect`).")  # fmt: skip
@click.option(
    "--deadline",
    "--budget",
    "deadline",
    type=Duration(),
    default=DEADLINE_S,
    show_default=True,
    metavar="DURATION",
    help="When whatever hangs is left behind: 30, 90s, 2m. Each look of --wait has its own.",
)
@click.option(
    "--wait",
    type=Duration(),
    default=0.0,
    metavar="DURATION",
    help="Look again until all is well, for at most so long: 90s, 10m.",
)
@click.option("--fail-on", type=click.Choice(("fail", "warn")), default="fail", show_default=True,
              help="From which verdict on the exit code is not 0.")  # fmt: skip
@click.option("--unknown", type=click.Choice(("fail", "pass")), default="fail", show_default=True,
              help="Whether what could not be determined lets a gate through.")  # fmt: skip
@click.option(
    "--config",
    default="",
    type=click.Path(),
    help="Configuration instead of ./lustre-doctor.toml or [tool.lustre-doctor] in ./pyproject.toml.",
)
@click.option("--runbooks", "folders", multiple=True, type=click.Path(), help="A folder of a team's own runbooks.")
@node_options
@output_options
def command(**options: Any) -> int:
    """Find out why volumes do not mount, and say how to mend it.

    Looks at every FSx for Lustre volume of the cluster unless a target is named. Read-only. The exit code
    decides a pipeline: 3 when something failed, 5 when something asked could not be determined.
    """
    from diag.cli.configuring import config_of, under_options
    from diag.cli.judging import Judging
    from diag.cli.observing import manifests_of, outcome_of
    from diag.cli.target import target_of
    from diag.cli.waiting import look_until_well
    from diag.engine.plugins import load_plugins
    from diag.engine.run import UnknownSelection, select, selectable
    from diag.sources.world import facts

    started = time.monotonic()
    target = target_of(options)
    plugins = load_plugins()
    config, folder = config_of(options["config"], plugins.checks, selectable(plugins.checks))
    options = under_options(options, config, folder)
    judging = Judging(
        options["folders"],
        plugins.errors,
        config=config,
        fail_on_warn=options["fail_on"] == "warn",
        unknown_passes=options["unknown"] == "pass",
    )
    try:
        chosen = select(plugins.checks, options["only"], options["skip"])
    except UnknownSelection as error:
        raise click.UsageError(str(error)) from error
    offered = (*facts(), *plugins.facts)
    manifests = manifests_of(options)
    instants = itertools.chain((started,), iter(time.monotonic, None))

    def look() -> Report:
        outcome = outcome_of(options, chosen, offered, target, manifests, next(instants), judging.load)
        if options["saved"]:
            _save(outcome.snapshot, options["saved"], options["redact"], judging.knowledge)
        return judging.report_of(outcome)

    report = look_until_well(look, options["wait"])
    write_outputs(report, options["outputs"], everything=options["everything"])
    click.echo(render(report, options["form"], everything=options["everything"]), nl=False)
    return report.exit_code


def _save(snapshot: Any, path: str, redact: str, knowledge: Any) -> None:
    from diag.engine.snapshot import encode
    from diag.sources.files import UnreadableFile, write_private

    try:
        write_private(path, encode(snapshot) if redact == "none" else _redacted(snapshot, redact, knowledge))
    except UnreadableFile as error:
        raise click.UsageError(f"--save {path}: {error}") from error


def _redacted(snapshot: Any, level: str, knowledge: Any) -> bytes:
    from diag.cli.casing import redact_snapshot
    from diag.redaction.level import Level

    return redact_snapshot(snapshot, Level(level), knowledge)[1]
