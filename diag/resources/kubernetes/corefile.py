"""CoreDNS's configuration: whom it asks for a name."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec


class ServerBlock(msgspec.Struct, frozen=True):
    """One server block: the zones that it answers for, and whom it asks what it does not know itself."""

    zones: tuple[str, ...]
    """Lower case, without the last dot; the empty zone is the root."""
    forwards: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(zone, servers) of each forward line."""
    rewrites: tuple[str, ...] = ()
    """First words of plugins that answer or change names by themselves: `hosts`, `rewrite`, `template`, `file`."""
    excepted: tuple[tuple[str, str], ...] = ()
    """(zone of a forward line, zone that it leaves out)."""
    imports: bool = False
    """It takes in a file that was not read, which may forward names too."""

    def excepted_of(self, zone: str) -> tuple[str, ...]:
        """The zones that the forward line of a zone leaves out. Source: coredns.io/plugins/forward."""
        return tuple(left for own, left in self.excepted if own == zone)


ANSWERS_BY_ITSELF = frozenset({"hosts", "rewrite", "template", "file", "route53", "auto", "secondary"})
"""Plugins that may give another answer than the upstream. Source: coredns.io/plugins."""


def blocks_of(corefile: str) -> tuple[ServerBlock, ...]:
    """The server blocks of a Corefile. Text that is none gives no block. Source: coredns.io manual, configuration."""
    blocks: list[ServerBlock] = []
    lines: list[str] = []
    depth, keys = 0, ""
    for line in _lines(corefile):
        if depth == 0 and line.endswith("{"):
            keys, lines, depth = line[:-1], [], 1
        elif depth == 1 and line == "}":
            blocks.append(_block(keys, lines))
            depth = 0
        elif depth:
            if depth == 1 or line.split()[0] == "except":
                lines.append(line)
            depth += line.endswith("{") - (line == "}")
    return tuple(blocks)


def upstreams_for(name: str, blocks: tuple[ServerBlock, ...]) -> tuple[str, ...]:
    """The servers that CoreDNS asks for a name: those of the most specific zone; empty when it forwards none."""
    name = name.lower().rstrip(".")
    best = max(blocks, key=lambda block: _fit(name, block.zones), default=None)
    if best is None or _fit(name, best.zones) < 0:
        return ()
    takes = [(zone, servers) for zone, servers in best.forwards if _fit(name, best.excepted_of(zone)) < 0]
    zone, servers = max(takes, key=lambda forward: _fit(name, (forward[0],)), default=("", ()))
    return servers if _fit(name, (zone,)) >= 0 else ()


def imports_for(name: str, blocks: tuple[ServerBlock, ...]) -> bool:
    """Whether the block that answers a name takes in a file that was not read."""
    best = max(blocks, key=lambda block: _fit(name, block.zones), default=None)
    return best is not None and best.imports


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if line:
            yield line


def _block(keys: str, lines: list[str]) -> ServerBlock:
    forwards, rewrites, excepted, imports = [], [], [], False
    for line in lines:
        words = line.rstrip("{").split()
        if words and words[0] in ("forward", "proxy") and len(words) > 2:
            forwards.append((_zone(words[1]), tuple(words[2:])))
        elif words and words[0] == "except" and forwards:
            excepted += [(forwards[-1][0], _zone(word)) for word in words[1:]]
        elif words and words[0] == "import":
            imports = True
        elif words and words[0] in ANSWERS_BY_ITSELF:
            rewrites.append(words[0])
    zones = tuple(_zone(key) for key in re.split(r"[\s,]+", keys) if key)
    return ServerBlock(zones, tuple(forwards), tuple(rewrites), tuple(excepted), imports)


def _zone(key: str) -> str:
    return re.sub(r"^[a-z]+://", "", key.lower()).partition(":")[0].rstrip(".")


def _fit(name: str, zones: tuple[str, ...]) -> int:
    """Length of the longest zone that holds the name, -1 when none does."""
    return max((len(zone) for zone in zones if not zone or name == zone or name.endswith(f".{zone}")), default=-1)
