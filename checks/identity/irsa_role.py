"""IAM role for the controller's service account: annotation, role, OIDC provider, trust policy."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Kind, Layer, Reason, Subject, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.identity import annotate
from diag.analysis.claims import NOT_FOR_MOUNTS, Provisioning
from diag.analysis.identity.controller import Given, Giver, has_own_key, key_secret_of
from diag.analysis.identity.irsa import Flaw, flaw_of, name_a_role, shut_strangers_out, strangers_allowed
from diag.analysis.identity.permissions import Rights, who_may_create
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.iam import OidcProvider, Role
from diag.resources.kubernetes import ServiceAccount, Workload

ABSENT_ROLE = "it has neither the annotation eks.amazonaws.com/role-arn nor a Pod Identity association"


@check("irsa-role", layer=Layer.IDENTITY,
       speaks_for=("irsa-annotation-missing", "irsa-role-arn-malformed", "irsa-role-missing", "oidc-provider-missing",
                   "irsa-trust-policy"))  # fmt: skip
def controller_may_take_its_role(
    cluster_identity: ClusterIdentity,
    provisioning: Provisioning,
    controller_account: ServiceAccount | Unavailable,
    controller_role: Given | Unavailable,
    controller: Workload | Unavailable,
    eks_cluster: EksCluster | Unavailable,
    controller_roles: Table[Role] | Unavailable,
    oidc_provider: OidcProvider | Unavailable,
    node_rights: Table[Rights] | Unavailable,
    taken_at: str,
) -> Iterator[Draft]:
    """The controller's service account may take the IAM role that its annotation names.

    The controller calls FSx to create, resize and delete file systems, with the role that the service account is
    given: annotation, role, OIDC provider of the cluster and trust policy must all name each other. The node plugin
    calls no AWS API, so a file system that exists mounts without any of it: this never explains a failed mount.
    What a resource control policy of the organization refuses STS, its own administrators alone see.

    pass: role and provider exist, and the trust policy admits this service account; or Pod Identity gives the role;
        or there is none and the node's role may create file systems
    warn: the trust policy also admits other service accounts; or something is broken and nothing is provisioned;
        or there is no role at all, and no claim waits
    fail: a link of the chain is broken, or no role at all with a claim waiting, while volumes are provisioned
    unknown: service account, cluster, role or provider could not be read, or the trust policy hangs on a condition
        that only AWS can decide
    skip: nothing is provisioned dynamically and there is no annotation, or the Deployment holds static keys
    source: EKS user guide, associate-service-account-role; amazon-eks-pod-identity-webhook
    """
    if isinstance(controller_account, Unavailable):
        yield _without_account(cluster_identity.subject, provisioning, controller_account)
        return
    account = controller_account
    if isinstance(controller_role, Unavailable):
        yield _without_role(account, provisioning, controller_role, controller, eks_cluster, node_rights)
        return
    arn = controller_role.role_arn
    if controller_role.giver is Giver.POD_IDENTITY:
        yield ok(account, f"EKS Pod Identity gives it {arn}; an annotation would count for nothing")
        return
    if isinstance(eks_cluster, Unavailable):
        yield unknown(account, f"cannot judge the role {arn!r}: {eks_cluster}", because=(eks_cluster,))
        return
    found = flaw_of(account, arn, eks_cluster, controller_roles, oidc_provider, taken_at)
    if isinstance(found, Flaw):
        broken = fail if provisioning.in_use else warn
        yield broken(account, f"{found.message}; {NOT_FOR_MOUNTS}", *found.evidence, cause=found.cause, fix=found.fix)
    elif isinstance(found, Unavailable):
        yield unknown(account, f"cannot judge the role {arn!r}: {found}", because=(found,))
    elif too_wide := strangers_allowed(found, account, eks_cluster):
        message = f"its role {found.role_name} may be taken by {too_wide} as well"
        yield warn(account, message, fix=shut_strangers_out(found, account, eks_cluster))
    else:
        yield ok(account, f"it may take {arn}: provider, sub and aud of the trust policy match")


def _without_account(cluster: Subject, provisioning: Provisioning, account: Unavailable) -> Draft:
    if account.reason is not Reason.ABSENT:
        return unknown(cluster, f"cannot read the controller's service account: {account}", because=(account,))
    subject = Subject(Kind.SERVICE_ACCOUNT, account.what.removeprefix("service account ").rpartition("/")[2])
    if not provisioning.in_use:
        return skip(subject, f"it does not exist and nothing is provisioned dynamically; {NOT_FOR_MOUNTS}")
    return warn(subject, "it does not exist, so no pod of the controller can be created")


def _without_role(
    account: ServiceAccount,
    provisioning: Provisioning,
    role: Unavailable,
    controller: Workload | Unavailable,
    cluster: EksCluster | Unavailable,
    node_rights: Table[Rights] | Unavailable,
) -> Draft:
    if not provisioning.in_use:
        return skip(account, f"it has no role, and nothing is provisioned dynamically: {NOT_FOR_MOUNTS}")
    if role.reason is not Reason.ABSENT:
        message = f"it has no annotation, and whether Pod Identity gives it a role is not known: {role}"
        return unknown(account, message, because=(role,))
    if isinstance(controller, Workload) and has_own_key(controller):
        return skip(account, "it has no role; the Deployment itself gives the controller an access key")
    able = who_may_create(node_rights)
    if isinstance(able, Unavailable):
        message = f"it has no role, and whether its node's role may create file systems is not known: {able}"
        return unknown(account, message, because=(able,))
    if able:
        message = f"it has no role; the controller acts as its node, and {able} may create file systems"
        return ok(account, message, rules_out=("irsa-annotation-missing",))
    secret = None if isinstance(controller, Unavailable) else key_secret_of(controller)
    hint = (f"whether secret {secret.name} gives it keys was not asked (--only static-keys does)",) if secret else ()
    fix = annotate(account, "") if isinstance(cluster, Unavailable) else name_a_role(account, cluster)
    if not provisioning.pending:
        message = f"{ABSENT_ROLE}, and its node's role may not create file systems; no claim waits for it now"
        return warn(account, message, *hint, cause="irsa-annotation-missing", fix=fix)
    waiting = provisioning.pending[0].subject
    message = f"{ABSENT_ROLE}, its node's role may not create file systems, and {waiting} waits for one"
    return fail(account, message, *hint, fix=fix)
