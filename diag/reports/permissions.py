"""The least rights that a set of facts takes, as an IAM policy and as a Kubernetes ClusterRole."""

from __future__ import annotations

import json
from collections.abc import Iterable

API_GROUPS = {
    "": (
        "configmaps", "endpoints", "events", "namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes",
        "limitranges", "pods", "resourcequotas", "secrets", "serviceaccounts", "services",
    ),
    "admissionregistration.k8s.io": ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"),
    "apps": ("controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"),
    "batch": ("cronjobs", "jobs"),
    "coordination.k8s.io": ("leases",),
    "discovery.k8s.io": ("endpointslices",),
    "networking.k8s.io": ("ingresses", "networkpolicies"),
    "policy": ("poddisruptionbudgets",),
    "rbac.authorization.k8s.io": ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
    "scheduling.k8s.io": ("priorityclasses",),
    "storage.k8s.io": ("csidrivers", "csinodes", "csistoragecapacities", "storageclasses", "volumeattachments"),
    "karpenter.sh": ("nodeclaims", "nodepools"),
    "karpenter.k8s.aws": ("ec2nodeclasses",),
}  # fmt: skip
"""Which API group each resource belongs to. Source: Kubernetes 1.34 API reference; Karpenter 1.x."""

ALONE = {
    "configmaps": ("coredns", "node-local-dns"),
    "leases": ("fsx-csi-aws-com",),
    "secrets": ("aws-secret",),
    "services": ("kube-dns",),
}
"""Resources of which a rule names the only objects that are ever read (of the driver's keys the metadata alone)."""


class UnknownResource(Exception):
    """A fact declares a Kubernetes resource whose API group is not known. A bug of that fact."""


def iam_policy(permissions: Iterable[str]) -> str:
    """The AWS actions among the permissions (`service:Action`) as an IAM policy document, with a newline at its end."""
    actions = sorted({permission for permission in permissions if ":" in permission})
    statement = {"Sid": "LustreDoctorReads", "Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement] if actions else []}, indent=2) + "\n"


def cluster_role(permissions: Iterable[str]) -> str:
    """The Kubernetes rights among the permissions (`verb resource`) as a ClusterRole in YAML.

    Resources with the same verbs in the same API group share a rule. Raises UnknownResource.
    """
    verbs: dict[str, set[str]] = {}
    for permission in permissions:
        if ":" not in permission:
            verb, _, resource = permission.partition(" ")
            verbs.setdefault(resource, set()).add(verb)
    rules: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for resource, verbs_of_it in sorted(verbs.items()):
        key = (_group_of(resource), tuple(sorted(verbs_of_it)), ALONE.get(resource, ()))
        rules.setdefault(key, []).append(resource.partition(".")[0])
    lines = ["apiVersion: rbac.authorization.k8s.io/v1", "kind: ClusterRole", "metadata:", "  name: lustre-doctor"]
    lines.append("rules:" if rules else "rules: []")
    for (group, allowed, names), resources in sorted(rules.items()):
        lines.append(f'- apiGroups: ["{group}"]')
        lines.append(f"  resources: [{', '.join(resources)}]")
        lines += [f"  resourceNames: [{', '.join(names)}]"] if names else []
        lines.append(f"  verbs: [{', '.join(allowed)}]")
    return "\n".join(lines) + "\n"


def _group_of(resource: str) -> str:
    plain = resource.partition("/")[0]
    if "." in plain:
        return plain.partition(".")[2]
    group = next((group for group, resources in API_GROUPS.items() if plain in resources), None)
    if group is None:
        raise UnknownResource(f"no API group is known for the resource {resource!r}")
    return group
