"""`lustre-doctor diff`: what differs between two snapshots or cases, or between two nodes of one."""

from __future__ import annotations

from typing import Any

import click

DIFFERS = 3
"""Exit code when something differs: 1 and 2 are taken by failures of the tool and wrong usage."""


@click.command("diff")
@click.argument("before", type=click.Path())
@click.argument("after", type=click.Path(), required=False)
@click.option("--nodes", metavar="WORKING,FAILING", default="", help="Two nodes of one snapshot, instead of two files.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.option("--all", "everything", is_flag=True, help="Every difference of every layer.")
@click.option("--runbooks", "folders", multiple=True, type=click.Path(), help="A folder of a team's own runbooks.")
def command(before: str, after: str | None, nodes: str, form: str, everything: bool, folders: tuple[str, ...]) -> int:
    """Set two snapshots or cases side by side: the first difference on the mount path comes first.

    Healthy yesterday and broken today, or, with --nodes, the node that works and the one that fails. What changes by
    itself (times, versions of objects, order without meaning) is left out. Exit code 0 when nothing differs, 3 when
    something does.
    """
    from diag.cli.printing import terminal_width, wants_colour
    from diag.reports.difference import to_json, to_text
    from diag.reports.text import Style

    if bool(nodes) == bool(after):
        raise click.UsageError("give two files, or one and --nodes WORKING,FAILING")
    comparison = _of_nodes(before, nodes) if nodes else _of_files(before, after or "")
    if form == "json":
        click.echo(to_json(comparison), nl=False)
    else:
        style = Style(terminal_width(), colour=wants_colour(), everything=everything)
        click.echo(to_text(comparison, style), nl=False)
    return DIFFERS if comparison.differences or comparison.verdicts else 0


def _of_files(before: str, after: str) -> Any:
    from diag.cli.replaying import key_of, replay_file
    from diag.diff.compare import compare
    from diag.diff.verdicts import verdict_changes
    from diag.engine.plugins import load_plugins
    from diag.engine.run import select
    from diag.reports.difference import Comparison
    from diag.resources.target import Target
    from diag.sources.world import facts

    plugins = load_plugins()
    checks, offered = select(plugins.checks), (*facts(), *plugins.facts)
    one, other = (replay_file(path, checks, offered, Target()) for path in (before, after))
    notes: tuple[str, ...] = ()
    if key_of(before) != key_of(after):
        notes = ("the two were redacted with different keys, so ids and names differ where they are the same; "
                 "collect both with the same --key FILE",)  # fmt: skip
    return Comparison(
        before,
        after,
        compare(_plain(one), _plain(other)),
        verdict_changes(one.judged.findings, other.judged.findings),
        notes,
    )


def _of_nodes(path: str, nodes: str) -> Any:
    from diag.cli.replaying import replay_file
    from diag.diff.nodes import UnknownNode, compare_nodes
    from diag.reports.difference import Comparison
    from diag.resources.target import Target
    from diag.sources.world import facts

    working, comma, failing = nodes.partition(",")
    if not comma or not working or not failing:
        raise click.UsageError("--nodes takes two names: WORKING,FAILING")
    outcome = replay_file(path, (), facts(), Target())
    try:
        return Comparison(working, failing, compare_nodes(_plain(outcome), working, failing))
    except UnknownNode as error:
        raise click.UsageError(f"--nodes: {error}") from error


def _plain(outcome: Any) -> dict[str, Any]:
    """The recorded facts as plain JSON values. What one side could not read is no difference of the world."""
    import msgspec

    from diag.model.unavailable import Unavailable

    known = ((name, value) for name, value in outcome.snapshot.facts.items() if not isinstance(value, Unavailable))
    return {name: msgspec.json.decode(msgspec.json.encode(value)) for name, value in known}
