"""The message catalogue: what every program of the stack prints, how to tell it by its words, and what it means.

One TOML file a group of programs. A component lists its messages in two forms: `messages` belong to a kind, whose
meaning `kinds.toml` says once for all; `own` have a meaning of their own. The causes' own texts are the runbooks'
signatures; a message that is one points to its cause.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterator, Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import NamedTuple

import msgspec

from diag.decode import convert, decode_json
from diag.knowledge.fingerprint import Fingerprint, fingerprint, is_current
from diag.late import late

FOLDER = Path(__file__).parent
INDEX = "index.jsonl"
INDEX_FORMAT = 6
_KINDS = "kinds.toml"
_GAP = "…"
_WORD = late(r"[A-Za-z_]{3,}")
_FIRST_LETTERS = 2
_LEAST_WORDS = 5
"""Different ones that a message has at least if it is compared: anything is like a shorter one by chance."""


class Role(enum.Enum):
    """What a message is to somebody who looks for the reason of a failure."""

    CAUSE = "cause"
    """It names the cause."""
    CONSEQUENCE = "consequence"
    """Something else is the reason for it."""
    CONTEXT = "context"
    """It names the mount, a version, an address or a step."""
    HARMLESS = "harmless"
    """Nothing is wrong, though it may look so."""
    SERVER = "server"
    """A server prints it, not the node that mounts."""


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What many messages have in common."""

    role: Role
    means: str


class Component(NamedTuple):
    """A part of a program."""

    name: str
    program: str
    what: str
    """In a few words, what it is for."""
    console: bool
    """It prints to the kernel's log, where a line says which source file it comes from."""

    @property
    def is_server(self) -> bool:
        """A Lustre server's part, not the node's that mounts."""
        return self.program == "Lustre server"


class Message(NamedTuple):
    """One message of one component."""

    id: str
    component: str
    role: Role
    means: str
    cause: str
    """The id of the cause that it names or that it follows from; mostly empty."""
    first: str
    """The first and last version that were seen to print it; empty where it does not depend on versions."""
    last: str
    parts: tuple[str, ...]
    """All of these are in its text, in this order."""
    kind: str
    """The kind whose meaning it has; empty where its meaning is its own."""

    @property
    def versions(self) -> str:
        """`2.10 to 2.17`."""
        return self.first if self.first == self.last else f"{self.first} to {self.last}"


class _Index(msgspec.Struct, frozen=True, eq=False):
    """What finds the messages quickly. A message's number is the place where its line begins in the index's file."""

    format: int
    files: dict[str, Fingerprint]
    """Every file it was made from."""
    components: dict[str, Component]
    sources: dict[str, str]
    """The component of a source file that a line of the kernel's log, or klog's prefix, names."""
    commands: dict[str, str]
    """The component of a command whose name begins its lines."""
    meanings: dict[str, str]
    """What each kind of message means."""
    by_word: dict[str, msgspec.Raw]
    """Messages by the rarest of their words, under the first letters of these: a text has few of them."""
    encoded_words: msgspec.Raw
    """What `words` are; decoded for a text in which nothing is known."""


class Catalogue(_Index, frozen=True, eq=False):
    """All messages, with what finds them quickly."""

    encoded: bytes | mmap
    """The messages, one a line; one of a kind leaves its meaning out. A text looks at few of them: only these are read
    and decoded."""

    @property
    def words(self) -> tuple[tuple[int, str], ...]:
        """The numbers of the messages that are long enough to be like something, each with its words."""
        return decode_json(self.encoded_words, tuple[tuple[int, str], ...])

    @property
    def messages(self) -> tuple[Message, ...]:
        """All messages, decoded."""
        *lines, _ = self.encoded[:].split(b"\n")
        return tuple(map(self.message, _places(lines)))

    def message(self, number: int) -> Message:
        """The message with this number."""
        return _message(self, number)

    def numbers(self, word: str) -> tuple[int, ...]:
        """Those of the messages whose rarest word it is."""
        return _numbers(self, word[:_FIRST_LETTERS]).get(word, ())


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    date: str
    console: bool
    components: dict[str, _Component]


class _Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    program: str
    what: str
    files: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    own: tuple[tuple[str, Role, str, str, str, str, str], ...] = ()
    """Id, role, cause, first and last version, text, meaning."""
    messages: tuple[tuple[str, str, str, str, str], ...] = ()
    """Id, kind, first and last version, text."""


class _Kinds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    date: str
    kinds: dict[str, Kind]


@functools.cache
def load_messages() -> Catalogue:
    """The catalogue, from its compiled index where that is up to date."""
    try:
        with (FOLDER / INDEX).open("rb") as file:
            lines = mmap(file.fileno(), 0, access=ACCESS_READ)
        index = decode_json(lines[lines.rfind(b"\n") + 1 :], _Index)
        if index.format == INDEX_FORMAT and is_current(FOLDER / INDEX, FOLDER, ".toml", index.files):
            return Catalogue(**msgspec.structs.asdict(index), encoded=lines)
    except (OSError, ValueError):
        pass
    return compile_messages({path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.toml"))})


def write_messages() -> bool:
    """Brings the compiled index up to date; True when it had to be written.

    Its lines are the messages, the last one is the rest. Whoever reads the former one goes on with that.
    """
    load_messages.cache_clear()
    catalogue = load_messages()
    found_by = {field: getattr(catalogue, field) for field in _Index.__struct_fields__}
    messages = catalogue.encoded[: catalogue.encoded.rfind(b"\n") + 1]
    content = messages + msgspec.json.encode(found_by)
    path = FOLDER / INDEX
    if path.exists() and path.read_bytes() == content:
        return False
    new = path.with_name(f"{INDEX}.new")
    new.write_bytes(content)
    new.replace(path)
    return True


def compile_messages(contents: Mapping[str, bytes]) -> Catalogue:
    """The catalogue of TOML files given by name and content.

    Raises:
        msgspec.ValidationError: a field is missing, unknown or of another type.
        KeyError: a message is of a kind that there is not.
    """
    import tomllib

    kinds = convert(tomllib.loads(contents[_KINDS].decode()), _Kinds).kinds
    components: dict[str, Component] = {}
    sources: dict[str, str] = {}
    commands: dict[str, str] = {}
    messages: list[Message] = []
    for name, content in contents.items():
        if name == _KINDS:
            continue
        file = convert(tomllib.loads(content.decode()), _File)
        for id, part in file.components.items():
            component = components[id] = Component(id, part.program, part.what, file.console)
            sources.update(dict.fromkeys(part.files, id))
            commands.update(dict.fromkeys(part.commands, id))
            messages.extend(_messages(component, part, kinds))
    lines = [msgspec.json.encode(message) for message in messages]
    placed = dict(zip(_places(lines), messages, strict=True))
    return Catalogue(
        format=INDEX_FORMAT,
        files={name: fingerprint(content) for name, content in contents.items()},
        components=components,
        sources=sources,
        commands=commands,
        meanings={name: kind.means for name, kind in kinds.items()},
        by_word=_by_first_letters(_by_rarest_word(placed)),
        encoded_words=msgspec.Raw(msgspec.json.encode([*_long_enough(placed)])),
        encoded=b"".join(line + b"\n" for line in lines),
    )


@functools.lru_cache(maxsize=1 << 15)
def _message(catalogue: Catalogue, number: int) -> Message:
    message = decode_json(catalogue.encoded[number : catalogue.encoded.find(b"\n", number)], Message)
    return message._replace(means=catalogue.meanings[message.kind]) if message.kind else message


@functools.cache
def _numbers(catalogue: Catalogue, letters: str) -> dict[str, tuple[int, ...]]:
    encoded = catalogue.by_word.get(letters)
    return {} if encoded is None else decode_json(encoded, dict[str, tuple[int, ...]])


def _messages(component: Component, part: _Component, kinds: Mapping[str, Kind]) -> Iterator[Message]:
    for id, role, cause, first, last, text, means in part.own:
        yield Message(id, component.name, role, means, cause, first, last, _parts(text), kind="")
    for id, kind, first, last, text in part.messages:
        role = Role.SERVER if component.is_server else kinds[kind].role
        yield Message(id, component.name, role, "", "", first, last, _parts(text), kind)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for part in map(str.strip, text.split(_GAP)) if part)


def words_of(text: str) -> set[str]:
    """The words of a text, by which its messages are looked up."""
    return set(_WORD.findall(text))


def plain_words(text: str) -> str:
    """The words of a text in lower case, a blank between each: what two texts are compared by."""
    return " ".join(_WORD.findall(text)).lower()


def _places(lines: list[bytes]) -> Iterator[int]:
    """Where each line begins, once they are written one after another."""
    place = 0
    for line in lines:
        yield place
        place += len(line) + 1


def _long_enough(messages: Mapping[int, Message]) -> Iterator[tuple[int, str]]:
    for number, message in messages.items():
        words = plain_words(" ".join(message.parts))
        if len(set(words.split())) >= _LEAST_WORDS:
            yield number, words


def _by_rarest_word(messages: Mapping[int, Message]) -> dict[str, tuple[int, ...]]:
    """A message's word may be a part of a longer one in the text only where its pattern is cut: not inside."""
    words = {number: _whole_words(message) for number, message in messages.items()}
    count: dict[str, int] = {}
    for own in words.values():
        for word in own:
            count[word] = count.get(word, 0) + 1
    found: dict[str, list[int]] = {}
    for number, own in words.items():
        rarest = min(own, key=lambda word: (count[word], -len(word), word))
        found.setdefault(rarest, []).append(number)
    return {word: tuple(numbers) for word, numbers in sorted(found.items())}


def _by_first_letters(by_word: Mapping[str, tuple[int, ...]]) -> dict[str, msgspec.Raw]:
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for word, numbers in by_word.items():
        found.setdefault(word[:_FIRST_LETTERS], {})[word] = numbers
    return {letters: msgspec.Raw(msgspec.json.encode(words)) for letters, words in found.items()}


def _whole_words(message: Message) -> set[str]:
    return {word for part in message.parts for word in words_of(part)}
