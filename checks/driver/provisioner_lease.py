"""One of the controller's provisioners holds the lease, and so works."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Reason, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.driver import restart
from diag.analysis.claims import NOT_IN_USE, Provisioning
from diag.analysis.driver.cluster_rights import ClusterRights, elects_leader
from diag.analysis.driver.workloads import LEASE, missing_component, pods_of
from diag.resources.age import age_s
from diag.resources.kubernetes import Lease, Pod, Workload

LOST_S = 300.0
"""Our own measure: a lease is renewed every few seconds, and taken over 15 s after its holder is gone."""


@check("provisioner-lease", layer=Layer.DRIVER, speaks_for=("csi-controller-not-running", "csi-controller-rbac"))
def a_provisioner_leads(
    provisioning: Provisioning,
    controller: Workload | Unavailable,
    driver_pods: tuple[Pod, ...],
    provisioner_lease: Lease | Unavailable,
    cluster_rights: ClusterRights | Unavailable,
    taken_at: str,
) -> Iterator[Draft]:
    """A provisioner of this controller holds the lease of the driver and renews it.

    Of several replicas only the holder of the lease works; the others wait. Where no one can take it, or somebody else
    holds it, every pod is ready and the claim waits without a word.

    pass: a pod of the controller holds the lease and renewed it within five minutes
    warn: it does not, and no claim waits
    fail: it does not, and a claim waits
    unknown: Deployments, pods or the lease could not be read
    skip: nothing is provisioned, there is no controller or none of it is ready, or its provisioner elects no leader
    source: kubernetes-csi/csi-lib-utils leaderelection; Kubernetes documentation, leases
    """
    if isinstance(controller, Unavailable):
        yield missing_component("controller", controller)
        return
    if not provisioning.in_use or not elects_leader(controller) or not controller.status.ready_replicas:
        why = "no replica is ready, or none has to lead" if provisioning.in_use else NOT_IN_USE
        yield skip(controller, why)
        return
    if isinstance(provisioner_lease, Unavailable) and provisioner_lease.reason is not Reason.ABSENT:
        message = f"who of the provisioners works is not known: {provisioner_lease}"
        yield unknown(controller, message, because=(provisioner_lease,))
        return
    names = {name for pod in pods_of(controller, driver_pods) for name in (pod.metadata.name, pod.spec.node_name)}
    why = _trouble(provisioner_lease, names, taken_at)
    if not why:
        yield ok(controller, "one of its provisioners holds the lease", rules_out=())
        return
    may_not = not isinstance(cluster_rights, Unavailable) and bool(cluster_rights.to_lead)
    cause = "csi-controller-rbac" if may_not else "csi-controller-not-running"
    fix = None if may_not else Fix(restart(controller.metadata.namespace, controller.metadata.name))
    say = fail if provisioning.pending else warn
    yield say(controller, why, f"lease {LEASE}", cause=cause, fix=fix, concerns=provisioning.pending)


def _trouble(lease: Lease | Unavailable, names: set[str], taken_at: str) -> str:
    """Why nobody of this controller works."""
    if isinstance(lease, Unavailable):
        return "none of its provisioners has ever taken the lease: nobody works"
    holder, age = lease.spec.holder_identity or "", age_s(lease.spec.renew_time or "", taken_at)
    if not holder:
        return "nobody holds the lease of the provisioner: nobody works"
    if age is None or age > LOST_S:
        since = "" if age is None else f" for {age / 60:.0f} minutes"
        return f"{holder} holds the lease of the provisioner and has not renewed it{since}: nobody works"
    if names and holder not in names:
        return f"{holder} holds the lease of the provisioner, and is no pod of this controller: these pods only wait"
    return ""
