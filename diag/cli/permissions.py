"""`lustre-doctor permissions`: the least rights that a run needs."""

from __future__ import annotations

import click

from diag.cli import _options
from diag.cli._output import warn


@click.command(
    "permissions",
    cls=_options.Command,
    examples=(
        "lustre-doctor permissions --emit iam > policy.json",
        "lustre-doctor permissions --emit rbac --only driver | kubectl apply -f -",
    ),
)
@click.option("--emit", type=_options.Choice(("iam", "rbac")), required=True,
              help="An IAM policy for the AWS identity, or a ClusterRole for the Kubernetes user.")  # fmt: skip
@_options.options(_options.SELECTION)
def command(emit: str, only: tuple[str, ...], skip: tuple[str, ...]) -> int:
    """Print the rights that `lustre-doctor run` needs with the same --only and --skip: all of them, no others.

    They are what the facts behind those checks declare. Where one is missing, the checks that need it answer
    unknown and name it; all other checks are not affected.
    """
    from diag.registry import permissions_of
    from diag.reports.permissions import UnknownResource, cluster_role, iam_policy
    from diag.sources.world import load_registry

    registry = load_registry()
    for error in registry.errors:
        warn(error.message)
    chosen = registry.select(only, skip)
    needed = registry.facts_of_run(chosen)
    try:
        click.echo((iam_policy if emit == "iam" else cluster_role)(permissions_of(needed)), nl=False)
    except UnknownResource as error:
        raise click.ClickException(str(error)) from error
    return 0
