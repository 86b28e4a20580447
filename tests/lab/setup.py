"""The account behind a cluster, made with the AWS calls a person's own set-up makes.

The calls are those of eksctl, of the AWS console's defaults and of a set-up script with `aws fsx create-file-system`,
sent through boto3 to the lab.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.lab.aws.eks import trust_policy
from tests.lab.aws.moto_backends import load_managed_policies, seed_identifiers
from tests.lab.site import Site

if TYPE_CHECKING:
    from tests.lab.lab import Lab

FILE_SYSTEM_ID = "fs-04cb64a224a31f75d"
MOUNT_NAME = "ddyezbev"
BUCKET = "training-data-fsx-lustre"
ROLE = "FSx_Lustre_CSI_Driver_Role"
NAMESPACE = "fsx-csi-driver"
SERVICE_ACCOUNT = "fsx-csi-driver-controller-sa"
USER = "oncall"
_SEED = 988
LUSTRE_PORTS = ((988, 988), (1018, 1023))

_NODE_POLICIES = (
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonSSMManagedInstanceCore",
)
_MANAGED_POLICIES = (*_NODE_POLICIES, "AmazonFSxFullAccess", "AmazonFSxReadOnlyAccess", "AmazonEKSClusterPolicy")

# What the driver's own installation page asks for at least.
_DRIVER_POLICY = (
    {
        "Effect": "Allow",
        "Action": ["iam:CreateServiceLinkedRole", "iam:AttachRolePolicy", "iam:PutRolePolicy"],
        "Resource": "arn:{partition}:iam::*:role/aws-service-role/s3.data-source.lustre.fsx.amazonaws.com/*",
    },
    {
        "Effect": "Allow",
        "Action": "iam:CreateServiceLinkedRole",
        "Resource": "*",
        "Condition": {"StringLike": {"iam:AWSServiceName": ["fsx.amazonaws.com"]}},
    },
    {
        "Effect": "Allow",
        "Action": [
            "s3:ListBucket",
            "fsx:CreateFileSystem",
            "fsx:DeleteFileSystem",
            "fsx:DescribeFileSystems",
            "fsx:TagResource",
            "fsx:UpdateFileSystem",
        ],
        "Resource": "*",
    },
)


@dataclass(frozen=True)
class Plan:
    """What a set-up decides: the incident's and the careful one's differ in these."""

    version: str | None = "2.15"
    deployment_type: str = "SCRATCH_2"
    capacity: int = 1200
    metadata: bool = False
    throughput: int = 0
    linked_bucket: bool = True
    complete_groups: bool = True
    least_privilege: bool = True


@dataclass(frozen=True)
class Account:
    """The ids of what the set-up made."""

    vpc: str
    private_subnets: tuple[str, str]
    public_subnet: str
    private_route_table: str
    cluster_group: str
    file_system_group: str
    file_system: str
    role_arn: str
    provider_arn: str
    issuer: str
    instances: dict[str, str]


def set_up_account(lab: "Lab", site: Site, plan: Plan) -> Account:
    """Makes the network, the cluster, the nodes, the file system and the driver's role."""
    # moto makes a region's default network at the first call; only what follows is the same at every start.
    lab.client("ec2").describe_vpcs()
    lab.client("iam").list_roles()
    lab.client("s3").list_buckets()
    seed_identifiers(_SEED)
    load_managed_policies(site.region, _MANAGED_POLICIES)
    vpc, private, public, table = _network(lab, site)
    cluster = _cluster(lab, site, (*private, public))
    cluster_group = str(cluster["resourcesVpcConfig"]["clusterSecurityGroupId"])
    issuer = str(cluster["identity"]["oidc"]["issuer"])
    instances = _nodes(lab, site, private, cluster_group)
    group = _file_system_group(lab, vpc, cluster_group, plan)
    lab.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": site.region})
    file_system = _file_system(lab, private[0], group, plan)
    provider_arn = _provider(lab, issuer)
    role_arn = _driver_role(lab, site, provider_arn, issuer, plan)
    _open_default_group(lab, vpc)
    return Account(
        vpc=vpc,
        private_subnets=private,
        public_subnet=public,
        private_route_table=table,
        cluster_group=cluster_group,
        file_system_group=group,
        file_system=file_system,
        role_arn=role_arn,
        provider_arn=provider_arn,
        issuer=issuer,
        instances=instances,
    )


def _open_default_group(lab: "Lab", vpc: str) -> None:
    """AWS makes a VPC's default group open to itself, moto makes it closed."""
    ec2 = lab.client("ec2")
    wanted = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (group,) = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    everything = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group["GroupId"]}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[everything])


def _network(lab: "Lab", site: Site) -> tuple[str, tuple[str, str], str, str]:
    ec2 = lab.client("ec2")
    vpc = ec2.create_vpc(CidrBlock=site.cidr())["Vpc"]["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}})
    options = ec2.create_dhcp_options(
        DhcpConfigurations=[
            {"Key": "domain-name", "Values": [f"{site.region}.compute.internal"]},
            {"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]},
        ]
    )["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)

    def subnet(name: str, number: int, zone: str) -> str:
        made = ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=site.cidr(number),
            AvailabilityZone=zone,
            TagSpecifications=[
                {"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": f"{site.cluster}-{name}"}]}
            ],
        )
        return str(made["Subnet"]["SubnetId"])

    private = (subnet("priv-subnet-1", 1, site.zones[0]), subnet("priv-subnet-2", 2, site.zones[1]))
    public = subnet("pub-subnet-1", 101, site.zones[0])
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)["NatGateway"]["NatGatewayId"]

    def routes(subnets: tuple[str, ...], **way_out: str) -> str:
        table = str(ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"])
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **way_out)
        for subnet_id in subnets:
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet_id)
        return table

    routes((public,), GatewayId=gateway)
    return vpc, private, public, routes(private, NatGatewayId=nat)


def _cluster(lab: "Lab", site: Site, subnets: tuple[str, ...]) -> dict[str, Any]:
    role = _service_role(lab, site, "eks-cluster-role", "eks.amazonaws.com", ("AmazonEKSClusterPolicy",))
    made = lab.client("eks").create_cluster(
        name=site.cluster, version="1.34", roleArn=role, resourcesVpcConfig={"subnetIds": list(subnets)}
    )
    cluster: dict[str, Any] = made["cluster"]
    return cluster


def _service_role(lab: "Lab", site: Site, name: str, service: str, policies: tuple[str, ...]) -> str:
    iam = lab.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    }
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    for policy in policies:
        iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:{site.partition}:iam::aws:policy/{policy}")
    return str(arn)


def _nodes(lab: "Lab", site: Site, private: tuple[str, str], cluster_group: str) -> dict[str, str]:
    """Instances at the nodes' addresses, by node name."""
    ec2, iam = lab.client("ec2"), lab.client("iam")
    role = _service_role(lab, site, "eks-node-role", "ec2.amazonaws.com", _NODE_POLICIES)
    profile = iam.create_instance_profile(InstanceProfileName="eks-node")["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName="eks-node", RoleName="eks-node-role")
    instances = {}
    for number, host, kind in ((1, 4, "g5.xlarge"), (1, 5, "m6i.large"), (2, 4, "g5.xlarge")):
        instance = ec2.run_instances(
            ImageId="ami-0a1b2c3d4e5f60718",
            InstanceType=kind,
            MinCount=1,
            MaxCount=1,
            SubnetId=private[number - 1],
            PrivateIpAddress=site.address(number, host),
            SecurityGroupIds=[cluster_group],
            IamInstanceProfile={"Arn": profile},
            MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
        )["Instances"][0]["InstanceId"]
        instances[site.node(number, host)] = str(instance)
        lab.aws.ssm.state.instances[str(instance)] = "Online"
    for group, wanted, image in (
        ("gpu-ng", list(private), "AL2023_x86_64_NVIDIA"),
        ("sys-ng", [private[0]], "AL2023_x86_64_STANDARD"),
    ):
        lab.client("eks").create_nodegroup(
            clusterName=site.cluster, nodegroupName=group, subnets=wanted, nodeRole=role, amiType=image
        )
    return instances


def lustre_rules(group: str) -> list[dict[str, Any]]:
    """The two permissions AWS documents, for traffic from one group."""
    return [
        {"IpProtocol": "tcp", "FromPort": low, "ToPort": high, "UserIdGroupPairs": [{"GroupId": group}]}
        for low, high in LUSTRE_PORTS
    ]


def _file_system_group(lab: "Lab", vpc: str, cluster_group: str, plan: Plan) -> str:
    ec2 = lab.client("ec2")
    group = str(
        ec2.create_security_group(GroupName="fsx-lustre-sg", Description="FSx for Lustre", VpcId=vpc)["GroupId"]
    )
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=lustre_rules(cluster_group))
    if plan.complete_groups:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=lustre_rules(group))
        ec2.authorize_security_group_ingress(GroupId=cluster_group, IpPermissions=lustre_rules(group))
    return group


def _file_system(lab: "Lab", subnet: str, group: str, plan: Plan) -> str:
    lab.aws.fsx.state.next_identities.append((FILE_SYSTEM_ID, MOUNT_NAME))
    configuration: dict[str, Any] = {"DeploymentType": plan.deployment_type}
    if plan.linked_bucket:
        configuration |= {"ImportPath": f"s3://{BUCKET}", "ExportPath": f"s3://{BUCKET}/export"}
    if plan.throughput:
        configuration["PerUnitStorageThroughput"] = plan.throughput
    if plan.metadata:
        configuration["MetadataConfiguration"] = {"Mode": "AUTOMATIC"}
    version = {"FileSystemTypeVersion": plan.version} if plan.version else {}
    made = lab.client("fsx").create_file_system(
        FileSystemType="LUSTRE",
        StorageCapacity=plan.capacity,
        SubnetIds=[subnet],
        SecurityGroupIds=[group],
        LustreConfiguration=configuration,
        **version,
    )
    return str(made["FileSystem"]["FileSystemId"])


def _provider(lab: "Lab", issuer: str) -> str:
    made = lab.client("iam").create_open_id_connect_provider(
        Url=issuer,
        ClientIDList=["sts.amazonaws.com"],
        ThumbprintList=["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
    )
    return str(made["OpenIDConnectProviderArn"])


def _driver_role(lab: "Lab", site: Site, provider_arn: str, issuer: str, plan: Plan) -> str:
    iam = lab.client("iam")
    trust = trust_policy(provider_arn, issuer, NAMESPACE, SERVICE_ACCOUNT)
    arn = str(iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)["Role"]["Arn"])
    if plan.least_privilege:
        text = json.dumps({"Version": "2012-10-17", "Statement": _DRIVER_POLICY})
        document = text.replace("{partition}", site.partition)
        policy = iam.create_policy(PolicyName="FSxLustreCSIDriver", PolicyDocument=document)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=policy)
        return arn
    full_access = f"arn:{site.partition}:iam::aws:policy/AmazonFSxFullAccess"
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=full_access)
    bucket = f"arn:{site.partition}:s3:::{BUCKET}"
    statement = {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:ListBucket", "s3:PutObject"],
        "Resource": [bucket, f"{bucket}/*"],
    }
    policy = iam.create_policy(
        PolicyName="FSxLustreS3IntegrationPolicy",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=policy)
    return arn
