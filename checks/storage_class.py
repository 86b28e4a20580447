"""StorageClasses that file systems are made from: keys, values, network, version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diag import Draft, Layer, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.replace_class import replace_class
from diag.analysis.attributes import looks_unexpanded
from diag.analysis.nodes.lustre_client import MISMATCH, NodeKind, Outcome, Pairing, clients_of, pair
from diag.analysis.storage_classes import Demand, Flaw, network_flaws
from diag.knowledge.lustre_matrix import matrix
from diag.knowledge.lustre_versions import common_servers
from diag.knowledge.storage_class import (
    broken_rules,
    is_reserved,
    misspelt,
    nearest_key,
    parameter_of,
    parameters_table,
    wrong_value,
)
from diag.resources.ec2 import SecurityGroup, Subnet
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume

UNKNOWN_KEY, INVALID = "storageclass-unknown-parameter", "storageclass-invalid-value"


@check("storageclass-parameters", layer=Layer.REQUEST, each="demands",
       speaks_for=(UNKNOWN_KEY, INVALID, "invalid-throughput-parameter", "efa-requirements"))  # fmt: skip
def parameters_are_known(demand: Demand) -> Iterator[Draft]:
    """The StorageClass's parameters are keys that the driver reads, with values that FSx takes.

    The driver looks its keys up one by one, case-sensitive, and ignores the rest without a word: a misspelt
    `deploymentType` makes a SCRATCH_1 file system. A wrong value ends provisioning with an error of the driver or of
    FSx. A class that no claim provisions from is not looked at.

    pass: every key is known, every value and combination is taken
    warn: a key that resembles none is ignored, or a combination is only known not to work by reasoning
    fail: a key is misspelt, a value is not taken, or the combination is refused
    unknown: StorageClasses, claims or volumes could not be read
    source: aws-fsx-csi-driver v1.9.0 pkg/driver/controller.go, pkg/cloud/cloud.go; fsx 2018-03-01 CreateFileSystem
    """
    about, path, healthy = demand.storage_class, demand.path, True
    for key, value in demand.parameters.items():
        parameter = parameter_of(key)
        if parameter is None and not is_reserved(key):
            healthy = False
            yield from _ignored(demand, key)
        elif parameter is not None and (wrong := wrong_value(parameter, value)):
            healthy = False
            cause = "unexpanded-variable" if looks_unexpanded(value) else INVALID
            yield fail(about, wrong, cause=cause, fix=replace_class(about, f"correct {key}"), concerns=path)
    for rule in broken_rules(demand.parameters) if healthy else ():
        healthy = False
        say = fail if rule.confidence.may_fail else warn
        yield say(about, rule.says, parameters_table().api, cause=rule.cause, fix=replace_class(about, "correct it"),
                  concerns=path)  # fmt: skip
    if healthy:
        yield ok(about, f"its {len(demand.parameters)} parameter(s) are known and taken", concerns=path)


def _ignored(demand: Demand, key: str) -> Iterator[Draft]:
    """A key that the driver does not read. One that should name the network is told by the check of the network."""
    about, meant = demand.storage_class, nearest_key(key)
    if not meant or meant in demand.parameters:
        yield warn(about, f"the driver ignores the parameter {key!r}", cause=UNKNOWN_KEY, concerns=demand.path)
    elif meant not in ("subnetId", "securityGroupIds"):
        told = f"the driver ignores the parameter {key!r}; {meant!r} is probably meant"
        fix = replace_class(about, f"rename {key} to {meant}")
        yield fail(about, told, cause=UNKNOWN_KEY, fix=fix, concerns=demand.path)


@check("storageclass-network", layer=Layer.REQUEST, each="demands",
       speaks_for=("storageclass-network-missing", "multiple-subnets-not-supported"))  # fmt: skip
def network_is_given(
    demand: Demand, class_subnets: Table[Subnet] | Unavailable, class_groups: Table[SecurityGroup] | Unavailable
) -> Iterator[Draft]:
    """The StorageClass names one subnet that exists, and security groups that exist in the same VPC.

    A file system stands in exactly one subnet. Without `subnetId` the driver refuses; without `securityGroupIds` it
    sends one empty id, which FSx refuses. The list is split at commas and not trimmed, so a blank belongs to an id.

    pass: subnet and groups are well-formed and EC2 has them
    fail: one is missing, malformed, unknown to EC2, or there are several subnets
    unknown: EC2 could not be asked for them
    source: aws-fsx-csi-driver v1.9.0 pkg/driver/controller.go, pkg/cloud/cloud.go; fsx 2018-03-01 SecurityGroupId
    """
    flaws = network_flaws(demand.parameters, class_subnets, class_groups)
    for flaw in flaws:
        yield _network_draft(demand, flaw)
    if not flaws:
        told = f"subnet {demand.parameters['subnetId']}, groups {demand.parameters['securityGroupIds']}: EC2 has them"
        yield ok(demand.storage_class, told, concerns=demand.path)


def _network_draft(demand: Demand, flaw: Flaw) -> Draft:
    about = demand.storage_class
    if flaw.unread is not None:
        return unknown(about, f"{flaw.told}: {flaw.unread}", because=(flaw.unread,), concerns=demand.path)
    fix = replace_class(about, f"set {flaw.key}")
    return fail(about, flaw.told, cause=flaw.cause, fix=fix, concerns=demand.path)


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
    skip: the version is none that FSx makes, or the cluster has no Linux node
    source: fsx 2018-03-01 FileSystemTypeVersion; FSx for Lustre User Guide, client compatibility matrix
    """
    about, version = demand.storage_class, demand.version
    if version not in matrix().servers.known or not node_kinds:
        yield skip(about, f"no table knows Lustre {version!r}" if node_kinds else "no Linux node could mount it")
        return
    pairs = [pair(version, kind, kind.client) for kind in node_kinds]
    refused = [paired for paired in pairs if paired.outcome is Outcome.REFUSED]
    unsure = [paired for paired in pairs if paired.outcome is Outcome.UNKNOWN]
    told = f"without fileSystemTypeVersion {demand.deployment_type} is made with {version}"
    told = f"it asks for Lustre {version}" if demand.named_version else told
    if refused:
        yield _refused_draft(demand, told, refused, node_kinds, demand.made_with(version, file_systems))
    elif unsure:
        yield unknown(about, f"{told}; {unsure[0].told}", concerns=demand.path)
    else:
        yield ok(about, f"{told}, which the nodes can mount", rules_out=(), concerns=demand.path)


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
    change = f'add fileSystemTypeVersion: "{usable[-1]}"' if usable else "name a version that the nodes can mount"
    return say(
        about,
        f"{told}; such a file system {refused[0].told}",
        *refused[0].evidence,
        cause=cause,
        fix=replace_class(about, change),
        concerns=(*demand.waiting, *made),
    )
