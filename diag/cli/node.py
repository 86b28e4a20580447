"""`lustre-doctor node`: inspect this node, and print its answer for others to judge."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from diag.cli import _options
from diag.cli._output import warn
from diag.model.exit_code import ExitCode

if TYPE_CHECKING:
    from diag.sources.kubernetes.client import Kube


@click.command(
    "node",
    cls=_options.Command,
    examples=(
        "lustre-doctor node --name-file /etc/lustre-doctor/names",
        "lustre-doctor node --emit-names | kubectl apply -f -",
        "lustre-doctor node --name fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com",
    ),
)
@click.option("--name", "names", multiple=True, metavar="DNSNAME", help="Also resolve and reach this file system.")
@click.option("--name-file", default="", metavar="FILE", help="More such names, one a line.")
@click.option("--emit-names", is_flag=True, help="Print the volumes' names as a ConfigMap; inspect nothing.")
@_options.options(
    _options.CLUSTER,
    _options.DNS,
    _options.deadline(20.0, "Time limit of the command."),
)
def command(
    names: tuple[str, ...],
    name_file: str,
    emit_names: bool,
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
    for its volumes. The readers of the Job have no right to ask: --emit-names prints the names for them as a ConfigMap.
    Exit code 5 when the node could not be inspected, or the volumes not be listed.
    """
    until = time.monotonic() + deadline
    from diag.model.unavailable import Unavailable, Unreadable
    from diag.secret_filter import scrubbed
    from diag.sources.kubernetes.client import Kube
    from diag.sources.nodes.own import read_own, volume_names
    from diag.sources.nodes.recorded import line_of

    if emit_names:
        return _emit_names(lambda: Kube(kubeconfig=kubeconfig, context=context, in_cluster=in_cluster), until)
    if name_file:
        names = (*names, *_names_in(name_file, until))
    if in_cluster or kubeconfig or context:
        try:
            kube = Kube(kubeconfig=kubeconfig, context=context, in_cluster=in_cluster)
            names = (*names, *volume_names(kube, until))
        except Unreadable as missing:
            warn(f"the cluster's volumes are not known: {missing.unavailable}")
    node, answer = read_own(os.environ.get("NODE_NAME", ""), names, dns_servers, lustre_port, until)
    click.echo(line_of(node, scrubbed(answer)), nl=False)
    return int(ExitCode.UNDETERMINED if isinstance(answer, Unavailable) else ExitCode.OK)


def _emit_names(connect: Callable[[], Kube], until: float) -> int:
    """Print the ConfigMap; JSON, so that no name can be more than a value."""
    import msgspec

    from diag.model.unavailable import Unreadable
    from diag.sources.nodes.own import volume_names

    try:
        names = volume_names(connect(), until)
    except Unreadable as missing:
        warn(f"the cluster's volumes are not known: {missing.unavailable}")
        return int(ExitCode.UNDETERMINED)
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "lustre-doctor-names", "namespace": "lustre-doctor-nodes"},
        "data": {"names": "".join(f"{name}\n" for name in names)},
    }
    click.echo(msgspec.json.format(msgspec.json.encode(document)))
    return int(ExitCode.OK)


def _names_in(path: str, until: float) -> tuple[str, ...]:
    """The names in a file; a file that cannot be read leaves the node to be inspected without them."""
    from diag.sources.files import UnreadableFile, read_bounded
    from diag.sources.nodes.own import part_of

    try:
        return tuple(read_bounded(path, until=part_of(until)).decode("utf-8", "replace").split())
    except UnreadableFile as error:
        warn(f"{error}; no name is resolved")
        return ()
