"""Worlds with neighbours: what other clusters, Regions and accounts use looks like a leftover from here."""

from typing import TYPE_CHECKING

from tests.lab.aws.eks import trust_policy
from tests.lab.setup import Account
from tests.lab.site import Site

if TYPE_CHECKING:
    from tests.lab.lab import Lab

SIBLING, ABROAD = "blue", "abroad"
SIBLINGS_FILE_SYSTEM = ("fs-0a1b2c3d4e5f60718", "w3xznbev")
OTHER_REGION = "us-east-1"
STRANGERS_ISSUER = "FEDCBA9876543210FEDCBA9876543210"
ROLE_ABROAD, STRANGERS_ROLE = "fsx-csi-abroad", "fsx-csi-stranger"


def build_sibling_cluster(lab: "Lab", site: Site) -> Account:
    """A second cluster in the same VPC, whose driver made a file system that its pods use."""
    account = _account(lab)
    lab.client("eks").create_cluster(
        name=SIBLING, roleArn=_role_arn(lab), resourcesVpcConfig={"subnetIds": account.private_subnets}
    )
    lab.aws.fsx.state.next_identities.append(SIBLINGS_FILE_SYSTEM)
    lab.client("fsx").create_file_system(
        FileSystemType="LUSTRE",
        FileSystemTypeVersion="2.15",
        StorageCapacity=1200,
        SubnetIds=[account.private_subnets[0]],
        SecurityGroupIds=[account.file_system_group],
        LustreConfiguration={"DeploymentType": "SCRATCH_2"},
        Tags=[{"Key": "CSIVolumeName", "Value": "pvc-5e1f7c1a-0000-4000-8000-000000000000"}],
    )
    lab.serve(SIBLINGS_FILE_SYSTEM[0])
    return account


def build_other_region_cluster(lab: "Lab", site: Site) -> Account:
    """A cluster of the same account in another Region, whose controller takes a role: IAM knows no Regions."""
    account = _account(lab)
    ec2 = lab.client("ec2", OTHER_REGION)
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.0.0/24")["Subnet"]["SubnetId"]
    made = lab.client("eks", OTHER_REGION).create_cluster(
        name=ABROAD, roleArn=_role_arn(lab), resourcesVpcConfig={"subnetIds": [subnet]}
    )
    _let_in(lab, ROLE_ABROAD, made["cluster"]["identity"]["oidc"]["issuer"])
    return account


def build_other_account_cluster(lab: "Lab", site: Site) -> Account:
    """A provider and a role of this account for the pods of a cluster of another account, in the same Region."""
    account = _account(lab)
    _let_in(lab, STRANGERS_ROLE, f"https://oidc.eks.{site.region}.amazonaws.com/id/{STRANGERS_ISSUER}")
    return account


def _let_in(lab: "Lab", role: str, issuer: str) -> None:
    iam = lab.client("iam")
    made = iam.create_open_id_connect_provider(Url=issuer, ThumbprintList=["9e99a48a" * 5])
    trust = trust_policy(made["OpenIDConnectProviderArn"], issuer, "kube-system", "fsx-csi-controller-sa")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)


def _account(lab: "Lab") -> Account:
    assert lab.account is not None
    return lab.account


def _role_arn(lab: "Lab") -> str:
    return str(lab.aws.eks.cluster(lab.site.cluster).cluster["roleArn"])
