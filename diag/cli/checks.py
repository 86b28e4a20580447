"""`lustre-doctor checks`: what is checked, and one check in full."""

from __future__ import annotations

import click

from diag.cli import _options
from diag.cli._output import no_such, print_table, warn


@click.command(
    "checks",
    cls=_options.Command,
    examples=(
        "lustre-doctor checks --layer network",
        "lustre-doctor checks client-version",
    ),
)
@click.argument("id", required=False, shell_complete=_options.names(_options.checks))
@_options.LAYER
def command(id: str | None, layer: str | None) -> int:
    """List the checks, or explain one: what it reads, what each verdict means, which permissions it needs."""
    from diag.registry import GIVEN, permissions_of
    from diag.sources.world import load_registry

    registry = load_registry()
    for error in registry.errors:
        warn(error.message)
    if id is None:
        rows = [
            (c.layer.value, c.id, c.title + (" (only when named)" if c.opt_in else ""))
            for c in registry.checks
            if layer in (None, c.layer.value)
        ]
        print_table(rows, ("layer", "check", "what holds when it passes"))
        return 0
    by_id = {check.id: check for check in registry.checks}
    if id not in by_id:
        raise no_such("check", id, by_id, "checks")
    check = by_id[id]
    click.echo(f"{check.id} (layer {check.layer.value})\n{check.title}.\n")
    click.echo(check.page + "\n")
    click.echo(f"reads: {', '.join(n.name for n in check.needs if n.name not in GIVEN)}")
    click.echo(f"permissions: {', '.join(permissions_of(registry.facts_for([check]))) or 'none'}")
    click.echo(f"speaks for: {', '.join(check.speaks_for) or 'no single cause'}")
    click.echo(f"from: {check.origin}")
    if check.url:
        click.echo(f"see: {check.url}")
    return 0
