"""ssh_config and known_hosts as OpenSSH reads them: paramiko's reader, with what it leaves out put before it.

paramiko knows Host, Match and tokens, but no Include; one line that it cannot read ends the whole file, and one
`@cert-authority` line ends all known hosts. Here a line that is not understood costs the hosts of its own block.
Source: ssh_config(5) and sshd(8), OpenSSH 9.2.
"""

from __future__ import annotations

import fnmatch
import glob
import math
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from diag.model.unavailable import Reason
from diag.sources.files import UnreadableFile, read_bounded
from diag.sources.remote_mounts import require_answers

LIMIT = 16 << 20
"""Bytes of one file; known_hosts of large fleets have some MiB."""

DEEPEST_INCLUDE = 16
"""OpenSSH's own bound."""

NOT_UNDERSTOOD = "xnotunderstood"
"""An option that no ssh has: it marks the hosts of a block with a line that is not understood."""

_LINE = re.compile(r"(\w+)(?:\s*=\s*|\s+)(\S.*)")
_CRITERIA = frozenset({"host", "originalhost", "user", "localuser", "final", "all"})
"""What paramiko evaluates as OpenSSH does, without starting a program. `exec` would start one."""


class BadSshConfig(Exception):
    """What keeps a host from being reached as its configuration says. Safe to print."""


class Options(NamedTuple):
    """How the configuration says that one host is reached."""

    host: str
    port: int
    user: str | None
    host_key_name: str
    """Under which the key is looked up in known_hosts: HostKeyAlias, else the host, with its port when it is not 22."""
    identity_files: tuple[str, ...]
    identities_only: bool
    agent: bool
    known_hosts: tuple[str, ...]
    jumps: tuple[str, ...]
    command: str
    """ProxyCommand with its tokens filled; empty when there is none."""


class SshConfig:
    """One configuration, its includes inlined."""

    def __init__(self, path: Path, *, until: float = math.inf) -> None:
        """Read it, by the `time.monotonic()` instant; one that is not there is empty.

        Raises UnreadableFile, StuckMount, UnicodeDecodeError, and BadSshConfig when not even its blocks can be told
        apart.
        """
        import paramiko

        self._names: list[str] = []
        self._until = until
        text = "\n".join(self._inlined(path, (), 0))
        try:
            self._config = paramiko.SSHConfig.from_text(text)
        except (paramiko.SSHException, ValueError) as error:
            raise BadSshConfig(f"{path}: {error}") from None

    def names(self, host: str) -> bool:
        """Whether some Host line names this host, other than by `*` alone."""
        return any(fnmatch.fnmatchcase(host, pattern) for pattern in self._names)

    def lookup(self, alias: str) -> Options:
        """How to reach a host. Raises BadSshConfig for what is not understood: it is never reached in another way."""
        import paramiko

        try:
            found = self._config.lookup(alias)
        except (paramiko.SSHException, ValueError, KeyError) as error:
            raise BadSshConfig(f"the ssh configuration of {alias} cannot be used: {error}") from None
        if NOT_UNDERSTOOD in found:
            raise BadSshConfig(found[NOT_UNDERSTOOD])
        host, port = found.get("hostname", alias), found.get("port", "22")
        if not port.isdigit():
            raise BadSshConfig(f"the ssh configuration of {alias} has the port {port!r}")
        if found.get("proxyusefdpass", "no") == "yes":
            raise BadSshConfig(f"the ssh configuration of {alias} has ProxyUseFdpass, which is not supported")
        jumps, command = _proxy(found, host, port)
        if command and not all(_is_plain(word) for word in (alias, host, found.get("user", "root"))):
            raise BadSshConfig(f"{alias} has characters that must not reach a ProxyCommand")
        return Options(
            host=host,
            port=int(port),
            user=found.get("user"),
            host_key_name=found.get("hostkeyalias") or (host if port == "22" else f"[{host}]:{port}"),
            identity_files=tuple(os.path.expanduser(name) for name in found.get("identityfile", ())),  # noqa: PTH111
            identities_only=found.get("identitiesonly", "no") == "yes",
            agent=found.get("identityagent", "") != "none",
            known_hosts=_known_hosts_files(found),
            jumps=jumps,
            command=command,
        )

    def _inlined(self, path: Path, outer: tuple[str, ...], depth: int) -> Iterator[str]:
        """The lines of a file as blocks of Match alone, which can be nested: an Include inside a block counts only
        where the block does. `outer` are the criteria of the blocks around."""
        yield from _header(outer)
        block = outer
        for number, raw in enumerate(_text(str(path), self._until).splitlines(), start=1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            place = f"{path}:{number}"
            match = _LINE.fullmatch(line)
            if match is None:
                yield f"{NOT_UNDERSTOOD} {place}: this line is not understood"
                continue
            key, value = match.group(1).lower(), match.group(2)
            if key == "host":
                patterns = _words(value)
                self._names += [pattern for pattern in patterns if pattern.strip("*") and pattern[0] != "!"]
                block = (*outer, f"originalhost {','.join(patterns)}")
                yield from _header(block)
            elif key == "match":
                criteria, unknown = _criteria(value)
                block = (*outer, *criteria)
                yield from _header(block)
                if unknown:
                    yield f"{NOT_UNDERSTOOD} {place}: 'Match {unknown}' is not evaluated here"
            elif key == "include":
                for included in self._included(_words(value), path):
                    if depth + 1 >= DEEPEST_INCLUDE:
                        yield f"{NOT_UNDERSTOOD} {place}: too many levels of Include"
                    else:
                        yield from self._inlined(included, block, depth + 1)
                yield from _header(block)
            else:
                yield line

    def _included(self, patterns: Sequence[str], path: Path) -> Iterator[Path]:
        """The files of an Include in order. A relative name is below ~/.ssh, in /etc/ssh for the system's own file."""
        base = Path("/etc/ssh") if path.is_relative_to("/etc/ssh") else Path("~/.ssh").expanduser()
        for pattern in (str(base / Path(pattern).expanduser()) for pattern in patterns):
            require_answers((pattern,), until=self._until)
            for name in sorted(glob.glob(pattern)):  # noqa: PTH207 - absolute patterns
                if Path(name).is_file():
                    yield Path(name)


class KnownHosts:
    """The keys of known_hosts files: plain, hashed and wildcard names, revoked keys and authorities."""

    def __init__(self, files: Sequence[str], *, until: float = math.inf) -> None:
        """Read the files by the `time.monotonic()` instant. Raises UnreadableFile for one that does not answer."""
        self._lines: list[tuple[str, list[str], str, str]] = []
        for file in files:
            try:
                text = _text(file, until, errors="replace")
            except UnreadableFile as error:
                if error.problem.reason is Reason.TIMEOUT:
                    raise
                continue
            for line in text.splitlines():
                fields = line.split()
                marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
                if len(fields) >= 3 and not fields[0].startswith("#"):
                    self._lines.append((marker, fields[0].split(","), fields[1], fields[2]))

    def keys_of(self, name: str) -> list[Any]:
        """The plain keys under that name, as paramiko's. A line that cannot be read is left out."""
        import paramiko
        from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

        found = []
        for marker, hosts, kind, key in self._lines:
            if marker == "" and _names_host(hosts, name):
                try:
                    entry = HostKeyEntry.from_line(f"{name} {kind} {key}")
                except (InvalidHostKey, paramiko.SSHException, ValueError):
                    continue
                if entry is not None and not self.is_revoked(name, key):
                    found.append(entry.key)
        return found

    def is_revoked(self, name: str, key: str) -> bool:
        """Whether a line `@revoked` takes that key (base64) back."""
        return any(
            marker == "@revoked" and revoked == key and _names_host(hosts, name)
            for marker, hosts, _, revoked in self._lines
        )

    def has_authority(self, name: str) -> bool:
        """Whether a certificate authority vouches for hosts of that name."""
        return any(marker == "@cert-authority" and _names_host(hosts, name) for marker, hosts, *_ in self._lines)


def _text(path: str, until: float, errors: str = "strict") -> str:
    """The text of a file, empty when it is not there. Raises UnreadableFile and UnicodeDecodeError."""
    try:
        return read_bounded(path, LIMIT, until=until).decode(errors=errors)
    except UnreadableFile as error:
        if error.problem.reason is Reason.ABSENT:
            return ""
        raise


def _header(criteria: Sequence[str]) -> Iterator[str]:
    yield f"Match {' '.join(criteria)}" if criteria else "Match all"


def _words(value: str) -> list[str]:
    try:
        return shlex.split(value, comments=True)
    except ValueError:
        return value.split()


def _criteria(value: str) -> tuple[list[str], str]:
    """The criteria of a Match line that are understood, and the first that is not (empty when all are)."""
    known, unknown, words = [], "", _words(value)
    while words:
        word = words.pop(0)
        kind = word.lstrip("!").lower()
        parameter = "" if kind in ("all", "final", "canonical") or not words else words.pop(0)
        if kind not in _CRITERIA:
            unknown = unknown or kind
        elif kind != "all":
            known.append(f"{word} {parameter}".strip())
    return known, unknown


_FORWARD = re.compile(
    r"(?:/usr/bin/)?ssh(?: -[qTax]+)* -W \[?(?P<to>[^\s\]]+)\]?:(?P<port>\d{1,5})(?: -[qTax]+)* (?P<jump>\w[\w.-]*)"
)
"""`ssh -W %h:%p JUMP`, the older way to write `ProxyJump JUMP` (OpenSSH ssh(1), -W and -J)."""


def _proxy(found: Any, host: str, port: str) -> tuple[tuple[str, ...], str]:
    """ProxyJump's hops, or ProxyCommand: the one that was given first counts, as with OpenSSH.

    A command that is a jump in other words becomes one: nodes behind a jump host share one connection to it.
    """
    for key in found:
        if key == "proxyjump":
            jumps = tuple(jump.strip() for jump in found[key].split(",") if jump.strip())
            return ((), "") if jumps == ("none",) else (jumps, "")
        if key == "proxycommand":
            forward = _FORWARD.fullmatch(found[key] or "")
            is_jump = forward is not None and (forward["to"], forward["port"]) == (host, port)
            return ((forward["jump"],), "") if forward is not None and is_jump else ((), found[key] or "")
    return (), ""


def _known_hosts_files(found: Any) -> tuple[str, ...]:
    own = found.get("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2").split()
    general = found.get("globalknownhostsfile", "/etc/ssh/ssh_known_hosts").split()
    return tuple(os.path.expanduser(name) for name in (*own, *general) if name != "none")  # noqa: PTH111


def _is_plain(word: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_.:%@\[\]][A-Za-z0-9_.:%@\[\]-]*", word) is not None


def _names_host(patterns: Sequence[str], name: str) -> bool:
    """Whether a list of host patterns names a host. A negated pattern that matches decides against it."""
    from paramiko import HostKeys

    found = False
    for pattern in patterns:
        if pattern.startswith("|1|"):
            salted = pattern.count("|") == 3 and _is_base64(pattern.split("|")[2])
            found = found or (salted and HostKeys.hash_host(name, pattern) == pattern)
        elif fnmatch.fnmatchcase(name.lower(), _glob(pattern.lower().removeprefix("!"))):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def _glob(pattern: str) -> str:
    """The brackets of `[host]:port` are no character class in known_hosts."""
    return pattern.replace("[", "[[]")


def _is_base64(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9+/]{27}=", text) is not None
