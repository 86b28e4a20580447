"""IAM role for the controller's service account: annotation, role, OIDC provider, trust policy."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Kind, Layer, Reason, Subject, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.facts.eks import ClusterIdentity, EksCluster, PodIdentityAssociation
from diag.facts.iam import OidcProvider, Role
from diag.facts.kubernetes import ServiceAccount
from diag.facts.provisioning import Provisioning
from diag.facts.service_role import annotate, trust_web_identity
from diag.facts.web_identity import Flaw, flaw_of, strangers_allowed

NOT_FOR_MOUNTS = "only creating and resizing file systems needs it, mounting one that exists does not"


@check("irsa-role", layer=Layer.IDENTITY,
       speaks_for=("irsa-annotation-missing", "irsa-role-arn-malformed", "irsa-role-missing", "oidc-provider-missing",
                   "irsa-trust-policy"))  # fmt: skip
def controller_may_take_its_role(
    cluster_identity: ClusterIdentity,
    provisioning: Provisioning,
    controller_account: ServiceAccount | Unavailable,
    eks_cluster: EksCluster | Unavailable,
    controller_roles: Table[Role] | Unavailable,
    oidc_provider: OidcProvider | Unavailable,
    pod_identity_associations: tuple[PodIdentityAssociation, ...] | Unavailable,
) -> Iterator[Draft]:
    """The controller's service account may take the IAM role that its annotation names.

    The controller calls FSx to create, resize and delete file systems, with the role that the service account is
    given: annotation, role, OIDC provider of the cluster and trust policy must all name each other. The node plugin
    calls no AWS API, so a file system that exists mounts without any of it: this never explains a failed mount.

    pass: role and provider exist, and the trust policy admits this service account; or Pod Identity gives the role
    warn: the trust policy also admits other service accounts; or something is broken and nothing is provisioned;
      or there is no role, and the controller would have to use the node's
    fail: a link of the chain is broken, or no role at all with a claim waiting, while volumes are provisioned
    unknown: service account, cluster, role or provider could not be read, or the trust policy hangs on a condition
      that only AWS can decide
    skip: nothing is provisioned dynamically and there is no annotation
    source: EKS user guide, associate-service-account-role; amazon-eks-pod-identity-webhook README
    """
    if isinstance(controller_account, Unavailable):
        yield _without_account(cluster_identity.subject, provisioning, controller_account)
        return
    account = controller_account
    if account.role_arn is None:
        yield _without_annotation(account, provisioning, pod_identity_associations, eks_cluster)
        return
    if isinstance(eks_cluster, Unavailable):
        yield unknown(account, f"cannot judge the role of {account.role_arn!r}: {eks_cluster}", because=(eks_cluster,))
        return
    found = flaw_of(account, account.role_arn, eks_cluster, controller_roles, oidc_provider)
    if isinstance(found, Flaw):
        broken = fail if provisioning.in_use else warn
        message = f"{found.message}; {NOT_FOR_MOUNTS}"
        yield broken(account, message, *found.evidence, cause=found.cause, fix=found.fix)
    elif isinstance(found, Unavailable):
        yield unknown(account, f"cannot judge the role of {account.role_arn!r}: {found}", because=(found,))
    elif too_wide := strangers_allowed(found, account, eks_cluster):
        message = f"its role {found.role_name} may be taken by {too_wide} as well"
        yield warn(account, message, fix=trust_web_identity(found, account, eks_cluster))
    else:
        yield ok(account, f"it may take {account.role_arn}: provider, sub and aud of the trust policy match")


def _without_account(cluster: Subject, provisioning: Provisioning, account: Unavailable) -> Draft:
    if account.reason is not Reason.ABSENT:
        return unknown(cluster, f"cannot read the controller's service account: {account}", because=(account,))
    subject = Subject(Kind.SERVICE_ACCOUNT, account.what.removeprefix("service account ").rpartition("/")[2])
    if not provisioning.in_use:
        return skip(subject, f"it does not exist and nothing is provisioned dynamically; {NOT_FOR_MOUNTS}")
    return warn(subject, "it does not exist, so no pod of the controller can be created", cause="")


def _without_annotation(
    account: ServiceAccount,
    provisioning: Provisioning,
    associations: tuple[PodIdentityAssociation, ...] | Unavailable,
    cluster: EksCluster | Unavailable,
) -> Draft:
    if not isinstance(associations, Unavailable) and associations:
        return ok(account, f"EKS Pod Identity gives it {associations[0].role_arn}; it needs no annotation")
    if not provisioning.in_use:
        return skip(account, f"it has no role, and nothing is provisioned dynamically: {NOT_FOR_MOUNTS}")
    if isinstance(associations, Unavailable):
        message = f"it has no annotation, and whether Pod Identity gives it a role is not known: {associations}"
        return unknown(account, message, because=(associations,))
    known = None if isinstance(cluster, Unavailable) else cluster
    fix = annotate(account, known.partition if known else "aws", known.account if known else "")
    message = "it has neither the annotation eks.amazonaws.com/role-arn nor a Pod Identity association"
    if not provisioning.pending:
        hint = "the controller can only use the node's instance role or static keys; no claim waits for it now"
        return warn(account, f"{message}: {hint}", cause="irsa-annotation-missing", fix=fix)
    waiting = provisioning.pending[0]
    return fail(account, f"{message}, and {waiting.subject} waits for a file system", fix=fix)
