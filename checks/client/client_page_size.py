"""arm64 nodes whose kernel has 64 KiB pages."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, warn
from diag.analysis.nodes.lustre_client import LARGE_PAGES, Kinds, NodeKind
from diag.knowledge.lustre_versions import Client
from diag.resources.fsx import FileSystem


@check("client-page-size", layer=Layer.CLIENT, each="mounted_file_systems", speaks_for=LARGE_PAGES)
def client_page_size(
    file_system: FileSystem, mounting_kinds: Kinds, node_kinds: tuple[NodeKind, ...]
) -> Iterator[Draft]:
    """No node has a kernel with 64 KiB pages for which AWS makes no Lustre client.

    A module built for 4 KiB pages does not load there. AWS supports such kernels on Ubuntu 24.04 alone, from
    6.14.0-1018-aws-64k on, with a package of its own (lustre-client-modules-aws-64k).

    pass: no such kernel, or one that the table lists with a client
    warn: such a kernel that the table does not list
    fail: such a kernel that is older than the first one with a client
    unknown: nodes could not be listed
    source: FSx for Lustre User Guide, client compatibility matrix (64K page rows)
    """
    kinds = mounting_kinds.get(file_system.id, ()) or node_kinds
    large = [kind for kind in kinds if kind.has_large_pages]
    for kind in large:
        client = kind.client
        text = f"{kind.who} has a kernel with 64 KiB pages ({kind.kernel})"
        if not isinstance(client, Client):
            message = f"{text}, for which AWS lists no Lustre client"
            yield warn(file_system, message, client.why, cause=LARGE_PAGES, concerns=kind.nodes)
        elif not client.version:
            yield fail(file_system, f"{text}: {client.note}", client.row, concerns=kind.nodes)
        else:
            yield ok(file_system, f"{text}, for which there is client {client.version}", concerns=kind.nodes)
    if kinds and not large:
        yield ok(file_system, "no node that mounts it has a kernel with 64 KiB pages")
