"""The Lustre client of each kind of node, and whether it works with a server's version."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from diag.analysis.nodes.eligibility import keeps_off, linux_nodes, node_list
from diag.analysis.volumes import Mount
from diag.grammar.ids import FILE_SYSTEM
from diag.knowledge.lustre_versions import Client, Home, NotListed, Talks, client_of, client_of_module, talks
from diag.model.layer import Layer
from diag.model.unavailable import Unavailable
from diag.registry import fact
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import Node
from diag.resources.node_report import NodeReport
from diag.resources.table import Table


class NodeKind(msgspec.Struct, frozen=True):
    """Nodes with the same operating system, kernel and architecture: one Lustre client."""

    os_image: str
    kernel: str
    architecture: str
    nodes: tuple[Node, ...]
    module: str = ""
    """Version of the nodes' own Lustre module, where they were inspected: `2.15.6`."""
    seen_through: str = ""
    """The way in through which it was seen: `exec`."""

    @property
    def listed(self) -> Client | NotListed:
        """What the table of kernels says of them."""
        return client_of(self.os_image, self.kernel, self.architecture)

    @property
    def client(self) -> Client | NotListed:
        """What the nodes' own module says, else what the table of kernels says of them."""
        return client_of_module(self.module, self.seen_through, self.listed) if self.module else self.listed

    @property
    def has_large_pages(self) -> bool:
        """The kernel has pages of 64 KiB: `-aws-64k` on Ubuntu, `+64k` on Red Hat's. Source: their package names."""
        return self.kernel.endswith("64k")

    @property
    def groups(self) -> tuple[str, ...]:
        """The node groups or node pools that they belong to."""
        return tuple(sorted({node.node_group for node in self.nodes if node.node_group}))

    @property
    def who(self) -> str:
        """`node node-a`, or `node node-a and 12 more`."""
        return node_list(self.nodes)

    @property
    def what(self) -> str:
        """`Amazon Linux 2023.9.20251027, kernel 6.12.46-…, amd64`."""
        return f"{self.os_image}, kernel {self.kernel}, {self.architecture}"


Kinds = dict[str, tuple[NodeKind, ...]]
"""Kinds of nodes by file-system id."""


@fact(layer=Layer.CLIENT)
def node_kinds(nodes: tuple[Node, ...], node_truths: Table[NodeReport] | Unavailable) -> tuple[NodeKind, ...]:
    """The kinds of nodes on which a Lustre volume can be mounted at all: neither Windows nor Fargate."""
    return kinds_of(nodes, node_truths)


@fact(layer=Layer.CLIENT)
def mounting_kinds(
    mounts: tuple[Mount, ...],
    nodes: tuple[Node, ...],
    mounted_file_systems: tuple[FileSystem, ...],
    node_truths: Table[NodeReport] | Unavailable,
) -> Kinds:
    """The kinds of nodes where pods that use each file system run, by file-system id; none for one that no pod uses."""
    by_name = {node.name: node for node in nodes}
    using: dict[str, dict[str, Node]] = {file_system.id: {} for file_system in mounted_file_systems}
    for mount in mounts:
        node = by_name.get(mount.node_name)
        for id in ids_of(mount):
            if node is not None and id in using:
                using[id][node.name] = node
    return {id: kinds_of(users.values(), node_truths) for id, users in using.items() if users}


@fact(layer=Layer.CLIENT)
def possible_kinds(
    mounts: tuple[Mount, ...], node_kinds: tuple[NodeKind, ...], mounted_file_systems: tuple[FileSystem, ...]
) -> Kinds:
    """The kinds of nodes where nothing keeps a pod that uses each file system off, by file-system id.

    All kinds where no pod uses it. A kind counts when one of its nodes is open to one of the pods.
    """
    open_to: dict[bytes, tuple[NodeKind, ...]] = {}
    found: dict[str, dict[tuple[str, ...], NodeKind]] = {fs.id: {} for fs in mounted_file_systems}
    for mount in mounts:
        spec = mount.pod.spec
        # Replicas share their constraints: each distinct set is tried on the nodes once, not each pod.
        constraints = msgspec.json.encode((spec.node_selector, spec.affinity, spec.tolerations))
        if constraints not in open_to:
            fitting = ((kind, tuple(n for n in kind.nodes if not keeps_off(spec, n))) for kind in node_kinds)
            open_to[constraints] = tuple(replace(kind, nodes=nodes) for kind, nodes in fitting if nodes)
        for id in ids_of(mount):
            if id in found:
                found[id] |= {(k.os_image, k.kernel, k.architecture, k.module): k for k in open_to[constraints]}
    used = {id for mount in mounts for id in ids_of(mount)}
    return {id: tuple(kinds.values()) if id in used else node_kinds for id, kinds in found.items()}


def ids_of(mount: Mount) -> frozenset[str]:
    """The file systems that a mount names, by handle and by DNS name: one, where the volume is right."""
    named = FILE_SYSTEM.leading(mount.volume.dns_name or "")
    return frozenset({mount.volume.handle, named} if named else {mount.volume.handle})


def kinds_of(nodes: Iterable[Node], truths: Table[NodeReport] | Unavailable) -> tuple[NodeKind, ...]:
    """Nodes sorted into kinds, in the order of their first node; those whose own module was seen by its version too."""
    seen = {} if isinstance(truths, Unavailable) else truths.values
    kinds: dict[tuple[str, str, str, str, str], list[Node]] = {}
    for node in linux_nodes(nodes):
        info, report = node.status.node_info, seen.get(node.name)
        own = (report.module_version, report.via.value) if report and report.module_version else ("", "")
        kinds.setdefault((info.os_image, info.kernel_version, info.architecture, *own), []).append(node)
    return tuple(
        NodeKind(os_image, kernel, architecture, tuple(members), module, via)
        for (os_image, kernel, architecture, module, via), members in kinds.items()
    )


def clients_of(kinds: Iterable[NodeKind]) -> tuple[Client, ...]:
    """The distinct known clients of several kinds."""
    return tuple(dict.fromkeys(kind.client for kind in kinds if isinstance(kind.client, Client)))


MISMATCH = "client-server-version-mismatch"


NO_MODULE = "lustre-module-missing"


NO_CLIENT = "kernel-unsupported-by-client"


LARGE_PAGES = "large-page-kernel"


class Outcome(enum.Enum):
    """How a pair ends."""

    WORKS = "works"
    REFUSED = "refused"
    """The versions do not talk to each other."""
    NO_CLIENT = "no-client"
    """The kernel has no Lustre client at all."""
    UNKNOWN = "unknown"


class Pairing(msgspec.Struct, frozen=True):
    """The answer for one pair."""

    outcome: Outcome
    message: str
    """One sentence with both versions."""
    evidence: tuple[str, ...] = ()
    cause: str = ""
    certain: bool = True
    """False when the table's row is only inferred."""


def pair(server: str, kind: NodeKind, client: Client | NotListed) -> Pairing:
    """What becomes of a mount by such nodes, with that client, from a server of that version.

    Source: the table of clients, kernels and servers, whose row is in the evidence.
    """
    if not isinstance(client, Client):
        return Pairing(Outcome.UNKNOWN, f"the Lustre client is unknown on {kind.who}: {client.why}")
    rows = (client.row,)
    if not client.version:
        cause = NO_CLIENT if client.module is Home.PACKAGE else NO_MODULE
        if kind.has_large_pages:
            cause = LARGE_PAGES
        message = f"{kind.who} ({kind.what}) has no Lustre client: {client.note}"
        return Pairing(Outcome.NO_CLIENT, message, rows, cause, client.confidence.may_fail)
    here = f"the client of {kind.who} is {client.version} ({kind.what})"
    message = f"runs Lustre {server or '(no version given)'}, {here}"
    answer = talks(client, server)
    if answer is Talks.UNKNOWN:
        return Pairing(Outcome.UNKNOWN, f"{message}: no table knows this server version", rows)
    if answer is Talks.YES:
        return Pairing(Outcome.WORKS, message, rows)
    message += f": Lustre {client.version} nodes cannot mount a Lustre {server} file system"
    return Pairing(Outcome.REFUSED, message, rows, MISMATCH, client.confidence.may_fail)
