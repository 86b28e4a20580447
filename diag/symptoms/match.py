"""Texts that are already in hand (an event's message, a node's dmesg) as symptoms."""

from __future__ import annotations

from diag.knowledge.runbooks import Knowledge
from diag.model.symptom import Medium, Symptom
from diag.symptoms.blocks import LONGEST
from diag.symptoms.matcher import matcher_of
from diag.symptoms.symptom_of import Circumstances, read_symptom


def match_text(text: str, medium: Medium, knowledge: Knowledge) -> tuple[Symptom, ...]:
    """The symptoms in one text.

    An event's message is one symptom, with its hits or without. Any other text is read as lines: every block that
    shows a signature or speaks of a failed mount is a symptom, in the text's order; equal ones are counted.
    """
    if medium is Medium.EVENT:
        return (read_symptom(text[:LONGEST], Circumstances(medium=medium), matcher_of(knowledge)).symptom,)
    from diag.symptoms.collect import Collector
    from diag.symptoms.scan import Scan

    scan = Scan(knowledge, medium=None if medium is Medium.TEXT else medium)
    collector = Collector(matcher_of(knowledge))
    for reading in scan.read(iter((text.encode("utf-8", "replace"),))):
        collector.add(reading)
    return tuple(kind.symptom for kind in collector.kinds() if kind.is_telling)
