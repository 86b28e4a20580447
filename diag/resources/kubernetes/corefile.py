"""CoreDNS's configuration: whom it asks for a name."""

from __future__ import annotations

import ipaddress
import itertools
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


class Plugin(msgspec.Struct, frozen=True):
    """A plugin that may keep a name from being forwarded, word by word."""

    words: tuple[str, ...]
    """Its name and what follows it on the line."""
    lines: tuple[tuple[str, ...], ...] = ()
    """The lines in its braces."""

    @property
    def name(self) -> str:
        """`template`."""
        return self.words[0]

    def passes(self, name: str) -> bool:
        """Whether `fallthrough` hands a name on that the plugin does not know."""
        zones = next((tuple(map(_zone, words[1:])) for words in self.lines if words[0] == "fallthrough"), None)
        return zones is not None and _fit(name, zones or ("",)) >= 0


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
    plugins: tuple[Plugin, ...] = ()
    """Those of KEEPERS, in the order in which CoreDNS asks them."""

    def excepted_of(self, zone: str) -> tuple[str, ...]:
        """The zones that the forward line of a zone leaves out. Source: coredns.io/plugins/forward."""
        return tuple(left for own, left in self.excepted if own == zone)


KEEPERS = ("acl", "rewrite", "template", "route53", "kubernetes", "file", "auto", "secondary", "etcd")
"""Plugins before `forward` that may answer a name, refuse it, or ask for another one, beside `hosts`.

In the order of a name's way. Source: coredns v1.12 plugin.cfg, whose order and not the Corefile's counts.
"""


def blocks_of(corefile: str) -> tuple[ServerBlock, ...]:
    """The server blocks of a Corefile. Text that is none gives no block.

    A snippet, `(name) { … }`, is put in where it is imported. A file that is imported outside all blocks may bring a
    block of its own for any name. Source: coredns.io manual, configuration; coredns.io/plugins/import.
    """
    blocks: list[ServerBlock] = []
    snippets: dict[str, list[tuple[int, str]]] = {}
    lines: list[tuple[int, str]] = []
    depth, keys, imports = 0, "", False
    for line in _lines(corefile):
        if depth == 0 and line.endswith("{"):
            keys, lines, depth = line[:-1].strip(), [], 1
        elif depth == 1 and line == "}":
            if keys.startswith("(") and keys.endswith(")"):
                snippets[keys[1:-1]] = lines
            else:
                blocks.append(_block(keys, lines))
            depth = 0
        elif depth:
            known = snippets.get(line.removeprefix("import ").strip()) if line.startswith("import ") else None
            lines += [(depth, line)] if known is None else [(depth + deep - 1, own) for deep, own in known]
            depth += line.endswith("{") - (line == "}")
        else:
            imports = imports or line.startswith("import ")
    return tuple(msgspec.structs.replace(block, imports=True) if imports else block for block in blocks)


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


class Kept(msgspec.Struct, frozen=True):
    """What becomes of a name that CoreDNS does not forward as it is."""

    why: str
    is_sure: bool = True
    addresses: tuple[str, ...] = ()
    """Those that it is answered with, as far as the Corefile has them."""


def kept(name: str, block: ServerBlock, askers: tuple[str, ...] = ()) -> Kept | None:
    """The first plugin that keeps the name from the next server; `askers` are the addresses that ask for it.

    Patterns are not tried, as strangers wrote them: one whose literal parts are all in the name may fit.
    """
    name = name.lower().rstrip(".")
    found = (_KEEPS[plugin.name](name, block, plugin, askers) for plugin in block.plugins)
    return next(filter(None, found), None)


def _acl(name: str, block: ServerBlock, plugin: Plugin, askers: tuple[str, ...]) -> Kept | None:
    """The first rule that fits decides. Source: coredns.io/plugins/acl."""
    if _fit(name, tuple(map(_zone, plugin.words[1:])) or block.zones) < 0:
        return None
    for action, *rest in plugin.lines:
        types, nets = _after("type", rest), _after("net", rest)
        fits = not types or bool({"a", "any", "*"} & {word.lower() for word in types})
        if fits and (not nets or any(_holds(net, asker) for net in nets for asker in askers)):
            refuses = action in ("block", "filter", "drop")
            return Kept(f"an `acl` of the Corefile says {action} to questions of the node plugin") if refuses else None
    return None


def _after(key: str, words: list[str]) -> list[str]:
    """The words of one of the two lists of a rule."""
    if key not in words:
        return []
    rest = words[words.index(key) + 1 :]
    return list(itertools.takewhile(lambda word: word not in ("type", "net"), rest))


def _holds(net: str, address: str) -> bool:
    try:
        return net == "*" or ipaddress.ip_address(address) in ipaddress.ip_network(net, strict=False)
    except ValueError:
        return False


def _rewrite(name: str, block: ServerBlock, plugin: Plugin, askers: tuple[str, ...]) -> Kept | None:
    """Another name is asked for. Source: coredns.io/plugins/rewrite."""
    for words in (plugin.words[1:], *plugin.lines):
        rest = list(itertools.dropwhile(lambda word: word in ("stop", "continue"), words))
        if len(rest) < 3 or rest[0] != "name":
            continue
        how = rest[1] if rest[1] in ("exact", "prefix", "suffix", "substring", "regex") else ""
        old, new = (*rest[2 if how else 1 :], "", "")[:2]
        if how == "regex":
            if _may_fit(old, name):
                return Kept(f"a `rewrite name regex` of the Corefile may ask for {new} in place of {name}", False)
            continue
        old, new = old.lower().rstrip("."), new.lower().rstrip(".")
        if how == "substring":
            asked = name.replace(old, new) if old else name
        elif how == "prefix":
            asked = new + name.removeprefix(old) if name.startswith(old) else name
        elif how == "suffix":
            asked = name.removesuffix(old) + new if name.endswith(old) else name
        else:
            asked = new if name == old else name
        if asked != name:
            return Kept(f"a `rewrite` of the Corefile asks for {asked} in place of {name}")
    return None


def _template(name: str, block: ServerBlock, plugin: Plugin, askers: tuple[str, ...]) -> Kept | None:
    """Source: coredns.io/plugins/template; plugin/template/template.go (without a match and fallthrough NXDOMAIN)."""
    kind, type_, *zones = (*plugin.words[1:], "", "")[: max(2, len(plugin.words) - 1)]
    fits = kind.upper() in ("IN", "ANY") and type_.upper() in ("A", "ANY")
    if not fits or _fit(name, tuple(map(_zone, zones)) or block.zones) < 0:
        return None
    patterns = [" ".join(words[1:]) for words in plugin.lines if words[0] == "match"]
    why = f"a `template` of the Corefile answers {name}"
    if patterns and not any(_may_fit(pattern, name) for pattern in patterns):
        return None if plugin.passes(name) else Kept(f"{why} with NXDOMAIN: it has no `fallthrough`")
    texts = [" ".join(words[1:]) for words in plugin.lines if words[0] == "answer"]
    addresses = tuple(
        word for text in texts for word in re.findall(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])", text)
    )
    is_sure = not (patterns and plugin.passes(name)) and bool(addresses or not texts)
    said = f" with {', '.join(addresses)}" if addresses else "" if texts else " without an address"
    return Kept(f"{why}{said}" if is_sure else f"{why.replace('answers', 'may answer')}{said}", is_sure, addresses)


def _zone_data(name: str, block: ServerBlock, plugin: Plugin, askers: tuple[str, ...]) -> Kept | None:
    """Plugins that are the authority for their zones, with data of their own; `kubernetes` knows Services alone."""
    skipped = 2 if plugin.name == "file" else 1
    zones = tuple(map(_zone, plugin.words[skipped:])) or block.zones
    if _fit(name, zones) < 0 or plugin.passes(name):
        return None
    why = f"`{plugin.name}` of the Corefile is the authority for {name} and has no `fallthrough`"
    return Kept(why) if plugin.name == "kubernetes" else Kept(f"{why}: whether it knows it was not read", False)


_KEEPS = {name: {"acl": _acl, "rewrite": _rewrite, "template": _template}.get(name, _zone_data) for name in KEEPERS}


def _may_fit(pattern: str, name: str) -> bool:
    """Whether a pattern may fit a name: with alternatives or without literal parts, or with all of them in order."""
    if "|" in pattern:
        return True
    # What may be absent does not count: a part before `?`, `*` or `{`, and all in brackets and groups.
    plain = re.sub(r"\\[dDwWsSbBpP]|\[[^\]]*\]|\([^()]*\)[*?]|.[*?{]", "\0", pattern.replace("\\.", "\1"))
    at = 0
    for part in filter(None, re.split(r"[\0.^$+(){}\\]+|\?P<\w+>|\?:", plain)):
        found = name.find(part.replace("\1", ".").lower(), at)
        if found < 0:
            return False
        at = found + len(part)
    return True


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
    plugins: list[Plugin] = []
    imports, plugin = False, ""
    for depth, line in lines:
        words = line.rstrip("{").split() or [""]
        if depth == 1:
            plugin = words[0]
            if plugin in ("forward", "proxy") and len(words) > 2:
                forwards.append((_zone(words[1]), tuple(words[2:])))
            elif plugin == "hosts":
                hosts.append(Hosts(tuple(_zone(word) for word in words[2:])))
            elif plugin in KEEPERS:
                plugins.append(Plugin(tuple(words)))
            imports = imports or plugin == "import"
        elif words[0] == "except" and forwards:
            excepted += [(forwards[-1][0], _zone(word)) for word in words[1:]]
        elif plugin == "hosts" and depth == 2:
            hosts[-1] = _with_line(hosts[-1], words)
        elif plugin in KEEPERS and depth == 2 and words[0] != "}":
            plugins[-1] = Plugin(plugins[-1].words, (*plugins[-1].lines, tuple(words)))
    found = [key for key in re.split(r"[\s,]+", keys) if key]
    ports = tuple(dict.fromkeys(int(port[1]) if (port := _PORT.search(key)) else 53 for key in found))
    return ServerBlock(
        tuple(_zone(key) for key in found), tuple(forwards), tuple(hosts), tuple(excepted), imports, ports,
        tuple(sorted(plugins, key=lambda one: KEEPERS.index(one.name))),
    )  # fmt: skip


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
