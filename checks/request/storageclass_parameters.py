"""The StorageClass's parameters are keys that the driver reads, with values that FSx takes."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Correction, Draft, Layer, Reason, Unavailable, check, fail, ok, unknown, warn
from diag.advice.replace_claim import replace_claim
from diag.advice.replace_class import rename_parameter, set_parameters
from diag.analysis.claims import waits_too_long
from diag.analysis.driver.cluster_rights import ClusterRights
from diag.analysis.driver.workloads import release_of
from diag.analysis.storage_classes import Demand
from diag.grammar.command import Verbatim
from diag.grammar.unfilled import is_stand_in, is_unfilled
from diag.knowledge.fsx_create import Refusal, bucket_of
from diag.knowledge.storage_class import (
    INVALID,
    Takes,
    class_refusals,
    differs_in_spelling,
    ignored_without,
    is_beyond_table,
    is_refused,
    is_reserved,
    key_of,
    likely_value,
    may_be_new,
    nearest_key,
    parameter_of,
    parameters_table,
    repaired,
    rounded_gib,
    secrets_of,
    spelt_otherwise,
)
from diag.resources.eks import ClusterIdentity
from diag.resources.kubernetes import Workload
from diag.resources.manifests import ManifestSet
from diag.resources.quantity import bytes_of

UNKNOWN_KEY, UNFILLED, KEY = "storageclass-unknown-parameter", "unexpanded-variable", "kms-key-unusable"
UNREADABLE = "csi-secret-unusable"

ARN_PARTS = 6
"""Fields of an ARN between its colons."""


@check("storageclass-parameters", layer=Layer.REQUEST, each="demands",
       speaks_for=(UNKNOWN_KEY, INVALID, "invalid-throughput-parameter", "efa-requirements", KEY, UNREADABLE,
                   "access-mode-rejected", "volume-mode-block"))  # fmt: skip
def parameters_are_known(
    demand: Demand,
    controller: Workload | Unavailable,
    manifest_set: ManifestSet | Unavailable,
    cluster_identity: ClusterIdentity | Unavailable,
    cluster_rights: ClusterRights | Unavailable,
    taken_at: str,
) -> Iterator[Draft]:
    """The StorageClass's parameters are keys that the driver reads, with values that FSx takes.

    The driver looks its keys up one by one, case-sensitive, and ignores the rest without a word: a misspelt
    `deploymentType` makes a SCRATCH_1 file system. A wrong value ends provisioning with an error of the driver or of
    FSx. The capacity is that of the claims that wait, rounded as the driver rounds it. Keys of the provisioner itself
    (csi.storage.k8s.io/...) it knows, or refuses; a secret it takes by name and namespace, and reads its own as the
    driver's service account.

    pass: every key is known, every value and combination is taken
    warn: a key that resembles none is ignored, or a combination is only known not to work by reasoning; or a secret for
        the provisioner is named, no ClusterRole lets the controller read secrets, and a claim waits
    fail: a key is misspelt or never filled in, a value is not taken, the combination is refused, or a claim waits for
        longer than FSx takes where reasoning says so; or the KMS key is of another Region; or half of a secret is named
    unknown: StorageClasses, claims or volumes could not be read; or the driver is newer than the releases whose source
        was read, and a key or a value may be new in it
    source: aws-fsx-csi-driver v1.0.0 to v1.9.0 pkg/driver/controller.go, pkg/cloud/cloud.go; fsx 2018-03-01
        CreateFileSystem
    """
    about, path, parameters = demand.storage_class, demand.path, demand.parameters
    release = release_of(controller, manifest_set)
    unfilled = [key for key, value in parameters.items() if _is_open(key, value)]
    beyond = is_beyond_table(release)
    new = [key for key, value in parameters.items() if beyond and may_be_new(key, value)]
    unsent = [key for key in parameters if (own := parameter_of(key)) and not own.is_read_by(release)]
    open_keys = [*unfilled, *new, *unsent]
    drafts = [
        *(draft for key in unfilled for draft in _unfilled(demand, key)),
        *(draft for key in parameters if key not in new for draft in _ignored(demand, key, release)),
        *((_perhaps_new(demand, new, release),) if new else ()),
        *(_refused(demand, refusal, taken_at) for refusal in class_refusals(parameters, unsure=open_keys)),
        *_refused_sizes(demand, open_keys),
        *_refused_access(demand),
        *_key_of_elsewhere(demand, cluster_identity),
        *_secrets(demand, cluster_rights),
        *(
            warn(about, f"{key} is ignored without {other}", cause=INVALID, concerns=path)
            for key, other in ignored_without(parameters).items()
        ),
    ]
    yield from drafts
    misnamed = any(parameter_of(key) is None and not is_reserved(key) for key in parameters)
    if not drafts and not misnamed:
        yield ok(about, f"its {len(parameters)} parameter(s) are known and taken", concerns=path)


def _perhaps_new(demand: Demand, keys: list[str], release: str) -> Draft:
    newest = parameters_table().newest
    detail = f"the parameters are those of releases up to {newest}"
    unread = Unavailable(f"parameters of driver {release}", Reason.NOT_ASKED, detail, remedy="read its release notes")
    named = ", ".join(f"{key}={demand.parameters[key]!r}" for key in keys)
    message = f"driver {newest} does not take {named}; whether {release} does is not known"
    return unknown(demand.storage_class, message, because=(unread,), concerns=demand.path)


def _is_open(key: str, value: str) -> bool:
    """A variable in place of a value. NONE is a value where the parameter takes it."""
    parameter = parameter_of(key)
    if parameter is None or value in parameter.values:
        return False
    return is_unfilled(value) or is_stand_in(bucket_of(value))


def _unfilled(demand: Demand, key: str) -> Iterator[Draft]:
    """The network check reports an id that was never filled in."""
    parameter, value = parameter_of(key), demand.parameters[key]
    if parameter is not None and parameter.kind is not Takes.NETWORK:
        fix = set_parameters(demand.storage_class, demand.claims_to_replace, {key: likely_value(key, value)})
        message = f"{key} is {value!r}, a variable that was never filled in"
        yield fail(demand.storage_class, message, cause=UNFILLED, fix=fix, concerns=demand.path)


def _refused(demand: Demand, refusal: Refusal, taken_at: str) -> Draft:
    concerns = demand.path
    key = key_of(refusal.member)
    value = demand.parameters.get(key, "")
    meant = spelt_otherwise(key, value) if refusal.is_certain and refusal.rule is None else ""
    if meant:
        fix = set_parameters(demand.storage_class, demand.claims_to_replace, {key: meant})
        return fail(
            demand.storage_class, refusal.message, refusal.source, cause=refusal.cause, fix=fix, concerns=concerns,
            correction=Correction(key, value, meant),
        )  # fmt: skip
    changes = repaired(demand.parameters) if refusal.rule else {key: likely_value(key, value)}
    fix = set_parameters(demand.storage_class, demand.claims_to_replace, changes)
    stuck = any(waits_too_long(claim, taken_at) for claim in demand.waiting)
    say = fail if refusal.is_certain or stuck else warn
    return say(demand.storage_class, refusal.message, refusal.source, cause=refusal.cause, fix=fix, concerns=concerns)


def _refused_sizes(demand: Demand, open_keys: list[str]) -> Iterator[Draft]:
    """What is refused only because of the capacity that a waiting claim asks for."""
    known = {refusal.message for refusal in class_refusals(demand.parameters, unsure=open_keys)}
    for claim in demand.waiting:
        asked = (claim.spec.resources.requests or {}).get("storage", "")
        size = bytes_of(asked)
        if size is None or size <= 0:
            continue
        gib = rounded_gib(size, demand.parameters)
        for refusal in class_refusals(demand.parameters, gib, unsure=open_keys):
            if refusal.message not in known:
                known.add(refusal.message)
                message = f"{claim.subject} asks for {asked}, the driver for {gib} GiB: {refusal.message}"
                say = fail if refusal.is_certain else warn
                yield say(demand.storage_class, message, refusal.source, cause=refusal.cause, concerns=(claim,))


def _refused_access(demand: Demand) -> Iterator[Draft]:
    """Source: aws-fsx-csi-driver v1.9.0 isValidVolumeCapabilities: every access mode of the claim counts; and a
    volume that is made for a block claim is a directory all the same, in which the kubelet finds no device."""
    for claim in demand.waiting:
        if claim.spec.volume_mode == "Block":
            message = f"{claim.subject} asks for volumeMode Block, and Lustre has no block device to give"
            fix = replace_claim(claim, {"volumeMode": Verbatim("Filesystem")})
            yield fail(claim, message, cause="volume-mode-block", fix=fix, concerns=(demand.storage_class,))
        if "ReadOnlyMany" in (claim.spec.access_modes or ()):
            message = f"{claim.subject} asks for ReadOnlyMany among its accessModes, which the driver refuses"
            yield fail(claim, message, cause="access-mode-rejected", concerns=(demand.storage_class,))


def _key_of_elsewhere(demand: Demand, cluster: ClusterIdentity | Unavailable) -> Iterator[Draft]:
    """A KMS key serves its own Region alone, a multi-Region one through its replica there. Source: AWS KMS developer
    guide, multi-Region keys; fsx 2018-03-01 KmsKeyId."""
    arn = demand.parameters.get("kmsKeyId", "").split(":")
    here = "" if isinstance(cluster, Unavailable) else cluster.region
    if len(arn) == ARN_PARTS and arn[2] == "kms" and here and arn[3] not in ("", here):
        fix = set_parameters(demand.storage_class, demand.claims_to_replace, {"kmsKeyId": ""})
        message = f"kmsKeyId is a key of {arn[3]}, the file system is made in {here}: FSx cannot use it"
        yield fail(demand.storage_class, message, cause=KEY, fix=fix, concerns=demand.path)


def _secrets(demand: Demand, rights: ClusterRights | Unavailable) -> Iterator[Draft]:
    """The driver reads no secret; the provisioner wants those that a class names all the same."""
    for secret in secrets_of(demand.parameters):
        about, path = demand.storage_class, demand.path
        without = {key: None for key in secret.keys if key in demand.parameters}
        fix = set_parameters(about, demand.claims_to_replace, without)
        if not (secret.name and secret.namespace):
            message = (
                f"it names the secret for {secret.use} in half: name {secret.name!r}, namespace {secret.namespace!r}"
            )
            yield fail(about, message, cause=UNREADABLE, fix=fix, concerns=path)
        elif (
            secret.use == "provisioner"
            and demand.waiting
            and isinstance(rights, ClusterRights)
            and not rights.reads_secrets
        ):
            message = (
                f"the provisioner has to read the secret {secret.namespace}/{secret.name}, which the driver does not"
                " need, and no ClusterRole of the controller's lets it get secrets"
            )
            yield warn(about, message, cause=UNREADABLE, fix=fix, concerns=path)


def _ignored(demand: Demand, key: str, release: str) -> Iterator[Draft]:
    """A key that the driver does not read. The network check reports one that should name the network."""
    about, parameter, meant = demand.storage_class, parameter_of(key), nearest_key(key)
    if is_refused(key):
        fix = set_parameters(about, demand.claims_to_replace, {key: None})
        message = (
            f"the provisioner knows no parameter {key!r}, and refuses every key of its own prefix that it does not"
        )
        yield fail(about, message, cause=UNKNOWN_KEY, fix=fix, concerns=demand.path)
    elif is_reserved(key):
        return
    elif parameter is not None:
        if not parameter.is_read_by(release):
            message = f"driver {release} ignores the parameter {key!r}, which {parameter.since} is the first to read"
            yield fail(about, message, cause=UNKNOWN_KEY, concerns=demand.path)
    elif meant in demand.parameters and demand.parameters[meant] != demand.parameters[key]:
        message = f"{key!r} and {meant!r} say different things, and the driver reads {meant!r} alone"
        yield fail(about, message, cause=UNKNOWN_KEY, concerns=demand.path)
    elif not meant or meant in demand.parameters:
        yield warn(about, f"the driver ignores the parameter {key!r}", cause=UNKNOWN_KEY, concerns=demand.path)
    elif meant not in ("subnetId", "securityGroupIds"):
        message = f"the driver ignores the parameter {key!r}; {meant!r} is probably meant"
        fix = rename_parameter(about, demand.claims_to_replace, key, meant, demand.parameters[key])
        certain = Correction(key, key, meant, is_key=True) if differs_in_spelling(key, meant) else None
        yield fail(about, message, cause=UNKNOWN_KEY, fix=fix, concerns=demand.path, correction=certain)
