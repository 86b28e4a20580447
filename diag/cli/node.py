"""`lustre-doctor node`: inspect this node, and print its answer for others to judge."""

from __future__ import annotations

import os
import time

import click

from diag.cli import _options
from diag.cli._output import warn
from diag.model.exit_code import ExitCode


@click.command(
    "node",
    cls=_options.Command,
    examples=(
        "lustre-doctor node --in-cluster",
        "lustre-doctor node --name fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com",
    ),
)
@click.option("--name", "names", multiple=True, metavar="DNSNAME", help="Also resolve and reach this file system.")
@_options.options(
    _options.CLUSTER,
    _options.DNS,
    _options.deadline(20.0, "Time limit of the command."),
)
def command(
    names: tuple[str, ...],
    in_cluster: bool,
    kubeconfig: str,
    context: str,
    dns_servers: tuple[str, ...],
    lustre_port: int,
    deadline: float,
) -> int:
    """Inspect the node that this runs on, and print its answer as one line of JSON.

    One reader on every node (deploy/kubernetes/nodes-job.yaml) prints the answers of all nodes; in one file they are
    judged by `lustre-doctor run --node-answers FILE`. With --in-cluster, --kubeconfig or --context the cluster is asked
    for its volumes. Exit code 5 when the node could not be inspected.
    """
    until = time.monotonic() + deadline
    from diag.model.unavailable import Unavailable, Unreadable
    from diag.secret_filter import scrubbed
    from diag.sources.kubernetes.client import Kube
    from diag.sources.nodes.own import read_own, volume_names
    from diag.sources.nodes.recorded import line_of

    if in_cluster or kubeconfig or context:
        try:
            kube = Kube(kubeconfig=kubeconfig, context=context, in_cluster=in_cluster)
            names = (*names, *volume_names(kube, until))
        except Unreadable as missing:
            warn(f"the cluster's volumes are not known: {missing.unavailable}")
    node, answer = read_own(os.environ.get("NODE_NAME", ""), names, dns_servers, lustre_port, until)
    click.echo(line_of(node, scrubbed(answer)), nl=False)
    return int(ExitCode.UNDETERMINED if isinstance(answer, Unavailable) else ExitCode.OK)
