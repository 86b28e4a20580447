"""What is read of the controller's rights in the cluster: the roles that its service account has, and its lease."""

from __future__ import annotations

from collections.abc import Iterable

from diag.analysis.claims import Provisioning
from diag.analysis.driver.workloads import LEASE
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable
from diag.registry import fact
from diag.resources.kubernetes import Lease, RbacBinding, RbacRole, ServiceAccount, Workload
from diag.sources.kubernetes.client import Kube

RBAC = "/apis/rbac.authorization.k8s.io/v1"


@fact(
    layer=Layer.DRIVER,
    label="ClusterRoleBinding",
    names={"metadata.name": ""},
    permissions=("list clusterrolebindings",),
)
def cluster_role_bindings(
    kube: Kube, provisioning: Provisioning, controller_account: ServiceAccount
) -> tuple[RbacBinding, ...]:
    """The ClusterRoleBindings of the controller's account; nothing is asked where nothing is provisioned."""
    return _bindings(kube, f"{RBAC}/clusterrolebindings", provisioning, controller_account)


@fact(layer=Layer.DRIVER, label="RoleBinding", names={"metadata.name": ""}, permissions=("list rolebindings",))
def role_bindings(
    kube: Kube, provisioning: Provisioning, controller_account: ServiceAccount
) -> tuple[RbacBinding, ...]:
    """The RoleBindings of the controller's account in its namespace; nothing is asked where nothing is provisioned."""
    namespace = controller_account.metadata.namespace
    return _bindings(kube, f"{RBAC}/namespaces/{namespace}/rolebindings", provisioning, controller_account)


def _bindings(kube: Kube, path: str, provisioning: Provisioning, account: ServiceAccount) -> tuple[RbacBinding, ...]:
    if not provisioning.in_use:
        return ()
    return kube.list(path, RbacBinding, keep=lambda binding: binding if binding.names(account.metadata) else None)


@fact(layer=Layer.DRIVER, label="ClusterRole", names={"metadata.name": ""}, permissions=("list clusterroles",))
def cluster_roles(
    kube: Kube, cluster_role_bindings: tuple[RbacBinding, ...], role_bindings: tuple[RbacBinding, ...]
) -> tuple[RbacRole, ...]:
    """The ClusterRoles that these bindings give."""
    return _roles(kube, f"{RBAC}/clusterroles", "ClusterRole", (*cluster_role_bindings, *role_bindings))


@fact(layer=Layer.DRIVER, label="Role", names={"metadata.name": ""}, permissions=("list roles",))
def namespace_roles(
    kube: Kube, role_bindings: tuple[RbacBinding, ...], controller_account: ServiceAccount
) -> tuple[RbacRole, ...]:
    """The Roles that the bindings of the account's namespace give."""
    return _roles(kube, f"{RBAC}/namespaces/{controller_account.metadata.namespace}/roles", "Role", role_bindings)


def _roles(kube: Kube, path: str, kind: str, bindings: Iterable[RbacBinding]) -> tuple[RbacRole, ...]:
    names = {binding.role_ref.name for binding in bindings if binding.role_ref.kind == kind}
    if not names:
        return ()
    return kube.list(path, RbacRole, keep=lambda role: role if role.metadata.name in names else None)


@fact(
    layer=Layer.DRIVER,
    label="Lease",
    names={"metadata.name": "", "spec.holderIdentity": "pod"},
    permissions=("get leases",),
)
def provisioner_lease(kube: Kube, provisioning: Provisioning, controller: Workload) -> Lease | Unavailable:
    """The lease by which the controller's provisioners agree on one; nothing is asked where nothing is provisioned."""
    if not provisioning.in_use:
        return Unavailable("lease of the provisioner", Reason.NOT_ASKED, "nothing is provisioned")
    return kube.get(f"/apis/coordination.k8s.io/v1/namespaces/{controller.metadata.namespace}/leases/{LEASE}", Lease)
