"""`lustre-doctor permissions`: the least rights that a run takes."""

from __future__ import annotations

import click


@click.command("permissions")
@click.option("--emit", type=click.Choice(("iam", "rbac")), required=True,
              help="An IAM policy for the AWS identity, or a ClusterRole for the Kubernetes user.")  # fmt: skip
@click.option("--only", multiple=True, metavar="CHECK|LAYER", help="For a run of only these checks or layers.")
@click.option("--skip", multiple=True, metavar="CHECK|LAYER", help="For a run without these checks or layers.")
def command(emit: str, only: tuple[str, ...], skip: tuple[str, ...]) -> int:
    """Print the rights that `lustre-doctor run` takes with the same --only and --skip: all of them, none more.

    They are what the facts behind those checks declare. Where one is missing, the checks that need it answer
    unknown and name it; all others are not touched.
    """
    from diag.cli.checks import GIVEN
    from diag.engine.graph import catalogue, closure, permissions_of, wanted_by
    from diag.engine.plugins import load_plugins
    from diag.engine.run import ALWAYS, UnknownSelection, select
    from diag.reports.permissions import UnknownResource, cluster_role, iam_policy
    from diag.sources.world import SOURCES, facts

    plugins = load_plugins()
    for error in plugins.errors:
        click.echo(f"lustre-doctor: {error.message}", err=True)
    try:
        chosen = select(plugins.checks, only, skip)
    except UnknownSelection as error:
        raise click.UsageError(str(error)) from error
    needed = closure((*wanted_by(chosen), *ALWAYS), catalogue((*facts(), *plugins.facts)), (*SOURCES, *GIVEN))
    try:
        click.echo((iam_policy if emit == "iam" else cluster_role)(permissions_of(needed)), nl=False)
    except UnknownResource as error:
        raise click.ClickException(str(error)) from error
    return 0
