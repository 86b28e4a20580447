"""Every message of the programs once, with values of our own: `python -m tests.messages.instances`.

The files hold message id, first and last version, and the text, a tab between them.
"""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from diag.knowledge.messages import load_messages
from diag.texts.line import normalise, read_prefix
from diag.texts.recognise import Known, recognise

HERE = Path(__file__).parent


class Instance(NamedTuple):
    """One message as a program of these versions prints it."""

    id: str
    first: str
    last: str
    text: str

    @property
    def component(self) -> str:
        """The part of the program that prints it."""
        return self.id.rpartition("-")[0]

    def known(self) -> Known | None:
        """What the catalogue says of the text as it stands in a log."""
        return _known(self.text)


@functools.cache
def _known(text: str) -> Known | None:
    return recognise(normalise(text[read_prefix(text).length :]))


def instances(file: str = "*") -> tuple[Instance, ...]:
    """The instances of one file, or of all."""
    lines = (line for path in sorted(HERE.glob(f"{file}.tsv")) for line in path.read_text("utf-8").splitlines())
    return tuple(Instance(*line.split("\t", 3)) for line in lines)


def main() -> None:
    """Prints by component and version how many messages are known by their words, and how many by their place alone."""
    components = load_messages().components
    asked: Counter[tuple[str, str]] = Counter()
    by_words: Counter[tuple[str, str]] = Counter()
    by_place: Counter[tuple[str, str]] = Counter()
    for instance in instances():
        known = instance.known()
        for version in {instance.first, instance.last}:
            key = (f"{components[instance.component].program}, {instance.component}", version)
            asked[key] += 1
            by_words[key] += bool(known and known.id)
            by_place[key] += bool(known and not known.id)
    print(f"{'component':<48} {'version':<8} {'messages':>8} {'by words':>9} {'by place':>9}")
    for (component, version), number in sorted(asked.items()):
        key = (component, version)
        print(f"{component:<48} {version:<8} {number:>8} {by_words[key] / number:>9.1%} {by_place[key]:>9}")


if __name__ == "__main__":
    main()
