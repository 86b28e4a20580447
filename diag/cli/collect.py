"""`lustre-doctor collect`: one run as a file that can be passed on."""

from __future__ import annotations

import os
import time
from typing import Any

import click

from diag.cli.run import command as run_command

_UNLIKE_RUN = ("manifests", "offline", "saved", "wait", "fail_on", "unknown", "outputs", "form", "everything", "redact")
_SHARED = tuple(param for param in run_command.params if param.name not in _UNLIKE_RUN)
"""Options that mean the same as those of `run`: all but manifests, the gate and how to print."""

_HELP = {
    "redact": "What is replaced: shareable takes accounts, addresses, ids and names of AWS objects, strict also names "
    "of pods, claims and namespaces, none nothing.",
    "key": "Where to write what each stand-in stands for (mode 0600). Keep it; it is not part of the case. A file that "
    "is there is used again, so that two cases can be compared.",
}


def command_of(**options: Any) -> int:
    """Look at a cluster and its account, and save everything a colleague needs to judge it again.

    The case holds the facts, the report, what could not be read and why, versions and timings. Judge it with
    `lustre-doctor run --snapshot CASE`, set two side by side with `lustre-doctor diff A B`.
    """
    from diag.cli.casing import key_in, make_case
    from diag.cli.judging import Judging
    from diag.cli.observing import manifests_of, outcome_of
    from diag.cli.target import target_of
    from diag.engine.plugins import load_plugins
    from diag.engine.run import UnknownSelection, select
    from diag.redaction.level import Level
    from diag.sources.files import UnreadableFile, read_bounded, write_private
    from diag.sources.world import facts

    started = time.monotonic()
    secret = None
    if options["key"] and os.path.lexists(options["key"]):
        try:
            secret = key_in(read_bounded(options["key"]))
        except (UnreadableFile, ValueError) as error:
            raise click.UsageError(f"--key {options['key']}: {error}") from error
    plugins = load_plugins()
    judging = Judging(options["folders"], plugins.errors)
    offered = (*facts(), *plugins.facts)
    try:
        chosen = select(plugins.checks, options["only"], options["skip"])
    except UnknownSelection as error:
        raise click.UsageError(str(error)) from error
    options = {"manifests": (), "offline": False, **options}
    target, manifests = target_of(options), manifests_of(options)
    outcome = outcome_of(options, chosen, offered, target, manifests, started, judging.load)
    level = Level(options["redact"])
    case = make_case(
        outcome,
        offered,
        level,
        judging.knowledge,
        judging.report_of,
        time.monotonic() - started,
        secret,
    )
    try:
        written = "-o", options["output"], case.archive
        write_private(options["output"], case.archive)
        if options["key"]:
            written = "--key", options["key"], case.key
            write_private(options["key"], case.key)
    except UnreadableFile as error:
        raise click.UsageError(f"{written[0]} {written[1]}: {error}") from error
    click.echo(
        f"{options['output']}: {len(case.archive) / 1024:.0f} KiB, redaction {level.value}, {case.told}", err=True
    )
    return case.exit_code


command = click.Command(
    "collect",
    callback=command_of,
    help=command_of.__doc__,
    params=[
        click.Option(["-o", "--output", "output"], required=True, type=click.Path(), metavar="CASE.tar.gz"),
        click.Option(["--redact"], type=click.Choice(("none", "shareable", "strict")), default="shareable",
                     show_default=True, help=_HELP["redact"]),
        click.Option(["--key"], type=click.Path(), metavar="FILE", default="", help=_HELP["key"]),
        *_SHARED,
    ],
)  # fmt: skip
