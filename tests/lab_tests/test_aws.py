"""The lab's AWS answers as the services do, seen through boto3."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lab import Lab
from tests.lab.aws.errors import Refusal
from tests.lab.aws.ssm import CommandResult
from tests.lab.setup import BUCKET, FILE_SYSTEM_ID, ROLE
from tests.patience import eventually

pytestmark = pytest.mark.lab
Aws = Callable[..., Any]


def test_the_incident_s_file_system_was_made_without_a_version(lab: Lab, aws: Aws) -> None:
    (system,) = aws("fsx").describe_file_systems()["FileSystems"]
    assert system["FileSystemId"] == "fs-04cb64a224a31f75d"
    assert system["FileSystemTypeVersion"] == "2.10"
    assert system["Lifecycle"] == "AVAILABLE"
    assert system["LustreConfiguration"]["MountName"] == "ddyezbev"
    assert system["LustreConfiguration"]["DeploymentType"] == "SCRATCH_2"
    assert system["LustreConfiguration"]["DataRepositoryConfiguration"]["ImportPath"] == f"s3://{BUCKET}"


@pytest.mark.parametrize(
    ("configuration", "version"),
    [
        ({"DeploymentType": "SCRATCH_1"}, "2.10"),
        ({"DeploymentType": "PERSISTENT_1", "PerUnitStorageThroughput": 50}, "2.10"),
        ({"DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": 125}, "2.12"),
        (
            {
                "DeploymentType": "PERSISTENT_2",
                "PerUnitStorageThroughput": 125,
                "MetadataConfiguration": {"Mode": "AUTOMATIC"},
            },
            "2.15",
        ),
    ],
)
def test_the_version_defaults_by_deployment_type(
    lab: Lab, aws: Aws, configuration: dict[str, Any], version: str
) -> None:
    assert lab.account is not None
    made = aws("fsx").create_file_system(
        FileSystemType="LUSTRE",
        StorageCapacity=1200,
        SubnetIds=[lab.account.private_subnets[0]],
        LustreConfiguration=configuration,
    )["FileSystem"]
    assert made["FileSystemTypeVersion"] == version
    assert made["Lifecycle"] == "CREATING"


def test_unknown_file_system_raises(aws: Aws) -> None:
    with pytest.raises(ClientError) as raised:
        aws("fsx").describe_file_systems(FileSystemIds=["fs-0dead0dead0dead00"])
    assert raised.value.response["Error"]["Code"] == "FileSystemNotFound"
    assert raised.value.response["Error"]["Message"] == "File system 'fs-0dead0dead0dead00' does not exist."


def test_another_region_has_no_file_system(aws: Aws) -> None:
    assert aws("fsx", region_name="us-east-1").describe_file_systems()["FileSystems"] == []


def test_file_systems_come_in_pages(lab: Lab, aws: Aws) -> None:
    lab.load("other-file-systems-in-account")
    pages = list(aws("fsx").get_paginator("describe_file_systems").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["FileSystems"]) for page in pages] == [3, 1]


def test_network_interfaces_carry_the_group_and_stand_in_the_vpc(lab: Lab, aws: Aws) -> None:
    assert lab.account is not None
    (system,) = aws("fsx").describe_file_systems()["FileSystems"]
    interfaces = aws("ec2").describe_network_interfaces(NetworkInterfaceIds=system["NetworkInterfaceIds"])[
        "NetworkInterfaces"
    ]
    assert len(interfaces) == 2
    for interface in interfaces:
        assert [group["GroupId"] for group in interface["Groups"]] == [lab.account.file_system_group]
        assert interface["VpcId"] == lab.account.vpc
        assert interface["Status"] == "in-use"
        assert interface["PrivateIpAddress"].startswith(f"127.{lab.site.octet}.1.")


def test_nodes_are_instances_with_the_cluster_s_group(lab: Lab, aws: Aws) -> None:
    assert lab.account is not None
    for node in lab.kube.all("nodes"):
        instance_id = node["spec"]["providerID"].rpartition("/")[2]
        found = aws("ec2").describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
        assert found["PrivateIpAddress"] == node["status"]["addresses"][0]["address"]
        assert [group["GroupId"] for group in found["SecurityGroups"]] == [lab.account.cluster_group]


def test_the_cluster_knows_its_network_and_its_issuer(lab: Lab, aws: Aws) -> None:
    assert lab.account is not None
    cluster = aws("eks").describe_cluster(name="training-on-eks")["cluster"]
    assert cluster["resourcesVpcConfig"]["vpcId"] == lab.account.vpc
    assert cluster["endpoint"] == lab.kube_server.url
    issuer = cluster["identity"]["oidc"]["issuer"]
    assert issuer.startswith("https://oidc.eks.ap-northeast-2.amazonaws.com/id/")
    provider = aws("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=lab.account.provider_arn)
    assert f"https://{provider['Url'].removeprefix('https://')}" == issuer
    with pytest.raises(ClientError, match="No cluster found for name: nobody"):
        aws("eks").describe_cluster(name="nobody")


def test_pod_identity_lists_without_role_and_describes_with_it(lab: Lab, aws: Aws) -> None:
    lab.load("pod-identity")
    assert lab.account is not None
    eks = aws("eks")
    (listed,) = eks.list_pod_identity_associations(clusterName="training-on-eks")["associations"]
    assert "roleArn" not in listed
    described = eks.describe_pod_identity_association(
        clusterName="training-on-eks", associationId=listed["associationId"]
    )
    assert described["association"]["roleArn"] == lab.account.role_arn


def test_the_vpc_has_amazon_s_resolver(lab: Lab, aws: Aws) -> None:
    assert lab.account is not None
    (vpc,) = aws("ec2").describe_vpcs(VpcIds=[lab.account.vpc])["Vpcs"]
    (options,) = aws("ec2").describe_dhcp_options(DhcpOptionsIds=[vpc["DhcpOptionsId"]])["DhcpOptions"]
    servers = {option["Key"]: option["Values"] for option in options["DhcpConfigurations"]}
    assert servers["domain-name-servers"] == [{"Value": "AmazonProvidedDNS"}]


def test_simulation_follows_the_attached_policies(healthy: Lab, aws: Aws) -> None:
    assert healthy.account is not None
    results = aws("iam").simulate_principal_policy(
        PolicySourceArn=healthy.account.role_arn, ActionNames=["fsx:CreateFileSystem", "fsx:CreateBackup"]
    )["EvaluationResults"]
    decisions = {result["EvalActionName"]: result["EvalDecision"] for result in results}
    assert decisions == {"fsx:CreateFileSystem": "allowed", "fsx:CreateBackup": "implicitDeny"}


DENIED = [
    ("ec2", "describe_security_groups", {}, "ec2:DescribeSecurityGroups", "UnauthorizedOperation", 403),
    ("fsx", "describe_file_systems", {}, "fsx:DescribeFileSystems", "AccessDeniedException", 400),
    ("ssm", "describe_instance_information", {}, "ssm:DescribeInstanceInformation", "AccessDeniedException", 400),
    ("eks", "describe_cluster", {"name": "training-on-eks"}, "eks:DescribeCluster", "AccessDeniedException", 403),
    ("iam", "get_role", {"RoleName": ROLE}, "iam:GetRole", "AccessDenied", 403),
    ("s3", "get_bucket_location", {"Bucket": BUCKET}, "s3:GetBucketLocation", "AccessDenied", 403),
    ("s3", "head_bucket", {"Bucket": BUCKET}, "s3:ListBucket", "403", 403),
]


@pytest.mark.parametrize(("service", "call", "arguments", "permission", "code", "status"), DENIED)
def test_a_denied_action_is_refused_as_its_service_words_it(
    lab: Lab, aws: Aws, service: str, call: str, arguments: dict[str, Any], permission: str, code: str, status: int
) -> None:
    getattr(aws(service), call)(**arguments)
    lab.deny(permission)
    with pytest.raises(ClientError) as raised:
        getattr(aws(service), call)(**arguments)
    error = raised.value.response
    assert error["Error"]["Code"] == code
    assert error["ResponseMetadata"]["HTTPStatusCode"] == status
    if code != "403":
        assert f"is not authorized to perform: {permission}" in error["Error"]["Message"]


def test_denying_one_action_leaves_its_neighbours(lab: Lab, aws: Aws) -> None:
    lab.deny("ec2:DescribeSecurityGroups")
    assert aws("ec2").describe_subnets()["Subnets"]


def test_nobody_can_be_denied_his_own_identity(lab: Lab, aws: Aws) -> None:
    lab.deny("sts:GetCallerIdentity")
    assert aws("sts").get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/oncall"


CREDENTIALS = [
    ("ec2", "describe_vpcs", "RequestExpired", "AuthFailure"),
    ("fsx", "describe_file_systems", "ExpiredTokenException", "UnrecognizedClientException"),
    ("eks", "list_clusters", "ExpiredTokenException", "UnrecognizedClientException"),
    ("sts", "get_caller_identity", "ExpiredToken", "InvalidClientTokenId"),
    ("s3", "list_buckets", "ExpiredToken", "InvalidAccessKeyId"),
]


@pytest.mark.parametrize(("service", "call", "expired", "invalid"), CREDENTIALS)
def test_bad_credentials_are_refused_as_each_service_words_it(
    lab: Lab, aws: Aws, service: str, call: str, expired: str, invalid: str
) -> None:
    for refusal, code in ((Refusal.EXPIRED, expired), (Refusal.INVALID_KEY, invalid)):
        lab.credentials(refusal)
        with pytest.raises(ClientError) as raised:
            getattr(aws(service), call)()
        assert raised.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("service", "call", "permission"),
    [
        ("ec2", "describe_vpcs", "ec2:DescribeVpcs"),
        ("fsx", "describe_file_systems", "fsx:DescribeFileSystems"),
        ("eks", "list_clusters", "eks:ListClusters"),
        ("iam", "list_roles", "iam:ListRoles"),
    ],
)
def test_throttling_is_what_boto3_retries(lab: Lab, aws: Aws, service: str, call: str, permission: str) -> None:
    lab.aws.switches.throttled[permission] = 1
    getattr(aws(service, attempts=2), call)()
    assert lab.calls().count(permission) == 2


def test_calls_are_counted_and_the_lab_s_own_are_not(lab: Lab, aws: Aws) -> None:
    lab.client("fsx").describe_file_systems()
    aws("fsx").describe_file_systems()
    aws("s3").head_bucket(Bucket=BUCKET)
    calls = lab.calls()
    assert [call.permission for call in calls.aws] == ["fsx:DescribeFileSystems", "s3:ListBucket"]
    assert calls.count("fsx:DescribeFileSystems") == 1


def test_delay_is_added_to_every_call(lab: Lab, aws: Aws) -> None:
    lab.delay(0.2)
    start = time.monotonic()
    aws("sts").get_caller_identity()
    assert time.monotonic() - start >= 0.2


def test_a_bucket_elsewhere_redirects_and_a_foreign_one_refuses(lab: Lab, aws: Aws) -> None:
    found = aws("s3", region_name="us-east-1").head_bucket(Bucket=BUCKET)
    assert found["BucketRegion"] == "ap-northeast-2"
    assert lab.calls().count("s3:ListBucket") == 2
    lab.aws.switches.foreign_buckets.add("somebody-elses")
    with pytest.raises(ClientError) as raised:
        aws("s3").head_bucket(Bucket="somebody-elses")
    assert raised.value.response["Error"]["Code"] == "403"


def test_an_update_leaves_its_trace(lab: Lab, aws: Aws) -> None:
    aws("fsx").update_file_system(FileSystemId=FILE_SYSTEM_ID, FileSystemTypeVersion="2.15")
    (system,) = aws("fsx").describe_file_systems()["FileSystems"]
    assert system["FileSystemTypeVersion"] == "2.15"
    assert system["AdministrativeActions"][0]["AdministrativeActionType"] == "FILE_SYSTEM_UPDATE"
    with pytest.raises(ClientError, match="must be newer"):
        aws("fsx").update_file_system(FileSystemId=FILE_SYSTEM_ID, FileSystemTypeVersion="2.12")


def test_run_command_passes_through_its_states(lab: Lab, aws: Aws) -> None:
    assert lab.account is not None
    good, bad, stuck = sorted(lab.account.instances.values())
    lab.aws.ssm.state.script = [
        (bad, CommandResult(stderr="modinfo: ERROR: Module lustre not found.\n", response_code=1, state="Failed")),
        (stuck, CommandResult(state="InProgress")),
        (".*", CommandResult(stdout="6.12.46\n")),
    ]
    ssm = aws("ssm")
    command = ssm.send_command(
        InstanceIds=[good, bad, stuck], DocumentName="AWS-RunShellScript", Parameters={"commands": ["uname -r"]}
    )["Command"]["CommandId"]
    with pytest.raises(ClientError, match="InvocationDoesNotExist"):
        ssm.get_command_invocation(CommandId=command, InstanceId=good)
    seen: dict[str, str] = {}

    def is_done() -> bool:
        for item in ssm.list_command_invocations(CommandId=command)["CommandInvocations"]:
            seen[item["InstanceId"]] = item["Status"]
        return seen.get(good) == "Success"

    assert eventually(is_done)
    assert seen == {good: "Success", bad: "Failed", stuck: "InProgress"}
    assert ssm.get_command_invocation(CommandId=command, InstanceId=good)["StandardOutputContent"] == "6.12.46\n"


def test_an_offline_instance_takes_no_command(lab: Lab, aws: Aws) -> None:
    assert lab.account is not None
    instance = min(lab.account.instances.values())
    lab.aws.ssm.state.instances[instance] = "ConnectionLost"
    with pytest.raises(ClientError) as raised:
        aws("ssm").send_command(InstanceIds=[instance], DocumentName="AWS-RunShellScript")
    assert raised.value.response["Error"]["Code"] == "InvalidInstanceId"


def test_what_moto_does_not_serve_is_an_error_of_the_service_and_is_remembered(lab: Lab, aws: Aws) -> None:
    with pytest.raises(ClientError) as raised:
        aws("ec2").describe_network_insights_paths()
    assert raised.value.response["Error"]["Code"] == "InvalidAction"
    assert lab.aws.unserved == ["ec2:DescribeNetworkInsightsPaths"]
