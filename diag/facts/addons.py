"""EKS add-ons, in the API's own shape (eks 2017-11-01)."""

from __future__ import annotations

from diag.facts.aws_shape import CamelShape
from diag.model.subject import Kind, Subject

DRIVER_ADDON = "aws-fsx-csi-driver"
"""Source: EKS User Guide, available add-ons."""


class AddonIssue(CamelShape, frozen=True):
    """One entry of health.issues."""

    code: str = ""
    message: str = ""
    resource_ids: tuple[str, ...] | None = None


class AddonHealth(CamelShape, frozen=True):
    """health."""

    issues: tuple[AddonIssue, ...] | None = None


class Addon(CamelShape, frozen=True):
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
