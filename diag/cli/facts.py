"""`lustre-doctor facts`: what checks can ask for, and one fact in full."""

from __future__ import annotations

from collections.abc import Iterable

import click

from diag.cli import _options
from diag.cli._output import no_such, print_table, warn


def _names() -> Iterable[str]:
    from diag.sources.world import load_registry

    return load_registry().facts


@click.command(
    "facts",
    cls=_options.Command,
    examples=(
        "lustre-doctor facts --layer network",
        "lustre-doctor facts file_systems",
    ),
)
@click.argument("name", required=False, shell_complete=_options.names(_names))
@_options.LAYER
def command(name: str | None, layer: str | None) -> int:
    """List the facts, or explain one: where it comes from, which permissions it needs, which checks use it.

    A check names the facts that it needs as its parameters.
    """
    from diag.sources.world import load_registry

    registry = load_registry()
    for error in registry.errors:
        warn(error.message)
    facts = sorted(registry.facts.values(), key=lambda fact: (fact.layer.depth, fact.name))
    if name is None:
        shown = (fact for fact in facts if layer in (None, fact.layer.value))
        rows = [(fact.layer.value, fact.name, fact.title, ", ".join(fact.permissions)) for fact in shown]
        print_table(rows, ("layer", "fact", "what it is", "permissions"))
        return 0
    if name not in registry.facts:
        raise no_such("fact", name, registry.facts, "facts")
    fact = registry.facts[name]
    needs = [need.name for need in fact.needs]
    used = [check.id for check in registry.checks if any(need.name == name for need in check.needs)]
    used += [f"fact {other.name}" for other in facts if any(need.name == name for need in other.needs)]
    click.echo(f"{fact.name} (layer {fact.layer.value})\n{fact.title}\n")
    if fact.page:
        click.echo(f"{fact.page}\n")
    click.echo(f"{'read from' if registry.is_read(fact) else 'worked out from'}: {', '.join(needs) or 'nothing'}")
    click.echo(f"permissions: {', '.join(fact.permissions) or 'none'}")
    if fact.optional_permissions:
        click.echo(f"optional permissions: {', '.join(fact.optional_permissions)}")
    click.echo(f"used by: {', '.join(used) or 'no check'}")
    if fact.always:
        click.echo(f"always read: the {fact.always} needs it")
    click.echo(f"from: {fact.origin}")
    return 0
