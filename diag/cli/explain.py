"""`lustre-doctor explain`: paste a text, get the causes."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from diag.cli import _options
from diag.cli._output import OUTPUT, print_report, warn, write_outputs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diag.model.symptom import TextStream


@click.command(
    "explain",
    cls=_options.Command,
    examples=(
        "kubectl describe pod POD | lustre-doctor explain -",
        "lustre-doctor explain kubelet.log bundle.tar.gz",
        "dmesg | lustre-doctor explain --lines -",
    ),
)
@click.argument("paths", nargs=-1, type=_options.PATH)
@_options.options(
    _options.deadline(120.0, "Stop waiting for more input after this long; what was read is judged."),
    _options.RUNBOOKS,
    _options.Group(
        "Texts",
        (
            click.option(
                "--lines", "by_line", is_flag=True, help="Show what each line is: who prints it, what it means."
            ),
        ),
    ),
    OUTPUT,
)
def command(
    paths: tuple[str, ...],
    deadline: float,
    runbooks: tuple[str, ...],
    by_line: bool,
    form: str,
    outputs: tuple[tuple[str, str], ...],
    everything: bool,
    quiet: bool,
) -> int:
    """Name the causes behind error texts: events, logs, dmesg, archives, or `-` for standard input.

    Needs no credentials and contacts no network. Exit code 0 when a cause was found, 5 when none was.
    """
    until = time.monotonic() + deadline
    from diag.diagnosis.explain import COLLECT, explain
    from diag.reports.report import report_on_texts
    from diag.run.report import guides_of
    from diag.sources.files import is_missing
    from diag.sources.runbooks import load_runbooks
    from diag.sources.texts.streams import Texts
    from diag.texts.symptoms import read_symptoms
    from diag.version import __version__

    if not paths and sys.stdin.isatty():
        raise click.UsageError("give a file, a folder, an archive, or - for standard input")
    knowledge = load_runbooks(runbooks, until=until)
    for path in paths:
        if is_missing(path):
            raise click.UsageError(f"there is no file or folder {path!r}")
    texts = Texts(paths or ("-",), until=until)
    streams: Iterable[TextStream] = texts
    if by_line:
        from diag.texts.lines import Recorder

        streams = recorder = Recorder(texts)
    read = read_symptoms(streams, knowledge)
    for problem in (*texts.problems, *read.problems):
        warn(str(problem))
    for noise in read.benign:
        warn(f"harmless, seen {noise.times} time(s) ({noise.cause}): {noise.text}")
    groups = ((group.mount, group.symptoms) for group in read.groups)
    diagnoses = explain(groups, knowledge.causes, read.mounted, is_of_another=read.is_of_another)
    lines = recorder.lines(knowledge) if by_line else ()
    report = report_on_texts(diagnoses, __version__, COLLECT, guides_of(diagnoses, knowledge), lines)
    write_outputs(report, outputs, everything=everything)
    return print_report(report, form, everything=everything, quiet=quiet)
