"""`lustre-doctor node`: look into this node alone, and print its answer for others to judge."""

from __future__ import annotations

import os
import time

import click

from diag.cli.duration import Duration


@click.command("node")
@click.option("--name", "names", multiple=True, metavar="DNSNAME", help="Also resolve and reach this file system.")
@click.option("--in-cluster", is_flag=True, help="Ask the cluster for its volumes with this pod's service account.")
@click.option("--kubeconfig", default="", type=click.Path(), help="Ask the cluster of this kubeconfig for its volumes.")
@click.option("--context", default="", help="Kubeconfig context.")
@click.option("--dns-server", "dns_servers", multiple=True, metavar="ADDRESS[:PORT]", envvar="LUSTRE_DOCTOR_DNS",
              help="Ask this DNS server instead of this machine's own.")  # fmt: skip
@click.option("--lustre-port", default=988, hidden=True, envvar="LUSTRE_DOCTOR_LUSTRE_PORT")
@click.option("--deadline", type=Duration(), default=20.0, show_default=True, metavar="DURATION",
              help="When whatever hangs is left behind.")  # fmt: skip
def command(
    names: tuple[str, ...],
    in_cluster: bool,
    kubeconfig: str,
    context: str,
    dns_servers: tuple[str, ...],
    lustre_port: int,
    deadline: float,
) -> int:
    """Look into the node that this runs on, and print its answer as one line of JSON.

    One reader on every node (deploy/kubernetes/nodes-job.yaml) makes a fleet's answers; put together they are
    judged by `lustre-doctor run --node-answers FILE`. Exit code 5 when the node could not be looked into.
    """
    from diag.model.unavailable import Unavailable
    from diag.sources.kubernetes.client import Kube
    from diag.sources.nodes.own import read_own, volume_names
    from diag.sources.nodes.recorded import line_of

    until = time.monotonic() + deadline
    if in_cluster or kubeconfig or context:
        listed = volume_names(Kube(kubeconfig=kubeconfig, context=context, in_cluster=in_cluster))
        if isinstance(listed, Unavailable):
            click.echo(f"the cluster's volumes are not known: {listed}", err=True)
        else:
            names = (*names, *listed)
    node, answer = read_own(os.environ.get("NODE_NAME", ""), names, dns_servers, lustre_port, until)
    click.echo(line_of(node, answer), nl=False)
    return 5 if isinstance(answer, Unavailable) else 0
