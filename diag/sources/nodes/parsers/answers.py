"""The frames in which the node probe prints its answers, and one answer of a command."""

from __future__ import annotations

import msgspec

from diag.model.unavailable import Reason, Unavailable
from diag.sanitize import one_line

HEAD = "#lustre-doctor 1"

NO_COMMAND = 127
"""Exit status of a shell that does not find a command (POSIX 2.8.2)."""


NO_FILE = 3
"""What the probe answers for a file or folder that is not there or not readable."""


TIMED_OUT = frozenset({124, 137})
"""`timeout` after TERM and after KILL (coreutils manual)."""


class Answer(msgspec.Struct, frozen=True):
    """What one command printed, both streams together, and how it ended."""

    status: int = 0
    text: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The text line by line."""
        return tuple(self.text.splitlines())


class Answers(msgspec.Struct, frozen=True):
    """Everything that one node answered."""

    by_question: dict[str, Answer] = {}
    unfinished: str = ""
    """The question whose answer began and did not end."""
    is_complete: bool = False
    is_probe: bool = False
    """The text began as the probe's output does."""
    not_asked: tuple[str, ...] = ()
    """Questions the probe left out because a Lustre tool already hangs on the node."""


def parse_answers(text: str) -> Answers:
    """Read the probe's output, whole or cut anywhere. Lines outside frames are passed over. Never raises.

    The content of an answer stands behind a bar in every line, so no content can open or close a frame.
    """
    answers: dict[str, Answer] = {}
    question, content = "", list[str]()
    complete, probe, not_asked = False, False, tuple[str, ...]()
    for line in text.split("\n"):
        if line.startswith("|"):
            if question:
                content.append(line[1:].rstrip("\r"))
            continue
        word, _, rest = line.rstrip("\r").partition(" ")
        if word == "#begin":
            question, content = rest, []
        elif word == "#end":
            name, _, status = rest.partition(" ")
            if name == question and status.isascii() and status.isdigit() and len(status) < 4:
                answers[name] = Answer(int(status), "\n".join(content))
            question, content = "", []
        elif word == "#stuck":
            not_asked = tuple(rest.split())
        elif word == "#done":
            complete = True
        elif line.startswith(HEAD):
            probe = True
    return Answers(answers, question, complete, probe, not_asked)


def no_answer(answer: Answer) -> Unavailable | None:
    """Why an answer holds nothing of use, None when it may: the reasons that all questions have in common."""
    if answer.status == NO_COMMAND:
        return Unavailable("", Reason.UNREACHABLE, "there is no command to ask it with")
    if answer.status == NO_FILE:
        return Unavailable("", Reason.NOT_ASKED, "there is no such file where it was asked")
    if answer.status in TIMED_OUT:
        return Unavailable("", Reason.TIMEOUT, "no answer in time")
    if answer.status and any(word in answer.text.lower() for word in ("permission denied", "not permitted")):
        return Unavailable("", Reason.DENIED, one_line(answer.text), permission="root on the node")
    return None


def garbled(detail: str) -> Unavailable:
    """An answer that is not what its question asked for."""
    return Unavailable("", Reason.GARBLED, one_line(detail))


def absent(detail: str) -> Unavailable:
    """The node says that there is no such thing."""
    return Unavailable("", Reason.ABSENT, one_line(detail))
