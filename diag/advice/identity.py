"""Commands that give the driver's controller its AWS role: annotation, role, trust policy, permissions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from diag.advice.driver import MANAGED_BY, addon_steps, restart
from diag.advice.steps import caution, change, guard, person, save_once, undo
from diag.grammar.command import Value, Verbatim
from diag.grammar.ids import region_of
from diag.knowledge.controller_actions import SOME_FILE_SYSTEM, arns_of, by_fsx_alone, controller_actions
from diag.model.fix import Fix, Step, StepKind
from diag.resources.ec2 import VpcEndpoint
from diag.resources.eks import EksCluster
from diag.resources.iam import POD_IDENTITY, POD_IDENTITY_SERVICE, ROLE_ANNOTATION, WEB_IDENTITY, Role, statements_of
from diag.resources.kubernetes import ServiceAccount
from diag.resources.teardown import accounts_admitted

NEW_PODS = "Annotate the service account. It takes effect in new controller pods only."
ADMINISTRATOR = "an administrator of IAM"


def annotate(account: ServiceAccount, role_arn: str, cluster: str = "") -> Fix:
    """Write a role's ARN, and replace the controller's pods, since it is injected at their creation alone."""
    steps, back = _give(account, role_arn, cluster)
    return Fix((*steps, back))


def _give(account: ServiceAccount, role_arn: str, cluster: str) -> tuple[tuple[Step, ...], Step]:
    """Give the service account a role, by the add-on where that writes its annotation; and how to take it back."""
    if account.metadata.label(MANAGED_BY) == "EKS":
        former = {"role_arn": account.role_arn or ""}
        again = "Run it again with the old role, {role_arn}." if account.role_arn else "Run it again without a role."
        back = person(again, former, kind=StepKind.UNDO)
        return addon_steps({"cluster": cluster, "role_arn": role_arn}, gives_role=True), back
    write, back = _annotation(account, role_arn)
    return (write, *restart(account.metadata.namespace)), back


def _annotation(account: ServiceAccount, role_arn: str) -> tuple[Step, Step]:
    names = _names(account)
    command = f"kubectl -n {{driver_namespace}} annotate serviceaccount {{service_account}} {ROLE_ANNOTATION}"
    write = change(f"{command}={{role_arn}} --overwrite", {**names, "role_arn": role_arn}, changes=NEW_PODS)
    if account.role_arn:
        return write, undo(f"{command}={{role_arn}} --overwrite", {**names, "role_arn": account.role_arn})
    return write, undo(f"{command}-", names)


def create_provider(cluster: EksCluster) -> Fix:
    """Create the IAM identity provider of the cluster's issuer."""
    create = "aws iam create-open-id-connect-provider --url {issuer} --client-id-list sts.amazonaws.com"
    delete = "aws iam delete-open-id-connect-provider --open-id-connect-provider-arn {provider_arn}"
    note = "Create the identity provider. Nothing else changes."
    return Fix(
        (
            change(create, {"issuer": cluster.issuer}, changes=note, by=ADMINISTRATOR),
            undo(delete, {"provider_arn": cluster.provider_arn}),
        )
    )


def add_audience(provider_arn: str, audience: str) -> Fix:
    """Let the identity provider accept the audience of the tokens."""
    names = {"provider_arn": provider_arn, "audience": audience}
    rest = "--open-id-connect-provider-arn {provider_arn} --client-id {audience}"
    add = f"aws iam add-client-id-to-open-id-connect-provider {rest}"
    remove = f"aws iam remove-client-id-from-open-id-connect-provider {rest}"
    note = "Add an audience to the provider."
    return Fix((change(add, names, changes=note, by=ADMINISTRATOR), undo(remove, names)))


def create_role(cluster: EksCluster, account: ServiceAccount, role: str, audience: str) -> Fix:
    """Create a role that the service account may take, with what the driver needs alone, and annotate the account."""
    names: dict[str, Value] = {
        **_names(account), **_issuer(cluster, audience), "role": role, "policy": _policy(_WEB_IDENTITY),
    }  # fmt: skip
    create = "aws iam create-role --role-name {role} --assume-role-policy-document {policy}"
    note = "Create a role that only this service account may assume."
    *give, take = allow(role, _grants_of_driver(cluster)).steps
    steps = [change(create, names, changes=note, by=ADMINISTRATOR), *give]
    taken_back = [take, undo("aws iam delete-role --role-name {role}", names)]
    arn = f"arn:{cluster.partition or 'aws'}:iam::{cluster.account}:role/{role}"
    if account.role_arn == arn:
        return Fix((*steps, *restart(account.metadata.namespace), *taken_back))
    given, back = _give(account, arn, cluster.name)
    return Fix((*steps, *given, back, *taken_back))


def trust_web_identity(
    role: Role,
    account: ServiceAccount,
    cluster: EksCluster,
    audience: str,
    without: Sequence[Mapping[str, Any]] = (),
) -> Fix:
    """Let the service account take the role, beside whoever else may; but for the statements that go (`without`)."""
    names = {**_names(account), **_issuer(cluster, audience)}
    kept = [one for one in _others(role, account, cluster) if one not in without]
    return _replace_trust(role, _WEB_IDENTITY, kept, names)


def trust_pod_identity(role: Role, cluster: EksCluster) -> Fix:
    """Let EKS Pod Identity take the role for pods of this cluster, beside whoever else may."""
    return _replace_trust(
        role, _POD_IDENTITY, statements_of(role.assume_role_policy_document), {"cluster_arn": cluster.arn}
    )


def create_associated_role(cluster: EksCluster, role: str) -> Fix:
    """Create the role of an association, for pods of this cluster, with what the driver needs alone."""
    names: dict[str, Value] = {"role": role, "cluster_arn": cluster.arn, "policy": _policy(_POD_IDENTITY)}
    create = "aws iam create-role --role-name {role} --assume-role-policy-document {policy}"
    note = "Create a role that only EKS may assume, for pods of this cluster."
    *give, take = allow(role, _grants_of_driver(cluster)).steps
    back = undo("aws iam delete-role --role-name {role}", names)
    return Fix((change(create, names, changes=note, by=ADMINISTRATOR), *give, take, back))


_POD_IDENTITY = {
    "Effect": "Allow",
    "Principal": {"Service": POD_IDENTITY_SERVICE},
    "Action": list(POD_IDENTITY),
    "Condition": {"ArnEquals": {"aws:SourceArn": "{cluster_arn}"}},
}
"""Source: EKS user guide, pod-id-role."""


_WEB_IDENTITY = {
    "Effect": "Allow",
    "Principal": {"Federated": "{provider_arn}"},
    "Action": WEB_IDENTITY,
    "Condition": {
        "StringEquals": {
            "{issuer_host}:aud": "{audience}",
            "{issuer_host}:sub": "system:serviceaccount:{driver_namespace}:{service_account}",
        }
    },
}
"""Source: EKS user guide, associate-service-account-role."""


def _replace_trust(
    role: Role, statement: Mapping[str, Any], others: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> Fix:
    policy = _policy(*map(Verbatim, others), statement)
    values: dict[str, Value] = {**names, "role": role.role_name, "policy": policy}
    note = "Write the whole trust policy" + (", with its other statements as they are." if others else ".")
    write = "aws iam update-assume-role-policy --role-name {role} --policy-document"
    keep = "aws iam get-role --role-name {role} --query Role.AssumeRolePolicyDocument"
    keep += " --output json > trust-policy-of-{role}.json"
    return Fix(
        (
            save_once(keep, values),
            guard("grep -q Statement trust-policy-of-{role}.json", values),
            change(f"{write} {{policy}}", values, changes=note, by=ADMINISTRATOR),
            undo(f"{write} file://trust-policy-of-{{role}}.json", values),
        )
    )


def _others(role: Role, account: ServiceAccount, cluster: EksCluster) -> Iterator[Mapping[str, Any]]:
    """Its statements but for each Allow that is this account's of this cluster alone, which the new one replaces.

    One that names others as well, or the account of that name of another cluster, is theirs.
    """
    own = {(account.metadata.namespace, account.metadata.name)}
    for one in statements_of(role.assume_role_policy_document):
        is_own = one.get("Principal") == {"Federated": cluster.provider_arn}
        is_own = is_own and accounts_admitted(one.get("Condition")) == own
        if one.get("Effect") != "Allow" or not is_own:
            yield one


class Grant(NamedTuple):
    """One action that a role lacks, on its resource, for one service's role where that is what is made."""

    action: str
    resource: str
    service: str = ""


def _grants_of_driver(cluster: EksCluster) -> Iterator[Grant]:
    """All that the driver does in the cluster's account and Region, the link to a bucket left out.

    The managed policy that EKS documents for it, AmazonFSxFullAccess, allows all of FSx and more.
    """
    arns = arns_of(cluster.partition or "aws", cluster.account, region_of(cluster.arn))
    for action in controller_actions():
        for arn in arns[action.resource]:
            yield Grant(action.name, arn.replace(SOME_FILE_SYSTEM, "*"), action.service)


def allow(role: str, grants: Iterable[Grant]) -> Fix:
    """Give the role further actions, each on its resource alone, by an inline policy of their own."""
    policy = _policy(*_allowing(grants))
    # A name of its own: a put replaces a policy of the same name, an earlier fix of this kind among them.
    digest = hashlib.sha256(json.dumps(policy).encode()).hexdigest()[:8]
    names: dict[str, Value] = {
        "role": role, "policy": Verbatim(policy), "policy_name": f"lustre-csi-driver-additions-{digest}",
    }  # fmt: skip
    target = "--role-name {role} --policy-name {policy_name}"
    note, put = "Add an inline policy to the role.", f"aws iam put-role-policy {target} --policy-document {{policy}}"
    return Fix(
        (
            change(put, names, changes=note, by=ADMINISTRATOR),
            undo(f"aws iam delete-role-policy {target}", names),
        )
    )  # fmt: skip


def widen_boundary(arn: str, version: str, document: Mapping[str, Any], grants: Iterable[Grant]) -> Fix:
    """Let a permissions boundary admit further actions, each on its resource alone, by a new version of its policy.

    An Allow of a boundary gives nobody a right: what a role may do, its own policies must allow as well.
    """
    policy = _policy(*map(Verbatim, statements_of(document)), *_allowing(grants))
    names: dict[str, Value] = {"policy_arn": arn, "policy_version": version, "policy": policy}
    owner, which = "the owner of the permissions boundary", "--policy-arn {policy_arn}"
    saved = "permissions-boundary.before.json"
    keep = f"aws iam get-policy-version {which} --version-id {{policy_version}} --query PolicyVersion.Document"
    effect = "Add a statement to the boundary. Roles that it bounds may do this if their own policies allow it."
    return Fix(
        (
            caution("Every role with this boundary is affected. A policy keeps five versions, and refuses a sixth."),
            save_once(f"{keep} --output json > {saved}", names),
            guard(f"grep -q Statement {saved}", names),
            change(f"aws iam create-policy-version {which} --policy-document {{policy}} --set-as-default", names,
                   changes=effect, by=owner),
            undo(f"aws iam set-default-policy-version {which} --version-id {{policy_version}}", names),
        )
    )  # fmt: skip


def let_through(endpoint: VpcEndpoint, action: str, role_arn: str) -> Fix:
    """Let a call through an endpoint's policy, with what else the driver asks of that service.

    Who shows STS a token is no role yet: the role is the resource. Source: IAM user guide, STS endpoint policies.
    """
    kept = map(Verbatim, statements_of(endpoint.document or {}))
    if endpoint.service == "sts":
        whom: dict[str, Any] = {"Principal": "*", "Resource": role_arn or "*"}
    else:
        whom = {"Principal": {"AWS": role_arn} if role_arn else "*", "Resource": "*"}
    own = (one.name for one in controller_actions() if one.name.startswith(f"{endpoint.service}:"))
    statement = {"Effect": "Allow", "Action": list(dict.fromkeys((action, *own))), **whom}
    names: dict[str, Value] = {"vpc_endpoint": endpoint.vpc_endpoint_id, "policy": _policy(*kept, Verbatim(statement))}
    saved = "endpoint-policy-of-{vpc_endpoint}.before.json"
    keep = "aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {vpc_endpoint} --query 'VpcEndpoints[0].PolicyDocument'"
    write = "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {vpc_endpoint} --policy-document"
    effect = "Write the whole policy, with its other statements as they are. The provisioner tries again by itself."
    return Fix(
        (
            save_once(f"{keep} --output text > {saved}", names),
            guard(f"grep -q Statement {saved}", names),
            change(f"{write} {{policy}}", names, changes=effect, by="the owner of the endpoint's policy"),
            undo(f"{write} file://{saved}", names),
        )
    )


def _allowing(grants: Iterable[Grant]) -> list[dict[str, Any]]:
    """An Allow for each resource and service of the grants."""
    alike: dict[tuple[str, str], list[str]] = {}
    for grant in grants:
        alike.setdefault((grant.resource, grant.service), []).append(grant.action)
    return [
        {"Effect": "Allow", "Action": actions, "Resource": resource, **_condition(resource, service)}
        for (resource, service), actions in alike.items()
    ]


PULL_ACCESS = "AmazonEC2ContainerRegistryPullOnly"
"""Source: Amazon ECR user guide, AWS managed policies."""


def let_pull(roles: Iterable[str], partition: str) -> Fix:
    """Give nodes' roles the right to pull from private registries."""
    which = "role-policy --role-name {role} --policy-arn {policy_arn}"
    names = [{"role": role, "policy_arn": f"arn:{partition}:iam::aws:policy/{PULL_ACCESS}"} for role in roles]
    effect = "Let all nodes with this role pull from ECR. The kubelet tries again by itself."
    return Fix(
        (
            *(change(f"aws iam attach-{which}", one, changes=effect, by=ADMINISTRATOR) for one in names),
            *(undo(f"aws iam detach-{which}", one) for one in names),
        )
    )


def _condition(resource: str, service: str) -> dict[str, Any]:
    """What keeps a statement to its matter: the service whose role is made, or FSx as the user of a key."""
    if service:
        return {"Condition": {"StringEquals": {"iam:AWSServiceName": service}}}
    return {"Condition": by_fsx_alone(region_of(resource))} if resource.split(":")[2:3] == ["kms"] else {}


def create_service_role() -> Fix:
    """Create FSx's own role, once for an account."""
    create = "aws iam create-service-linked-role --aws-service-name fsx.amazonaws.com"
    delete = "aws iam delete-service-linked-role --role-name AWSServiceRoleForAmazonFSx"
    note = "Create AWSServiceRoleForAmazonFSx, once for the account."
    return Fix((change(create, changes=note, by=ADMINISTRATOR), undo(delete)))


def _policy(*statements: Mapping[str, Any] | Verbatim) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _names(account: ServiceAccount) -> dict[str, str]:
    return {"driver_namespace": account.metadata.namespace, "service_account": account.metadata.name}


def _issuer(cluster: EksCluster, audience: str) -> dict[str, str]:
    return {
        "provider_arn": cluster.provider_arn,
        "issuer": cluster.issuer,
        "issuer_host": cluster.issuer_host,
        "audience": audience,
    }
