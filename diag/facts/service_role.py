"""The role that a service account's annotation names, and the commands that mend it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence

import msgspec

from diag.facts.eks import EksCluster
from diag.facts.iam import Role
from diag.facts.kubernetes import ServiceAccount
from diag.facts.trust import DEFAULT_AUDIENCE, POD_IDENTITY, POD_IDENTITY_SERVICE, WEB_IDENTITY, subject_claim
from diag.model.finding import Fix

ANNOTATION = "eks.amazonaws.com/role-arn"
AUDIENCE_ANNOTATION = "eks.amazonaws.com/audience"
"""Source: amazon-eks-pod-identity-webhook README."""

ROLE_ARN = re.compile(
    r"arn:(?P<partition>aws(?:-[a-z]+)*):iam::(?P<account>[0-9]{12}):role/(?:[!-~]+/)?(?P<name>[A-Za-z0-9_+=,.@-]{1,64})"
)
"""Source: botocore iam 2010-05-08, arnType, pathType and roleNameType."""


class RoleArn(msgspec.Struct, frozen=True):
    """The parts of a role's ARN."""

    partition: str
    account: str
    name: str


def role_arn_of(text: str) -> RoleArn | None:
    """The parts of a role's ARN; None for anything that STS refuses as one."""
    found = ROLE_ARN.fullmatch(text)
    return RoleArn(found["partition"], found["account"], found["name"]) if found else None


def what_is_wrong(text: str) -> str:
    """Why a text is no role ARN, in words."""
    if text != text.strip() or any(mark in text for mark in "\"' "):
        return "it holds blanks or quotes"
    if not text:
        return "it is empty"
    if text.endswith("/"):
        return "the role name is empty: a variable was not set when it was written"
    if ":role/" not in text:
        return "it is not the ARN of a role"
    return "it does not have the form arn:aws:iam::<12 digits>:role/<name>"


def audience_of(account: ServiceAccount) -> str:
    """The audience that the account's injected tokens get."""
    return account.metadata.annotation(AUDIENCE_ANNOTATION) or DEFAULT_AUDIENCE


def subject_of_token(account: ServiceAccount) -> str:
    """The `sub` of the account's tokens."""
    return subject_claim(account.metadata.namespace, account.metadata.name)


def annotate(account: ServiceAccount, partition: str, aws_account: str) -> Fix:
    """Write the right ARN and make new pods, since it is injected at a pod's creation alone."""
    arn = f"arn:{partition}:iam::{aws_account or '<account>'}:role/<role-name>"
    namespace, name = shlex.quote(account.metadata.namespace), shlex.quote(account.metadata.name)
    command = f"kubectl -n {namespace} annotate serviceaccount {name} {ANNOTATION}={arn} --overwrite"
    former = account.role_arn
    undo = f"kubectl -n {namespace} annotate serviceaccount {name} " + (
        f"{ANNOTATION}={shlex.quote(former)} --overwrite" if former else f"{ANNOTATION}-"
    )
    return Fix((command, restart(namespace)), "takes effect in new controller pods only", undo)


def restart(namespace: str, deployment: str = "fsx-csi-controller") -> str:
    """The command that makes new controller pods."""
    return f"kubectl -n {shlex.quote(namespace)} rollout restart deployment/{shlex.quote(deployment)}"


def create_role(cluster: EksCluster, account: ServiceAccount, role: str, partition: str) -> Fix:
    """Create the role with trust policy and annotation."""
    namespace, name = shlex.quote(account.metadata.namespace), shlex.quote(account.metadata.name)
    command = (
        f"eksctl create iamserviceaccount --cluster {shlex.quote(cluster.name)} --namespace {namespace} --name {name}"
        f" --role-name {role} --attach-policy-arn arn:{partition}:iam::aws:policy/AmazonFSxFullAccess"
        " --approve --override-existing-serviceaccounts"
    )
    undo = f"eksctl delete iamserviceaccount --cluster {cluster.name} --namespace {namespace} --name {name}"
    return Fix((command, restart(namespace)), "creates role, trust policy and annotation", undo)


def trust_web_identity(role: Role, account: ServiceAccount, cluster: EksCluster) -> Fix:
    """Replace the trust policy by the one that EKS documents."""
    issuer = cluster.issuer_host
    condition = {f"{issuer}:aud": audience_of(account), f"{issuer}:sub": subject_of_token(account)}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": cluster.provider_arn},
        "Action": WEB_IDENTITY,
        "Condition": {"StringEquals": condition},
    }
    return replace_trust(role.role_name, statement)


def trust_pod_identity(role: str) -> Fix:
    """Replace the trust policy by the one that EKS documents for Pod Identity."""
    statement = {"Effect": "Allow", "Principal": {"Service": POD_IDENTITY_SERVICE}, "Action": list(POD_IDENTITY)}
    return replace_trust(role, statement)


def allow(role: str, actions: Sequence[str]) -> Fix:
    """Give the role further actions, by an inline policy of their own."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
    target = f"--role-name {role} --policy-name lustre-csi-driver-additions"
    command = f"aws iam put-role-policy {target} --policy-document {shlex.quote(document)}"
    return Fix((command,), "adds an inline policy to the role", f"aws iam delete-role-policy {target}")


def create_service_role() -> Fix:
    """Create FSx's own role, once for an account."""
    command = "aws iam create-service-linked-role --aws-service-name fsx.amazonaws.com"
    undo = "aws iam delete-service-linked-role --role-name AWSServiceRoleForAmazonFSx"
    return Fix((command,), "creates AWSServiceRoleForAmazonFSx, once for the account, by an administrator", undo)


def replace_trust(role: str, statement: Mapping[str, object]) -> Fix:
    """Save a role's trust policy, then write one of a single statement."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
    save = f"aws iam get-role --role-name {role} --query Role.AssumeRolePolicyDocument > trust-before.json"
    write = f"aws iam update-assume-role-policy --role-name {role} --policy-document {shlex.quote(document)}"
    note = "replaces the whole trust policy; keep statements of trust-before.json that others need"
    undo = f"aws iam update-assume-role-policy --role-name {role} --policy-document file://trust-before.json"
    return Fix((save, write), note, undo)
