"""What the controller's service account may do in the cluster, held against what its provisioner does there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from diag.model.layer import Layer
from diag.registry import fact
from diag.resources.kubernetes import RbacBinding, RbacRole, Workload
from diag.resources.kubernetes.rbac import RbacRule

PROVISIONER = "csi-provisioner"
"""In the name of its image, from whichever registry."""


class Right(msgspec.Struct, frozen=True):
    """One verb on one resource."""

    verb: str
    resource: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"


_NEEDED: Mapping[str, tuple[str, ...]] = {
    "persistentvolumes": ("list", "watch", "create"),
    "persistentvolumeclaims": ("get", "list", "watch"),
    "storageclasses.storage.k8s.io": ("list", "watch"),
}
"""Source: kubernetes-csi/external-provisioner v6.2.0 deploy/kubernetes/rbac.yaml; sig-storage-lib-external-provisioner
v13 controller/controller.go; aws-fsx-csi-driver chart 1.17.0. Events are for people; a claim is updated only to hand it
back to the scheduler, nodes and CSINodes are watched only for drivers with topology, which this one is not."""

_TO_DELETE = {"persistentvolumes": ("delete",)}
_GET_SECRET = Right("get", "secrets")
_TO_LEAD = {"leases.coordination.k8s.io": ("get", "create", "update")}
"""Source: client-go tools/leaderelection; only where several replicas share the work."""


class ClusterRights(msgspec.Struct, frozen=True):
    """The rights that the provisioner needs and its service account lacks."""

    missing: tuple[Right, ...] = ()
    """Without these no volume is made."""
    to_lead: tuple[Right, ...] = ()
    """Without these no replica takes the lead, so that nobody works."""
    to_delete: tuple[Right, ...] = ()
    """Without these a deleted volume stays."""
    reads_secrets: bool = False
    """A ClusterRole, or a role of its own namespace, lets it get some secret."""
    roles: tuple[str, ...] = ()
    """What it is bound to."""


@fact(layer=Layer.DRIVER)
def cluster_rights(
    cluster_role_bindings: tuple[RbacBinding, ...],
    role_bindings: tuple[RbacBinding, ...],
    cluster_roles: tuple[RbacRole, ...],
    namespace_roles: tuple[RbacRole, ...],
    controller: Workload,
) -> ClusterRights:
    """The rights in the cluster that the controller's provisioner needs and lacks."""
    by_name = {("ClusterRole", role.metadata.name): role for role in cluster_roles}
    by_name |= {("Role", role.metadata.name): role for role in namespace_roles}
    everywhere = _rules(cluster_role_bindings, by_name)
    in_its_namespace = (*everywhere, *_rules(role_bindings, by_name))
    return ClusterRights(
        _lacking(_NEEDED, everywhere),
        _lacking(_TO_LEAD, in_its_namespace) if elects_leader(controller) else (),
        _lacking(_TO_DELETE, everywhere),
        any(_gives(rule, _GET_SECRET, of_some=True) for rule in in_its_namespace),
        tuple(f"{one.role_ref.kind} {one.role_ref.name}" for one in (*cluster_role_bindings, *role_bindings)),
    )


def elects_leader(controller: Workload) -> bool:
    """Whether the controller's provisioners agree on one that works."""
    containers = controller.spec.template.spec.containers
    flags = (flag for container in containers if PROVISIONER in container.image for flag in container.flags)
    return any(name == "leader-election" and value.lower() in ("", "1", "t", "true") for name, value in flags)


def _rules(bindings: Iterable[RbacBinding], roles: Mapping[tuple[str, str], RbacRole]) -> tuple[RbacRule, ...]:
    given = (roles.get((binding.role_ref.kind, binding.role_ref.name)) for binding in bindings)
    return tuple(rule for role in given if role for rule in role.rules or ())


def _lacking(needed: Mapping[str, tuple[str, ...]], rules: Iterable[RbacRule]) -> tuple[Right, ...]:
    wanted = (Right(verb, *resource.split(".", 1)) for resource, verbs in needed.items() for verb in verbs)
    return tuple(right for right in wanted if not any(_gives(rule, right) for rule in rules))


def _gives(rule: RbacRule, right: Right, *, of_some: bool = False) -> bool:
    """Whether a rule gives a right on every object, or on some.

    Source: Kubernetes plugin/pkg/auth/authorizer/rbac/rbac.go.
    """
    return (
        bool({right.verb, "*"} & set(rule.verbs or ()))
        and bool({right.group, "*"} & set(rule.api_groups or ()))
        and bool({right.resource, "*"} & set(rule.resources or ()))
        and (of_some or not rule.resource_names)
    )
