"""EKS add-ons, in the API's own shape (eks 2017-11-01)."""

from __future__ import annotations

import msgspec

from diag.model.subject import Kind, Subject

DRIVER_ADDON = "aws-fsx-csi-driver"
"""Source: EKS User Guide, available add-ons."""


class _Shape(msgspec.Struct, frozen=True, rename="camel"):
    pass


class AddonIssue(_Shape, frozen=True):
    """One entry of health.issues."""

    code: str = ""
    message: str = ""
    resource_ids: tuple[str, ...] | None = None


class AddonHealth(_Shape, frozen=True):
    """health."""

    issues: tuple[AddonIssue, ...] | None = None


class Addon(_Shape, frozen=True):
    """An add-on as DescribeAddon returns it."""

    addon_name: str
    cluster_name: str = ""
    status: str = ""
    addon_version: str = ""
    health: AddonHealth = AddonHealth()
    service_account_role_arn: str = ""
    addon_arn: str = ""

    @property
    def subject(self) -> Subject:
        """The add-on as the subject of findings."""
        return Subject(Kind.ADDON, self.addon_name)
