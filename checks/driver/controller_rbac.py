"""The controller's service account may do in the cluster what provisioning takes."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Reason, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.driver import reinstall
from diag.analysis.claims import NOT_FOR_MOUNTS, NOT_IN_USE, Provisioning
from diag.analysis.driver.cluster_rights import ClusterRights
from diag.analysis.driver.workloads import DRIVER, missing_component
from diag.model.unavailable import value_or
from diag.resources.eks import Addon
from diag.resources.kubernetes import ServiceAccount, Workload


@check("controller-rbac", layer=Layer.DRIVER, speaks_for="csi-controller-rbac")
def controller_may_provision_in_the_cluster(
    provisioning: Provisioning,
    controller: Workload | Unavailable,
    controller_account: ServiceAccount | Unavailable,
    cluster_rights: ClusterRights | Unavailable,
    addons: tuple[Addon, ...] | Unavailable,
) -> Iterator[Draft]:
    """The controller's service account may read claims and classes, make volumes, and hold its lease.

    The provisioner acts in the cluster as the controller's service account. Without the ClusterRole of the chart, or
    with a binding that names another account, the API server answers "is forbidden"; without the right to its lease
    no replica ever begins, and the claim waits without a word.

    pass: ClusterRoles and Roles that are bound to the account give every right that provisioning takes
    warn: the right to delete volumes is missing
    fail: a right that provisioning takes is missing
    unknown: Deployments, service accounts, roles or bindings could not be listed
    skip: nothing is provisioned dynamically, or there is no controller
    source: aws-fsx-csi-driver chart 1.17.0; kubernetes-csi/external-provisioner v6.2.0 deploy/kubernetes/rbac.yaml
    """
    if not provisioning.in_use:
        yield skip(controller_account if isinstance(controller_account, ServiceAccount) else DRIVER, NOT_IN_USE)
        return
    if isinstance(controller, Unavailable) or isinstance(controller_account, Unavailable):
        missing = next(one for one in (controller, controller_account) if isinstance(one, Unavailable))
        yield missing_component("controller, or its service account", missing)
        return
    if isinstance(cluster_rights, Unavailable):
        if cluster_rights.reason is Reason.ABSENT:
            yield skip(controller_account, f"there is nothing to judge: {cluster_rights.detail}")
            return
        message = f"what the controller may do in the cluster is not known: {cluster_rights}"
        yield unknown(controller_account, message, because=(cluster_rights,))
        return
    lacks = (*cluster_rights.missing, *cluster_rights.to_lead)
    bound = f"bound to {', '.join(cluster_rights.roles)}" if cluster_rights.roles else "no binding names it"
    fix = reinstall(controller, next(iter(value_or(addons, ())), None))
    if lacks:
        message = f"it may not {', '.join(map(str, lacks))}; {NOT_FOR_MOUNTS}"
        yield fail(controller_account, message, bound, fix=fix, concerns=provisioning.pending)
    elif cluster_rights.to_delete:
        message = f"it may not {', '.join(map(str, cluster_rights.to_delete))}: deleted volumes will stay"
        yield warn(controller_account, message, bound, cause="csi-controller-rbac", fix=fix)
    else:
        yield ok(controller_account, "its roles give all that provisioning takes in the cluster", bound)
