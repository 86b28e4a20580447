"""From texts to the report of an explanation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from diag.diagnosis.explain import COLLECT, explain
from diag.reports.report import Report, report_on_texts
from diag.run.report import guides_of
from diag.secret_filter import scrubbed
from diag.texts.symptoms import read_symptoms
from diag.version import __version__

if TYPE_CHECKING:
    from diag.knowledge.runbooks import Knowledge
    from diag.model.symptom import TextStream
    from diag.model.unavailable import Unavailable


class Explained(msgspec.Struct, frozen=True):
    """The report, and what a person should know of the reading, a line each."""

    report: Report
    notes: tuple[str, ...]


def explain_texts(
    streams: Iterable[TextStream], knowledge: Knowledge, *, by_line: bool = False, guided: bool = False
) -> Explained:
    """The causes that the texts show. `by_line` also says of each line what it is; `guided` adds the runbooks."""
    recorder = None
    if by_line:
        from diag.texts.lines import Recorder

        streams = recorder = Recorder(streams)
    read = read_symptoms(streams, knowledge)
    groups = ((group.mount, group.symptoms) for group in read.groups)
    diagnoses = explain(groups, knowledge.causes, read.mounted, owner=read.owner, unknown=read.unknown)
    guides = guides_of(diagnoses, knowledge) if guided else ()
    lines = recorder.lines(knowledge) if recorder else ()
    problems = (*read.problems, *(recorder.cut if recorder else ()))
    report = report_on_texts(diagnoses, __version__, COLLECT, guides, lines, problems)
    harmless = (f"harmless, seen {one.times} time(s) ({one.cause}): {one.text}" for one in read.benign)
    return Explained(report, (*map(str, problems), *harmless))


def with_unread(report: Report, problems: tuple[Unavailable, ...]) -> Report:
    """The report with what could not be read of files and archives before what else is missing."""
    return msgspec.structs.replace(report, unavailable=(*scrubbed(problems), *report.unavailable))
