"""The options of `run` that say how nodes are looked into."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from diag.resources.node_report import NodeTruth
from diag.resources.table import Table
from diag.sanitize import visible
from diag.sources.nodes.choose import VIA, NodeOptions

Command = TypeVar("Command", bound=Callable[..., Any])

UNLESS_NAMED = ("affected",)
MARGIN_S = 0.5
"""Node answers stop to count so long before the run's deadline, so that the partial ones are still judged."""

_NODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
"""Names of nodes (RFC 1123), EC2 instance ids and addresses."""

_HELP = {
    "via": "How to look into nodes: exec (the driver's container), ssm, ssh, local, or auto for the first that works.",
    "nodes": "Which nodes to look into: those with a failing mount (the default), all, one of each kind, or names.",
    "answers": "Answers that `lustre-doctor node` printed on the nodes, put together; - for standard input.",
    "debug": "Changes the driver's pod: where its image has no shell, adds an ephemeral container of this one.",
    "accept": "Trust SSH hosts seen for the first time, for this run alone. A changed key is refused all the same.",
}

_OPTIONS = (
    click.option("--via", type=click.Choice(VIA), default="none", show_default=True, help=_HELP["via"]),
    click.option("--nodes", "nodes", multiple=True, metavar="all|affected|sample|NAME", default=UNLESS_NAMED,
                 help=_HELP["nodes"]),
    click.option("--node-answers", default="", type=click.Path(), metavar="FILE|-", help=_HELP["answers"]),
    click.option("--ssh-user", default="", metavar="USER", help="SSH login name, instead of the one in ~/.ssh/config."),
    click.option("--ssh-config", default="", type=click.Path(), help="SSH configuration instead of ~/.ssh/config."),
    click.option("--accept-new-host-keys", is_flag=True, help=_HELP["accept"]),
    click.option("--debug-container", default="", metavar="IMAGE", help=_HELP["debug"]),
    click.option("--node-deadline", default=10.0, show_default=True, metavar="SECONDS", help="Seconds for one node."),
    click.option("--concurrency", default=32, show_default=True, type=click.IntRange(1, 512), metavar="N",
                 help="Nodes looked into at the same time."),
)  # fmt: skip


def node_options(command: Command) -> Command:
    """Adds the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def node_options_of(options: dict[str, Any], until: float) -> NodeOptions:
    """The options as the source takes them; `until` is the run's deadline.

    Raises click.UsageError for a name that no node can have.
    """
    for name in options["nodes"]:
        if not _NODE.fullmatch(name):
            raise click.UsageError(f"--nodes: {name!r} is neither all, affected, sample nor a node's name")
    recorded, nodes = _recorded(options), tuple(options["nodes"])
    return NodeOptions(
        via=options["via"],
        nodes=("all",) if recorded is not None and nodes == UNLESS_NAMED else nodes,
        recorded=recorded,
        ssh_user=options["ssh_user"],
        ssh_config=options["ssh_config"],
        accept_new_host_keys=options["accept_new_host_keys"],
        debug_container=options["debug_container"],
        node_s=options["node_deadline"],
        at_once=options["concurrency"],
        until=until - MARGIN_S,
    )


def _recorded(options: dict[str, Any]) -> Table[NodeTruth] | None:
    """The answers of --node-answers; None without. What in the file is no answer is told on standard error."""
    path = options["node_answers"]
    if not path:
        return None
    if options["via"] != "none":
        raise click.UsageError("--node-answers and --via exclude each other: the nodes have answered already")
    from diag.sources.files import UnreadableFile
    from diag.sources.nodes.recorded import read_recording

    try:
        recording = read_recording(path)
    except UnreadableFile as error:
        raise click.UsageError(f"--node-answers {path}: {error}") from error
    if not recording.answers.values and not recording.answers.missing:
        raise click.UsageError(f"--node-answers {path}: there is no node's answer in it (see `lustre-doctor node`)")
    if recording.strays:
        told = visible(recording.strays[0])
        click.echo(f"--node-answers {path}: {len(recording.strays)} line(s) are no answers, as {told!r}", err=True)
    return recording.answers
