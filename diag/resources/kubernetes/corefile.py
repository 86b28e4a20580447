"""CoreDNS's configuration: whom it asks for a name."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec


class Hosts(msgspec.Struct, frozen=True):
    """A `hosts` plugin: names that CoreDNS answers by itself. Source: coredns.io/plugins/hosts."""

    zones: tuple[str, ...]
    """Those that it answers for; empty for all of its server block."""
    names: tuple[tuple[str, str], ...] = ()
    """(name, address) of each line."""
    passes: tuple[str, ...] | None = None
    """Zones whose other names go on to the next plugin: `fallthrough`, the root for all; None for no name at all."""


class ServerBlock(msgspec.Struct, frozen=True):
    """One server block: the zones that it answers for, and whom it asks what it does not know itself."""

    zones: tuple[str, ...]
    """Lower case, without the last dot; the empty zone is the root."""
    forwards: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(zone, servers) of each forward line."""
    hosts: tuple[Hosts, ...] = ()
    excepted: tuple[tuple[str, str], ...] = ()
    """(zone of a forward line, zone that it leaves out)."""
    imports: bool = False
    """It takes in a file that was not read, which may forward names too."""
    ports: tuple[int, ...] = (53,)

    def excepted_of(self, zone: str) -> tuple[str, ...]:
        """The zones that the forward line of a zone leaves out. Source: coredns.io/plugins/forward."""
        return tuple(left for own, left in self.excepted if own == zone)


def blocks_of(corefile: str) -> tuple[ServerBlock, ...]:
    """The server blocks of a Corefile. Text that is none gives no block. Source: coredns.io manual, configuration."""
    blocks: list[ServerBlock] = []
    lines: list[tuple[int, str]] = []
    depth, keys = 0, ""
    for line in _lines(corefile):
        if depth == 0 and line.endswith("{"):
            keys, lines, depth = line[:-1], [], 1
        elif depth == 1 and line == "}":
            blocks.append(_block(keys, lines))
            depth = 0
        elif depth:
            lines.append((depth, line))
            depth += line.endswith("{") - (line == "}")
    return tuple(blocks)


def upstreams_for(name: str, blocks: tuple[ServerBlock, ...]) -> tuple[str, ...]:
    """The servers that CoreDNS asks for a name: those of the most specific zone; empty when it forwards none."""
    name, best = name.lower().rstrip("."), block_for(name, blocks)
    if best is None:
        return ()
    takes = [(zone, servers) for zone, servers in best.forwards if _fit(name, best.excepted_of(zone)) < 0]
    zone, servers = max(takes, key=lambda forward: _fit(name, (forward[0],)), default=("", ()))
    return servers if _fit(name, (zone,)) >= 0 else ()


def imports_for(name: str, blocks: tuple[ServerBlock, ...]) -> bool:
    """Whether the block that answers a name takes in a file that was not read."""
    best = block_for(name, blocks)
    return best is not None and best.imports


def block_for(name: str, blocks: tuple[ServerBlock, ...]) -> ServerBlock | None:
    """The block that answers a name: that of the most specific zone; None when none does."""
    name = name.lower().rstrip(".")
    best = max(blocks, key=lambda block: _fit(name, block.zones), default=None)
    return best if best is not None and _fit(name, best.zones) >= 0 else None


def answer_by_hosts(name: str, block: ServerBlock) -> str | None:
    """The address that a `hosts` plugin gives for a name, empty when it answers that it has none; None if it passes."""
    name = name.lower().rstrip(".")
    for hosts in block.hosts:
        if _fit(name, hosts.zones or block.zones) < 0:
            continue
        if found := dict(hosts.names).get(name):
            return found
        if hosts.passes is None or _fit(name, hosts.passes) < 0:
            return ""
    return None


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if line:
            yield line


def _block(keys: str, lines: list[tuple[int, str]]) -> ServerBlock:
    forwards: list[tuple[str, tuple[str, ...]]] = []
    hosts: list[Hosts] = []
    excepted: list[tuple[str, str]] = []
    imports, plugin = False, ""
    for depth, line in lines:
        words = line.rstrip("{").split() or [""]
        if depth == 1:
            plugin = words[0]
            if plugin in ("forward", "proxy") and len(words) > 2:
                forwards.append((_zone(words[1]), tuple(words[2:])))
            elif plugin == "hosts":
                hosts.append(Hosts(tuple(_zone(word) for word in words[2:])))
            imports = imports or plugin == "import"
        elif words[0] == "except" and forwards:
            excepted += [(forwards[-1][0], _zone(word)) for word in words[1:]]
        elif plugin == "hosts" and depth == 2:
            hosts[-1] = _with_line(hosts[-1], words)
    found = [key for key in re.split(r"[\s,]+", keys) if key]
    ports = tuple(dict.fromkeys(int(port[1]) if (port := _PORT.search(key)) else 53 for key in found))
    return ServerBlock(
        tuple(_zone(key) for key in found), tuple(forwards), tuple(hosts), tuple(excepted), imports, ports
    )


_PORT = re.compile(r":(\d{1,5})$")


def _with_line(hosts: Hosts, words: list[str]) -> Hosts:
    if words[0] == "fallthrough":
        return msgspec.structs.replace(hosts, passes=tuple(_zone(word) for word in words[1:]) or ("",))
    if len(words) > 1 and words[0][:1].isdigit():
        named = tuple((name.lower().rstrip("."), words[0]) for name in words[1:])
        return msgspec.structs.replace(hosts, names=(*hosts.names, *named))
    return hosts


def _zone(key: str) -> str:
    return re.sub(r"^[a-z]+://", "", key.lower()).partition(":")[0].rstrip(".")


def _fit(name: str, zones: tuple[str, ...]) -> int:
    """Length of the longest zone that holds the name, -1 when none does."""
    return max((len(zone) for zone in zones if not zone or name == zone or name.endswith(f".{zone}")), default=-1)
