"""EKS clusters, their add-ons and identities, in the API's own shape (eks 2017-11-01)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from diag.grammar.ids import account_of, partition_of
from diag.model.subject import Kind, Subject
from diag.resources.aws_shape import CamelShape


class VpcConfig(CamelShape, frozen=True):
    """resourcesVpcConfig."""

    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    cluster_security_group_id: str = ""
    vpc_id: str = ""
    endpoint_public_access: bool | None = None
    endpoint_private_access: bool | None = None


class Oidc(CamelShape, frozen=True):
    """identity.oidc."""

    issuer: str = ""


class Identity(CamelShape, frozen=True):
    """identity."""

    oidc: Oidc = Oidc()


class NetworkConfig(CamelShape, frozen=True):
    """kubernetesNetworkConfig."""

    ip_family: str = "ipv4"
    service_ipv4_cidr: str = msgspec.field(default="", name="serviceIpv4Cidr")


class ComputeConfig(CamelShape, frozen=True):
    """computeConfig."""

    enabled: bool = False
    """EKS Auto Mode makes nodes."""


class EksCluster(CamelShape, frozen=True):
    """An EKS cluster as DescribeCluster returns it."""

    name: str
    arn: str = ""
    version: str = ""
    endpoint: str = ""
    status: str = ""
    resources_vpc_config: VpcConfig = VpcConfig()
    identity: Identity = Identity()
    kubernetes_network_config: NetworkConfig = NetworkConfig()
    compute_config: ComputeConfig = ComputeConfig()

    @property
    def subject(self) -> Subject:
        """The cluster as the subject of findings."""
        return Subject(Kind.CLUSTER, self.name)

    @property
    def issuer(self) -> str:
        """The OIDC issuer URL, empty when the cluster has none."""
        return self.identity.oidc.issuer

    @property
    def issuer_host(self) -> str:
        """The issuer without the scheme, as IAM names it in providers and condition keys."""
        return self.issuer.removeprefix("https://")

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov`, …; empty when the ARN is not known."""
        return partition_of(self.arn)

    @property
    def account(self) -> str:
        """The AWS account that the cluster belongs to; empty when the ARN is not known."""
        return account_of(self.arn)

    @property
    def provider_arn(self) -> str:
        """The ARN that the IAM OIDC provider of the issuer has when it exists."""
        return f"arn:{self.partition or 'aws'}:iam::{self.account}:oidc-provider/{self.issuer_host}"

    @property
    def vpc_id(self) -> str:
        """The cluster's VPC."""
        return self.resources_vpc_config.vpc_id


class PodIdentityAssociation(CamelShape, frozen=True):
    """Which role a service account gets from EKS Pod Identity."""

    namespace: str = ""
    service_account: str = ""
    association_id: str = ""
    association_arn: str = ""
    role_arn: str = ""
    """The role that EKS takes."""
    target_role_arn: str = ""
    """The role that the pods are given instead, which the first one takes; it may be another account's."""
    external_id: str = ""
    """`sts:ExternalId` when the target is taken."""
    disable_session_tags: bool = False
    policy: str = ""
    """A session policy: the pods may do nothing that it does not allow."""


class ClusterIdentity(msgspec.Struct, frozen=True):
    """Which cluster, region and account this run is about, each with where it was found; empty where unknown."""

    cluster: str = ""
    region: str = ""
    account: str = ""
    cluster_from: str = ""
    region_from: str = ""

    @property
    def subject(self) -> Subject:
        """The cluster as the subject of findings."""
        return Subject(Kind.CLUSTER, self.cluster or "(unnamed)")


def identity_of(facts: Mapping[str, object]) -> ClusterIdentity:
    """What a run knows of its cluster; its name is what EKS says where nothing else does, as in a pod."""
    identity, cluster = facts.get("cluster_identity"), facts.get("eks_cluster")
    known = identity if isinstance(identity, ClusterIdentity) else ClusterIdentity()
    if known.cluster or not isinstance(cluster, EksCluster):
        return known
    return msgspec.structs.replace(known, cluster=cluster.name, account=known.account or cluster.account)


DRIVER_ADDON = "aws-fsx-csi-driver"
"""Source: EKS User Guide, available add-ons."""


class AddonIssue(CamelShape, frozen=True):
    """One entry of health.issues."""

    code: str = ""
    message: str = ""
    resource_ids: tuple[str, ...] | None = None


class AddonHealth(CamelShape, frozen=True):
    """health."""

    issues: tuple[AddonIssue, ...] | None = None


class Addon(CamelShape, frozen=True):
    """An add-on as DescribeAddon returns it."""

    addon_name: str
    cluster_name: str = ""
    status: str = ""
    addon_version: str = ""
    health: AddonHealth = AddonHealth()
    service_account_role_arn: str = ""
    addon_arn: str = ""

    @property
    def subject(self) -> Subject:
        """The add-on as the subject of findings."""
        return Subject(Kind.ADDON, self.addon_name)


class SourceNat(msgspec.Struct, frozen=True):
    """The source-NAT settings of the `aws-node` DaemonSet."""

    external: bool = False
    """AWS_VPC_K8S_CNI_EXTERNALSNAT: the CNI translates nothing."""
    randomize: str = "prng"
    """AWS_VPC_K8S_CNI_RANDOMIZESNAT: `prng`, `hashrandom` or `none`."""
    excluded: tuple[str, ...] = ()
    """AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: what goes to these ranges is not translated."""
