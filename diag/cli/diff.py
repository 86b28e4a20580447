"""`lustre-doctor diff`: what differs between two snapshots or cases, or between two nodes of one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from diag.cli import _options
from diag.cli._output import COLOUR, TEXT_OR_JSON, print_as, style_of_terminal

if TYPE_CHECKING:
    from diag.engine.snapshot import Snapshot
    from diag.reports.diff import Comparison

DIFFERS = 3
"""Exit code when something differs: 1 and 2 are failures of the tool and wrong usage."""


@click.command(
    "diff",
    cls=_options.Command,
    examples=(
        "lustre-doctor diff healthy.tar.gz broken.tar.gz",
        "lustre-doctor diff case.tar.gz --nodes ip-10-0-1-4,ip-10-0-1-5",
    ),
)
@click.argument("before", type=_options.PATH)
@click.argument("after", type=_options.PATH, required=False)
@click.option("--nodes", metavar="WORKING,FAILING", default="", help="Two nodes of one snapshot, instead of two files.")
@click.option("--all", "everything", is_flag=True, help="Print every difference of every layer.")
@_options.options(_options.deadline(60.0, "Time limit of reading and judging the files."))
@TEXT_OR_JSON
@COLOUR
def command(before: str, after: str | None, nodes: str, form: str, everything: bool, deadline: float) -> int:
    """Compare two snapshots or cases: the first difference on the mount path comes first.

    Healthy yesterday and broken today, or, with --nodes, the node that works and the one that fails. What changes by
    itself (times, versions of objects, order without meaning) is left out. Exit code 0 when nothing differs, 3 when
    something does.
    """
    until = time.monotonic() + deadline
    from diag.reports.diff import to_json, to_text

    if bool(nodes) == bool(after):
        raise click.UsageError("give two files, or one and --nodes WORKING,FAILING")
    comparison = _compare_nodes(before, nodes, until) if nodes else _compare_files(before, after or "", until)
    shown = to_json(comparison) if form == "json" else to_text(comparison, style_of_terminal(everything=everything))
    print_as(shown, form)
    return DIFFERS if comparison.differences or comparison.verdicts else 0


def _compare_files(before: str, after: str, until: float) -> Comparison:
    from diag.diff.compare import compare
    from diag.diff.verdicts import verdict_changes
    from diag.engine.run import replay
    from diag.reports.diff import Comparison
    from diag.run.execute import load_snapshot
    from diag.sources.casefile import read_key_id
    from diag.sources.world import load_registry

    registry = load_registry()
    one, other = (load_snapshot(path, registry, until) for path in (before, after))
    notes: tuple[str, ...] = ()
    if read_key_id(before, until=until) != read_key_id(after, until=until):
        notes = ("the two were redacted with different keys, so the same ids and names have different stand-ins; "
                 "collect both with the same --key FILE",)  # fmt: skip
    findings = [
        replay(registry, registry.select(), snapshot, deadline=until).judged.findings for snapshot in (one, other)
    ]
    differences = compare(_plain_facts(one), _plain_facts(other), registry.facts)
    return Comparison(before, after, differences, verdict_changes(*findings), notes)


def _compare_nodes(path: str, nodes: str, until: float) -> Comparison:
    from diag.diff.nodes import compare_nodes
    from diag.reports.diff import Comparison
    from diag.run.execute import load_snapshot
    from diag.sources.world import load_registry

    working, comma, failing = nodes.partition(",")
    if not comma or not working or not failing:
        raise click.UsageError("--nodes takes two names: WORKING,FAILING")
    registry = load_registry()
    recorded = _plain_facts(load_snapshot(path, registry, until))
    return Comparison(working, failing, compare_nodes(recorded, working, failing, registry.facts))


def _plain_facts(snapshot: Snapshot) -> dict[str, Any]:
    """The recorded facts as plain JSON values. What one side could not read is no difference of the world."""
    import msgspec

    from diag.model.unavailable import Unavailable
    from diag.secret_filter import scrubbed

    known = ((name, value) for name, value in snapshot.facts.items() if not isinstance(value, Unavailable))
    return {name: scrubbed(msgspec.json.decode(msgspec.json.encode(value))) for name, value in known}
