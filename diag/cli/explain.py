"""`lustre-doctor explain`: paste a text, get the causes."""

from __future__ import annotations

import sys

import click

from diag.cli.printing import output_options, render, write_outputs


@click.command("explain")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--runbooks", "folders", multiple=True, type=click.Path(), help="A folder of a team's own runbooks.")
@output_options
def command(
    paths: tuple[str, ...], folders: tuple[str, ...], form: str, outputs: tuple[tuple[str, str], ...], everything: bool
) -> int:
    """Name the causes behind error texts: events, logs, dmesg, archives, or `-` for standard input.

    Needs no credentials and touches no network. Exit code 0 when a cause was found, 5 when none was.
    """
    from pathlib import Path

    from diag.cli.knowledge import load
    from diag.diagnosis.explain import explain
    from diag.reports.report import of_texts
    from diag.sanitize import visible
    from diag.sources.texts.open import Texts
    from diag.texts.symptoms import read_symptoms
    from diag.version import __version__

    if not paths and sys.stdin.isatty():
        raise click.UsageError("give a file, a folder, an archive, or - for standard input")
    knowledge = load(folders)
    for path in paths:
        if path != "-" and not Path(path).exists():
            raise click.UsageError(f"there is no file or folder {path!r}")
    texts = Texts(paths or ("-",))
    read = read_symptoms(texts, knowledge)
    for problem in (*texts.problems, *read.problems):
        click.echo(f"lustre-doctor: {visible(str(problem))}", err=True)
    for noise in read.benign:
        click.echo(
            f"lustre-doctor: harmless, seen {noise.times} time(s) ({noise.cause}): {visible(noise.text)}", err=True
        )
    diagnoses = explain(((group.mount, group.symptoms) for group in read.groups), knowledge.causes)
    report = of_texts(diagnoses, __version__)
    write_outputs(report, outputs, everything=everything)
    click.echo(render(report, form, everything=everything), nl=False)
    return report.exit_code
