"""The nodes' own Lustre modules against a file system's version, over the whole fleet that was looked into."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from diag import Draft, Layer, check, ok, skip, unknown, warn
from diag.analysis.nodes.differential import Fleet, tell
from diag.knowledge.lustre_versions import Client, NotListed, Talks, client_of_module, talks
from diag.resources.fsx import FileSystem
from diag.resources.node_report import NodeTruth


@check("node-client", layer=Layer.CLIENT, each="mounted_file_systems", speaks_for="client-server-version-mismatch")
def node_clients_fit(file_system: FileSystem, fleet: Fleet) -> Iterator[Draft]:
    """The Lustre module of every node that was looked into can talk to the file system's version.

    client-version judges the nodes that mount it; this one tells, over all nodes that were asked, whether a node, an
    image, a node group or the file system itself is what does not fit.

    pass: they fit
    warn: some do not, with what sets those apart from the others; client-version fails where a pod needs it
    unknown: the node did not say, or its version is in no table
    skip: no node was looked into, or none has a module to judge
    source: FSx for Lustre User Guide, client compatibility matrix; the module's own version on the node
    """
    for draft in tell(fleet, lambda truth: _fits(truth, file_system.file_system_type_version)):
        concerns = tuple(dict.fromkeys((*draft.concerns, file_system.subject)))
        yield msgspec.structs.replace(draft, concerns=concerns, rules_out=())


def _fits(truth: NodeTruth, server: str) -> Draft:
    if not truth.module_version:
        return skip(truth, "it has no Lustre module whose version could be told")
    client = client_of_module(truth.module_version, truth.via.value, NotListed(""))
    if not isinstance(client, Client):
        return unknown(truth, f"Lustre client {truth.module_version} is in no table", client.why)
    answer = talks(client, server)
    if answer is Talks.UNKNOWN:
        return unknown(truth, f"Lustre server {server or '(no version)'} is in no table")
    texts = f"{truth.node}: Lustre module {truth.module_version} (through {truth.via.value})"
    if answer is Talks.YES:
        return ok(truth, f"client {client.version} fits server {server}", texts)
    return warn(truth, f"client {client.version} cannot mount from server {server}", texts, cause=None)
