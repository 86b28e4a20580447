"""The nodes' own Lustre modules against a file system's version, over all nodes that were inspected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from diag import Draft, Layer, Unavailable, check, ok, skip, unknown, warn
from diag.analysis.nodes.differential import Fleet, judge_nodes
from diag.analysis.nodes.lustre_client import NodeKind
from diag.knowledge.lustre_versions import Client, NotListed, Talks, client_of_module, talks
from diag.resources.fsx import FileSystem
from diag.resources.node_report import NodeReport


@check("node-client", layer=Layer.CLIENT, each="mounted_file_systems", speaks_for="client-server-version-mismatch")
def node_clients_fit(
    file_system: FileSystem, fleet: Fleet, node_kinds: tuple[NodeKind, ...] | Unavailable
) -> Iterator[Draft]:
    """The Lustre module of every inspected node can talk to the file system's version.

    client-version judges the nodes that mount it; this one says, over all inspected nodes, whether a node, an
    image, a node group or the file system itself is what does not fit.

    pass: they fit
    warn: some do not, with what sets those apart from the others; client-version fails where a pod needs it
    unknown: the node did not say, or its version is in no table
    skip: no node was inspected, or none has a module to judge
    source: FSx for Lustre User Guide, client compatibility matrix; the module's own version on the node
    """
    kinds = () if isinstance(node_kinds, Unavailable) else node_kinds
    listed = {node.name: kind.listed for kind in kinds for node in kind.nodes}
    for draft in judge_nodes(fleet, lambda report: _fits(report, file_system.file_system_type_version, listed)):
        concerns = tuple(dict.fromkeys((*draft.concerns, file_system.subject)))
        yield msgspec.structs.replace(draft, concerns=concerns, rules_out=())


def _fits(report: NodeReport, server: str, listed: Mapping[str, Client | NotListed]) -> Draft:
    if not report.module_version:
        return skip(report, "it has no Lustre module with a known version")
    system = listed.get(report.node, NotListed(""))
    client = client_of_module(report.module_version, report.via.value, system)
    if not isinstance(client, Client):
        return unknown(report, f"Lustre client {report.module_version} is in no table", client.why)
    answer = talks(client, server)
    if answer is Talks.UNKNOWN:
        return unknown(report, f"Lustre server {server or '(no version)'} is in no table")
    texts = f"{report.node}: Lustre module {report.module_version} (through {report.via.value})"
    if answer is Talks.YES:
        return ok(report, f"client {client.version} fits server {server}", texts)
    return warn(report, f"client {client.version} cannot mount from server {server}", texts, cause=None)
