"""Roles and bindings: what a service account may do in the cluster."""

from __future__ import annotations

from diag.resources.kubernetes.meta import KubernetesObject, Metadata


class RbacRule(KubernetesObject, frozen=True):
    """One rule of a role."""

    verbs: tuple[str, ...] | None = None
    api_groups: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    resource_names: tuple[str, ...] | None = None


class RbacRole(KubernetesObject, frozen=True):
    """A ClusterRole, or a Role of one namespace."""

    metadata: Metadata
    rules: tuple[RbacRule, ...] | None = None


class RoleRef(KubernetesObject, frozen=True):
    """Which role a binding gives."""

    kind: str = ""
    name: str = ""


class RbacSubject(KubernetesObject, frozen=True):
    """Whom a binding gives it."""

    kind: str = ""
    name: str = ""
    namespace: str = ""


class RbacBinding(KubernetesObject, frozen=True):
    """A ClusterRoleBinding, or a RoleBinding of one namespace."""

    metadata: Metadata
    role_ref: RoleRef = RoleRef()
    subjects: tuple[RbacSubject, ...] | None = None

    def names(self, account: Metadata) -> bool:
        """Whether it gives its role to a service account, by name or through a group of every account.

        Source: Kubernetes documentation, Using RBAC Authorization, referring to subjects.
        """
        namespace = account.namespace
        groups = {"system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"}
        return any(
            (one.kind == "ServiceAccount" and (one.namespace, one.name) == (namespace, account.name))
            or (one.kind == "Group" and one.name in groups)
            or (one.kind == "User" and one.name == f"system:serviceaccount:{namespace}:{account.name}")
            for one in self.subjects or ()
        )
