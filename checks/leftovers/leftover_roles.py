"""Every IAM role made for the driver has a service account that may take it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from checks.leftovers._teardown import LEFT, NO_WAY_BACK, ask_owner, scope
from diag import Draft, Fix, Layer, check, ok, skip, warn
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
    attached by hand keeps eksctl's stack in DELETE_FAILED. IAM is one for all Regions and clusters are of one, and a
    cluster of another account may use a role of this one: neither kind is offered for deletion.

    pass: its cluster and its service account are there, or its cluster is another one
    warn: its trust policy names no cluster of this account and Region, or a service account that this cluster does not
        have; only a role that nobody but missing accounts of this cluster may take is offered for deletion
    unknown: roles, clusters or service accounts could not be read
    skip: its trust policy names a cluster of another Region
    source: iam 2010-05-08 ListRoles; EKS User Guide, IAM roles for service accounts
    """
    alive = {id: name for name, id in region_clusters.issuers.items() if id}
    there = {(account.metadata.namespace, account.metadata.name) for account in service_accounts}
    for role in driver_roles:
        clusters = [alive[issuer.id] for issuer in role.issuers if issuer.id in alive]
        away = sorted({issuer.region for issuer in role.issuers if issuer.region != cluster_identity.region})
        missing = [account for account in role.service_accounts if _is_missing(account, there)]
        fix = ask_owner("Its tags and its last use: aws iam get-role --role-name {role}", role=role.role_name)
        if away and not clusters:
            yield skip(role, f"its trust policy names a cluster of {', '.join(away)}; {scope(cluster_identity)}")
            continue
        if role.issuers and not clusters:
            message = "its trust policy names the issuer of no cluster of this account and Region"
        elif clusters == [cluster_identity.cluster] and missing and len(missing) == len(role.service_accounts):
            names = ", ".join(f"{namespace}/{name}" for namespace, name in missing)
            message = f"its trust policy names the service account {names}, which this cluster has not"
            if not away and _is_this_clusters_alone(role, there):
                fix = _delete_role(role.role_name)
        else:
            yield ok(role, f"its cluster is there: {', '.join(clusters) or 'unknown'}", rules_out=())
            continue
        yield warn(role, message, scope(cluster_identity), cause=None, fix=fix)


def _is_missing(account: tuple[str, str], there: Collection[tuple[str, str]]) -> bool:
    return "*" not in "".join(account) and "?" not in "".join(account) and account not in there


def _is_this_clusters_alone(role: TrustedRole, there: Collection[tuple[str, str]]) -> bool:
    """Of a role whose only living issuer is this cluster's: whether only missing accounts of it may take it."""
    named = role.named_accounts
    alone = role.is_for_service_accounts_alone and len(role.issuers) == 1
    return alone and bool(named) and all(_is_missing(account, there) for account in named)


def _delete_role(role: str) -> Fix:
    name, of_role = {"role": role}, "--role-name {role}"
    each = "Once for every policy that the first command lists."
    return Fix(
        (
            caution(f"{NO_WAY_BACK} A role that eksctl made goes with its stack.", danger=Danger.DESTROYS),
            save(f"aws iam list-attached-role-policies {of_role}", name),
            change(f"aws iam detach-role-policy {of_role} --policy-arn {{policy_arn}}", name, changes=each),
            change(f"aws iam delete-role {of_role}", name, danger=Danger.DESTROYS),
        )
    )  # fmt: skip
