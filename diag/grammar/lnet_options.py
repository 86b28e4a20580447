"""The options of LNet's kernel module: how they are written, and where one that LNet refuses is wrong.

Source: Lustre 2.10 to 2.17 lnet/lnet/config.c (networks, ip2nets, routes), lnet/lnet/nidstrings.c (network names);
Linux lib/cmdline.c next_arg and kernel/params.c (how a module's arguments are split).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """Where an option is wrong, and why."""

    text: str
    """The part of the option that LNet stops at."""
    offset: int
    """Where that begins in the value."""
    why: str


class Network(msgspec.Struct, frozen=True):
    """One network of `networks=`: `tcp(ens5)`."""

    name: str
    """`tcp`: `tcp0` is the same."""
    interfaces: tuple[str, ...] = ()
    """Empty: the first interface that is up."""


class Networks(msgspec.Struct, frozen=True):
    """What LNet makes of `networks=`."""

    networks: tuple[Network, ...] = ()
    ignored: str = ""
    """Words after a network, which LNet skips up to the next comma without a message."""


def module_arguments(text: str) -> dict[str, str]:
    """The arguments of a module, as the kernel splits them: double quotes hold a value together, single ones do not.

    The last of several arguments of one name counts; `-` in a name is `_`.
    """
    found: dict[str, str] = {}
    for match in re.finditer(r'(?:"[^"]*(?:"|$)|[^\s"])+', text):
        word = match[0]
        if word.startswith('"'):
            word = word[1:].removesuffix('"')
        name, equals, value = word.partition("=")
        if equals and value.startswith('"'):
            value = value[1:].removesuffix('"')
        found[name.replace("-", "_")] = value
    return found


_TYPES = ("tcp", "o2ib", "gni", "gip", "ptlf", "kfi", "efa", "bxi3f")
"""Networks that have numbers; `lo` has none."""
_NET = re.compile(rf"(?:(?P<type>{'|'.join(_TYPES)})(?P<number>\d{{1,10}})?|lo)", re.ASCII)
_ENTRY = re.compile(r"(?P<name>[^\s:()\[\],]*)\s*(?:\((?P<cards>[^)]*)\)\s*)?(?:\[(?P<parts>[^\]]*)\]\s*)?")
_CARD = re.compile(r"\s*(?P<name>[^\s\[\],]*)\s*(?:\[(?P<parts>[^\]]*)\]\s*)?")
_RANGES = re.compile(
    r"\s*(?:\*|\d{1,9}(?:\s*-\s*\d{1,9}(?:/\d{1,9})?)?)\s*(?:,\s*(?:\*|\d{1,9}(?:\s*-\s*\d{1,9}(?:/\d{1,9})?)?)\s*)*"
)


def network_name(text: str) -> str | None:
    """The name of a network in its short form, None when it is none: `tcp0` is `tcp`."""
    match = _NET.fullmatch(text)
    if match is None:
        return None
    return f"{match['type']}{int(match['number']) or ''}" if match["number"] else text


def read_networks(value: str) -> Networks | Fault:
    """What `networks=` says, or where it is wrong."""
    networks, ignored = list[Network](), list[str]()
    at = 0
    while at < len(value):
        if value[at].isspace():
            at += 1
            continue
        entry = _ENTRY.match(value, at)
        assert entry is not None  # noqa: S101 - every part of it may be empty
        end = entry.end()
        if value[end : end + 1] == "(" and entry["cards"] is None and entry["parts"] is None:
            return _fault(value, end + 1, "its bracket ( is never closed")
        if value[end : end + 1] == "[" and entry["parts"] is None:
            return _fault(value, end, "its bracket [ is never closed")
        if value[end : end + 1] in tuple(":()[]"):
            return _fault(value, end, f"LNet does not expect {value[end]!r} there")
        if entry["parts"] is not None and not _RANGES.fullmatch(entry["parts"]):
            return _fault(value, entry.start("parts") - 1, "it is no list of CPU partitions")
        comma = value.find(",", end)
        comma = len(value) if comma < 0 else comma
        name = network_name(entry["name"])
        if name is None:
            return _fault(value, at, "it is no network that LNet knows", entry["name"] or value[at : at + 1])
        if value[end:comma].strip():
            ignored.append(value[end:comma].strip())
        if name != "lo":
            cards = _cards(value, entry)
            if isinstance(cards, Fault):
                return cards
            networks.append(Network(name, cards))
        at = comma + 1
    return Networks(tuple(networks), ", ".join(ignored))


def _cards(value: str, entry: re.Match[str]) -> tuple[str, ...] | Fault:
    """The interfaces in a network's brackets."""
    if entry["cards"] is None:
        return ()
    found = []
    at, end = entry.start("cards"), entry.end("cards")
    while True:
        card = _CARD.match(value, at, end)
        assert card is not None  # noqa: S101 - every part of it may be empty
        if not card["name"]:
            return _fault(value, min(card.start("name"), end), "an interface is missing there")
        if value[card.end() : min(card.end() + 1, end)] == "[":
            return _fault(value, card.end(), "its bracket [ is never closed")
        if card["parts"] is not None and not _RANGES.fullmatch(card["parts"]):
            return _fault(value, card.start("parts") - 1, "it is no list of CPU partitions")
        found.append(card["name"])
        if card.end() == end:
            return tuple(found)
        if value[card.end()] != ",":
            return _fault(value, card.end(), "a comma is missing between two interfaces")
        at = card.end() + 1


class Rule(msgspec.Struct, frozen=True):
    """One rule of `ip2nets=`: its networks, where one of its patterns is an address of the node."""

    networks: str
    offset: int
    patterns: tuple[str, ...] = ()

    def matches(self, addresses: tuple[str, ...]) -> bool:
        """Whether one of the node's addresses fits one of the patterns."""
        return any(_fits(address, pattern) for pattern in self.patterns for address in addresses)


def read_ip2nets(value: str) -> tuple[Rule, ...] | Fault:
    """The rules of `ip2nets=`, or the first pattern that is wrong. Networks are read of rules that match alone."""
    rules = []
    for offset, text in _statements(value):
        words = [(offset + match.start(), match[0]) for match in re.finditer(r"\S+", text)]
        for at, pattern in words[1:]:
            if (why := _no_pattern(pattern)) is not None:
                return Fault(pattern, at, why)
        rules.append(Rule(words[0][1], words[0][0], tuple(pattern for _, pattern in words[1:])))
    return tuple(rules)


def networks_of(rules: tuple[Rule, ...], addresses: tuple[str, ...]) -> Networks | Fault:
    """What the rules that match these addresses give; no network where none matches."""
    found: list[Network] = []
    for rule in rules:
        if not rule.matches(addresses):
            continue
        read = read_networks(rule.networks)
        if isinstance(read, Fault):
            return msgspec.structs.replace(read, offset=rule.offset + read.offset)
        names = [network.name for network in read.networks]
        if len(set(names)) < len(names):
            return Fault(rule.networks, rule.offset, "it names one network twice")
        found += read.networks
    return Networks(tuple(found))


def fault_in_routes(value: str) -> Fault | None:
    """Where `routes=` is wrong: `NETWORK [HOPS] GATEWAY…`, with `[1-4]` in both and `:PRIORITY` after a gateway."""
    for offset, text in _statements(value):
        words = [(offset + match.start(), match[0]) for match in re.finditer(r"\S+", text)]
        has_hops = len(words) > 1 and words[1][1].isdecimal() and 0 < int(words[1][1][:9]) < 256
        if len(words) < (3 if has_hops else 2):
            return Fault(words[-1][1], words[-1][0], "it names no gateway")
        for number, (at, word) in enumerate(words):
            if number == 1 and has_hops:
                continue
            plain = _expanded(word)
            if plain is None:
                return Fault(word, at, "what is in its brackets is no range")
            if number == 0:
                if network_name(plain) in (None, "lo"):
                    return Fault(word, at, "it is no network that LNet knows")
                continue
            nid, colon, priority = plain.partition(":")
            if colon and not priority.isdecimal():
                return Fault(word, at, f"its priority {priority!r} is no number")
            if not _is_nid(nid):
                return Fault(word, at, "it is no NID of a gateway (ADDRESS@NETWORK)")
    return None


def _statements(value: str) -> Iterator[tuple[int, str]]:
    """Statements of ip2nets and routes with their place: parted by `;` and line ends, `#` begins a comment."""
    for match in re.finditer(r"[^;\r\n]+", value):
        text = match[0].partition("#")[0]
        if text.strip():
            yield match.start(), text


def _no_pattern(pattern: str) -> str | None:
    """Why a word is no pattern of IPv4 addresses: four parts of a number, `*`, or a list in brackets."""
    if re.fullmatch(r"[\d.]+/\d+", pattern, re.ASCII):
        return "LNet takes no prefix length; it wants a pattern for each part, as 10.0.*.*"
    parts = re.split(r"\.(?![^\[]*\])", pattern)
    if len(parts) != 4:
        return "it is no pattern of an IPv4 address, which has four parts"
    wrong = next((part for part in parts if not _is_part(part)), None)
    return None if wrong is None else f"its part {wrong!r} is neither a number to 255, nor *, nor a list in brackets"


def _is_part(part: str) -> bool:
    listed = part.startswith("[") and part.endswith("]") and _RANGES.fullmatch(part[1:-1])
    numbers = [int(number) for number in re.findall(r"\d{1,9}", re.sub(r"/\d+", "", part))]
    return bool(part == "*" or re.fullmatch(r"\d{1,9}", part, re.ASCII) or listed) and all(n < 256 for n in numbers)


def _fits(address: str, pattern: str) -> bool:
    numbers, parts = address.split("."), re.split(r"\.(?![^\[]*\])", pattern)
    return len(numbers) == len(parts) == 4 and all(_has(part, int(n)) for part, n in zip(parts, numbers, strict=True))


def _has(part: str, number: int) -> bool:
    for word in part.strip("[]").split(","):
        if word.strip() == "*":
            return True
        low, _, rest = word.partition("-")
        high, _, stride = rest.partition("/")
        if not rest:
            if int(low) == number:
                return True
        elif int(low) <= number <= int(high) and (number - int(low)) % (int(stride or 1) or 1) == 0:
            return True
    return False


def _expanded(word: str) -> str | None:
    """A word of a route with the first item of each list in its brackets; None when a list is malformed."""
    if word.count("[") != word.count("]"):
        return None
    for inside in re.findall(r"\[([^\]]*)\]", word):
        items = inside.split(",")
        for item in items:
            numbers = re.fullmatch(r"(\d{1,9})-(\d{1,9})(?:/(\d{1,9}))?", item, re.ASCII)
            if numbers:
                low, high, stride = int(numbers[1]), int(numbers[2]), int(numbers[3] or 1)
                if high < low or stride == 0 or (high - low) % stride:
                    return None
            elif not item:
                return None
        word = word.replace(f"[{inside}]", items[0].partition("-")[0], 1)
    return word


def _is_nid(text: str) -> bool:
    address, at, network = text.rpartition("@")
    name = network_name(network or "tcp") if at or text else None
    if name is None or name == "lo":
        return False
    if not name.startswith(("tcp", "o2ib", "efa", "kfi")):
        return bool(address)
    try:
        ipaddress.IPv4Address(address if at else text)
    except ValueError:
        return False
    return True


def _fault(value: str, offset: int, why: str, text: str = "") -> Fault:
    return Fault(text or value[offset : offset + 40], offset, why)
