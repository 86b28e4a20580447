"""What a teardown may leave behind, in the APIs' own shapes."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from diag.model.subject import Kind, Subject
from diag.resources.ec2 import NetworkInterface, SecurityGroup

SERVICE_ACCOUNT = re.compile(r"system:serviceaccount:([\w.*-]+):([\w.*-]*fsx[\w.*-]*)", re.IGNORECASE)
"""A service account of the driver in a trust policy."""

ISSUER = re.compile(
    r"oidc[.-]eks\.(?P<region>[\w-]+)\."
    r"(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|api\.aws|api\.amazonwebservices\.(?:com\.cn|eu))/id/(?P<id>\w+)"
)
"""An EKS cluster's OIDC issuer, in a provider's or a trust policy's ARN.

Source: EKS user guide, cluster-endpoint (the newer issuers, oidc-eks.<region>.api.aws, of October 2024).
"""

ANY_SERVICE_ACCOUNT = re.compile(r"system:serviceaccount:([^:\"]+):([^:\"]+)")


def accounts_admitted(condition: object) -> frozenset[tuple[str, str]]:
    """(namespace, name) of the service accounts that a Condition names; none where it admits all others instead."""
    negates = isinstance(condition, dict) and any("not" in str(operator).lower() for operator in condition)
    return frozenset() if negates else frozenset(ANY_SERVICE_ACCOUNT.findall(json.dumps(condition)))


LUSTRE_NAME = re.compile(r"fsx|lustre", re.IGNORECASE)


class LustreGroups(msgspec.Struct, frozen=True):
    """Every security group of the region with a rule for 988, who uses each, and whose rules name it."""

    groups: tuple[SecurityGroup, ...]
    interfaces: tuple[NetworkInterface, ...] = ()
    """ENIs that carry one of them."""
    referring: tuple[SecurityGroup, ...] = ()
    """Groups with a rule that names one of them."""

    def users_of(self, group_id: str) -> tuple[NetworkInterface, ...]:
        """The ENIs that carry a group."""
        return tuple(eni for eni in self.interfaces if group_id in eni.group_ids)

    def named_by(self, group_id: str) -> tuple[str, ...]:
        """Ids of the other groups whose rules name a group: EC2 refuses to delete it while they do."""
        return tuple(
            other.group_id
            for other in self.referring
            if other.group_id != group_id
            and any(
                pair.group_id == group_id
                for rule in (*other.ip_permissions, *other.ip_permissions_egress)
                for pair in rule.user_id_group_pairs
            )
        )


class Issuer(msgspec.Struct, frozen=True):
    """A cluster's OIDC issuer."""

    region: str
    id: str


def _listed(value: object) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


class TrustedRole(msgspec.Struct, frozen=True, rename="pascal"):
    """An IAM role as ListRoles gives it."""

    role_name: str
    arn: str = ""
    assume_role_policy_document: dict[str, Any] = {}

    @property
    def subject(self) -> Subject:
        """The role as the subject of findings."""
        return Subject(Kind.ROLE, self.role_name)

    @property
    def service_accounts(self) -> tuple[tuple[str, str], ...]:
        """(namespace, name) of the driver's service accounts that its trust policy names."""
        return tuple(dict.fromkeys(SERVICE_ACCOUNT.findall(json.dumps(self.assume_role_policy_document))))

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The EKS issuers that its trust policy names."""
        found = ISSUER.finditer(json.dumps(self.assume_role_policy_document))
        return tuple(dict.fromkeys(Issuer(match["region"], match["id"]) for match in found))

    @property
    def named_accounts(self) -> tuple[tuple[str, str], ...]:
        """(namespace, name) of every service account that its trust policy names, the driver's and others."""
        found = ANY_SERVICE_ACCOUNT.findall(json.dumps(self.assume_role_policy_document))
        return tuple(dict.fromkeys(found))

    @property
    def is_for_service_accounts_alone(self) -> bool:
        """Whether nobody but named service accounts of EKS issuers may take it."""
        statements = self.assume_role_policy_document.get("Statement") or ()
        return all(
            isinstance(statement, dict)
            and isinstance(principal := statement.get("Principal"), dict)
            and set(principal) == {"Federated"}
            and all(ISSUER.search(str(arn)) for arn in _listed(principal["Federated"]))
            and accounts_admitted(statement.get("Condition"))
            for statement in _listed(statements)
        )


class OwnPolicy(msgspec.Struct, frozen=True, rename="pascal"):
    """A customer-managed policy as ListPolicies gives it."""

    policy_name: str
    arn: str = ""
    attachment_count: int = 0
    permissions_boundary_usage_count: int = 0


class LogGroup(msgspec.Struct, frozen=True, rename="camel"):
    """A CloudWatch Logs log group."""

    log_group_name: str
    stored_bytes: int = 0
    retention_in_days: int | None = None


class BucketNotices(msgspec.Struct, frozen=True):
    """The event notifications of one bucket, by their ids."""

    bucket: str
    ids: tuple[str, ...] = ()

    @property
    def of_fsx(self) -> tuple[str, ...]:
        """Those that FSx made, which it names `FSx`. Source: FSx for Lustre user guide, automatic import."""
        return tuple(id for id in self.ids if id.lower().startswith("fsx"))


class Clusters(msgspec.Struct, frozen=True):
    """Every EKS cluster of the region, with the id of its OIDC issuer (empty where it has none)."""

    issuers: dict[str, str]
    """Issuer id by cluster name."""


def issuer_id(url: str) -> str:
    """The id at the end of an EKS issuer's URL or provider's ARN; empty for another issuer."""
    match = ISSUER.search(url)
    return match["id"] if match else ""


def bucket_of(path: str) -> str:
    """The bucket of `s3://bucket/prefix`; empty for another text."""
    match = re.match(r"s3://([^/]+)", path)
    return match[1] if match else ""
