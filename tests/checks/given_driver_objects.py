"""csidriver-object, csi-controller, driver-installed-twice, addon-health: the driver's objects."""

from __future__ import annotations

from diag.resources.eks import Addon, AddonHealth, AddonIssue
from tests.checks import given

PENDING = given.claim("wanted", volume="")


def addon(status: str = "ACTIVE", *issues: AddonIssue) -> Addon:
    return Addon("aws-fsx-csi-driver", "training", status, "v1.9.0-eksbuild.1", AddonHealth(issues))
