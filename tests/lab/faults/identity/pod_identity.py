"""EKS Pod Identity: the association, the agent, the trust."""

import json
from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault
from tests.lab.setup import ROLE

if TYPE_CHECKING:
    from tests.lab.lab import Lab


def _names_a_role(lab: "Lab") -> bool:
    roles = {role["Arn"] for role in lab.client("iam").list_roles()["Roles"]}
    found = lab.aws.eks.cluster(lab.site.cluster).pod_identities.values()
    return all(one["roleArn"] in roles for one in found)


@fault("pod-identity-agent-absent", cause="pod-identity-agent-missing", world="pod-identity")
def pod_identity_agent_absent(lab: "Lab") -> None:
    """An association without the agent that hands the credentials out."""
    lab.client("eks").delete_addon(clusterName=lab.site.cluster, addonName="eks-pod-identity-agent")
    lab.kube.remove("daemonsets", "eks-pod-identity-agent", "kube-system")
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        ' failed to load credentials, exceeded maximum number of attempts, 3, : Get "http://169.254.170.23/v1/'
        'credentials": dial tcp 169.254.170.23:80: connect: connection refused',
    )


@fault("pod-identity-role-trusts-oidc-only", cause="pod-identity-trust", world="pod-identity")
def pod_identity_role_trusts_oidc_only(lab: "Lab") -> None:
    """The role was made for IRSA and does not trust pods.eks.amazonaws.com."""
    assert lab.account is not None
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": lab.account.provider_arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=policy)
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        " failed to load credentials, : [5b1e9a70-92c6-4bb5-8a83-1d8f1a0f6c3e]: (AccessDeniedException): Unauthorized"
        " Exception! EKS does not have permissions to assume the associated role., fault: client",
    )


@fault("pod-identity-role-deleted", cause="irsa-role-missing", world="pod-identity", gone=_names_a_role)
def pod_identity_role_deleted(lab: "Lab") -> None:
    """The association outlived its role; EKS' answer reads like a trust policy's refusal."""
    for association in lab.aws.eks.cluster(lab.site.cluster).pod_identities.values():
        association["roleArn"] = lab.site.arn("iam", "role/a-role-of-former-days")
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        " failed to load credentials, : [5b1e9a70-92c6-4bb5-8a83-1d8f1a0f6c3d]: (AccessDeniedException): Unauthorized"
        " Exception! EKS does not have permissions to assume the associated role., fault: client",
    )


@fault("pod-identity-agent-not-ready", cause="pod-identity-agent-missing", world="pod-identity")
def pod_identity_agent_not_ready(lab: "Lab") -> None:
    """The agent's pods crash, on nodes without IPv6 say."""
    agent = lab.kube.get("daemonsets", "eks-pod-identity-agent", "kube-system")
    agent["status"] |= {"numberAvailable": 0, "numberReady": 0, "numberUnavailable": 3}
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        ' failed to load credentials, exceeded maximum number of attempts, 3, : Get "http://169.254.170.23/v1/'
        'credentials": dial tcp 169.254.170.23:80: connect: connection refused',
    )


@fault("node-may-not-ask-for-credentials", cause="iam-missing-permission", world="pod-identity")
def node_may_not_ask_for_credentials(lab: "Lab") -> None:
    """The nodes' role has a policy of the company's own, made before there was Pod Identity."""
    policy = f"arn:{lab.site.partition}:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    lab.client("iam").detach_role_policy(RoleName="eks-node-role", PolicyArn=policy)
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        " failed to load credentials, : (AccessDeniedException): User: arn:aws:sts::123456789012:assumed-role/"
        "eks-node-role/i-0123456789abcdef0 is not authorized to perform: eks-auth:AssumeRoleForPodIdentity on resource:"
        f" arn:aws:eks:{lab.site.region}:123456789012:cluster/{lab.site.cluster}, fault: client",
    )
