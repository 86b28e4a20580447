"""Every IAM role made for the driver has a service account that may take it."""

from __future__ import annotations

from collections.abc import Iterator

from checks.leftovers._teardown import LEFT, NO_WAY_BACK
from diag import Draft, Fix, Layer, check, ok, warn
from diag.advice.steps import caution, change, save
from diag.model.fix import Danger
from diag.resources.eks import ClusterIdentity
from diag.resources.kubernetes import ServiceAccount
from diag.resources.teardown import Clusters, TrustedRole


@check("leftover-roles", layer=Layer.IDENTITY, opt_in=True, speaks_for=LEFT)
def roles_are_assumed(
    driver_roles: tuple[TrustedRole, ...],
    region_clusters: Clusters,
    service_accounts: tuple[ServiceAccount, ...],
    cluster_identity: ClusterIdentity,
) -> Iterator[Draft]:
    """Every IAM role made for the driver has a service account that may take it.

    A role of a cluster that is gone can still be taken by whoever gets that issuer's tokens; and one whose policy was
    attached by hand keeps eksctl's stack in DELETE_FAILED.

    pass: its cluster and its service account are there, or its cluster is another one
    warn: its trust policy names no cluster of the region, or a service account that this cluster does not have
    unknown: roles, clusters or service accounts could not be read
    source: iam 2010-05-08 ListRoles; EKS User Guide, IAM roles for service accounts
    """
    alive = {id: name for name, id in region_clusters.issuers.items() if id}
    there = {(account.metadata.namespace, account.metadata.name) for account in service_accounts}
    for role in driver_roles:
        clusters = [alive[id] for id in role.issuers if id in alive]
        missing = [
            f"{ns}/{name}" for ns, name in role.service_accounts if "*" not in ns + name and (ns, name) not in there
        ]
        if role.issuers and not clusters:
            message = "its trust policy names the issuer of no cluster that is here"
        elif clusters == [cluster_identity.cluster] and missing and len(missing) == len(role.service_accounts):
            message = f"its trust policy names the service account {', '.join(missing)}, which this cluster has not"
        else:
            yield ok(role, f"its cluster is there: {', '.join(clusters) or 'unknown'}", rules_out=())
            continue
        yield warn(role, message, cause=None, fix=_delete_role(role.role_name))


def _delete_role(role: str) -> Fix:
    name, of_role = {"role": role}, "--role-name {role}"
    each = "once for every policy that the first command lists"
    return Fix(
        (
            caution(f"{NO_WAY_BACK}; a role that eksctl made goes with its stack", danger=Danger.DESTROYS),
            save(f"aws iam list-attached-role-policies {of_role}", name),
            change(f"aws iam detach-role-policy {of_role} --policy-arn {{policy_arn}}", name, changes=each),
            change(f"aws iam delete-role {of_role}", name, danger=Danger.DESTROYS),
        )
    )  # fmt: skip
