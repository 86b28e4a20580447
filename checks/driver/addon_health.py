"""What EKS says of the driver's add-on."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Unavailable, check, fail, ok, skip, warn
from diag.advice.driver import update_addon
from diag.analysis.claims import Provisioning
from diag.analysis.driver.workloads import DRIVER
from diag.resources.eks import Addon
from diag.sanitize import one_line

PERMISSIONS = frozenset({"AccessDenied", "AddonPermissionFailure", "AddonSubscriptionNeeded"})
"""Issue codes about AWS rights: they stop provisioning, never a mount. Source: eks 2017-11-01 AddonIssueCode."""


WORKING = frozenset({"ACTIVE", "UPDATING", "CREATING"})


@check("addon-health", layer=Layer.DRIVER, speaks_for="csi-addon-degraded")
def addon_health(addons: tuple[Addon, ...], provisioning: Provisioning | Unavailable) -> Iterator[Draft]:
    """The driver's EKS add-on is active and without issues.

    A degraded add-on looks to a pod like a driver that was never installed; EKS says in its health issues what it
    could not apply.

    pass: it is active and EKS reports no issue
    warn: the issue is about AWS rights alone and no claim waits to be provisioned
    fail: creation or deletion failed, or EKS reports issues
    unknown: the add-on could not be described
    skip: the driver was not installed as add-on
    source: eks 2017-11-01 DescribeAddon status and health.issues
    """
    if not addons:
        yield skip(DRIVER, "the driver was not installed as EKS add-on")
    pending = () if isinstance(provisioning, Unavailable) else provisioning.pending
    for addon in addons:
        issues = addon.health.issues or ()
        if addon.status in WORKING and not issues:
            yield ok(addon, f"add-on {addon.addon_name} {addon.addon_version} is {addon.status}")
            continue
        texts = [f"{issue.code}: {one_line(issue.message)}" for issue in issues]
        message = f"add-on {addon.addon_name} is {addon.status}" + (f": {'; '.join(texts)}" if texts else "")
        only_rights = bool(issues) and all(issue.code in PERMISSIONS for issue in issues)
        fix = Fix(update_addon(addon))
        say = fail if pending else warn
        if only_rights:
            yield say(addon, message, *texts, cause="csi-addon-degraded", concerns=pending)
        else:
            yield fail(addon, message, *texts, cause="csi-addon-degraded", fix=fix)
