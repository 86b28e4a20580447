"""A file system made from the StorageClass has a Lustre version that the nodes' client can talk to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checks.request.storageclass_parameters import UNKNOWN_KEY
from diag import Draft, Layer, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.replace_class import set_parameters
from diag.analysis.nodes.lustre_client import MISMATCH, NodeKind, Outcome, Pairing, clients_of, pair
from diag.analysis.storage_classes import Demand
from diag.knowledge.lustre_versions import common_servers, matrix
from diag.knowledge.storage_class import misspelt
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume


@check("storageclass-version", layer=Layer.REQUEST, each="demands", speaks_for="storageclass-default-version")
def version_suits_the_nodes(
    demand: Demand, node_kinds: tuple[NodeKind, ...], file_systems: Table[FileSystem] | Unavailable
) -> Iterator[Draft]:
    """A file system made from the StorageClass has a Lustre version that the nodes' client can talk to.

    Without `fileSystemTypeVersion` FSx makes most types with Lustre 2.10, and without `deploymentType` a SCRATCH_1.
    Provisioning ends well, and then every mount by a 2.15 client (AL2023, Auto Mode, EL9) ends in exit status 22.

    pass: every kind of node can talk to the version that will be made
    warn: some kinds cannot, or none can and nothing waits for the class or was made so
    fail: no kind of node can, and a claim waits for it or its volume was made with that version
    unknown: the client of the nodes' kernels is in no table
    skip: the version is none that FSx makes, the cluster has no Linux node, or the class has no parameters
    source: fsx 2018-03-01 FileSystemTypeVersion; FSx for Lustre User Guide, client compatibility matrix
    """
    about, version = demand.storage_class, demand.version
    if version not in matrix().servers.known or not node_kinds:
        yield skip(about, f"no table knows Lustre {version!r}" if node_kinds else "no Linux node could mount it")
        return
    if not demand.parameters:
        yield skip(about, "it has no parameters: it makes no file system, of whatever version")
        return
    pairs = [pair(version, kind, kind.client) for kind in node_kinds]
    refused = [paired for paired in pairs if paired.outcome is Outcome.REFUSED]
    unsure = [paired for paired in pairs if paired.outcome is Outcome.UNKNOWN]
    message = f"without fileSystemTypeVersion {demand.deployment_type} is made with {version}"
    message = f"it asks for Lustre {version}" if demand.named_version else message
    if refused:
        yield _refused_draft(demand, message, refused, node_kinds, demand.made_with(version, file_systems))
    elif unsure:
        yield unknown(about, f"{message}; {unsure[0].message}", concerns=demand.path)
    else:
        yield ok(about, f"{message}, which the nodes can mount", rules_out=(), concerns=demand.path)


def _refused_draft(
    demand: Demand,
    told: str,
    refused: Sequence[Pairing],
    kinds: tuple[NodeKind, ...],
    made: tuple[PersistentVolume, ...],
) -> Draft:
    about, usable = demand.storage_class, common_servers(clients_of(kinds))
    hurts = len(refused) == len(kinds) and bool(demand.waiting or made or not demand.made)
    say = fail if hurts and all(paired.certain for paired in refused) else warn
    wrong_key = "" if made else misspelt(demand.parameters, "fileSystemTypeVersion")
    cause = MISMATCH if demand.named_version else UNKNOWN_KEY if wrong_key else "storageclass-default-version"
    changes = {"fileSystemTypeVersion": usable[-1] if usable else "", **({wrong_key: None} if wrong_key else {})}
    return say(
        about,
        f"{told}; such a file system {refused[0].message}",
        *refused[0].evidence,
        cause=cause,
        fix=set_parameters(about, demand.claims_to_replace, changes),
        concerns=(*demand.waiting, *made),
    )
