"""`lustre-doctor runbook`: what is known of each cause, filled with an incident's values."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from diag.cli import _options
from diag.cli._output import no_such, print_table, terminal_width

if TYPE_CHECKING:
    from diag.knowledge.cause import Cause
    from diag.knowledge.runbooks import Knowledge
    from diag.model.diagnosis import Diagnosis


def _ids() -> Iterable[str]:
    from diag.sources.runbooks import load_runbooks

    return load_runbooks(()).causes


@click.command(
    "runbook",
    cls=_options.Command,
    examples=(
        "lustre-doctor runbook --search 'security group'",
        "lustre-doctor runbook client-server-version-mismatch",
        "lustre-doctor runbook client-server-version-mismatch --option 1",
        "lustre-doctor run --format json > run.json; lustre-doctor runbook sg-missing-988 --with run.json",
    ),
)
@click.argument("id", required=False, shell_complete=_options.names(_ids))
@_options.LAYER
@click.option("--search", "word", default="", metavar="WORD", help="List those whose text has this word.")
@click.option("--with", "source", type=_options.PATH, metavar="FILE",
              help="Fill in the values of a snapshot or case, or of the JSON that run or explain printed.")  # fmt: skip
@click.option("--option", "number", type=click.IntRange(min=1), metavar="N", help="Show this option to fix it alone.")
@click.option("--all", "everything", is_flag=True, help="Show the steps of long options after the first too.")
@_options.options(_options.RUNBOOKS, _options.deadline(60.0, "Time limit of reading and judging the files."))
def command(
    id: str | None,
    layer: str | None,
    word: str,
    source: str | None,
    number: int | None,
    everything: bool,
    runbooks: tuple[str, ...],
    deadline: float,
) -> int:
    """List the runbooks, or show one."""
    until = time.monotonic() + deadline
    from diag.reports.runbook import NoSuchOption, to_page
    from diag.sources.runbooks import load_runbooks

    knowledge = load_runbooks(runbooks, until=until)
    if id is None:
        if option := "--with" if source else "--option" if number else "--all" if everything else "":
            raise click.UsageError(f"{option} needs the id of a runbook: lustre-doctor runbook ID {option} …")
        causes = [cause for cause in found_by(knowledge, word) if layer in (None, cause.layer.value)]
        if word and not causes:
            raise click.UsageError(f"no runbook has the word {word!r}")
        rows = [(cause.layer.value, cause.id, cause.title) for cause in causes]
        print_table(rows, ("layer", "cause", "what is wrong"))
        return 0
    id = knowledge.resolve(id)
    if id not in knowledge.causes:
        raise no_such("runbook", id, knowledge.causes, "runbook")
    values = _values(source, id, knowledge, until) if source else {}
    titles = {other: cause.title for other, cause in knowledge.causes.items()}
    cause, text = knowledge.causes[id], knowledge.page(id)
    try:
        page = to_page(
            cause, text, values, titles,
            width=terminal_width(), option=number or 0, is_brief=not everything, filled_from=source or "",
        )  # fmt: skip
    except NoSuchOption as error:
        raise click.UsageError(str(error)) from error
    click.echo(page, nl=False)
    return 0


def found_by(knowledge: Knowledge, word: str) -> list[Cause]:
    """The causes in the order of their ids, those whose runbook has the word; all for none."""
    causes = (cause for _, cause in sorted(knowledge.causes.items()))
    return [cause for cause in causes if not word or word.lower() in knowledge.page(cause.id).lower()]


def _values(path: str, id: str, knowledge: Knowledge, until: float) -> dict[str, str]:
    """The values of the diagnosis that names the cause, else of the first one."""
    from diag.diagnosis.recall import NoDiagnosis, is_snapshot, values_in, values_of
    from diag.sources.casefile import BadCase, read_snapshot

    try:
        data = read_snapshot(path, until=until)
        return values_of(_diagnoses(path, knowledge, until), id) if is_snapshot(data) else values_in(data, id)
    except (NoDiagnosis, BadCase) as error:
        raise click.UsageError(f"--with {path}: {error}") from error


def _diagnoses(path: str, knowledge: Knowledge, until: float) -> tuple[Diagnosis, ...]:
    from diag.engine.run import replay
    from diag.run.execute import load_snapshot
    from diag.run.report import diagnoses_of
    from diag.sources.world import load_registry

    registry = load_registry()
    outcome = replay(registry, registry.select(), load_snapshot(path, registry, until), deadline=until)
    return diagnoses_of(outcome, outcome.judged.findings, knowledge)
