"""File systems that are yet to be made, against the clients that will mount them."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.steps import advise
from diag.analysis.nodes.lustre_client import NodeKind
from diag.analysis.planned import Client, PlannedCreation, clients_for, planned_creations
from diag.analysis.storage_classes import Demand
from diag.knowledge.lustre_versions import Talks, common_servers, talks
from diag.resources.manifests import ManifestSet
from diag.resources.target import Settings

MISMATCH = "client-server-version-mismatch"


@check("planned-version", layer=Layer.REQUEST, speaks_for=(MISMATCH, "storageclass-default-version"))
def planned_file_systems_suit_the_nodes(
    manifest_set: ManifestSet | Unavailable,
    demands: tuple[Demand, ...] | Unavailable,
    node_kinds: tuple[NodeKind, ...] | Unavailable,
    settings: Settings,
) -> Iterator[Draft]:
    """A file system that a Terraform plan or a StorageClass makes has a Lustre version that the nodes can mount.

    FSx makes SCRATCH_2 and most other types with Lustre 2.10 when nobody names a version, and a 2.15 client (AL2023,
    Auto Mode) is refused by it: exit status 22, hours after the plan was applied. The nodes are those of the cluster,
    or --assume-kernel says what theirs will be; only then are classes judged here too.

    pass: every client can talk to the version that will be made
    warn: some cannot, or a row of the table is only inferred
    fail: none can
    unknown: the nodes could not be read, or a client or version is in no table
    skip: the version is known only after apply, FSx does not make it, or there are no Linux nodes
    source: fsx 2018-03-01 FileSystemTypeVersion; FSx for Lustre User Guide, client compatibility matrix
    """
    for making in planned_creations(manifest_set, demands, settings):
        yield _judge(making, clients_for(settings, node_kinds, manifest_set))


def _judge(making: PlannedCreation, clients: tuple[Client, ...] | Unavailable) -> Draft:
    if making.is_open:
        return skip(making, "its version is known only after apply")
    made = f"{making.deployment_type} is made with Lustre {making.version or '(unknown)'}"
    text = f"it asks for Lustre {making.version}" if making.is_named else f"without a version {made}"
    if making.is_named and making.valid and making.version not in making.valid:
        return skip(making, f"{text}, which FSx does not make of {making.deployment_type}: planned-file-system says so")
    if isinstance(clients, Unavailable):
        return unknown(making, f"{text}; give --assume-kernel to judge it without nodes: {clients}", because=(clients,))
    if not clients:
        return skip(making, f"{text}; the cluster has no Linux node that could mount it")
    answers = {client: talks(client.known, making.version) for client in clients if client.known}
    refused = [client for client, answer in answers.items() if answer is Talks.NO or not client.version]
    if refused:
        certain = len(refused) == len(clients) and all(c.known and c.known.confidence.may_fail for c in refused)
        usable = common_servers(c.known for c in clients if c.known)
        cause = MISMATCH if making.is_named or not making.is_class else "storageclass-default-version"
        message = f"{text}; the client of {refused[0].who} is {refused[0].version or 'none'}: they do not work together"
        evidence = [client.known.row for client in refused[:1] if client.known]
        fix = _name(making, usable[-1]) if usable else None
        return (fail if certain else warn)(making, message, *evidence, cause=cause, fix=fix, concerns=making.concerns)
    if len(answers) < len(clients) or Talks.UNKNOWN in answers.values():
        odd = next((c for c in clients if not c.known or answers.get(c) is Talks.UNKNOWN), clients[0])
        return unknown(making, f"{text}; whether {odd.who} can mount it is in no table{odd.why and f': {odd.why}'}")
    return ok(making, f"{text}, which {clients[0].who} can mount", rules_out=(), concerns=making.concerns)


def _name(making: PlannedCreation, version: str) -> Fix:
    key = "fileSystemTypeVersion" if making.is_class else "file_system_type_version"
    return advise(f'Set {key} to "{version}"; a file system that exists is only ever upgraded, never lowered.')
