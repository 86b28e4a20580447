"""Which Lustre client a node's kernel carries, and which servers that client can talk to.

What counts is the module in the node's kernel, never the mount.lustre inside the driver's image.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterable

import msgspec

from diag.knowledge.table import Confidence, read_table
from diag.knowledge.versions import Kernel, major_minor, parse_kernel, version_number, within


class Servers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Lustre versions that FSx offers."""

    known: tuple[str, ...]
    upgrade_targets: tuple[str, ...]
    source: str


class Default(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What FSx makes of one deployment type when nobody names a version."""

    deployment_type: str
    version: str
    valid: tuple[str, ...]
    metadata_configuration: bool | None = None
    """None where it makes no difference."""


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The servers of one client version."""

    client: str
    servers: tuple[str, ...]


class Home(enum.Enum):
    """Where a system gets its Lustre module from."""

    KERNEL = "kernel"
    """It comes with the kernel."""
    PACKAGE = "package"
    """It has to be installed, for exactly the running kernel."""


class System(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One operating system, as a node names it."""

    id: str
    name: str
    os_image: str
    """Regular expression for status.nodeInfo.osImage; its group `release` is what a row's release is compared with."""
    kernel_suffix: str
    """Regular expression for what follows the numbers of its kernels."""
    module: Home


class KernelRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """The client of one range of kernels."""

    systems: tuple[str, ...]
    first: str
    client: str
    """`2.15`; empty when such a kernel has no client."""
    last: str = ""
    below: str = ""
    release: str = ""
    suffix: str = ""
    architectures: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    confidence: Confidence = Confidence.DOCUMENTED
    source: str = ""
    note: str = ""

    @property
    def kernels(self) -> str:
        """The range in words: `6.1.79-99.167 to 6.1*`."""
        if self.below:
            return f"{self.first} before {self.below}"
        if self.last == self.first:
            return self.first
        open_ended = "*" if self.first.startswith(self.last) else ""
        return f"{self.first} to {self.last}{open_ended}"


class Matrix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table."""

    date: str
    matrix: str
    url: str
    servers: Servers
    defaults: tuple[Default, ...]
    pairs: tuple[Pair, ...]
    systems: tuple[System, ...]
    kernels: tuple[KernelRow, ...]


@functools.cache
def matrix() -> Matrix:
    """The table of clients, kernels and servers."""
    return read_table("lustre_versions", Matrix)


class Client(msgspec.Struct, frozen=True):
    """What the table says of one kernel."""

    version: str
    """`2.15`; empty when the kernel has no Lustre client."""
    servers: tuple[str, ...]
    """Server versions that it can talk to."""
    system: str
    module: Home
    confidence: Confidence
    row: str
    """The row as a sentence, with its date and source."""
    note: str = ""


class NotListed(msgspec.Struct, frozen=True):
    """The table says nothing of a kernel, and why: unknown, not unsupported."""

    why: str


class Talks(enum.Enum):
    """Whether a client and a server understand each other."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@functools.lru_cache(maxsize=4096)
def client_of(os_image: str, kernel_version: str, architecture: str) -> Client | NotListed:
    """The Lustre client of a node, from status.nodeInfo: osImage, kernelVersion and architecture (`amd64`, `arm64`)."""
    table = matrix()
    kernel = parse_kernel(kernel_version)
    found = _system_of(os_image)
    if found is None:
        return NotListed(f"{_cited(table)} has no row for the operating system {os_image!r}")
    system, release = found
    if kernel is None:
        return NotListed(f"{kernel_version!r} is not a kernel version")
    return _client(table, system, release, kernel, architecture)


def client_of_module(version: str, seen_through: str, listed: Client | NotListed) -> Client | NotListed:
    """The Lustre client of a node whose own module says its version, whatever the table has for such kernels.

    `listed` is what the table says: where it names the same version, its own row decides on the servers.
    """
    seen = f"the node's own module is Lustre {version} (seen through {seen_through})"
    client = major_minor(version)
    if isinstance(listed, Client) and listed.version == client:
        return msgspec.structs.replace(listed, confidence=Confidence.DOCUMENTED, row=f"{seen}; {listed.row}")
    pair = next((pair for pair in matrix().pairs if pair.client == client), None)
    if pair is None:
        return NotListed(f"{seen}, a client that {_cited(matrix())} does not list")
    source = f"{seen}; {_cited(matrix())}: client {client} talks to servers {', '.join(pair.servers)}"
    system = listed.system if isinstance(listed, Client) else ""
    return Client(client, pair.servers, system, Home.KERNEL, Confidence.DOCUMENTED, source)


def client_of_kernel(kernel_version: str, architecture: str) -> Client | NotListed:
    """The Lustre client of a kernel alone: the kernel's name says which system it is.

    When systems or releases that have such a kernel differ in their client, it is not listed.
    """
    table = matrix()
    kernel = parse_kernel(kernel_version)
    if kernel is None:
        return NotListed(f"{kernel_version!r} is not a kernel version")
    found: dict[str, Client] = {}
    for system in table.systems:
        releases = {row.release for row in table.kernels if system.id in row.systems}
        for release in sorted(releases):
            client = _client(table, system, release, kernel, architecture)
            if isinstance(client, Client):
                found.setdefault(client.version, client)
    if len(found) == 1:
        return next(iter(found.values()))
    why = f"clients {', '.join(sorted(found))} on different systems" if found else "no system"
    return NotListed(f"{_cited(table)} lists {why} with kernel {kernel_version}")


def _client(table: Matrix, system: System, release: str, kernel: Kernel, architecture: str) -> Client | NotListed:
    if not re.fullmatch(system.kernel_suffix, kernel.suffix):
        return NotListed(f"kernel {kernel.text} is not named like a kernel of {system.name}, so no table covers it")
    own = [row for row in table.kernels if system.id in row.systems and row.release in ("", release)]
    for row in own:
        if (
            within(kernel, row.first, row.last, row.below)
            and row.suffix in ("", kernel.suffix)
            and (not row.architectures or architecture in row.architectures)
        ):
            pair = next((pair for pair in table.pairs if pair.client == row.client), None)
            servers = row.servers or (pair.servers if pair else ())
            source = _explain(table, system, release, row)
            return Client(row.client, servers, system.name, system.module, row.confidence, source, row.note)
    listed = ", ".join(dict.fromkeys(row.kernels for row in own)) or "none"
    name = f"{system.name} {release}".rstrip()
    return NotListed(f"{_cited(table)} has no row for kernel {kernel.text} of {name}; it lists {listed}")


def _system_of(os_image: str) -> tuple[System, str] | None:
    for system in matrix().systems:
        if match := re.fullmatch(system.os_image, os_image.strip()):
            return system, match.groupdict().get("release") or ""
    return None


def talks(client: Client, server_version: str) -> Talks:
    """Whether the client can mount from a server of that version; major.minor alone counts (`2.10.5.0` is 2.10).

    RHEL and Rocky 10 speak to 2.15 alone though their client is 2.15, so the client's own row decides.
    """
    server = major_minor(server_version)
    if server not in matrix().servers.known or not client.version:
        return Talks.UNKNOWN
    return Talks.YES if server in client.servers else Talks.NO


def versions_talk(client_version: str, server_version: str) -> bool | None:
    """Whether a client and a server of these versions understand each other; None when the table has no such pair.

    The exceptions of single systems (RHEL 10) are not known from a version alone: `talks` knows them.
    """
    client, server = major_minor(client_version), major_minor(server_version)
    pair = next((pair for pair in matrix().pairs if pair.client == client), None)
    return None if pair is None or server not in matrix().servers.known else server in pair.servers


def cannot_mount(server_version: str) -> dict[str, tuple[str, ...]]:
    """The systems whose Lustre client is refused by a server of that version, by the client's version."""
    server = major_minor(server_version)
    if server not in matrix().servers.known:
        return {}
    pairs = {pair.client: pair.servers for pair in matrix().pairs}
    names = {system.id: system.name for system in matrix().systems}
    found: dict[str, dict[str, None]] = {}
    for row in matrix().kernels:
        if row.client and server not in (row.servers or pairs.get(row.client, ())):
            found.setdefault(row.client, {}).update(dict.fromkeys(names[id] for id in row.systems))
    return {client: tuple(systems) for client, systems in found.items()}


def common_servers(clients: Iterable[Client]) -> tuple[str, ...]:
    """The server versions that every one of the clients can talk to, oldest first."""
    each = [frozenset(client.servers) for client in clients]
    return tuple(version for version in matrix().servers.known if each and all(version in known for known in each))


def upgrade_for(current: str, clients: Iterable[Client]) -> str:
    """The newest version that a file system can be upgraded to in place and that all clients talk to, or empty.

    A version can only be raised. Source: fsx UpdateFileSystem FileSystemTypeVersion.
    """
    targets = matrix().servers.upgrade_targets
    usable = [
        v for v in common_servers(clients) if v in targets and version_number(v) > version_number(major_minor(current))
    ]
    return usable[-1] if usable else ""


def default_version(deployment_type: str, *, metadata_configuration: bool = False) -> str:
    """The Lustre version that FSx makes when none is named; empty for an unknown deployment type."""
    default = _default_of(deployment_type, metadata_configuration)
    return default.version if default else ""


def valid_versions(deployment_type: str, *, metadata_configuration: bool = False) -> tuple[str, ...]:
    """The Lustre versions that FSx makes of a deployment type; empty for an unknown one."""
    default = _default_of(deployment_type, metadata_configuration)
    return default.valid if default else ()


def _default_of(deployment_type: str, metadata_configuration: bool) -> Default | None:
    fitting = (None, metadata_configuration)
    return next(
        (
            default
            for default in matrix().defaults
            if default.deployment_type == deployment_type and default.metadata_configuration in fitting
        ),
        None,
    )


def _cited(table: Matrix) -> str:
    return f"AWS's client matrix ({table.date})"


def _explain(table: Matrix, system: System, release: str, row: KernelRow) -> str:
    name = f"{system.name} {release}".rstrip()
    what = f"client {row.client}" if row.client else "no Lustre client"
    where = row.source or _cited(table)
    return f"{where}: {name}, kernel {row.kernels}: {what}"
