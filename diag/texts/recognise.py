"""Which message of the catalogue a line is, although it names no cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from diag.knowledge import lustre_waits
from diag.knowledge.errors import errors
from diag.knowledge.messages import Catalogue, Message, Role, load_messages, words_of
from diag.late import late
from diag.texts.line import NO_PREFIX, Prefix
from diag.texts.owner import mentions_lustre

_PLACE = late(r"\((?P<file>[\w.-]{1,64}\.[ch]):\d{1,6}:(?P<function>\w{1,128})\(\)\)")
_ERROR = late(r"\b(?:rc|err|errno|error)\b[ =:]{1,3}-(?P<number>\d{1,3})\b")
_PROGRAM = late(r"(?:mount\.lustre|lctl|lnetctl|lfs)(?: \w[\w-]{1,40})?: ")
_COMMAND = late(
    r"(?:(?:error|warning): )?(?P<name>[a-z][\w.]{1,30})(?: \w[\w-]{1,40})?: (?:(?:ERROR|WARNING|FATAL): )?"
)
_LNET = late(
    r"(?i)\b(?:nids?|lnis?|ni|lnet|lnetctl|lnds?|net|network|peer|route|router|routing|gateway|gw|cpts?|numa|udsp|yaml|descr)\b"
)
_CONSOLE = late(r"\b(?:Lustre|LustreError|LNet|LNetError)\b(?:\[\d+\])?: |^(?:[0-9a-f]{2,3}-[0-9a-f]: )")

_FRAME = late(r"\w\+0x[0-9a-f]+/0x[0-9a-f]+ \[(?P<module>\w{1,32})\]")
_BEGINS = late(r" (?=rpc error: |Output: |Mounting command: |Lustre(?:Error)?: |LNet(?:Error)?: |mount\.lustre: )")
_ANY_PART = "log"
"""The component of what every part of Lustre prints, whatever source file the line names."""
_MANY = "many programs"
"""The component of words that any program may print: `permission denied`, `out of memory`, a help's `--version`."""
_HELP = "usage"
_NAME = late(r"\S{1,64}: ")
_NAME_AND_REASON = late(r"(?: ?\S+)??(?:$|[ ]?[:.,;!(\['\"].*)")
_TOOLS = ("l_getidentity", "lctl", "lfs", "lnetctl", "lst", "mkfs.lustre", "mount.lustre")
_OWN_WORDS = 30
"""Characters of a message of a program that no other program happens to print."""
_SHORT_WORDS = 11
"""So many are enough where the message is half of the line, or begins it and is a fourth."""
_FEW_WORDS, _MOST = 16, 4
"""Fewer characters count where they begin, or are a fourth of the line: many programs print `not supported`."""
_BEFORE = ("desc = ", '"')


class Known(NamedTuple):
    """What is known of one line."""

    program: str
    component: str
    what: str
    """What the component is for."""
    role: Role
    means: str
    cause: str = ""
    versions: str = ""
    id: str = ""
    """The message's, empty where only the place in the program is known."""
    kind: str = ""
    """The kind of message, empty where its meaning is its own."""

    def __str__(self) -> str:
        component = "" if self.component == self.program else f", {self.component} ({self.what})"
        return f"{self.role.value}; {self.program}{component}: {self.means}"


def recognise(text: str, prefix: Prefix = NO_PREFIX) -> Known | None:
    """What a normalised line is, None where no program of the stack is known to print it.

    A line of the kernel's log is looked for among the messages of the component whose source file it names, and is at
    least a message of that component, as is a line that begins with a program's name, and one whose prefix names the
    source file. Messages of Lustre count only in a line that is Lustre's, and words that many programs print only
    where they are all that it says.
    """
    catalogue = load_messages()
    place = _PLACE.search(text) if "())" in text else None
    component = catalogue.sources.get(place["file"], "") if place else ""
    of_console = place is not None or _CONSOLE.search(text) is not None
    about_lustre = of_console or _PROGRAM.search(text) is not None or mentions_lustre(text)
    said = component or _component_of(catalogue, text, prefix)
    candidates = _candidates(catalogue, text)
    found = [message for message in candidates if message.component == said]
    if not found:
        is_of_tool = bool(said) and not component and not prefix.source
        others = (m for m in candidates if m.component == _ANY_PART or not (component or m.component == _MANY))
        others = (m for m in others if not (is_of_tool and catalogue.components[m.component].console))
        found = [
            m for m in others if _is_in_place(catalogue, m, text, about_lustre=about_lustre, of_console=of_console)
        ]
        of_many = [m for m in candidates if m.component == _MANY and not component and _is_all(m, text)]
        if of_many and max(map(_own, of_many)) >= max(map(_own, found), default=0):
            return _known(catalogue, max(of_many, key=_own), said)
    if found:
        return _known(catalogue, max(found, key=lambda message: (not message.kind, _own(message))))
    if not said:
        return _wait_in(text)
    of = catalogue.components[said]
    role = Role.SERVER if of.is_server else Role.CONTEXT if prefix.level == "I" else Role.CONSEQUENCE
    return Known(of.program, said, of.what, role, "a message of this part that is not known by its words")


def _wait_in(text: str) -> Known | None:
    """The function of Lustre's client in which a process waits: a frame of its stack, or what wchan names."""
    if "_" not in text:
        return None
    functions = sorted(words_of(text), key=text.find)
    if what := lustre_waits.waits_for(functions):
        means = f"a process waits in the Lustre client for {what}"
    elif (frame := _FRAME.search(text)) is not None and frame["module"] in lustre_waits.table().modules:
        means = "where in the Lustre client a process was; belongs to the lines around it"
    else:
        return None
    return Known("kernel", "kernel", "the system under all programs", Role.CONSEQUENCE, means)


def _component_of(catalogue: Catalogue, text: str, prefix: Prefix) -> str:
    """The component whose command a line begins with or is logged by, or whose source file its prefix names.

    Empty where none is.
    """
    if prefix.program in catalogue.commands:
        return catalogue.commands[prefix.program]
    if (command := _COMMAND.match(text)) is not None and command["name"] in catalogue.commands:
        return catalogue.commands[command["name"]]
    return catalogue.sources.get(prefix.source, "")


def recognise_parts(texts: Iterable[str]) -> Iterator[tuple[str, Known]]:
    """What normalised texts are, each with its text; one that holds several messages is read part by part.

    Words that any program may print say nothing of this one.
    """
    for text in dict.fromkeys(part for whole in texts for part in (whole, *_BEGINS.split(whole))):
        if (known := recognise(text)) is not None and known.component != _MANY:
            yield text, known


def error_in(text: str) -> str:
    """`EIO, Input/output error` where a normalised text ends with that number; empty where it has none."""
    found = _ERROR.findall(text)
    number = int(found[-1]) if found else 0
    return next((f"{error.name}, {error.message}" for error in errors().values() if error.number == number), "")


def _known(catalogue: Catalogue, message: Message, said: str = "") -> Known:
    """The message as one of its own component; words of many programs as one of the program `said`."""
    of = catalogue.components[said or message.component]
    versions = message.versions
    return Known(
        of.program, of.name, of.what, message.role, message.means, message.cause, versions, message.id, message.kind
    )


def _is_in_place(catalogue: Catalogue, message: Message, text: str, *, about_lustre: bool, of_console: bool) -> bool:
    """Whether the words of a message are enough to be that message in this text.

    The kernel's words are Lustre's only in a line that is Lustre's, few of them only in one of its console; those of a
    program are its own where there are enough of them, or where they are most of the line.
    """
    of = catalogue.components[message.component]
    own = sum(map(len, message.parts))
    if of.console:
        return of_console or (about_lustre and own >= _FEW_WORDS)
    if of.program in _TOOLS:
        begins = text.startswith(message.parts[0])
        is_most = own >= _SHORT_WORDS and (_MOST if begins else 2) * own >= len(text)
        of_lnet = of.program == "lnetctl" and _LNET.search(text) is not None
        is_a_field = "_" in message.parts[0] and " " not in message.parts[0] and begins
        is_all = begins and text.endswith(message.parts[-1]) and (len(message.parts) > 1 or text == message.parts[0])
        return about_lustre or of_lnet or own >= _OWN_WORDS or is_most or is_a_field or is_all
    before = text[: text.find(message.parts[0])]
    begins = not before or before.endswith(_BEFORE)
    return own >= _FEW_WORDS or _MOST * own >= len(text) or begins or " " not in message.parts[0]


def _own(message: Message) -> int:
    """Characters of a text that are the message's own words."""
    return sum(len(part.strip(" :.")) for part in message.parts)


def _is_all(message: Message, text: str) -> bool:
    """Whether a text is the message, a name or a reason after it and at most a program's or file's name before it."""
    named = (_COMMAND.match(text), _NAME.match(text))
    starts = (0, *(found.end() for found in named if found is not None))
    start = next((start for start in starts if text.startswith(message.parts[0], start)), None)
    if start is None:
        return False
    return message.kind == _HELP or _NAME_AND_REASON.fullmatch(text, start + len(message.parts[0])) is not None


def _candidates(catalogue: Catalogue, text: str) -> list[Message]:
    numbers = {number for word in words_of(text) for number in catalogue.numbers(word)}
    return [message for number in sorted(numbers) if _shows(text, message := catalogue.message(number))]


def _shows(text: str, message: Message) -> bool:
    position = 0
    for part in message.parts:
        position = text.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return True
