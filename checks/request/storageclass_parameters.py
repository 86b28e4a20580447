"""The StorageClass's parameters are keys that the driver reads, with values that FSx takes."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, warn
from diag.advice.replace_class import rename_parameter, set_parameters
from diag.analysis.attributes import looks_unexpanded
from diag.analysis.storage_classes import Demand
from diag.knowledge.storage_class import (
    broken_rules,
    is_reserved,
    likely_value,
    nearest_key,
    parameter_of,
    parameters_table,
    repaired,
    wrong_value,
)

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
            yield fail(
                about,
                wrong,
                cause=cause,
                fix=set_parameters(about, demand.claims_to_replace, {key: likely_value(parameter, value)}),
                concerns=path,
            )
    for rule in broken_rules(demand.parameters) if healthy else ():
        healthy = False
        say, fix = (
            fail if rule.confidence.may_fail else warn,
            set_parameters(about, demand.claims_to_replace, repaired(demand.parameters)),
        )
        yield say(about, rule.says, parameters_table().api, cause=rule.cause, fix=fix, concerns=path)
    if healthy:
        yield ok(about, f"its {len(demand.parameters)} parameter(s) are known and taken", concerns=path)


def _ignored(demand: Demand, key: str) -> Iterator[Draft]:
    """A key that the driver does not read. The network check reports one that should name the network."""
    about, meant = demand.storage_class, nearest_key(key)
    if not meant or meant in demand.parameters:
        yield warn(about, f"the driver ignores the parameter {key!r}", cause=UNKNOWN_KEY, concerns=demand.path)
    elif meant not in ("subnetId", "securityGroupIds"):
        message = f"the driver ignores the parameter {key!r}; {meant!r} is probably meant"
        fix = rename_parameter(about, demand.claims_to_replace, key, meant, demand.parameters[key])
        yield fail(about, message, cause=UNKNOWN_KEY, fix=fix, concerns=demand.path)
