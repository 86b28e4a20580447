"""IAM roles, policy documents and OIDC providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from diag.model.subject import Kind, Subject
from diag.resources.aws_shape import PascalShape

WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
POD_IDENTITY = ("sts:AssumeRole", "sts:TagSession")
"""What EKS Pod Identity does with a role; it needs both. Source: EKS user guide, pod-id-role."""
POD_IDENTITY_SERVICE = "pods.eks.amazonaws.com"
DEFAULT_AUDIENCE = "sts.amazonaws.com"
"""Audience of an injected token unless the account asks for another. Source: amazon-eks-pod-identity-webhook."""
ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
"""Where a service account names its role. Source: amazon-eks-pod-identity-webhook README."""


class Tag(PascalShape, frozen=True):
    """A tag."""

    key: str = ""
    value: str = ""


class Role(PascalShape, frozen=True):
    """An IAM role with its trust policy."""

    role_name: str
    arn: str = ""
    assume_role_policy_document: dict[str, Any] = {}  # noqa: RUF012 - msgspec makes a new one for each
    permissions_boundary: dict[str, Any] | None = None
    tags: tuple[Tag, ...] = ()

    @property
    def subject(self) -> Subject:
        """The role as the subject of findings."""
        return Subject(Kind.ROLE, self.role_name)


class ManagedPolicy(msgspec.Struct, frozen=True):
    """A managed policy in its default version."""

    arn: str
    version: str = ""
    document: dict[str, Any] | None = None
    """None where it could not be read."""

    @property
    def is_of_aws(self) -> bool:
        """AWS's own, which nobody else can change."""
        return self.arn.split(":")[4:5] == ["aws"]


class OidcProvider(msgspec.Struct, frozen=True):
    """An IAM OIDC identity provider."""

    arn: str
    url: str = ""
    """Issuer without the scheme, as IAM returns it."""
    client_ids: tuple[str, ...] = ()


def listed(value: object) -> tuple[Any, ...]:
    """A policy element as a tuple: IAM writes one value bare and several as a list."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def statements_of(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The statements of a policy document; whatever is no statement is left out."""
    return tuple(item for item in listed(document.get("Statement")) if isinstance(item, Mapping))
