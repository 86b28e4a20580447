"""What is wrong with the subnet and the security groups that a StorageClass names."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from diag.facts.ec2 import SecurityGroup, Subnet
from diag.facts.naming import looks_unexpanded
from diag.facts.table import Table
from diag.knowledge.storage_class import misspelt
from diag.model.unavailable import Reason, Unavailable

SUBNET_ID = re.compile(r"subnet-[0-9a-f]{8,}")
GROUP_ID = re.compile(r"sg-[0-9a-f]{8,}")
"""Source: fsx 2018-03-01, SubnetId and SecurityGroupId."""

MISSING, SEVERAL, UNEXPANDED, MISSPELT = (
    "storageclass-network-missing", "multiple-subnets-not-supported", "unexpanded-variable",
    "storageclass-unknown-parameter",
)  # fmt: skip


class Flaw(msgspec.Struct, frozen=True):
    """One thing that is wrong, or that could not be looked at."""

    key: str
    told: str
    cause: str = MISSING
    unread: Unavailable | None = None


def subnet_ids(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """The subnet of the parameters, if it is well-formed."""
    given = parameters.get("subnetId", "")
    return (given,) if SUBNET_ID.fullmatch(given) else ()


def group_ids(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """The well-formed security groups of the parameters."""
    return tuple(id for id in parameters.get("securityGroupIds", "").split(",") if GROUP_ID.fullmatch(id))


def network_flaws(
    parameters: Mapping[str, str], subnets: Table[Subnet] | Unavailable, groups: Table[SecurityGroup] | Unavailable
) -> tuple[Flaw, ...]:
    """Everything that keeps FSx from standing a file system where the parameters say."""
    return (*_subnet_flaws(parameters, subnets), *_group_flaws(parameters, subnets, groups))


def _subnet_flaws(parameters: Mapping[str, str], subnets: Table[Subnet] | Unavailable) -> tuple[Flaw, ...]:
    given = parameters.get("subnetId", "")
    if not given and (written := misspelt(parameters, "subnetId")):
        return (Flaw("subnetId", f"the driver ignores {written!r}; without subnetId it refuses", MISSPELT),)
    if not given:
        return (Flaw("subnetId", "it has no subnetId, so the driver refuses: SubnetId is required"),)
    if looks_unexpanded(given):
        return (Flaw("subnetId", f"its subnetId is {given!r}, a variable that was never filled in", UNEXPANDED),)
    if "," in given or len(given.split()) > 1:
        return (Flaw("subnetId", f"its subnetId names several subnets ({given}); Lustre takes one", SEVERAL),)
    if not SUBNET_ID.fullmatch(given):
        return (Flaw("subnetId", f"its subnetId is {given!r}, which is no subnet id"),)
    return _absent("subnetId", given, subnets)


def _group_flaws(
    parameters: Mapping[str, str], subnets: Table[Subnet] | Unavailable, groups: Table[SecurityGroup] | Unavailable
) -> tuple[Flaw, ...]:
    key, given = "securityGroupIds", parameters.get("securityGroupIds", "")
    if not given and (written := misspelt(parameters, key)):
        return (Flaw(key, f"the driver ignores {written!r}; it reads {key!r}, and FSx refuses without", MISSPELT),)
    if not given:
        return (Flaw(key, "it has no securityGroupIds; the driver then sends one empty id, which FSx refuses"),)
    if looks_unexpanded(given):
        return (Flaw(key, f"its securityGroupIds are {given!r}, a variable that was never filled in", UNEXPANDED),)
    found: list[Flaw] = []
    for id in given.split(","):
        if GROUP_ID.fullmatch(id):
            found.extend(_absent(key, id, groups))
        elif GROUP_ID.fullmatch(id.strip()):
            found.append(Flaw(key, f"the group id {id!r} has blanks; the driver does not trim them, FSx refuses it"))
        else:
            found.append(Flaw(key, f"{id!r} among its securityGroupIds is no security-group id"))
    return (*found, *_elsewhere(parameters, subnets, groups))


def _absent(key: str, id: str, table: Table[Subnet] | Table[SecurityGroup] | Unavailable) -> tuple[Flaw, ...]:
    found = table if isinstance(table, Unavailable) else table.get(id)
    if not isinstance(found, Unavailable):
        return ()
    if found.reason is Reason.ABSENT:
        return (Flaw(key, f"{id} does not exist in this account and region"),)
    return (Flaw(key, f"cannot tell whether {id} exists", unread=found),)


def _elsewhere(
    parameters: Mapping[str, str], subnets: Table[Subnet] | Unavailable, groups: Table[SecurityGroup] | Unavailable
) -> tuple[Flaw, ...]:
    """Groups of another VPC than the subnet's: CreateFileSystem takes none (fsx 2018-03-01 InvalidNetworkSettings)."""
    if isinstance(subnets, Unavailable) or isinstance(groups, Unavailable):
        return ()
    home = next((subnets.values[id].vpc_id for id in subnet_ids(parameters) if id in subnets), "")
    strangers = [groups.values[id] for id in group_ids(parameters) if id in groups]
    return tuple(
        Flaw("securityGroupIds", f"{group.group_id} is of {group.vpc_id}, the subnet of {home}")
        for group in strangers
        if home and group.vpc_id and group.vpc_id != home
    )
