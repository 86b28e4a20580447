"""EKS Pod Identity for the controller: the association's role, its trust policy, the agent."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Reason, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.driver import addon_active
from diag.advice.identity import create_associated_role, trust_pod_identity
from diag.advice.steps import change, undo
from diag.analysis.claims import NOT_FOR_MOUNTS, Provisioning
from diag.analysis.driver.workloads import missing_component
from diag.analysis.identity.controller import is_auto_mode
from diag.analysis.identity.irsa import role_arn_of
from diag.analysis.identity.trust_policy import Answer, may_assume, pod_identity, role_session
from diag.model.unavailable import unwrap
from diag.resources.eks import EksCluster, PodIdentityAssociation
from diag.resources.iam import POD_IDENTITY, Role
from diag.resources.kubernetes import Node, ServiceAccount, Workload

AGENT = "eks-pod-identity-agent"


TRUST, AGENT_MISSING, ROLE_MISSING = "pod-identity-trust", "pod-identity-agent-missing", "irsa-role-missing"


@check("pod-identity", layer=Layer.IDENTITY, speaks_for=(TRUST, AGENT_MISSING, ROLE_MISSING))
def pod_identity_gives_the_role(
    provisioning: Provisioning,
    controller_account: ServiceAccount | Unavailable,
    pod_identity_associations: tuple[PodIdentityAssociation, ...] | Unavailable,
    controller_roles: Table[Role],
    controller_nodes: tuple[Node, ...] | Unavailable,
    daemon_sets: tuple[Workload, ...],
    eks_cluster: EksCluster | Unavailable,
) -> Iterator[Draft]:
    """Where an EKS Pod Identity association gives the controller its role, agent and trust policy let it.

    An agent on the controller's node hands the credentials out, and takes them from EKS, which must be trusted by
    the role for sts:AssumeRole and sts:TagSession. With a target role that one takes the target, and the pods act as
    the target. As with IRSA, no mount of an existing file system needs it.

    pass: the role trusts pods.eks.amazonaws.com and the agent runs, or is built in (EKS Auto Mode)
    warn: as fail, but nothing is provisioned; or the agent is not ready on some nodes
    fail: the role does not exist or does not trust EKS for both actions, its target does not trust it, or the agent
        is missing
    unknown: association, role or DaemonSets could not be read, the trust policy hangs on what only AWS knows, or
        there is no agent and it is not known whether the controller's nodes are EKS Auto Mode's
    skip: there is no association
    source: EKS user guide, pod-id-role, pod-id-agent-setup and pod-id-how-it-works
    """
    if isinstance(controller_account, Unavailable):
        yield missing_component("service account of the controller", controller_account)
        return
    account = controller_account
    associations = pod_identity_associations
    if isinstance(associations, Unavailable):
        yield unknown(account, f"whether it has an association is not known: {associations}", because=(associations,))
        return
    if not associations:
        yield skip(account, "it has no Pod Identity association")
        return
    if isinstance(eks_cluster, Unavailable):
        yield unknown(account, f"cannot judge its association: {eks_cluster}", because=(eks_cluster,))
        return
    broken = fail if provisioning.in_use else warn
    role = controller_roles.get(associations[0].role_arn)
    if isinstance(role, Unavailable) and role.reason is Reason.ABSENT:
        message = f"its association names {associations[0].role_arn}, which does not exist; {NOT_FOR_MOUNTS}"
        yield broken(account, message, cause=ROLE_MISSING, fix=_create(associations[0].role_arn, eks_cluster))
    else:
        yield from _trust(account, associations[0], controller_roles, eks_cluster, provisioning)
    yield from _agent(account, daemon_sets, controller_nodes, eks_cluster, provisioning)


def _create(arn: str, cluster: EksCluster) -> Fix | None:
    """The role that the association names; None for one with a path or of another account, which is not made here."""
    parts = role_arn_of(arn)
    plain = parts is not None and arn == f"arn:{cluster.partition}:iam::{cluster.account}:role/{parts.name}"
    return create_associated_role(cluster, parts.name) if parts and plain else None


def _trust(
    account: ServiceAccount,
    own: PodIdentityAssociation,
    roles: Table[Role],
    cluster: EksCluster,
    provisioning: Provisioning,
) -> Iterator[Draft]:
    namespace, name = account.metadata.namespace, account.metadata.name
    role, tagged = roles[own.role_arn], not own.disable_session_tags
    for action in POD_IDENTITY if tagged else POD_IDENTITY[:1]:
        asker = pod_identity(action, cluster.arn, namespace, name, tagged=tagged)
        trust = may_assume(role.assume_role_policy_document, asker)
        if trust.answer is Answer.REFUSED:
            broken = fail if provisioning.in_use else warn
            message = f"role {role.role_name} does not let EKS Pod Identity {action}: {'; '.join(trust.reasons)}"
            yield broken(account, f"{message}; {NOT_FOR_MOUNTS}", cause=TRUST, fix=trust_pod_identity(role, cluster))
            return
        if trust.answer is Answer.UNDECIDED:
            text = "; ".join(trust.reasons)
            because = (Unavailable(f"trust policy of {role.role_name}", Reason.NOT_ASKED, text),)
            yield unknown(account, f"whether Pod Identity may {action} on {role.role_name}: {text}", because=because)
            return
    message = f"role {role.role_name} trusts EKS Pod Identity"
    if own.target_role_arn:
        yield _target(account, own, roles, message, provisioning)
    else:
        yield ok(account, message, rules_out=(TRUST, ROLE_MISSING))


def _target(
    account: ServiceAccount, own: PodIdentityAssociation, roles: Table[Role], message: str, provisioning: Provisioning
) -> Draft:
    """Whether the target role lets the association's role take it. Raises Unreadable when it could not be read."""
    broken = fail if provisioning.in_use else warn
    target = roles.get(own.target_role_arn)
    if isinstance(target, Unavailable) and target.reason is Reason.ABSENT:
        text = f"its association gives it {own.target_role_arn}, which does not exist; {NOT_FOR_MOUNTS}"
        return broken(account, text, cause=ROLE_MISSING)
    for action in POD_IDENTITY[:1] if own.disable_session_tags else POD_IDENTITY:
        asker = role_session(own.role_arn, own.external_id, action)
        trust = may_assume(unwrap(target).assume_role_policy_document, asker)
        why = "; ".join(trust.reasons)
        if trust.answer is Answer.REFUSED:
            text = f"target role {own.target_role_arn} does not let {own.role_arn} take it ({action}): {why}"
            return broken(account, f"{text}; {NOT_FOR_MOUNTS}", cause=TRUST)
        if trust.answer is Answer.UNDECIDED:
            because = Unavailable(f"trust policy of {own.target_role_arn}", Reason.NOT_ASKED, why)
            text = f"whether {own.role_arn} may take {own.target_role_arn} ({action}): {because}"
            return unknown(account, text, because=(because,))
    text = f"{message}, and target role {own.target_role_arn} trusts it; whether it may assume that was not asked"
    return ok(account, text, rules_out=(ROLE_MISSING,))


def _agent(
    account: ServiceAccount,
    daemon_sets: tuple[Workload, ...],
    nodes: tuple[Node, ...] | Unavailable,
    cluster: EksCluster,
    provisioning: Provisioning,
) -> Iterator[Draft]:
    if not isinstance(nodes, Unavailable) and nodes and all(is_auto_mode(node) for node in nodes):
        yield ok(account, "EKS Auto Mode has the Pod Identity agent built in", rules_out=(AGENT_MISSING,))
        return
    agent = next((item for item in daemon_sets if item.metadata.name == AGENT), None)
    if not nodes and cluster.compute_config.enabled:
        nodes = Unavailable("nodes of the controller", Reason.NOT_ASKED, "none of its pods is on a node")
    if agent is None and isinstance(nodes, Unavailable):
        text = f"the cluster has no {AGENT}, and whether EKS Auto Mode has it built in there is not known: {nodes}"
        yield unknown(account, text, because=(nodes,))
        return
    broken = fail if provisioning.in_use else warn
    fix = _install(cluster)
    if agent is None:
        message = f"it has an association, and the cluster has no {AGENT} to hand the credentials out"
        yield broken(account, f"{message}; {NOT_FOR_MOUNTS}", cause=AGENT_MISSING, fix=fix)
        return
    ready, wanted = agent.status.number_ready, agent.status.desired_number_scheduled
    text = f"the Pod Identity agent is ready on {ready} of {wanted} nodes"
    if not ready:
        yield broken(account, text, cause=AGENT_MISSING)
    elif ready < wanted:
        yield warn(account, text, cause=AGENT_MISSING)
    else:
        yield ok(account, text, rules_out=(AGENT_MISSING,))


def _install(cluster: EksCluster) -> Fix:
    names = {"cluster": cluster.name, "addon": AGENT}
    rest = "addon --cluster-name {cluster} --addon-name {addon}"
    return Fix(
        (
            change(f"aws eks create-{rest}", names, changes="Install a DaemonSet on all nodes."),
            *addon_active(names),
            undo(f"aws eks delete-{rest}", names),
        )
    )
