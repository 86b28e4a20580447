"""`lustre-doctor runbook`: what is known of each cause, filled with an incident's values."""

from __future__ import annotations

from collections.abc import Iterable

import click

from diag.cli.knowledge import load
from diag.cli.printing import terminal_width
from diag.knowledge.runbooks import Knowledge
from diag.model.diagnosis import Diagnosis


@click.command("runbook")
@click.argument("id", required=False)
@click.option(
    "--with",
    "source",
    type=click.Path(),
    metavar="FILE",
    help="Fill in the values of a snapshot or case, or of the JSON that run or explain printed.",
)
@click.option("--runbooks", "folders", multiple=True, type=click.Path(), help="A folder of a team's own runbooks.")
def command(id: str | None, source: str | None, folders: tuple[str, ...]) -> int:
    """List the runbooks, or show one."""
    knowledge = load(folders)
    if id is None:
        from tabulate import tabulate

        rows = [(cause.layer.value, cause.id, cause.title) for _, cause in sorted(knowledge.causes.items())]
        widths = [None, None, max(30, terminal_width() - 50)]
        click.echo(tabulate(rows, headers=["layer", "cause", "what is wrong"], maxcolwidths=widths))
        return 0
    if id not in knowledge.causes:
        raise click.UsageError(
            f"no runbook is called {id!r}; `lustre-doctor runbook` lists them{_close_to(id, knowledge.causes)}"
        )
    from pathlib import Path

    from diag.reports.runbook import to_page

    values = _values(source, id, knowledge) if source else {}
    click.echo(to_page(knowledge.causes[id], Path(knowledge.files[id]).read_text(), values), nl=False)
    return 0


def _close_to(id: str, ids: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(id, list(ids), 3)
    return f" (close to it: {', '.join(close)})" if close else ""


def _values(source: str, id: str, knowledge: Knowledge) -> dict[str, str]:
    """The values of the diagnosis that names the cause, else of the first one."""
    from diag.diagnosis.recall import NoDiagnosis, is_snapshot, values_in, values_of
    from diag.sources.casefile import BadCase, read_snapshot
    from diag.sources.files import UnreadableFile

    try:
        data = read_snapshot(source)
        return values_of(_diagnoses(source, knowledge), id) if is_snapshot(data) else values_in(data, id)
    except (NoDiagnosis, BadCase, UnreadableFile) as error:
        raise click.UsageError(f"--with {source}: {error}") from error


def _diagnoses(source: str, knowledge: Knowledge) -> tuple[Diagnosis, ...]:
    from diag.cli.replaying import replay_file
    from diag.diagnosis.diagnose import diagnose
    from diag.engine.plugins import load_plugins
    from diag.engine.run import select
    from diag.resources.target import Target
    from diag.sources.world import facts
    from diag.texts.symptoms import match_text

    plugins = load_plugins()
    outcome = replay_file(source, select(plugins.checks), (*facts(), *plugins.facts), Target())
    return diagnose(
        outcome.judged.findings,
        outcome.facts,
        knowledge.causes,
        lambda text, medium: match_text(text, medium, knowledge),
    )
