"""Builders of the facts about who the controller is: its role, trust policy, OIDC provider and associations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diag.analysis.identity.irsa import RoleArn
from diag.analysis.identity.permissions import Decision, Right, Rights, questions
from diag.model.unavailable import Reason, Unavailable
from diag.resources.ec2 import (
    AclAssociation,
    AclEntry,
    GroupRef,
    Instance,
    IpRange,
    MetadataOptions,
    NetworkAcl,
    Permission,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
)
from diag.resources.eks import PodIdentityAssociation, SourceNat
from diag.resources.iam import OidcProvider, Role
from diag.resources.kubernetes import (
    EnvSource,
    EnvVar,
    PersistentVolumeClaim,
    Pod,
    SecretKeyRef,
    ServiceAccount,
    Workload,
)
from diag.resources.table import Table
from tests.checks import given

ACCOUNT = "111122223333"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/fsx-csi"
CLUSTER = given.eks_cluster()
ISSUER = CLUSTER.issuer_host
PROVIDER_ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
SUBJECT = "system:serviceaccount:kube-system:fsx-csi-controller-sa"
STS = "sts.amazonaws.com"
INSTANCE = given.node().instance_id
VPC = "vpc-0123456789abcdef0"
SUBNET = "subnet-0aaaaaaaaaaaaaaaa"
NODE_GROUP = "sg-0aaaaaaaaaaaaaaaa"


def statement(condition: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The statement that EKS documents for IRSA, with its Condition or other fields replaced."""
    usual = {"StringEquals": {f"{ISSUER}:aud": STS, f"{ISSUER}:sub": SUBJECT}}
    return {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER_ARN},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": usual if condition is None else dict(condition),
        **fields,
    }


def trust(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """A trust policy; the documented one without arguments."""
    return {"Version": "2012-10-17", "Statement": [dict(item) for item in statements or (statement(),)]}


def trusts_pods(**fields: Any) -> dict[str, Any]:
    """The statement that EKS documents for Pod Identity."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        **fields,
    }


def role(policy: Mapping[str, Any] | None = None, arn: str = ROLE_ARN, **fields: Any) -> Role:
    """The controller's role."""
    return Role(arn.rpartition("/")[2], arn, dict(trust() if policy is None else policy), **fields)


def roles(*items: Role, missing: Mapping[str, Unavailable] = {}) -> Table[Role]:
    """Roles by the ARN that names them."""
    return Table({item.arn: item for item in items}, dict(missing))


def provider(client_ids: tuple[str, ...] = (STS,)) -> OidcProvider:
    """The IAM OIDC provider of the cluster's issuer."""
    return OidcProvider(PROVIDER_ARN, ISSUER, client_ids)


def association(arn: str = ROLE_ARN, **fields: Any) -> PodIdentityAssociation:
    """The Pod Identity association of the controller's service account."""
    usual = PodIdentityAssociation("kube-system", "fsx-csi-controller-sa", "a-1", role_arn=arn)
    return given.replace(usual, **fields)


def account(role_arn: str | None = ROLE_ARN, **annotations: str) -> ServiceAccount:
    """The controller's service account with its annotation."""
    made = given.service_account(role_arn=role_arn)
    metadata = given.replace(made.metadata, annotations={**(made.metadata.annotations or {}), **annotations})
    return given.replace(made, metadata=metadata)


def absent(what: str) -> Unavailable:
    """Something that AWS says does not exist."""
    return Unavailable(what, Reason.ABSENT, "NoSuchEntity")


def pending_claim() -> PersistentVolumeClaim:
    """A claim that waits for the driver."""
    return given.claim("scratch", volume="")


def controller_pod(*injected: str, node: str = given.NODE, role_arn: str = ROLE_ARN, **spec: Any) -> Pod:
    """A pod of the controller as the webhook leaves it, or with exactly these variables."""
    names = injected or ("AWS_REGION", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
    owner = given.controller(env=tuple(name for name in names if name))
    made = given.plugin_pod(node, workload=owner)
    plugin, *others = made.spec.containers
    env = tuple(given.replace(v, value=role_arn) if v.name == "AWS_ROLE_ARN" else v for v in plugin.env or ())
    made = given.replace(made, spec=given.replace(made.spec, containers=(given.replace(plugin, env=env), *others)))
    return given.replace(made, spec=given.replace(made.spec, **spec))


def keyed_controller(*, optional: bool | None) -> Workload:
    """The Deployment with AWS_ACCESS_KEY_ID from a secret (optional or required), or written into it (None)."""
    made = given.controller()
    source = None if optional is None else EnvSource(SecretKeyRef("aws-secret", "key_id", optional))
    plugin, *others = made.spec.template.spec.containers
    plugin = given.replace(plugin, env=(EnvVar("AWS_ACCESS_KEY_ID", source),))
    spec = given.replace(made.spec.template.spec, containers=(plugin, *others))
    template = given.replace(made.spec.template, spec=spec)
    return given.replace(made, spec=given.replace(made.spec, template=template))


def instance(*, hops: int = 2, tokens: str = "required", endpoint: str = "enabled") -> Instance:
    """The controller's node in EC2."""
    options = MetadataOptions(tokens, hops, endpoint)
    return Instance(
        INSTANCE,
        subnet_id=SUBNET,
        vpc_id=VPC,
        metadata_options=options,
        private_ip_address="10.0.1.4",
        security_groups=(GroupRef(NODE_GROUP),),
    )


def open_group(id: str, *inbound: Permission, outbound: tuple[Permission, ...] | None = None) -> SecurityGroup:
    """A group that lets everything out, unless told otherwise."""
    everything = (Permission("-1", ip_ranges=(IpRange("0.0.0.0/0"),)),)
    return SecurityGroup(id, "", VPC, inbound, everything if outbound is None else outbound)


def acl(*entries: AclEntry) -> NetworkAcl:
    """The ACL of the controller's subnet: as EC2 makes it, or with these entries before the last."""
    usual = tuple(AclEntry(100, "allow", egress, "-1", "0.0.0.0/0") for egress in (True, False))
    return NetworkAcl("acl-0123456789abcdef0", VPC, (AclAssociation(SUBNET),), entries or usual)


def route_table(default: str = "") -> RouteTable:
    """The main route table of the VPC, with a default route to `default` if given."""
    routes = [Route("10.0.0.0/16", gateway_id="local")]
    routes += [Route("0.0.0.0/0", nat_gateway_id=default, state="active")] if default else []
    return RouteTable("rtb-0123456789abcdef0", VPC, (RouteTableAssociation(main=True),), tuple(routes))


def rights(*denied: str, unknown: tuple[str, ...] = (), buckets: tuple[str, ...] = (), **fields: Any) -> Rights:
    """Rights of a role: everything that is asked is allowed but what is named."""

    def decision(action: str) -> Decision:
        return Decision.DENIED if action in denied else Decision.UNKNOWN if action in unknown else Decision.ALLOWED

    asked = questions(RoleArn("aws", ACCOUNT, "fsx-csi"), given.REGION, buckets)
    found = (Right(action.use, action.name, arn, decision(action.name), "so said") for action, arn in asked)
    return Rights(tuple(found), **fields)


def world(role_arn: str | None = ROLE_ARN, **facts: Any) -> dict[str, Any]:
    """A controller with a sound IRSA role in a cluster with one StorageClass of the driver and a static volume."""
    return {
        "service_accounts": (account(role_arn),),
        "storage_classes": (given.storage_class(),),
        "pod_identity_associations": (),
        "controller_roles": roles(role()),
        "oidc_provider": provider(),
        "controller_rights": Table({ROLE_ARN: rights()}),
        "node_rights": Table(),
        "controller_instances": Table({INSTANCE: instance()}),
        "fsx_service_role": True,
        "vpc_endpoints": (),
        "controller_groups": Table({NODE_GROUP: open_group(NODE_GROUP)}),
        "network_acls": (acl(),),
        "prefix_lists": Table(),
        "route_tables": (route_table("nat-0123456789abcdef0"),),
        "source_nat": SourceNat(),
        "pods": (given.pod(), controller_pod()),
        **facts,
    }
